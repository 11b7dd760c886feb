// What the points of the decision map are: shapes for classes, shades for archetypes.
import { ARCHETYPES } from "./archetype_style";
import { h, TextView } from "./dom";

const key = (shape: string, text: string | HTMLElement): HTMLElement =>
  h("li", "", {}, h("span", `imbxai-decision-key ${shape}`, { "aria-hidden": "true" }), text);

export class DecisionLegend {
  readonly #own = new TextView(h("span", ""));
  readonly #adversary = new TextView(h("span", ""));
  readonly element: HTMLElement;

  constructor() {
    const archetypes = ARCHETYPES.map(({ name, color }) => {
      const item = key("imbxai-decision-disk", name);
      item.style.setProperty("--imbxai-key", color);
      return item;
    });
    this.element = h(
      "ul",
      "imbxai-decision-legend",
      { "aria-label": "What the points are" },
      key("imbxai-decision-disk", this.#own.element),
      key("imbxai-decision-triangle", this.#adversary.element),
      key("imbxai-decision-diamond", "other classes"),
      ...archetypes,
      key("imbxai-decision-disk imbxai-decision-wrong", "wrong now"),
      key("imbxai-decision-disk imbxai-decision-small", "training, smaller"),
      key("imbxai-decision-disk imbxai-decision-large", "won or lost, larger"),
    );
  }

  show(own: string, adversary: string): void {
    this.#own.show(own);
    this.#adversary.show(adversary);
  }
}
