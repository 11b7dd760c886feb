// What can be chosen of the decision map: the adversary, the images, and the bias of the class.
import { h, TextView } from "./dom";

export type Shown = "all" | "training" | "validation";

const SHOWN: [Shown, string][] = [
  ["all", "Training and validation"],
  ["validation", "Validation"],
  ["training", "Training"],
];
/** The bias goes this far to either side; further, where it was set elsewhere. */
const FAR = 6;
const STEP = 0.05;

export interface DecisionChanges {
  adversary(index: number): void;
  show(): void;
  bias(value: number): void;
}

const control = (label: string | HTMLElement, ...fields: HTMLElement[]): HTMLLabelElement =>
  h("label", "imbxai-control", {}, label, ...fields);

/** +1.5, −0.25, 0 */
export const signed = (value: number): string => {
  const rounded = Number(value.toFixed(2));
  if (!rounded) return "0";
  return rounded > 0 ? `+${rounded}` : `\u2212${-rounded}`;
};

export class DecisionControls {
  readonly #adversary = h("select", "");
  readonly #shown = h("select", "");
  readonly #name = new TextView(h("span", ""));
  readonly #bias = h("input", "", { type: "range", min: -FAR, max: FAR, step: STEP, value: 0 });
  readonly #value = new TextView(h("output", "imbxai-decision-bias"));
  readonly #reset = h("button", "imbxai-quiet-button", { type: "button" }, "Reset");
  readonly element: HTMLElement;

  constructor(changes: DecisionChanges) {
    for (const [value, text] of SHOWN) this.#shown.append(h("option", "", { value }, text));
    this.#reset.title = "Take the bias back";
    this.#bias.dataset.lmSuppressShortcuts = "true";
    this.element = h(
      "div",
      "imbxai-controls",
      {},
      control("Against", this.#adversary),
      control("Images", this.#shown),
      control(this.#name.element, this.#bias, this.#value.element),
      this.#reset,
    );
    this.#adversary.addEventListener("change", () => {
      changes.adversary(Number(this.#adversary.value));
    });
    this.#shown.addEventListener("change", changes.show);
    this.#bias.addEventListener("input", () => changes.bias(this.#bias.valueAsNumber));
    this.#reset.addEventListener("click", () => changes.bias(0));
  }

  get shown(): Shown {
    return this.#shown.value as Shown;
  }

  /** Offers the adversaries of a class. */
  offer(name: string, adversaries: readonly (readonly [index: number, name: string])[]): void {
    this.#name.show(`Bias of ${name}`);
    const options = adversaries.map(([value, text]) => h("option", "", { value }, text));
    this.#adversary.replaceChildren(...options);
  }

  /** Shows what is chosen; `words` tell what it does. */
  tell(adversary: number, bias: number, words: string): void {
    this.#adversary.value = String(adversary);
    const far = Math.max(FAR, Math.abs(bias));
    this.#bias.min = String(-far);
    this.#bias.max = String(far);
    this.#bias.value = String(bias);
    this.#bias.setAttribute("aria-valuetext", `${signed(bias)}. ${words}`);
    this.#value.show(signed(bias));
    this.#reset.disabled = bias === 0;
  }
}

/** A bias as the slider has it. */
export const onScale = (value: number): number => {
  const steps = Math.round(Math.min(Math.max(value, -FAR), FAR) / STEP);
  return Number((steps * STEP).toFixed(2));
};
