// A small box of lines beside an element of a panel; says what the element's label says too.
import { h } from "./dom";

const GAP = 6;

export class Tooltip {
  readonly #box = h("div", "imbxai-tooltip", { "aria-hidden": "true" });

  constructor(private readonly root: HTMLElement) {
    this.#box.hidden = true;
    root.append(this.#box);
  }

  /** Shows lines, below a picture if there is one, below the anchor within the panel's width. */
  show(anchor: HTMLElement, lines: string[], picture?: HTMLElement | false): void {
    const words = lines.map((line) => h("div", "", {}, line));
    this.#box.replaceChildren(...(picture ? [picture] : []), ...words);
    this.#box.hidden = false;
    const outer = this.root.getBoundingClientRect();
    const target = anchor.getBoundingClientRect();
    const rightmost = outer.width - this.#box.offsetWidth;
    const left = Math.max(0, Math.min(target.left - outer.left, rightmost));
    this.#box.style.left = `${left}px`;
    this.#box.style.top = `${target.bottom - outer.top + GAP}px`;
  }

  hide(): void {
    this.#box.hidden = true;
  }
}
