// Images: a canvas with the pixels, under buttons that open an image, and mark it by their corner.
import { ARCHETYPES } from "./archetype_style";
import { h, keepKeys, step, TextView, type View, Views } from "./dom";
import { type Edit, type Edits, inWords, onTile } from "./edits";
import { counted, percent } from "./format";
import type { TileLayout, TileSheet } from "./sprite";
import { type Layout, layOut } from "./thumbnail_layout";

export type SplitName = "training" | "validation";

/** What the second of two models makes of an image. */
export interface SecondPrediction {
  prediction: string;
  correct: boolean;
  /** 0 safe, 1 border, 2 rare, 3 outlier. */
  archetype: number;
}

/** What tells, without the label of an image, whether its prediction is wrong. */
export interface Doubt {
  /** Of its nearest training images, those of the predicted class. */
  agreeing: number;
  neighbors: number;
  /** Probability, 0 to 1; null where too few errors are known to learn it from. */
  wrong: number | null;
}

export interface Thumbnail {
  /** Position in the sprite, row by row. */
  tile: number;
  split: SplitName;
  /** Row of the split; with `split` it names the image. */
  image: number;
  /** Number in the dataset; not the row where images before it were skipped. */
  number: number;
  /** Where the dataset tells it. */
  file: string | null;
  label: string;
  prediction: string;
  /** Number of the class in `prediction`; two classes may have one name. */
  predicted: number;
  correct: boolean;
  /** Of a second model, if there is one. */
  after: SecondPrediction | null;
  /** 0 safe, 1 border, 2 rare, 3 outlier. */
  archetype: number;
  /** The same with classes counting alike; null where it is not known. */
  balanced: number | null;
  /** Of training images: the share of its salient pixels in each color bin, where above 0. */
  colors: Record<string, number>;
  /** Of the prediction, 0 to 1; null where unknown. */
  confidence: number | null;
  /** Of validation images: the model has seen the others. */
  doubt: Doubt | null;
  /** The classes of its nearest training images. */
  near: number[];
  /** As what it is found where images occur more than once. */
  copies: ("any" | "conflict" | "leak")[];
  /** Of validation images: whether training images of its class reach it; null if not known. */
  covered: boolean | null;
}

export interface Tile {
  thumbnail: Thumbnail;
  prototype: boolean;
  /** Whether its frame tells the class-balanced archetype. */
  balanced?: boolean;
  /** Missing until the sprite is decoded. */
  sheet?: TileSheet | undefined;
  /** What lies over the image: its tiles stand as those of the sprite do. */
  over?: TileSheet | undefined;
  /** Written below it, in place of what a wrong image is taken for. */
  note?: string;
}

/** What names an image among the marked ones. */
export const keyOf = ({ split, image }: Thumbnail): string => `${split}:${image}`;

export const archetypeOf = ({ archetype }: Thumbnail): string => ARCHETYPES[archetype]?.name ?? "";

const balancedOf = ({ balanced }: Thumbnail): string =>
  balanced === null ? "" : (ARCHETYPES[balanced]?.name ?? "");

export function describe({ thumbnail, prototype, balanced }: Tile): string[] {
  const { split, number, label, confidence, doubt, after, file } = thumbnail;
  const sure = confidence === null ? "" : `, confidence ${percent(confidence)}`;
  const first = after ? "Before" : "Prediction";
  const lines = [
    `${split === "training" ? "Training" : "Validation"} image ${number}`,
    `Label: ${label}`,
    `${first}: ${judged(thumbnail)}${sure}`,
    ...(doubt ? [doubted(doubt)] : []),
    ...(after ? [`After: ${judged(after)}`] : []),
    `Archetype: ${archetypeOf(thumbnail)}${prototype && !balanced ? ", prototype" : ""}`,
    ...(balanced
      ? [`With classes alike: ${balancedOf(thumbnail)}${prototype ? ", prototype" : ""}`]
      : []),
  ];
  return file === null ? lines : [...lines, `File: ${file}`];
}

function doubted({ agreeing, neighbors, wrong }: Doubt): string {
  const agree = `${agreeing} of ${counted(neighbors, "neighbor")} agree${agreeing === 1 ? "s" : ""}`;
  return `Without the label: ${agree}${wrong === null ? "" : `; ${percent(wrong)} likely wrong`}`;
}

const judged = ({
  prediction,
  correct,
}: Pick<SecondPrediction, "prediction" | "correct">): string =>
  `${prediction}${correct ? "" : " (wrong)"}`;

const captionOf = ({ note, thumbnail }: Tile): string =>
  note ?? (thumbnail.correct ? "" : thumbnail.prediction);

