// Where the training images of a class stand: one bar in four parts, and four columns with
// prototypes.
import { type CardIdentity, hasCard, type MaybeCard, type Model, type Render } from "../model";
import { ARCHETYPES } from "../parts/archetype_style";
import { Asker } from "../parts/ask";
import { Cleanup, h, panel, placeholder, TextView } from "../parts/dom";
import { type AskedFilter, askFor, type ImageFilter } from "../parts/filter";
import { count, counted } from "../parts/format";
import { Roving } from "../parts/roving";
import { pieces, type Sentence, textButton } from "../parts/sentence";
import { SheetStore, type Sprite, type TileSheet } from "../parts/sprite";
import { type Thumbnail, ThumbnailGrid, type TileEvents } from "../parts/thumbnail_grid";
import { ThumbnailHints } from "../parts/thumbnail_hints";
import { type ImagesState, onTileState, showTileState, tileEvents } from "../parts/tile_events";

export interface ArchetypeGroup {
  /** How many of the neighbors are of the class, in words. */
  meaning: string;
  images: number;
  wrong: number;
  /** Of its prototypes. */
  thumbnails: Thumbnail[];
}

export interface Archetypes {
  /** In the order of `ARCHETYPES`. */
  groups: ArchetypeGroup[];
  /** What so few images cannot be, and how neighbors count. */
  note: string;
}

/** Class-balanced archetypes with prototypes, as they are asked for. */
export interface BalancedPage {
  archetypes: Archetypes;
  sprite: Sprite | null;
  sprite_data: DataView;
  /** What went wrong in reading images, or "". */
  notice: string;
}

export interface Part {
  archetypes: Archetypes;
  /** Class-balanced ones, without thumbnails; null where they take a search. */
  balanced_archetypes: Archetypes | null;
  /** Null where no images were given. */
  prototype_sprite: Sprite | null;
  /** The picture of all thumbnails. */
  prototype_data: DataView;
  /** How many validation images lie within reach of the training images. */
  reach: Sentence;
}

export interface State extends ImagesState {
  card: MaybeCard<Part>;
  /** A card that may be shown next: its images are decoded ahead. */
  ahead: MaybeCard<Part>;
  filter: AskedFilter;
  /** Whether class-balanced archetypes are shown. */
  balanced: boolean;
}

const WHERE = ["among its own", "at the edge", "nearly alone", "among others"];

/** Longer side of a prototype in CSS pixels: of images with few pixels, and of photographs. */
const [TINY, PHOTOGRAPH] = [48, 72];
const GAP = 6;

type Ask = (conditions: Omit<ImageFilter, "index" | "split">) => void;

/** What is on the strip: which archetypes, with the picture of their prototypes. */
interface Shown {
  archetypes: Archetypes;
  balanced: boolean;
  sprite: Sprite | null;
  data: DataView | undefined;
}

const WIDE = "Of many images, the wider neighborhoods take minutes, the first time.";

/** One archetype: how many images, how many of them wrong, and prototypes. */
class Column {
  readonly grid: ThumbnailGrid;
  readonly element: HTMLElement;
  /** Its part of the bar. */
  readonly part: HTMLButtonElement;
  readonly #counts = h("p", "imbxai-archetype-counts");
  #thumbnails: Thumbnail[] = [];
  #sprite: Sprite | null = null;
  #sheet: TileSheet | undefined;
  #width = 0;
  #balanced = false;

