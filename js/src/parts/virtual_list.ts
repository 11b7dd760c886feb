// The rows of a long list that are in sight, and a few around them; the others are not in the page.
import { h } from "./dom";

/** Rows kept above and below those in sight. */
const SPARE = 6;

/** Pixels, until they can be measured. */
const ROW_HEIGHT = 39;
const LIST_HEIGHT = 620;

export class VirtualList {
  readonly #space = h("div", "imbxai-rows", { role: "presentation" });
  readonly #rows = new Map<number, HTMLElement>();
  readonly #positions = new WeakMap<Element, number>();
  #count = 0;
  #kept: number | undefined;
  // Known here, so that a selection makes the browser lay out nothing before it paints.
  #rowHeight = ROW_HEIGHT;
  #height = LIST_HEIGHT;
  #top = 0;

  constructor(
    private readonly list: HTMLElement,
    private readonly make: (position: number) => HTMLElement,
  ) {
    list.append(this.#space);
    list.addEventListener("scroll", () => {
      this.#top = list.scrollTop;
      this.#draw();
    });
  }

  /** Lists `count` rows anew, scrolled to `top` (pixels) unless one of them is revealed. */
  fill(count: number, top = 0): void {
    this.#count = count;
    this.#kept = undefined;
    this.#rows.clear();
    this.#space.replaceChildren();
    this.#space.style.blockSize = `${count * this.#rowHeight}px`;
    this.#scroll(Math.max(0, Math.min(top, count * this.#rowHeight - this.#height)));
    this.#draw();
  }

  /** Takes the sizes from the page, where the list is shown in it. */
  measure(): void {
    this.#height = this.list.clientHeight || LIST_HEIGHT;
    const row = this.#space.querySelector<HTMLElement>(":scope > *");
    this.#rowHeight = row?.offsetHeight || ROW_HEIGHT;
    for (const [position, each] of this.#rows) this.#place(each, position);
    this.#draw();
  }

  /** The row of a position if it is in the page. */
  row(position: number | undefined): HTMLElement | undefined {
    return position === undefined ? undefined : this.#rows.get(position);
  }

  /** The positions of the rows in sight. */
  inSight(): number[] {
    return this.#span(0);
  }

  positionOf(target: EventTarget | null): number | undefined {
    const row = (target as Element | null)?.closest("[aria-posinset]");
    return row ? this.#positions.get(row) : undefined;
  }

  /** Keeps one row in the page wherever the list is scrolled: the one that Tab leads to. */
  keep(position: number | undefined): void {
    this.#kept = position;
    this.#draw();
  }

  /** Scrolls the list alone, as little as shows the row: scrollIntoView would move the page. */
  reveal(position: number): void {
    const top = position * this.#rowHeight;
    if (top < this.#top) this.#scroll(top);
    else if (top + this.#rowHeight > this.#top + this.#height) {
      this.#scroll(top + this.#rowHeight - this.#height);
    }
    this.#draw();
  }

  #scroll(top: number): void {
    if (top === this.#top) return;
    this.#top = top;
    this.list.scrollTop = top;
  }

  #draw(): void {
    const wanted = this.#wanted();
    for (const [position, row] of this.#rows) {
      if (wanted.includes(position)) continue;
      this.#rows.delete(position);
      row.remove();
    }
    this.#space.style.blockSize = `${this.#count * this.#rowHeight}px`;
    // In order, for screen readers; rows that stay are not moved, or they would lose the focus.
    let next = this.#space.firstElementChild;
    for (const position of wanted) {
      const row = this.#rows.get(position) ?? this.#add(position);
      if (row === next) next = next.nextElementSibling;
      else this.#space.insertBefore(row, next);
    }
  }

  #wanted(): number[] {
    const wanted = this.#span(SPARE);
    if (this.#kept === undefined || wanted.includes(this.#kept)) return wanted;
    return this.#kept < (wanted[0] ?? 0) ? [this.#kept, ...wanted] : [...wanted, this.#kept];
  }

  /** The positions in sight, and `spare` more above and below. */
  #span(spare: number): number[] {
    const first = Math.max(0, Math.floor(this.#top / this.#rowHeight) - spare);
    const seen = Math.ceil(this.#height / this.#rowHeight) + 2 * spare;
    const last = Math.min(this.#count, first + seen);
    return Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at);
  }

  #add(position: number): HTMLElement {
    const row = this.make(position);
    row.setAttribute("aria-posinset", String(position + 1));
    row.setAttribute("aria-setsize", String(this.#count));
    this.#place(row, position);
    this.#rows.set(position, row);
    this.#positions.set(row, position);
    return row;
  }

  #place(row: HTMLElement, position: number): void {
    row.style.insetBlockStart = `${position * this.#rowHeight}px`;
  }
}
