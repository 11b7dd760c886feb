// A number of a class: what it is, its value, a bar, and what it is of.
import { bar, fill, h, TextView, type View } from "./dom";

export interface Fact {
  term: string;
  value: string;
  detail: string;
  ratio: number | null;
}

export class FactView implements View<Fact> {
  readonly #term: TextView;
  readonly #value: TextView;
  readonly #bar = bar();
  readonly #detail: TextView;
  readonly element: HTMLElement;

  /** `style` leads the class names of its parts. */
  constructor(style: string) {
    this.#term = new TextView(h("dt", `${style}-term`));
    this.#value = new TextView(h("dd", `${style}-value`));
    this.#detail = new TextView(h("dd", `${style}-detail`));
    this.element = h(
      "div",
      style,
      {},
      this.#term.element,
      this.#value.element,
      h("dd", `${style}-bar`, {}, this.#bar),
      this.#detail.element,
    );
  }

  show({ term, value, detail, ratio }: Fact): void {
    this.#term.show(term);
    this.#value.show(value);
    this.#detail.show(detail);
    fill(this.#bar, ratio ?? 0);
  }
}