  constructor(
    private readonly number: number,
    events: TileEvents,
    private readonly ask: Ask,
  ) {
    const { name, color } = ARCHETYPES[number] ?? { name: "", color: "" };
    this.grid = new ThumbnailGrid(`Prototypes, ${name}`, events, { captions: true });
    this.part = h("button", "imbxai-archetype-part", { type: "button" });
    this.part.addEventListener("click", () => ask(this.#condition));
    const title = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
    this.element = h(
      "section",
      "imbxai-archetype",
      { "data-archetype": name, "aria-label": `${title} images` },
      h(
        "h4",
        "imbxai-archetype-name",
        {},
        title,
        h("span", "imbxai-archetype-where", {}, ` ${WHERE[number]}`),
      ),
      this.#counts,
      this.grid.element,
    );
    for (const element of [this.element, this.part]) {
      element.style.setProperty("--imbxai-archetype", color);
    }
  }

  /** What tells its images. */
  get #condition(): { archetype: number } | { balanced: number } {
    return this.#balanced ? { balanced: this.number } : { archetype: this.number };
  }

  show(group: ArchetypeGroup, { balanced, sprite }: Shown, sheet: TileSheet | undefined): void {
    this.#balanced = balanced;
    const { meaning, images, wrong, thumbnails } = group;
    const name = ARCHETYPES[this.number]?.name ?? "";
    const hint = `${counted(images, "image")} ${images === 1 ? "is" : "are"} ${name}: ${meaning}`;
    this.part.hidden = images === 0;
    this.part.style.flexGrow = String(images);
    this.part.title = hint;
    this.part.setAttribute("aria-label", hint);
    this.element.title = meaning;
    const total = counted(images, "image");
    this.#counts.replaceChildren(
      images ? textButton(total, "Show these images", () => this.ask(this.#condition)) : total,
      ...(images ? [", ", this.#wrong(wrong)] : []),
    );
    this.#thumbnails = thumbnails;
    this.#sprite = sprite;
    this.#sheet = sheet;
    this.grid.element.hidden = thumbnails.length === 0;
    this.#lay();
  }

  dress(sheet: TileSheet): void {
    this.#sheet = sheet;
    this.#lay();
  }

  /** Takes the width anew: to ask for it at each class would make the browser lay out the page. */
  resize(): void {
    this.#width = this.grid.element.clientWidth;
    this.grid.resize();
    this.#lay();
  }

  /** Shows as many prototypes as stand side by side. */
  #lay(): void {
    const size = this.#sprite && Math.max(this.#sprite.width, this.#sprite.height);
    const side = size === null ? 64 : size > TINY ? PHOTOGRAPH : TINY;
    this.#width ||= this.grid.element.clientWidth;
    const fitting = Math.floor((this.#width + GAP) / (side + GAP));
    const tiles = this.#thumbnails.slice(0, Math.max(1, fitting)).map((thumbnail) => ({
      thumbnail,
      prototype: true,
      balanced: this.#balanced,
      sheet: this.#sheet,
    }));
    this.grid.show(tiles, this.#sprite, { size: side });
  }

  #wrong(wrong: number): Node | string {
    if (wrong === 0) return "0 wrong";
    const act = () => this.ask({ ...this.#condition, right: false });
    const button = textButton(`${count(wrong)} wrong`, "Show the wrong ones", act);
    button.classList.add("imbxai-archetype-wrong");
    return button;
  }
}

class Strip {
  readonly frame = panel("archetypes", "Where its training images stand", "");
  readonly #columns: Column[];
  readonly #bar = h("div", "imbxai-archetype-bar", { role: "group", "aria-label": "Archetypes" });
  readonly #grid = h("div", "imbxai-archetypes-grid");
  readonly #note = new TextView(h("p", "imbxai-note"));
  readonly #reach = h("span", "imbxai-archetype-reach");
  readonly #empty = placeholder("");
  readonly #hints: ThumbnailHints;
  readonly #store = new SheetStore();
  readonly #roving: Roving;
  readonly #switch = h("input", "", { type: "checkbox" });
  readonly #asker: Asker;
  /** What was answered of the class that is shown. */
  #page: BalancedPage | undefined;
  #asking: AbortController | undefined;
  #card: MaybeCard<Part> = {};

  constructor(
    private readonly model: Model<State>,
    cleanup: Cleanup,
  ) {
    const events = tileEvents(model);
    const ask: Ask = (conditions) => {
      const { index } = this.#card;
      if (index !== undefined) {
        model.set("filter", askFor({ index, split: "training", ...conditions }));
      }
    };
    this.#columns = ARCHETYPES.map((_, number) => new Column(number, events, ask));
    this.#bar.append(...this.#columns.map((column) => column.part));
    this.#grid.append(...this.#columns.map((column) => column.element));
    this.#asker = new Asker(model);
    const label = h("label", "imbxai-archetypes-switch", {}, this.#switch, "Classes count alike");
    label.title =
      "Each neighbor counts as 1/n of a class of n images, twice as many neighbors count";
    this.#reach.title =
      "Validation images that lie within reach of these training images; see How sure is this?";
    this.frame.head.append(this.#reach, label);
    this.#switch.addEventListener("change", () => {
      model.set("balanced", this.#switch.checked);
      model.save_changes();
    });
    this.frame.explanation.remove();
    this.frame.body.append(this.#empty, this.#bar, this.#grid, this.#note.element);
    const parts = () => [this.#columns.map((column) => column.part).filter((part) => !part.hidden)];
    this.#roving = new Roving(this.#bar, parts);
    const grids = () => this.#columns.map((column) => column.grid);
    this.#hints = new ThumbnailHints(this.frame.root, this.#grid, grids, cleanup);
  }

  showCard(): void {
    this.#card = this.model.get("card");
    this.#page = undefined;
    this.show();
  }

  /** Shows the archetypes of the class, plain or balanced; asks for what is not there. */
  show(): void {
    const card = this.#card;
    this.#hints.hide();
    this.#asking?.abort();
    this.#switch.checked = this.model.get("balanced");
    const images = hasCard(card)
      ? card.archetypes.groups.reduce((sum, group) => sum + group.images, 0)
      : 0;
    const its = images === 1 ? "its training image stands" : "its training images stand";
    this.frame.heading.textContent =
      images > 1 ? `Where its ${count(images)} training images stand` : `Where ${its}`;
    const shown = hasCard(card) ? this.#shown(card) : undefined;
    const drawn = images > 0 && shown !== undefined;
    this.#empty.hidden = drawn;
    for (const part of [this.#bar, this.#grid]) part.hidden = !drawn;
    if (!drawn) this.#empty.textContent = this.#why(images);
    this.#note.show(shown?.archetypes.note ?? "");
    const actions = {
      filter: (filter: ImageFilter) => this.model.set("filter", askFor(filter)),
      select: () => {}, // it names no class
    };
    this.#reach.replaceChildren(...pieces(hasCard(card) ? card.reach : [], actions));
    if (shown) this.#fill(shown);
    if (hasCard(card) && images) this.#askFor(card);
  }

  /** Why nothing is drawn. */
  #why(images: number): string {
    if (!hasCard(this.#card)) return "No class is selected yet.";
    return images ? `Searching … ${WIDE}` : `${this.#card.name} has no training images.`;
  }

  /** What is there to be shown. */
  #shown(card: Part): Shown | undefined {
    if (!this.model.get("balanced")) {
      const { archetypes, prototype_sprite: sprite, prototype_data: data } = card;
      return { archetypes, balanced: false, sprite, data };
    }
    const { archetypes, sprite, sprite_data: data } = this.#page ?? {};
    const known = archetypes ?? card.balanced_archetypes;
    return known ? { archetypes: known, balanced: true, sprite: sprite ?? null, data } : undefined;
  }

  /** Asks for class-balanced prototypes, if they are to be shown and not there. */
  #askFor(card: CardIdentity & Part): void {
    if (!this.model.get("balanced") || this.#page) return;
    const asking = new AbortController();
    this.#asking = asking;
    const say = (text: string) => {
      if (card.balanced_archetypes) this.#note.show(`${card.balanced_archetypes.note} ${text}`);
      else this.#empty.textContent = text;
    };
    const told = card.balanced_archetypes ? "Their prototypes" : "Class-balanced archetypes";
    this.#asker
      .ask<BalancedPage>(
        "balanced",
        { index: card.index },
        {
          signal: asking.signal,
          late: () => say(`${told} need a running kernel; none has answered yet. ${WIDE}`),
        },
      )
      .then((page) => {
        this.#page = page;
        this.show();
        if (page.notice) this.#note.show(`${page.archetypes.note} ${page.notice}`);
      })
      .catch((error: Error) => {
        if (!asking.signal.aborted) say(`${told} could not be shown: ${error.message}.`);
      });
  }

  /** Decodes the images of a card that may be shown next. */
  async prepare(): Promise<void> {
    const { prototype_sprite: sprite, prototype_data: data } = this.model.get("ahead") as Part;
    if (!sprite) return;
    await this.#store.decode(sprite, data, this.#card.prototype_data);
  }

  showMarks(): void {
    showTileState(
      this.model,
      this.#columns.map(({ grid }) => grid),
    );
  }

  resize(): void {
    for (const column of this.#columns) column.resize();
    this.showMarks();
  }

  dispose(): void {
    this.#card = {};
    this.#asking?.abort();
    this.#asker.dispose();
    this.#store.close();
    this.frame.root.remove();
  }

  #fill(shown: Shown): void {
    const { archetypes, sprite, data } = shown;
    const sheet = data && this.#store.get(data);
    // Begun before the page changes, as the browser decodes beside it.
    if (sprite && data && !sheet) this.#decode(sprite, data);
    for (const [number, column] of this.#columns.entries()) {
      const group = archetypes.groups[number];
      if (group) column.show(group, shown, sheet);
    }
    this.#roving.refresh();
    this.showMarks();
  }

  #decode(sprite: Sprite, data: DataView): void {
    const current = () => hasCard(this.#card) && this.#shown(this.#card)?.data === data;
    this.#store
      .decode(sprite, data)
      .then((sheet) => {
        if (!current()) return;
        for (const column of this.#columns) column.dress(sheet);
        this.showMarks();
      })
      .catch(() => {
        if (current()) this.#note.show("The images could not be decoded.");
      });
  }
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const strip = new Strip(model, cleanup);
  cleanup.on(model, "change:card", () => strip.showCard());
  // What cannot be decoded is told of where it is shown.
  cleanup.on(model, "change:ahead", () => strip.prepare().catch(() => {}));
  cleanup.on(model, "change:balanced", () => strip.show());
  onTileState(cleanup, model, () => strip.showMarks());
  el.append(strip.frame.root);
  cleanup.add(() => strip.dispose());
  cleanup.onResize([strip.frame.body], () => strip.resize());
  strip.showCard();
  return () => cleanup.run();
};

export default { render };
