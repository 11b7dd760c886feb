// One column's images: a canvas with the pixels, under buttons that can be focused and pressed.
import { h, step, type View, Views } from "./dom";
import type { TileLayout, TileSheet } from "./sprite";
import { type Layout, layOut } from "./thumbnail_layout";

export interface Thumbnail {
  /** Position in the sprite, row by row. */
  tile: number;
  /** Index in the training data set. */
  image: number;
  label: string;
  prediction: string;
  correct: boolean;
}

export interface Tile {
  thumbnail: Thumbnail;
  prototype: boolean;
  /** Missing until the sprite is decoded. */
  sheet?: TileSheet | undefined;
}

export const describe = ({ thumbnail, prototype }: Tile): string[] => [
  `Image ${thumbnail.image}${prototype ? " (prototype)" : ""}`,
  `Label: ${thumbnail.label}`,
  `Prediction: ${thumbnail.prediction}${thumbnail.correct ? "" : " (wrong)"}`,
];

class Thumb implements View<Tile> {
  readonly element = h("button", "", { type: "button", tabindex: -1, "aria-pressed": "false" });

  show(tile: Tile): void {
    const { image, correct } = tile.thumbnail;
    const names = ["imbxai-thumb"];
    if (tile.prototype) names.push("imbxai-prototype");
    if (!correct) names.push("imbxai-wrong");
    this.element.className = names.join(" ");
    this.element.dataset.image = String(image);
    this.element.setAttribute("aria-label", describe(tile).join(", "));
  }
}

export class ThumbnailGrid {
  readonly #canvas = h("canvas", "imbxai-thumbs-canvas", { "aria-hidden": "true" });
  readonly #prototypes = h("span", "imbxai-thumbs-caption", {}, "Prototypes");
  readonly #others = h("span", "imbxai-thumbs-caption", {}, "Further images");
  readonly element: HTMLElement;
  readonly #thumbs: Views<Tile, Thumb>;
  #tiles: Tile[] = [];
  #sprite: TileLayout = { width: 1, height: 1, columns: 1 };
  #layout: Layout | undefined;
  // Known from the last resize: to ask anew for each class would make the browser lay out the page.
  #width = 0;
  #pixelRatio = 1;

  constructor(name: string, press: (image: number) => void) {
    this.element = h("div", "imbxai-thumbs", {
      role: "group",
      "aria-label": `${name} images`,
      // Arrow keys move between images here, not between the notebook's cells.
      "data-lm-suppress-shortcuts": "true",
    });
    this.element.append(this.#canvas, this.#prototypes, this.#others);
    this.#thumbs = new Views(this.element, () => new Thumb());
    this.element.addEventListener("click", (event) => {
      const tile = this.tileOf(event.target);
      if (tile) press(tile.thumbnail.image);
    });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
  }

  show(tiles: Tile[], sprite: TileLayout): void {
    const focused = this.#buttons.indexOf(document.activeElement as HTMLButtonElement);
    this.#tiles = tiles;
    this.#sprite = sprite;
    this.#thumbs.show(tiles);
    const buttons = this.#buttons;
    const entry = buttons[focused] ?? buttons[0];
    for (const button of buttons) button.tabIndex = button === entry ? 0 : -1;
    if (focused >= 0) entry?.focus({ preventScroll: true });
    if (this.#width && this.#pixelRatio === (window.devicePixelRatio || 1)) this.#layOut();
    else this.resize();
  }

  get #buttons(): HTMLButtonElement[] {
    return this.#thumbs.all.map((thumb) => thumb.element);
  }

  /** Shows which images are marked. */
  mark(marked: ReadonlySet<number>): void {
    for (const [position, button] of this.#buttons.entries()) {
      const image = this.#tiles[position]?.thumbnail.image;
      button.setAttribute("aria-pressed", String(image !== undefined && marked.has(image)));
    }
  }

  tileOf(target: EventTarget | null): Tile | undefined {
    return this.#tiles[this.#thumbs.all.findIndex(({ element }) => element === target)];
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
    const prototypes = this.#tiles.filter((tile) => tile.prototype).length;
    const layout = layOut({
      tile: this.#sprite,
      prototypes,
      others: this.#tiles.length - prototypes,
      width: this.#width,
      pixelRatio,
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
    for (const [caption, top] of [
      [this.#prototypes, layout.prototypesAt],
      [this.#others, layout.othersAt],
    ] as const) {
      caption.hidden = top === null;
      caption.style.top = css(top ?? 0);
    }
    this.draw();
  }

  draw(): void {
    const context = this.#canvas.getContext("2d");
    if (!context || !this.#layout) return;
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    for (const [position, box] of this.#layout.boxes.entries()) {
      const tile = this.#tiles[position];
      if (tile) tile.sheet?.draw(context, tile.thumbnail.tile, box);
    }
  }

  #onKey(event: KeyboardEvent): void {
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
    return Math.max(
      1,
      this.#buttons.filter((other) => other.style.top === button?.style.top).length,
    );
  }
}
