// The controls of the tab of all images: which images, and how large.
import { ARCHETYPES } from "./archetype_style";
import { h } from "./dom";
import { furtherOf, inWords, isNarrow, type View, wholeView, withoutFurther } from "./image_view";

export interface ClassOption {
  index: number;
  name: string;
}

export interface Choices {
  /** Whether there are validation images. */
  validation: boolean;
  /** The classes that images of this one are predicted as. */
  predicted: ClassOption[];
  /** Whether confidences are known. */
  confidence: boolean;
}

const SPLITS: [View["split"], string][] = [
  ["both", "Training, and validation that fails"],
  ["training", "Training"],
  ["validation", "Validation"],
];

const control = (label: string, ...elements: HTMLElement[]): HTMLLabelElement =>
  h("label", "imbxai-control", {}, h("span", "", {}, label), ...elements);

const percentField = (label: string): HTMLInputElement =>
  h("input", "", { type: "number", min: 0, max: 100, step: 1, "aria-label": label });

export class ImageControls {
  readonly #split = h("select", "");
  readonly #wrong = h("input", "", { type: "checkbox" });
  readonly #predicted = h("select", "");
  readonly #archetype = h("select", "");
  readonly #low = percentField("Least confidence in percent");
  readonly #high = percentField("Largest confidence in percent");
  readonly #size = h("input", "", { type: "range", min: 64, max: 192, step: 32 });
  readonly #splitControl = control("Images", this.#split);
  readonly #confidence = h(
    "span",
    "imbxai-control",
    { role: "group", "aria-label": "Confidence in percent" },
    h("span", "", {}, "Confidence"),
    this.#low,
    "to",
    this.#high,
    "%",
  );
  /** A condition that no control stands for, such as votes; a click takes it away. */
  readonly #further = h("button", "imbxai-quiet-button", { type: "button", hidden: true });
  readonly #reset = h("button", "imbxai-quiet-button", { type: "button" }, "Show all");
  readonly element = h(
    "div",
    "imbxai-controls",
    {},
    this.#splitControl,
    h("label", "imbxai-control", {}, this.#wrong, h("span", "", {}, "Wrong only")),
    control("Taken for", this.#predicted),
    control("Archetype", this.#archetype),
    this.#confidence,
    control("Size", this.#size),
    this.#further,
    this.#reset,
  );
  #view: View = wholeView();
  #offered = "";

  constructor(
    private readonly change: (view: View) => void,
    resize: (size: number) => void,
  ) {
    for (const [value, text] of SPLITS) this.#split.append(h("option", "", { value }, text));
    this.#archetype.append(h("option", "", { value: "" }, "Any"));
    for (const [number, { name }] of ARCHETYPES.entries()) {
      const text = name.charAt(0).toUpperCase() + name.slice(1);
      this.#archetype.append(h("option", "", { value: String(number) }, text));
    }
    const read = () => this.change(this.#read());
    for (const field of [this.#split, this.#wrong, this.#predicted, this.#archetype]) {
      field.addEventListener("change", read);
    }
    for (const field of [this.#low, this.#high]) field.addEventListener("change", read);
    this.#size.addEventListener("input", () => resize(Number(this.#size.value)));
    this.#further.addEventListener("click", () => {
      this.change(withoutFurther(this.#view));
    });
    this.#reset.addEventListener("click", () => this.change(wholeView()));
  }

  get size(): number {
    return Number(this.#size.value);
  }

  set size(value: number) {
    this.#size.value = String(value);
  }

  /** Shows the conditions of a view, and what else may be chosen. */
  show(view: View, { validation, predicted, confidence }: Choices, nameOf: NameOf): void {
    this.#view = view;
    this.#offer(predicted, view.predicted, nameOf);
    this.#split.value = view.split;
    this.#splitControl.hidden = !validation;
    this.#wrong.checked = view.right === false;
    this.#archetype.value = view.archetype === undefined ? "" : String(view.archetype);
    this.#confidence.hidden = !confidence;
    const [low, high] = view.confidence ?? [0, 1];
    this.#low.value = String(Math.round(100 * low));
    this.#high.value = String(Math.round(100 * high));
    const further = inWords(furtherOf(view), nameOf);
    this.#further.hidden = !further;
    this.#further.textContent = `${further} ✕`;
    this.#further.setAttribute("aria-label", `${further}: take this condition away`);
    this.#reset.hidden = view.split === "both" && !isNarrow(view);
  }

  /** Lists the classes that may be chosen, that of the view among them. */
  #offer(predicted: ClassOption[], chosen: number | undefined, nameOf: NameOf): void {
    const listed = [...predicted];
    if (chosen !== undefined && !predicted.some(({ index }) => index === chosen)) {
      listed.push({ index: chosen, name: nameOf(chosen) });
    }
    const offered = JSON.stringify(listed);
    if (offered !== this.#offered) {
      this.#offered = offered;
      const any = h("option", "", { value: "" }, "Any class");
      const options = listed.map(({ index, name }) =>
        h("option", "", { value: String(index) }, name),
      );
      this.#predicted.replaceChildren(any, ...options);
    }
    this.#predicted.value = chosen === undefined ? "" : String(chosen);
  }

  #read(): View {
    const { right } = this.#view;
    const split = this.#split.value as View["split"];
    const view: View = { split, ...furtherOf(this.#view) };
    if (this.#wrong.checked) view.right = false;
    else if (right) view.right = true;
    if (this.#predicted.value) view.predicted = Number(this.#predicted.value);
    if (this.#archetype.value) view.archetype = Number(this.#archetype.value);
    const [low, high] = [share(this.#low.value, 0), share(this.#high.value, 1)];
    if (low > 0 || high < 1) view.confidence = [Math.min(low, high), Math.max(low, high)];
    return view;
  }
}

type NameOf = (index: number) => string;

/** A percentage as a share, within 0 and 1. */
const share = (percents: string, otherwise: number): number =>
  percents === "" ? otherwise : Math.min(1, Math.max(0, Number(percents) / 100));
