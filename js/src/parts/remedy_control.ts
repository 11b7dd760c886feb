// One remedy: whether it is tried, and what is set of it.
import { h, TextView } from "./dom";
import type { Remedy } from "./remedies";
import type { Kind, Slider } from "./remedy_kinds";

/** The class that values of single classes are set of. */
export interface OfClass {
  index: number;
  nameOf(index: number): string;
}

const range = ({ min, max, step, start }: Slider): HTMLInputElement =>
  h("input", "", { type: "range", min, max, step, value: start });

class SliderControl {
  readonly #range: HTMLInputElement;
  readonly #told = new TextView(h("output", "imbxai-remedy-value"));
  readonly #best = h("input", "", { type: "checkbox" });
  readonly element: HTMLElement;
  /** Of one class, where each has a value of its own. */
  readonly values = new Map<number, number>();
  #found: number | undefined;

  constructor(
    readonly slider: Slider,
    kind: Kind,
    moved: () => void,
  ) {
    this.#range = range(slider);
    this.#range.setAttribute("aria-label", `${kind.label}: ${slider.label}`);
    const label = h("label", "imbxai-remedy-slider", {}, slider.label, this.#range);
    this.element = h("div", "imbxai-remedy-set", {}, label, this.#told.element);
    if (slider.best) {
      const hint = "Found on validation images other than those that judge it";
      this.element.append(h("label", "", { title: hint }, this.#best, " best"));
    }
    this.#range.addEventListener("input", () => {
      this.#best.checked = false;
      moved();
    });
    this.#best.addEventListener("change", moved);
    this.tell();
  }

  get value(): number | "best" {
    return this.#best.checked ? "best" : this.slider.value(this.#range.valueAsNumber);
  }

  set value(value: unknown) {
    this.#best.checked = value === "best";
    if (typeof value === "number") {
      const place = this.slider.place(value);
      if (place > Number(this.#range.max)) this.#range.max = String(place);
      if (place < Number(this.#range.min)) this.#range.min = String(place);
      this.#range.value = String(place);
    }
    this.tell();
  }

  /** Shows what "best" has found. */
  show(found: number | undefined): void {
    this.#found = found;
    this.tell();
  }

  tell(): void {
    const { value, slider } = this;
    const known = value === "best" ? this.#found : value;
    const text = known === undefined ? "\u2026" : slider.text(known);
    this.#told.show(text);
    this.#range.setAttribute("aria-valuetext", text);
    if (value === "best" && this.#found !== undefined) {
      this.#range.value = String(slider.place(this.#found));
    }
  }

  limit(max: number): void {
    this.#range.max = String(Math.max(max, Number(this.#range.min)));
    this.tell();
  }

  allow(best: boolean, all: boolean): void {
    this.#range.disabled = !all;
    this.#best.disabled = !all || !best;
    if (!best) this.#best.checked = false;
    this.tell();
  }
}

export class RemedyControl {
  readonly #on = h("input", "", { type: "checkbox" });
  readonly #choice = h("select", "");
  readonly #why = new TextView(h("p", "imbxai-remedy-why imbxai-soft"));
  readonly #others = h("p", "imbxai-remedy-others imbxai-soft");
  readonly #note = new TextView(h("span", "imbxai-soft"));
  readonly #sliders: SliderControl[];
  readonly #set: HTMLElement;
  readonly element: HTMLElement;
  #class: OfClass = { index: 0, nameOf: () => "" };

  constructor(
    readonly kind: Kind,
    private readonly changed: (kind: Kind) => void,
  ) {
    const moved = () => {
      this.#on.checked = true;
      this.#keep();
      this.#arrange();
      changed(kind);
    };
    this.#sliders = kind.sliders.map((slider) => new SliderControl(slider, kind, moved));
    this.#set = h("div", "imbxai-remedy-sets");
    if (kind.choice) {
      this.#choice.setAttribute("aria-label", `${kind.label}: ${kind.choice.key}`);
      for (const [value, text] of kind.choice.options) {
        this.#choice.append(h("option", "", { value }, text));
      }
      this.#choice.addEventListener("change", moved);
      this.#set.append(h("label", "imbxai-remedy-set", {}, kind.choice.label, this.#choice));
    }
    this.#set.append(...this.#sliders.map(({ element }) => element), this.#others);
    const name = h("label", "imbxai-remedy-name", { title: kind.hint }, this.#on, kind.label);
    name.append(this.#note.element);
    this.element = h("div", "imbxai-remedy", {}, name, this.#set, this.#why.element);
    this.element.dataset.remedy = kind.name;
    this.#on.addEventListener("change", () => {
      if (this.#on.checked) this.#keep();
      this.#arrange();
      changed(kind);
    });
    this.#arrange();
  }

  get on(): boolean {
    return this.#on.checked && !this.#on.disabled;
  }

  /** What is asked of Python; undefined where it is off, or has nothing to do. */
  get remedy(): Remedy | undefined {
    if (!this.on) return undefined;
    const parameters: Record<string, unknown> = {};
    if (this.kind.choice) parameters[this.kind.choice.key] = this.#choice.value;
    for (const { slider, value, values, element } of this.#sliders) {
      if (element.hidden) continue;
      if (slider.ofClasses && !values.size) return undefined;
      parameters[slider.key] = slider.ofClasses ? Object.fromEntries(values) : value;
    }
    return { name: this.kind.name, parameters };
  }

  /** Switches it on as asked, or off. */
  set(parameters: Record<string, unknown> | undefined): void {
    this.#on.checked = parameters !== undefined;
    const choice = this.kind.choice && parameters?.[this.kind.choice.key];
    if (typeof choice === "string") this.#choice.value = choice;
    for (const control of this.#sliders) {
      const given = parameters?.[control.slider.key];
      if (given === undefined) continue;
      if (!control.slider.ofClasses) control.value = given;
      else {
        control.values.clear();
        for (const [label, value] of Object.entries(given as Record<string, number>)) {
          control.values.set(Number(label), value);
        }
      }
    }
    this.showClass(this.#class);
  }

  showClass(of: OfClass, start?: number): void {
    this.#class = of;
    for (const control of this.#sliders) {
      if (!control.slider.ofClasses) continue;
      control.value = control.values.get(of.index) ?? start ?? control.slider.start;
    }
    if (this.#sliders.some(({ slider }) => slider.ofClasses)) {
      this.#note.show(of.nameOf(of.index));
      this.#tellOthers();
    }
    this.#arrange();
  }

  /** Shows what was found for "best". */
  showFound(found: number | undefined): void {
    for (const control of this.#sliders) if (control.slider.best) control.show(found);
  }

  /** Why it cannot be tried, or "" if it can; and whether parameters can be found. */
  allow(why: string, best: boolean): void {
    this.#why.show(why);
    this.#why.element.hidden = !why;
    this.#on.disabled = why !== "";
    this.#choice.disabled = why !== "";
    for (const control of this.#sliders) control.allow(best, why === "");
    this.element.classList.toggle("imbxai-remedy-off", why !== "");
  }

  limit(max: number): void {
    for (const control of this.#sliders) control.limit(max);
  }

  /** A word beside its name. */
  note(text: string): void {
    this.#note.show(text);
  }

  /** Takes the slider's value for the selected class. */
  #keep(): void {
    for (const { slider, value, values } of this.#sliders) {
      if (!slider.ofClasses || value === "best") continue;
      if (slider.key === "offsets" && value === 0) values.delete(this.#class.index);
      else values.set(this.#class.index, value);
    }
    this.#tellOthers();
  }

  /** Names the other classes that have a value. */
  #tellOthers(): void {
    const control = this.#sliders.find(({ slider }) => slider.ofClasses);
    const others = [...(control?.values ?? [])].filter(([label]) => label !== this.#class.index);
    this.#others.hidden = !others.length;
    if (!control || !others.length) return;
    const texts = others.map(
      ([label, value]) => `${this.#class.nameOf(label)} ${control.slider.text(value)}`,
    );
    const reset = h("button", "imbxai-text-button", { type: "button" }, "take back");
    reset.addEventListener("click", () => {
      for (const [label] of others) control.values.delete(label);
      this.#tellOthers();
      this.changed(this.kind);
    });
    this.#others.replaceChildren(`Also ${texts.join(", ")} (`, reset, ")");
  }

  /** Beta counts for effective numbers alone. */
  #arrange(): void {
    for (const { slider, element } of this.#sliders) {
      element.hidden = slider.key === "beta" && this.#choice.value === "balanced";
    }
  }
}
