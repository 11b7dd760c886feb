// What became of a class from one model to another, beside all classes.
import { hasCard, type MaybeCard, type Model, type Render } from "../model";
import { ARCHETYPES } from "../parts/archetype_style";
import { bar, Cleanup, h, panel, placeholder } from "../parts/dom";
import { count, counted, percent } from "../parts/format";
import { cell, classRow, headRow, PickRows, pickBody, sharingClasses } from "../parts/table";

/** Two values: of the first model and of the second. */
export type BeforeAfter<T = number> = [before: T, after: T];

export interface ComparedAccuracy {
  split: "training" | "validation";
  images: number;
  before: number | null;
  after: number | null;
}

export interface ComparedErrors {
  split: "training" | "validation";
  /** What became of the class's own images, in words. */
  note: string;
  /** The largest number of errors of any class, under either model. */
  largest: number;
  /** Position of the first row among all classes, from the largest down. */
  first: number;
  classes: number;
  /** Misclassified images of each class, and images of others that are taken for it. */
  rows: { index: number; name: string; lost: BeforeAfter; gained: BeforeAfter }[];
}

export interface ArchetypeFlow {
  /** Training images by archetype before (rows) and after (columns). */
  counts: number[][];
  /** The same over the sums of the rows. */
  shares: number[][];
  note: string;
}

export interface ComparedOverlap {
  topK: BeforeAfter;
  /** How many classes share any under either model. */
  sharing: number;
  rows: { index: number; name: string; shared: BeforeAfter }[];
}

export interface Part {
  comparison: {
    accuracies: ComparedAccuracy[];
    errors: ComparedErrors;
    flow: ArchetypeFlow;
    shared: ComparedOverlap;
  };
}

export interface State {
  card: MaybeCard<Part>;
  selected: number;
}

const AFTER = "#0072b2";
const ARROW = " → ";

/** Two bars, before above after, and what they say in text. */
const pair = (scale: number, [before, after]: BeforeAfter, text: string): HTMLElement =>
  h(
    "span",
    "imbxai-pair",
    {},
    h(
      "span",
      "imbxai-pair-bars",
      {},
      bar(scale ? before / scale : 0),
      bar(scale ? after / scale : 0, AFTER),
    ),
    h("span", "imbxai-pair-text", {}, text),
  );

const counts = (values: BeforeAfter): string => values.map(count).join(ARROW);

function change(before: number | null, after: number | null): string {
  if (before === null || after === null) return "";
  const points = Math.round(100 * after) - Math.round(100 * before);
  return points === 0 ? "no change" : `${points > 0 ? "+" : "−"}${Math.abs(points)} points`;
}

function accuracy({ split, images, before, after }: ComparedAccuracy): HTMLElement {
  const title = `${split === "training" ? "Training" : "Validation"} accuracy`;
  const basis = images ? `of ${counted(images, "image")}` : "no images";
  return h(
    "div",
    "imbxai-fact",
    { "data-split": split },
    h("dt", "imbxai-fact-term", {}, title),
    h("dd", "imbxai-fact-value", {}, [before, after].map(percent).join(ARROW)),
    h("dd", "imbxai-fact-bar", {}, bar(before ?? 0), bar(after ?? 0, AFTER)),
    h("dd", "imbxai-fact-detail", {}, [change(before, after), basis].filter(Boolean).join(", ")),
  );
}

function flowTable({ counts: rows, shares }: ArchetypeFlow): HTMLElement {
  const name = (at: number) => ARCHETYPES[at]?.name ?? "";
  const heading = (at: number, scope: string) => {
    const swatch = h("span", "imbxai-swatch", { "aria-hidden": "true" });
    swatch.style.background = ARCHETYPES[at]?.color ?? "";
    return h("th", "", { scope }, swatch, name(at));
  };
  const square = (number: number, from: number, to: number) => {
    const hint = `${counted(number, "image")} ${name(from)} before, ${name(to)} after`;
    const classes = `imbxai-flow-cell${from === to ? " imbxai-flow-same" : ""}`;
    const element = h("td", classes, { title: hint }, number ? count(number) : "·");
    element.style.setProperty("--imbxai-share", String(shares[from]?.[to] ?? 0));
    return element;
  };
  return h(
    "table",
    "imbxai-table imbxai-flow",
    {},
    h("caption", "", {}, "Archetypes of its training images"),
    h(
      "thead",
      "",
      {},
      h(
        "tr",
        "",
        {},
        h("th", "imbxai-flow-corner", {}, "before ↓ after →"),
        ...rows.map((_, at) => heading(at, "col")),
      ),
    ),
    h(
      "tbody",
      "",
      {},
      ...rows.map((row, from) =>
        h("tr", "", {}, heading(from, "row"), ...row.map((n, to) => square(n, from, to))),
      ),
    ),
  );
}

