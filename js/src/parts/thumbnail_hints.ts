// What an image shows while it is pointed at or focused: itself, larger, and what is known of it.
import type { Cleanup } from "./dom";
import { h } from "./dom";
import { describe, type ThumbnailGrid, type Tile } from "./thumbnail_grid";
import { Tooltip } from "./tooltip";

/** Longer side of the larger image in CSS pixels, at most; tiny images by whole multiples. */
const LARGER = 160;

export class ThumbnailHints {
  readonly #tooltip: Tooltip;
  readonly #canvas = h("canvas", "imbxai-thumb-preview");

  /** Hears what happens to the images of `grids` inside `area`; the box stands inside `root`. */
  constructor(
    root: HTMLElement,
    area: HTMLElement,
    private readonly grids: () => Iterable<ThumbnailGrid>,
    cleanup: Cleanup,
  ) {
    this.#tooltip = new Tooltip(root);
    const listen = (type: string, hear: (event: Event) => void) => {
      area.addEventListener(type, hear);
      cleanup.add(() => area.removeEventListener(type, hear));
    };
    for (const type of ["pointerover", "focusin"]) {
      listen(type, ({ target }) => this.#show(target));
    }
    for (const type of ["pointerout", "focusout"]) listen(type, () => this.hide());
    listen("keydown", (event) => {
      if ((event as KeyboardEvent).key === "Escape") this.hide();
    });
  }

  hide(): void {
    this.#tooltip.hide();
  }

  #show(target: EventTarget | null): void {
    for (const grid of this.grids()) {
      const tile = grid.tileOf(target);
      const anchor = (target as Element | null)?.closest<HTMLElement>(".imbxai-thumb-place");
      if (tile && anchor) {
        const picture = this.#draw(tile);
        this.#tooltip.show(anchor, describe(tile), picture && this.#canvas);
      }
    }
  }

  #draw({ sheet, thumbnail }: Tile): boolean {
    const context = this.#canvas.getContext("2d");
    if (!sheet || !context) return false;
    const pixelRatio = window.devicePixelRatio || 1;
    const { width, height } = sheet.sprite;
    const scale = (LARGER * pixelRatio) / Math.max(width, height);
    const whole = scale > 2 ? Math.floor(scale) : scale;
    const size = { width: Math.round(width * whole), height: Math.round(height * whole) };
    Object.assign(this.#canvas, size);
    this.#canvas.style.width = `${size.width / pixelRatio}px`;
    sheet.draw(context, thumbnail.tile, { x: 0, y: 0, ...size }, scale <= 2);
    return true;
  }
}
