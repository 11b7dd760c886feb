// Images of a class in four columns by archetype; click them to mark them.
import { ArchetypeColumn } from "./archetype_column";
import { ARCHETYPES } from "./archetype_style";
import { Cleanup, h, panel, placeholder } from "./dom";
import { counted } from "./format";
import {
  type ArchetypesCard,
  hasCard,
  type MaybeCard,
  type Model,
  type MoreAnswer,
  type Render,
  type Sprite,
  type Thumbnail,
} from "./model";
import { SheetStore, TileSheet } from "./sprite";
import { describe } from "./thumbnail_grid";
import { Tooltip } from "./tooltip";

interface GalleryState {
  card: MaybeCard<ArchetypesCard>;
  marked: number[];
  /** A card that may be shown next: its images are decoded ahead. */
  ahead?: ArchetypesCard;
}

class Gallery {
  readonly frame = panel(
    "archetypes",
    "Archetypes",
    "The images of this class by how many of their nearest neighbors are of the same class. A crossed corner is a wrong prediction; click an image to mark it.",
  );
  readonly #columns: ArchetypeColumn[];
  readonly #grid = h("div", "imbxai-archetypes-grid");
  readonly #marks = h("span", "", { role: "status" });
  readonly #clear = h("button", "imbxai-quiet-button", { type: "button" }, "Clear");
  readonly #empty = placeholder("No class is selected yet.");
  readonly #tooltip = new Tooltip(this.frame.root);
  readonly #store = new SheetStore();
  /** Of further images, which come in sheets of their own. */
  #further: TileSheet[] = [];
  #card: MaybeCard<ArchetypesCard> = {};

  constructor(private readonly model: Model<GalleryState>) {
    this.#columns = ARCHETYPES.map(
      (archetype, number) =>
        new ArchetypeColumn(
          archetype,
          (image) => this.#toggle(image),
          (offset) => this.#request(number, offset),
          () => this.showMarks(),
        ),
    );
    this.#grid.append(...this.#columns.map((column) => column.element));
    this.frame.head.append(h("p", "imbxai-marks", {}, this.#marks, this.#clear));
    this.frame.body.append(this.#empty, this.#grid);
    this.#clear.addEventListener("click", () => this.#setMarked([]));
    for (const type of ["pointerover", "focusin"] as const) {
      this.#grid.addEventListener(type, (event) => this.#hint(event.target));
    }
    for (const type of ["pointerout", "focusout"] as const) {
      this.#grid.addEventListener(type, () => this.#tooltip.hide());
    }
    this.#grid.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#tooltip.hide();
    });
  }

  showCard(): void {
    const card = this.model.get("card");
    this.#closeFurther();
    this.#tooltip.hide();
    this.#card = card;
    this.#empty.hidden = hasCard(card);
    this.#grid.hidden = !hasCard(card);
    if (!hasCard(card)) return;
    const { archetypes, sprite, sprite_data } = card;
    const thumbnails = archetypes.flatMap((group) => group.thumbnails);
    const sheet = this.#store.get(sprite_data);
    // Begun before the page changes, as the browser decodes beside it.
    if (!sheet) this.#dress(thumbnails, this.#store.decode(sprite, sprite_data));
    for (const [number, column] of this.#columns.entries()) {
      const group = archetypes[number];
      if (group) column.show(group, sprite, sheet);
    }
  }

  /** Decodes the images of a card that may be shown next. */
  async prepare(): Promise<void> {
    const { sprite, sprite_data } = this.model.get("ahead") as ArchetypesCard;
    const sheet = await TileSheet.decode(sprite, sprite_data);
    this.#store.keep(sprite_data, sheet, this.#card.sprite_data);
  }

  showMarks(): void {
    const marked = this.model.get("marked");
    const set = new Set(marked);
    for (const column of this.#columns) column.grid.mark(set);
    this.#marks.textContent = marked.length
      ? `${counted(marked.length, "image")} marked`
      : "No images marked";
    this.#clear.hidden = marked.length === 0;
  }

  resize(): void {
    for (const column of this.#columns) column.grid.resize();
  }

  /** Takes the kernel's answer, unless another class is shown by now. */
  answer(message: MoreAnswer, picture: DataView | undefined): void {
    const { class: index, archetype, offset } = message;
    const column = this.#columns[archetype];
    if (this.#card.index !== index || !column) return;
    if (message.type === "failed") {
      column.fail(offset, message.message);
      return;
    }
    if (message.type !== "more") return;
    const { thumbnails, sprite, notice } = message;
    const taken = column.append(offset, thumbnails, notice);
    if (taken && picture && thumbnails.length) {
      this.#dress(thumbnails, this.#decodeFurther(sprite, picture));
    }
  }

  dispose(): void {
    for (const column of this.#columns) column.stop();
    this.#card = {};
    this.#closeFurther();
    this.#store.close();
    this.frame.root.remove();
  }

  /** Gives images their pixels once these are decoded. */
  #dress(thumbnails: Thumbnail[], decoded: Promise<TileSheet>): void {
    const card = this.#card;
    decoded
      .then((sheet) => {
        if (this.#card !== card) return;
        for (const column of this.#columns) column.dress(thumbnails, sheet);
      })
      .catch(() => {
        if (this.#card === card) this.#marks.textContent = "The images could not be decoded.";
      });
  }

  async #decodeFurther(sprite: Sprite, picture: DataView): Promise<TileSheet> {
    const card = this.#card;
    const sheet = await TileSheet.decode(sprite, picture);
    if (this.#card === card) this.#further.push(sheet);
    else sheet.close();
    return sheet;
  }

  #closeFurther(): void {
    for (const sheet of this.#further.splice(0)) sheet.close();
  }

  #request(archetype: number, offset: number): void {
    this.model.send({ type: "more", class: this.#card.index, archetype, offset });
  }

  #toggle(image: number): void {
    const marked = this.model.get("marked");
    const without = marked.filter((other) => other !== image);
    this.#setMarked(without.length < marked.length ? without : [...marked, image]);
  }

  #setMarked(marked: number[]): void {
    this.model.set("marked", marked);
    this.model.save_changes();
  }

  #hint(target: EventTarget | null): void {
    for (const column of this.#columns) {
      const tile = column.grid.tileOf(target);
      if (tile) this.#tooltip.show(target as HTMLElement, describe(tile));
    }
  }
}

const render: Render<GalleryState> = ({ model, el }) => {
  const gallery = new Gallery(model);
  const cleanup = new Cleanup();
  const onMessage = (message: MoreAnswer, buffers: DataView[]) =>
    gallery.answer(message, buffers[0]);
  cleanup.on(model, "change:card", () => gallery.showCard());
  // What cannot be decoded is told of where it is shown.
  cleanup.on(model, "change:ahead", () => gallery.prepare().catch(() => {}));
  cleanup.on(model, "change:marked", () => gallery.showMarks());
  model.on("msg:custom", onMessage);
  cleanup.add(() => model.off("msg:custom", onMessage));
  el.append(gallery.frame.root);
  cleanup.add(() => gallery.dispose());
  const observer = new ResizeObserver(() => gallery.resize());
  observer.observe(gallery.frame.body);
  cleanup.add(() => observer.disconnect());
  gallery.showMarks();
  gallery.showCard();
  return () => cleanup.run();
};

export default { render };
