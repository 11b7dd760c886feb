// Images of a class in four columns by archetype; click them to mark them.
import { type CardIdentity, hasCard, type MaybeCard, type Model, type Render } from "../model";
import { ArchetypeColumn, type ArchetypeGroup, type MoreImages } from "../parts/archetype_column";
import { ARCHETYPES } from "../parts/archetype_style";
import { AskError, Asker, type AskOptions } from "../parts/ask";
import { Cleanup, h, panel, placeholder } from "../parts/dom";
import { counted } from "../parts/format";
import { toggled } from "../parts/marks";
import { SheetStore, type Sprite, TileSheet } from "../parts/sprite";
import type { Thumbnail } from "../parts/thumbnail_grid";
import { ThumbnailHints } from "../parts/thumbnail_hints";

export interface Part {
  archetypes: ArchetypeGroup[];
  /** Null where no images were given. */
  sprite: Sprite | null;
  /** The picture of all thumbnails. */
  sprite_data: DataView;
}

export interface State {
  card: MaybeCard<Part>;
  /** Keys of the marked images, in the order they were marked. */
  marked: string[];
  /** A card that may be shown next: its images are decoded ahead. */
  ahead: MaybeCard<Part>;
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
  readonly #hints: ThumbnailHints;
  readonly #store = new SheetStore();
  /** Of further images, which come in sheets of their own. */
  #further: TileSheet[] = [];
  readonly #asker: Asker;
  #card: MaybeCard<Part> = {};

  constructor(
    private readonly model: Model<State>,
    cleanup: Cleanup,
  ) {
    this.#asker = new Asker(model);
    this.#columns = ARCHETYPES.map(
      (archetype, number) =>
        new ArchetypeColumn(
          archetype,
          (thumbnail) => this.#setMarked(toggled(model.get("marked"), thumbnail)),
          (offset, options) => this.#more(number, offset, options),
          () => this.showMarks(),
        ),
    );
    this.#grid.append(...this.#columns.map((column) => column.element));
    this.frame.head.append(h("p", "imbxai-marks", {}, this.#marks, this.#clear));
    this.frame.body.append(this.#empty, this.#grid);
    this.#clear.addEventListener("click", () => this.#setMarked([]));
    const grids = () => this.#columns.map((column) => column.grid);
    this.#hints = new ThumbnailHints(this.frame.root, this.#grid, grids, cleanup);
  }

  showCard(): void {
    const card = this.model.get("card");
    this.#closeFurther();
    this.#hints.hide();
    this.#card = card;
    this.#empty.hidden = hasCard(card);
    this.#grid.hidden = !hasCard(card);
    if (!hasCard(card)) return;
    const { archetypes, sprite, sprite_data } = card;
    const thumbnails = archetypes.flatMap((group) => group.thumbnails);
    const sheet = this.#store.get(sprite_data);
    // Begun before the page changes, as the browser decodes beside it.
    if (sprite && !sheet) this.#dress(thumbnails, this.#store.decode(sprite, sprite_data));
    for (const [number, column] of this.#columns.entries()) {
      const group = archetypes[number];
      if (group) column.show(group, sprite, sheet);
    }
  }

  /** Decodes the images of a card that may be shown next. */
  async prepare(): Promise<void> {
    const { sprite, sprite_data } = this.model.get("ahead") as CardIdentity & Part;
    if (!sprite) return;
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

  dispose(): void {
    for (const column of this.#columns) column.stop();
    this.#asker.dispose();
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

  /** Asks for more images of a group; taken back when another class is shown. */
  async #more(archetype: number, offset: number, options: AskOptions): Promise<void> {
    const column = this.#columns[archetype];
    const { index } = this.#card;
    try {
      const question = { index, archetype, offset };
      const more = await this.#asker.ask<MoreImages>("more", question, options);
      column?.append(more);
      const { thumbnails, sprite, sprite_data } = more;
      if (sprite && thumbnails.length) {
        this.#dress(thumbnails, this.#decodeFurther(sprite, sprite_data));
      }
    } catch (error) {
      if (!(error instanceof AskError)) return; // taken back
      column?.fail(`No more images could be shown: ${error.message}`);
    }
  }

  #setMarked(marked: string[]): void {
    this.model.set("marked", marked); // passed on by the linker
  }
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const gallery = new Gallery(model, cleanup);
  cleanup.on(model, "change:card", () => gallery.showCard());
  // What cannot be decoded is told of where it is shown.
  cleanup.on(model, "change:ahead", () => gallery.prepare().catch(() => {}));
  cleanup.on(model, "change:marked", () => gallery.showMarks());
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
