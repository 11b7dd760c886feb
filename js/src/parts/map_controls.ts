// The controls of the map, and the legend of its colors.
import { h, TextView, type View, Views } from "./dom";
import { COLORING_NAMES, COLORINGS, type Coloring, type LegendEntry } from "./map_colors";

export type Shown = "all" | "training" | "validation";

const SHOWN: [Shown, string][] = [
  ["all", "Training and validation"],
  ["training", "Training"],
  ["validation", "Validation"],
];

export interface MapChanges {
  color(): void;
  show(): void;
  lasso(on: boolean): void;
  zoom(factor: number): void;
  whole(): void;
  toClass(): void;
}

const control = (label: string, field: HTMLElement): HTMLLabelElement =>
  h("label", "imbxai-control", {}, h("span", "", {}, label), field);

const quiet = (text: string, label = text): HTMLButtonElement =>
  h("button", "imbxai-quiet-button", { type: "button", "aria-label": label, title: label }, text);

export class MapControls {
  readonly #coloring = h("select", "");
  readonly #shown = h("select", "");
  readonly #shownControl = control("Images", this.#shown);
  readonly #lasso = quiet("Lasso", "Lasso: draw around images to mark them");
  readonly #buttons: HTMLElement;
  readonly element: HTMLElement;

  constructor(changes: MapChanges) {
    for (const name of COLORINGS) {
      this.#coloring.append(h("option", "", { value: name }, COLORING_NAMES[name]));
    }
    for (const [value, text] of SHOWN) this.#shown.append(h("option", "", { value }, text));
    const closer = quiet("+", "Zoom in");
    const farther = quiet("\u2212", "Zoom out");
    const whole = quiet("Whole map");
    const own = quiet("This class", "This class: zoom to its images");
    this.#lasso.setAttribute("aria-pressed", "false");
    this.#buttons = h(
      "span",
      "imbxai-map-buttons",
      { role: "group", "aria-label": "What is seen of the map" },
      this.#lasso,
      closer,
      farther,
      whole,
      own,
    );
    this.element = h(
      "div",
      "imbxai-controls",
      {},
      control("Color", this.#coloring),
      this.#shownControl,
      this.#buttons,
    );
    this.#coloring.addEventListener("change", changes.color);
    this.#shown.addEventListener("change", changes.show);
    this.#lasso.addEventListener("click", () => {
      const on = this.#lasso.getAttribute("aria-pressed") !== "true";
      this.#lasso.setAttribute("aria-pressed", String(on));
      changes.lasso(on);
    });
    closer.addEventListener("click", () => changes.zoom(1.5));
    farther.addEventListener("click", () => changes.zoom(1 / 1.5));
    whole.addEventListener("click", changes.whole);
    own.addEventListener("click", changes.toClass);
  }

  get coloring(): Coloring {
    return this.#coloring.value as Coloring;
  }

  get shown(): Shown {
    return this.#shown.value as Shown;
  }

  get lassoing(): boolean {
    return this.#lasso.getAttribute("aria-pressed") === "true";
  }

  /** Offers what there is to choose from. */
  offer(validation: boolean): void {
    this.#shownControl.hidden = !validation;
  }
}

class EntryView implements View<LegendEntry> {
  readonly #swatch = h("span", "imbxai-map-swatch", { "aria-hidden": "true" });
  readonly #name = new TextView(h("button", "imbxai-name-link", { type: "button" }));
  readonly #text = new TextView(h("span", ""));
  readonly element = h("li", "", {}, this.#swatch, this.#name.element, this.#text.element);
  #index: number | undefined;

  constructor(select: (index: number) => void) {
    this.#name.element.addEventListener("click", () => {
      if (this.#index !== undefined) select(this.#index);
    });
  }

  show({ text, color, index }: LegendEntry): void {
    this.#index = index;
    this.#swatch.style.background = color;
    const isClass = index !== undefined;
    this.#name.element.hidden = !isClass;
    this.#text.element.hidden = isClass;
    this.#name.show(isClass ? text : "");
    this.#text.show(isClass ? "" : text);
  }
}

export class MapLegend {
  readonly element = h("ul", "imbxai-map-legend");
  readonly #entries: Views<LegendEntry, EntryView>;

  constructor(select: (index: number) => void) {
    this.#entries = new Views(this.element, () => new EntryView(select));
  }

  show(name: string, entries: readonly LegendEntry[]): void {
    this.element.setAttribute("aria-label", `Colors of the map: ${name.toLowerCase()}`);
    this.#entries.show(entries);
  }
}