class Comparison {
  readonly frame = panel(
    "comparison",
    "Before and after",
    "What became of the class from the first model (before) to the second (after). The other panels show the first. Pick a row to see that class.",
  );
  readonly #facts = h("dl", "imbxai-facts");
  readonly #flow = h("div", "imbxai-compared imbxai-compared-flow");
  readonly #errors = h("div", "imbxai-compared imbxai-compared-errors");
  readonly #shared = h("div", "imbxai-compared");
  readonly #errorRows = new PickRows(this.#errors, (index) => this.#pick(index));
  readonly #sharedRows = new PickRows(this.#shared, (index) => this.#pick(index));

  constructor(private readonly model: Model<State>) {
    const swatch = (text: string, color: string) => {
      const square = h("span", "imbxai-swatch", { "aria-hidden": "true" });
      if (color) square.style.background = color;
      return h("span", "imbxai-legend-entry", {}, square, text);
    };
    this.frame.head.append(
      h("div", "imbxai-legend-line", {}, swatch("before", ""), swatch("after", AFTER)),
    );
  }

  showCard(): void {
    const card = this.model.get("card");
    if (!hasCard(card)) {
      this.frame.body.replaceChildren(placeholder("No class is selected yet."));
      return;
    }
    const { accuracies, errors, flow, shared } = card.comparison;
    this.#facts.replaceChildren(...accuracies.map(accuracy));
    this.#flow.replaceChildren(flowTable(flow), h("p", "imbxai-note", {}, flow.note));
    this.#showErrors(errors);
    this.#showShared(shared, card.name);
    this.frame.body.replaceChildren(this.#facts, this.#flow, this.#errors, this.#shared);
    this.showSelected();
  }

  showSelected(): void {
    for (const rows of [this.#errorRows, this.#sharedRows]) rows.show(this.model.get("selected"));
  }

  #showErrors({ split, note, largest, first, classes, rows }: ComparedErrors): void {
    const picks = rows.map(({ index, name, lost, gained }) => ({
      index,
      element: classRow(
        name,
        cell("imbxai-wide", pair(largest, lost, counts(lost))),
        cell("imbxai-wide", pair(largest, gained, counts(gained))),
      ),
    }));
    this.#errorRows.fill(picks);
    const some = `, classes ${count(first + 1)} to ${count(first + rows.length)} of ${count(classes)} by size`;
    const images = `${split} images`;
    this.#errors.replaceChildren(
      h(
        "table",
        "imbxai-table",
        {},
        h("caption", "", {}, `Errors on ${images}${rows.length < classes ? some : ""}`),
        headRow(
          ["Class", "From the largest class to the smallest"],
          ["Misclassified (rows)", `Misclassified ${images} of the class`],
          ["Falsely taken for it (columns)", `${images} of other classes that are taken for it`],
        ),
        pickBody(picks),
      ),
      h("p", "imbxai-note", {}, note),
    );
  }

  #showShared({ topK, sharing, rows }: ComparedOverlap, name: string): void {
    if (rows.length === 0) {
      this.#sharedRows.fill([]);
      this.#shared.replaceChildren(placeholder(`No class shares a top feature with ${name}.`));
      return;
    }
    const largest = Math.max(...topK);
    const picks = rows.map(({ index, name: other, shared }) => ({
      index,
      element: classRow(other, cell("imbxai-wide", pair(largest, shared, counts(shared)))),
    }));
    this.#sharedRows.fill(picks);
    const [before, after] = topK;
    const top = before === after ? `${before}` : `${before} before, ${after} after`;
    this.#shared.replaceChildren(
      h(
        "table",
        "imbxai-table",
        {},
        h("caption", "", {}, `Shared top features: ${sharingClasses(sharing, rows.length)}`),
        headRow(
          ["Class", "Class that shares top features with this one"],
          [`Shared of ${top}`, "Number of features among the top ones of both classes"],
        ),
        pickBody(picks),
      ),
    );
  }

  #pick(index: number): void {
    this.model.set("selected", index);
  }
}

const render: Render<State> = ({ model, el }) => {
  const comparison = new Comparison(model);
  const cleanup = new Cleanup();
  cleanup.on(model, "change:card", () => comparison.showCard());
  cleanup.on(model, "change:selected", () => comparison.showSelected());
  el.append(comparison.frame.root);
  cleanup.add(() => comparison.frame.root.remove());
  comparison.showCard();
  return () => cleanup.run();
};

export default { render };
