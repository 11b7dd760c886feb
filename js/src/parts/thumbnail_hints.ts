// What an image shows while it is pointed at or focused: itself, larger, and what is known of it.
import type { Cleanup } from "./dom";
import { h } from "./dom";
import { drawPreview } from "./preview";
import { describe, type ThumbnailGrid } from "./thumbnail_grid";
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
        const picture = drawPreview(this.#canvas, tile, LARGER);
        this.#tooltip.show(anchor, describe(tile), picture && this.#canvas);
      }
    }
  }
}
