// What became of a class from one model to another, beside all classes.
import { hasCard, type MaybeCard, type Model, type Render } from "../model";
import { ARCHETYPES } from "../parts/archetype_style";
import { bar, Cleanup, h, panel, placeholder } from "../parts/dom";
import { type AskedFilter, askFor, type ImageFilter } from "../parts/filter";
import { count, counted, percent } from "../parts/format";
import { textButton } from "../parts/sentence";
import { cell, classRow, headRow, PickRows, pickBody, sharingClasses } from "../parts/table";

/** Two values: of the first model and of the second. */
export type BeforeAfter<T = number> = [before: T, after: T];

export interface ComparedAccuracy {
  split: "training" | "validation";
  images: number;
  /** Shares of right ones, 0 to 1. */
  before: number | null;
  after: number | null;
  /** Both times. */
  right: number;
  /** Wrong before, right after. */
  mended: number;
  /** Right before, wrong after. */
  broken: number;
  /** Both times. */
  wrong: number;
  /** By edits between the two; such images are in none of the four before. */
  relabeled: number;
  left_out: number;
  /** Of other classes before. */
  joined: number;
}

export interface ComparedErrors {
  split: "training" | "validation";
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
    /** Whether edits lie between the two. */
    edited: boolean;
    accuracies: ComparedAccuracy[];
    errors: ComparedErrors;
    flow: ArchetypeFlow;
    shared: ComparedOverlap;
  };
}

export interface State {
  card: MaybeCard<Part>;
  selected: number;
  filter: AskedFilter;
}

type Filter = (filter: ImageFilter) => void;
/** What two bars count: right images and features in ink, wrong images in rust. */
type Meaning = "ink" | "wrong";

const COLORS: Record<Meaning, BeforeAfter<string>> = {
  ink: ["var(--imbxai-track-strong)", "var(--imbxai-text)"],
  wrong: ["var(--imbxai-wrong-soft)", "var(--imbxai-wrong)"],
};
const ARROW = " → ";

const bars = (shares: BeforeAfter, meaning: Meaning): HTMLElement[] =>
  shares.map((share, at) => bar(share, COLORS[meaning][at]));

/** Two bars, before above after, and what they say. */
const pair = (
  scale: number,
  values: BeforeAfter,
  meaning: Meaning,
  text: (Node | string)[],
): HTMLElement => {
  const shares = values.map((value) => (scale ? value / scale : 0)) as BeforeAfter;
  return h(
    "span",
    "imbxai-change",
    {},
    h("span", "imbxai-change-bars", {}, ...bars(shares, meaning)),
    h("span", "imbxai-change-text", {}, ...text),
  );
};

const counts = (values: BeforeAfter): string => values.map(count).join(ARROW);

function change(before: number | null, after: number | null): string {
  if (before === null || after === null) return "";
  const points = Math.round(100 * after) - Math.round(100 * before);
  return points === 0 ? "no change" : `${points > 0 ? "+" : "−"}${Math.abs(points)} points`;
}

/** A count of images: a button that filters them, unless there are none. */
function countButton(number: number, act: () => void): Node | string {
  if (number === 0) return "0";
  const button = textButton(count(number), "Show these images", act);
  button.tabIndex = -1; // arrow keys lead there
  return button;
}

const FATES = [
  ["right", "right both times", { before: true, after: true }],
  ["mended", "wrong before, right after", { before: false, after: true }],
  ["broken", "right before, wrong after", { before: true, after: false }],
  ["wrong", "wrong both times", { before: false, after: false }],
  ["relabeled", "relabeled by edits", { edited: "relabeled" }],
  ["left_out", "left out by edits", { edited: "left out" }],
  ["joined", "of other classes before, relabeled as this one", { edited: "joined" }],
] as const;

const MODELS =
  "From the first model (before) to the second (after). All else on this page shows the first.";
const EDITS =
  "Before and after edits of labels and images. Those that were relabeled or left out are counted apart. All else on this page shows the analysis before.";

function accuracy(compared: ComparedAccuracy, index: number, filter: Filter): HTMLElement {
  const { split, images, before, after } = compared;
  const title = `${split === "training" ? "Training" : "Validation"} images`;
  const fates = FATES.filter(([key]) => compared[key]).map(([key, words, conditions]) => {
    const act = () => filter({ index, split, ...conditions });
    const text = `${count(compared[key])} ${words}`;
    return h("li", "", {}, textButton(text, "Show these images", act));
  });
  const right = `${[before, after].map(percent).join(ARROW)} right`;
  const basis = images ? `of ${counted(images, "image")}` : "no images";
  return h(
    "section",
    "imbxai-fate",
    { "data-split": split },
    h("h4", "imbxai-fate-title", {}, title),
    h("p", "imbxai-fate-value", {}, images ? right : "–"),
    h("p", "imbxai-soft", {}, [change(before, after), basis].filter(Boolean).join(", ")),
    h("div", "imbxai-fate-bars", {}, ...bars([before ?? 0, after ?? 0], "ink")),
    h("ul", "imbxai-fates", {}, ...fates),
  );
}