class Thumb implements View<Tile> {
  /** Opens the image. */
  readonly button = h("button", "", { type: "button", tabindex: -1 });
  /** Beside the button, as buttons do not stand in one another; by keyboard, `m` does the same. */
  readonly corner = h("button", "imbxai-thumb-mark", {
    type: "button",
    tabindex: -1,
    "aria-label": "Mark",
    "aria-pressed": "false",
    title: "Mark (m)",
  });
  /** Opens the menu of edits, and says what is decided; by keyboard, `e` does the same. */
  readonly edits = h("button", "imbxai-thumb-edit", {
    type: "button",
    tabindex: -1,
    "aria-haspopup": "dialog",
  });
  readonly element = h("div", "imbxai-thumb-place", {}, this.button, this.corner, this.edits);
  readonly #badge = new TextView(h("span", ""));
  readonly #number = new TextView(h("span", "imbxai-thumb-number"));
  readonly #caption = new TextView(h("span", "imbxai-thumb-caption"));
  #words = "";
  #decided = "";

  constructor(editable: boolean) {
    this.button.append(this.#number.element, this.#caption.element);
    this.edits.append(this.#badge.element);
    this.edits.hidden = !editable;
    this.edit(undefined, []);
  }

  show(tile: Tile): void {
    const { split, image, correct } = tile.thumbnail;
    const kind = (tile.balanced ? balancedOf : archetypeOf)(tile.thumbnail);
    const names = ["imbxai-thumb", `imbxai-is-${kind}`];
    if (tile.prototype) names.push("imbxai-prototype");
    if (!correct) names.push("imbxai-wrong");
    this.button.className = names.join(" ");
    Object.assign(this.button.dataset, { split, image: String(image) });
    this.#words = [...describe(tile), ...(tile.note ? [tile.note] : [])].join(", ");
    this.#caption.show(captionOf(tile));
    this.#caption.element.classList.toggle("imbxai-soft", tile.note !== undefined);
    this.mark(this.button.dataset.marked === "true");
  }

  mark(marked: boolean): void {
    this.button.dataset.marked = String(marked);
    this.corner.setAttribute("aria-pressed", String(marked));
    const words = [this.#words, this.#decided, marked ? "marked" : ""].filter(Boolean);
    this.button.setAttribute("aria-label", words.join(", "));
  }

  edit(edit: Edit | undefined, names: readonly string[]): void {
    this.#decided = edit ? inWords(edit, names) : "";
    this.#badge.show(edit ? onTile(edit, names) : "✎");
    for (const button of [this.button, this.edits]) {
      if (edit) button.dataset.edit = edit.action;
      else delete button.dataset.edit;
    }
    this.edits.title = edit ? `Edited: ${this.#decided} (e)` : "Edit (e)";
    this.edits.setAttribute("aria-label", edit ? `Edit, now ${this.#decided}` : "Edit");
    this.mark(this.button.dataset.marked === "true");
  }

  /** Writes the image's number in place of pixels that are not there. */
  number(text: string): void {
    this.#number.show(text);
  }
}

export interface TileEvents {
  /** An image is marked, or its mark taken back: by its corner, Space or `m`. */
  mark(thumbnail: Thumbnail): void;
  /** An image is to be looked at closer: by a click or Enter. */
  open(tile: Tile, group: readonly Tile[]): void;
  /** Something is to be decided of an image: by its other corner or `e`. */
  edit?(tile: Tile, anchor: HTMLElement): void;
}

export interface GridOptions {
  /** Whether what wrong images are taken for is written below them. */
  captions: boolean;
}

export interface Arrangement {
  /** Longer side of an image in CSS pixels, about. */
  size: number;
  /** How many stand in a row; by default as many as there is room for. */
  columns?: number;
}

export class ThumbnailGrid {
  readonly #canvas = h("canvas", "imbxai-thumbs-canvas", { "aria-hidden": "true" });
  readonly element: HTMLElement;
  readonly #thumbs: Views<Tile, Thumb>;
  readonly #captions: boolean;
  #tiles: Tile[] = [];
  #sprite: TileLayout | null = null;
  #arrangement: Arrangement = { size: 48 };
  #layout: Layout | undefined;
  // Known from the last resize: to ask anew for each class would make the browser lay out the page.
  #width = 0;
  #pixelRatio = 1;

  constructor(
    name: string,
    private readonly events: TileEvents,
    options: GridOptions,
  ) {
    this.#captions = options.captions;
    this.element = h("div", `imbxai-thumbs${options.captions ? " imbxai-captioned" : ""}`, {
      role: "group",
      "aria-label": name,
    });
    keepKeys(this.element).append(this.#canvas);
    this.#thumbs = new Views(this.element, () => new Thumb(events.edit !== undefined));
    this.element.addEventListener("click", (event) => this.#onClick(event));
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    // Or the browser takes Space, once it is let go, for a click.
    this.element.addEventListener("keyup", (event) => {
      if (event.key === " " && this.tileOf(event.target)) event.preventDefault();
    });
  }

  /** Shows images; where there are no pixels (`sprite` is null), their numbers. */
  show(tiles: Tile[], sprite: TileLayout | null, arrangement: Arrangement): void {
    const focused = this.#buttons.indexOf(document.activeElement as HTMLButtonElement);
    this.#tiles = tiles;
    this.#sprite = sprite;
    this.#arrangement = arrangement;
    this.#thumbs.show(tiles);
    for (const [position, thumb] of this.#thumbs.all.entries()) {
      thumb.number(sprite ? "" : String(tiles[position]?.thumbnail.number));
    }
    const buttons = this.#buttons;
    const entry = buttons[focused] ?? buttons[0];
    for (const button of buttons) button.tabIndex = button === entry ? 0 : -1;
    if (focused >= 0) entry?.focus({ preventScroll: true });
    if (this.#known) this.#layOut();
    else this.resize();
  }

  /** Whether the room for the images is known without asking the browser. */
  get #known(): boolean {
    const asked = this.#width > 0 || this.#arrangement.columns !== undefined;
    return asked && this.#pixelRatio === (window.devicePixelRatio || 1);
  }

  get tiles(): readonly Tile[] {
    return this.#tiles;
  }

  get #buttons(): HTMLButtonElement[] {
    return this.#thumbs.all.map((thumb) => thumb.button);
  }

  /** Shows which images are marked, by their keys. */
  mark(marked: ReadonlySet<string>): void {
    for (const [position, thumb] of this.#thumbs.all.entries()) {
      const tile = this.#tiles[position];
      thumb.mark(tile !== undefined && marked.has(keyOf(tile.thumbnail)));
    }
  }

  /** Shows what is decided of the images; `names` are those of the classes. */
  edit(edits: Edits, names: readonly string[]): void {
    for (const [position, thumb] of this.#thumbs.all.entries()) {
      const tile = this.#tiles[position];
      thumb.edit(tile && edits[keyOf(tile.thumbnail)], names);
    }
  }

  tileOf(target: EventTarget | null): Tile | undefined {
    const place = (target as Element | null)?.closest?.(".imbxai-thumb-place");
    return this.#tiles[this.#thumbs.all.findIndex(({ element }) => element === place)];
  }

  /** Lays the images out anew where the width or the pixels of the screen have changed. */
  resize(): void {
    const width = this.element.clientWidth;
    const pixelRatio = window.devicePixelRatio || 1;
    if (this.#layout && width === this.#width && pixelRatio === this.#pixelRatio) return;
    this.#width = width;
    this.#pixelRatio = pixelRatio;
    this.#layOut();
  }

  #layOut(): void {
    const pixelRatio = this.#pixelRatio;
    const layout = layOut({
      tile: this.#sprite ?? { width: 64, height: 32 },
      number: this.#tiles.length,
      ...this.#arrangement,
      ...(this.#sprite ? {} : { size: 64 }),
      width: this.#width,
      pixelRatio,
      captions: this.#captions && this.#tiles.some(captionOf),
    });
    this.#layout = layout;
    const css = (pixels: number) => `${pixels / pixelRatio}px`;
    this.element.style.blockSize = css(layout.height);
    Object.assign(this.#canvas, { width: layout.width, height: layout.height });
    Object.assign(this.#canvas.style, { width: css(layout.width), height: css(layout.height) });
    for (const [position, { x, y, width, height }] of layout.boxes.entries()) {
      const style = this.#thumbs.all[position]?.element.style;
      const box = { left: css(x), top: css(y), width: css(width), height: css(height) };
      if (style) Object.assign(style, box);
    }
    this.draw();
  }

  draw(): void {
    const context = this.#canvas.getContext("2d");
    if (!context || !this.#layout) return;
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    for (const [position, box] of this.#layout.boxes.entries()) {
      const tile = this.#tiles[position];
      if (!tile) continue;
      tile.sheet?.draw(context, tile.thumbnail.tile, box);
      tile.over?.draw(context, tile.thumbnail.tile, box, true);
    }
  }

  #onClick(event: MouseEvent): void {
    const tile = this.tileOf(event.target);
    // A double click acts once.
    if (!tile || event.detail > 1) return;
    const corner = (event.target as Element).closest<HTMLElement>(".imbxai-thumb-edit");
    if ((event.target as Element).closest(".imbxai-thumb-mark")) this.events.mark(tile.thumbnail);
    else if (corner) this.events.edit?.(tile, corner);
    else this.events.open(tile, this.#tiles);
  }

  #onKey(event: KeyboardEvent): void {
    const tile = this.tileOf(event.target);
    const alone = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (tile && alone && (event.key === " " || event.key === "m")) {
      event.preventDefault();
      if (!event.repeat) this.events.mark(tile.thumbnail);
      return;
    }
    if (tile && alone && event.key === "e" && this.events.edit) {
      event.preventDefault();
      this.events.edit(tile, event.target as HTMLElement);
      return;
    }
    const buttons = this.#buttons;
    const current = buttons.find((button) => button === event.target);
    const sideways = { ArrowRight: "ArrowDown", ArrowLeft: "ArrowUp" }[event.key];
    const next = sideways
      ? step(buttons, current, sideways)
      : step(buttons, current, event.key, this.#columnsAt(current));
    if (!next) return;
    event.preventDefault();
    if (current) current.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  /** How many images stand in the row of a button. */
  #columnsAt(button: HTMLButtonElement | undefined): number {
    const rowOf = ({ element }: Thumb) => element.style.top;
    const thumb = this.#thumbs.all.find((each) => each.button === button);
    const same = this.#thumbs.all.filter((other) => thumb && rowOf(other) === rowOf(thumb));
    return Math.max(1, same.length);
  }
}