function flowTable(
  { counts: rows, shares }: ArchetypeFlow,
  index: number,
  filter: Filter,
): HTMLElement {
  const name = (at: number) => ARCHETYPES[at]?.name ?? "";
  const heading = (at: number, scope: string) => {
    const swatch = h("span", "imbxai-swatch", { "aria-hidden": "true" });
    swatch.style.background = ARCHETYPES[at]?.color ?? "";
    return h("th", "", { scope }, swatch, name(at));
  };
  const square = (number: number, from: number, to: number) => {
    const hint = `${counted(number, "image")} ${name(from)} before, ${name(to)} after`;
    const classes = `imbxai-flow-cell${from === to ? " imbxai-flow-same" : ""}`;
    const act = () => filter({ index, split: "training", archetype: from, becomes: to });
    const button = number ? textButton(count(number), "Show these images", act) : "·";
    const element = h("td", classes, { title: hint }, button);
    if (button instanceof HTMLElement) button.setAttribute("aria-label", hint);
    element.style.setProperty("--imbxai-share", String(shares[from]?.[to] ?? 0));
    return element;
  };
  return h(
    "table",
    "imbxai-table imbxai-flow",
    {},
    h("caption", "", {}, "Where its training images stand"),
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
  readonly frame = panel("comparison", "What became of the class", MODELS);
  readonly #facts = h("div", "imbxai-compared-facts");
  readonly #flow = h("div", "imbxai-compared imbxai-compared-flow");
  readonly #errors = h("div", "imbxai-compared imbxai-compared-errors");
  readonly #shared = h("div", "imbxai-compared");
  readonly #errorRows = new PickRows(this.#errors, (index) => this.#pick(index));
  readonly #sharedRows = new PickRows(this.#shared, (index) => this.#pick(index));

  constructor(private readonly model: Model<State>) {
    const swatch = (text: string, at: 0 | 1) => {
      const square = h("span", "imbxai-swatch", { "aria-hidden": "true" });
      square.style.background = COLORS.ink[at];
      return h("span", "imbxai-legend-entry", {}, square, text);
    };
    this.frame.head.append(
      h("div", "imbxai-legend-line", {}, swatch("before", 0), swatch("after", 1)),
    );
  }

  showCard(): void {
    const card = this.model.get("card");
    if (!hasCard(card)) {
      this.frame.body.replaceChildren(placeholder("No class is selected yet."));
      return;
    }
    const { edited, accuracies, errors, flow, shared } = card.comparison;
    this.frame.explanation.textContent = edited ? EDITS : MODELS;
    this.#facts.replaceChildren(
      ...accuracies.map((each) => accuracy(each, card.index, this.#filter)),
    );
    this.#flow.replaceChildren(
      flowTable(flow, card.index, this.#filter),
      h("p", "imbxai-note", {}, flow.note),
    );
    this.#showErrors(errors);
    this.#showShared(shared, card.name);
    this.frame.body.replaceChildren(this.#facts, this.#flow, this.#errors, this.#shared);
    this.showSelected();
  }

  showSelected(): void {
    for (const rows of [this.#errorRows, this.#sharedRows]) rows.show(this.model.get("selected"));
  }

  readonly #filter: Filter = (filter) => this.model.set("filter", askFor(filter));

  #showErrors({ split, largest, first, classes, rows }: ComparedErrors): void {
    const picks = rows.map(({ index, name, lost, gained }) => {
      const wrong = (number: number, side: "before" | "after") =>
        countButton(number, () => this.#filter({ index, split, [side]: false }));
      const text = [wrong(lost[0], "before"), ARROW, wrong(lost[1], "after")];
      return {
        index,
        element: classRow(
          name,
          cell("imbxai-wide", pair(largest, lost, "wrong", text)),
          cell("imbxai-wide", pair(largest, gained, "wrong", [counts(gained)])),
        ),
      };
    });
    this.#errorRows.fill(picks);
    const some = `, classes ${count(first + 1)} to ${count(first + rows.length)} of ${count(classes)} by size`;
    const images = `${split} images`;
    this.#errors.replaceChildren(
      h(
        "table",
        "imbxai-table",
        {},
        h("caption", "", {}, `Wrong ${images}${rows.length < classes ? some : ""}`),
        headRow(
          ["Class", "From the largest class to the smallest"],
          ["Wrong", `${images} of the class that are wrong, before and after`],
          ["Falsely taken for it", `${images} of other classes that are taken for it`],
        ),
        pickBody(picks),
      ),
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
      element: classRow(other, cell("imbxai-wide", pair(largest, shared, "ink", [counts(shared)]))),
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
