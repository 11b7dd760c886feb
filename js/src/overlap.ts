// Top features of a class, and the classes that have some of them among theirs.
import { bar, Cleanup, h, panel, placeholder, step } from "./dom";
import { counted, percent } from "./format";
import {
  hasCard,
  type MaybeCard,
  type Model,
  type OverlapCard,
  type OverlapPanelCard,
  type OverlapRow,
  type Render,
  type TopFeature,
} from "./model";

interface OverlapState {
  card: MaybeCard<OverlapPanelCard>;
  selected: number;
}

type Cell = Node | string;

const headRow = (...titles: [text: string, hint: string, className?: string][]): HTMLElement => {
  const cells = titles.map(([text, hint, className = ""]) =>
    h("th", className, { scope: "col", title: hint }, text),
  );
  return h("thead", "", {}, h("tr", "", {}, ...cells));
};

const cell = (className: string, ...children: Cell[]): HTMLElement =>
  h("td", className, {}, ...children);

/** A share as a bar with its number. `scale` is the share that fills the bar. */
const share = (value: number, scale: number): HTMLElement =>
  h("span", "imbxai-share", {}, bar(scale ? value / scale : 0), h("span", "", {}, percent(value)));

function featureTable({ features, topK }: OverlapCard): HTMLElement {
  const largest = Math.max(0, ...features.map((entry) => entry.share));
  const rows = features.map((entry: TopFeature) =>
    h(
      "tr",
      "",
      { "data-feature": entry.feature },
      cell("", h("span", "imbxai-chip", {}, String(entry.feature))),
      cell("imbxai-wide", share(entry.share, largest)),
      cell("imbxai-number", entry.classes ? counted(entry.classes, "other") : "no other"),
    ),
  );
  return h(
    "table",
    "imbxai-table imbxai-features",
    {},
    h("caption", "", {}, `Its top ${topK} features`),
    headRow(
      ["Feature", "Entry of the feature embedding"],
      ["Share", "Mean of this feature over the sum of the class's top features"],
      ["Also in", "How many other classes have it among their top features", "imbxai-number"],
    ),
    h("tbody", "", {}, ...rows),
  );
}

function classRow(row: OverlapRow, topK: number): HTMLElement {
  const chips = row.shared.map((feature) => h("span", "imbxai-chip", {}, String(feature)));
  const name = h(
    "button",
    "imbxai-link",
    { type: "button", tabindex: -1, title: row.name },
    row.name,
  );
  return h(
    "tr",
    "imbxai-pick",
    { "data-class": row.name },
    h("th", "imbxai-class-name", { scope: "row" }, name),
    cell("imbxai-number", `${row.shared.length} of ${topK}`),
    cell("imbxai-number", row.jaccard.toFixed(2)),
    cell("imbxai-wide", share(row.shareHere, 1)),
    cell("imbxai-wide", share(row.shareThere, 1)),
    cell("imbxai-chips", ...chips),
  );
}

class Table {
  readonly frame = panel(
    "overlap",
    "Feature overlap",
    "Classes that rest on the same features are easily mistaken for each other. Pick a row to see that class.",
  );
  #rows: OverlapRow[] = [];
  #elements: HTMLElement[] = [];

  constructor(private readonly model: Model<OverlapState>) {
    this.frame.body.addEventListener("click", (event) => this.#pick(this.#rowAt(event)));
    this.frame.body.addEventListener("keydown", (event) => this.#onKey(event));
  }

  showCard(): void {
    const card = this.model.get("card");
    if (!hasCard(card) || card.overlap.features.length === 0) {
      this.#rows = [];
      this.#elements = [];
      const text = hasCard(card)
        ? `${card.name} has no training images, hence no top features.`
        : "No class is selected yet.";
      this.frame.body.replaceChildren(placeholder(text));
      return;
    }
    this.#rows = card.overlap.rows;
    this.#elements = this.#rows.map((row) => classRow(row, card.overlap.topK));
    this.frame.body.replaceChildren(
      h("div", "imbxai-overlap-part", {}, featureTable(card.overlap)),
      h("div", "imbxai-overlap-part imbxai-overlap-rows", {}, this.#classTable(card)),
    );
    this.showSelected();
  }

  /** Only one row can be reached by the tab key; arrow keys reach the others. */
  showSelected(): void {
    const selected = this.model.get("selected");
    const chosen = this.#rows.findIndex((row) => row.index === selected);
    for (const [position, element] of this.#elements.entries()) {
      element.classList.toggle("imbxai-picked", position === chosen);
      const button = element.querySelector("button");
      if (button) button.tabIndex = position === Math.max(chosen, 0) ? 0 : -1;
    }
  }

  #classTable({ name, overlap }: OverlapPanelCard): HTMLElement {
    if (this.#rows.length === 0) return placeholder(`No class shares a top feature with ${name}.`);
    return h(
      "table",
      "imbxai-table",
      {},
      h("caption", "", {}, this.#caption(overlap)),
      headRow(
        ["Class", "Class that shares top features with this one"],
        ["Shared", `How many of the top ${overlap.topK} features both have`, "imbxai-number"],
        ["Jaccard", "Shared features over all top features of both", "imbxai-number"],
        ["In this class", `Share of the shared features in the top features of ${name}`],
        ["In the other", "Share of the shared features in the top features of the other class"],
        ["Features", "Which features both have"],
      ),
      h("tbody", "", { "data-lm-suppress-shortcuts": "true" }, ...this.#elements),
    );
  }

  #caption({ sharing }: OverlapCard): string {
    const all = `${counted(sharing, "other class", "other classes")} with some of them`;
    return sharing > this.#rows.length ? `${all}; the ${this.#rows.length} closest` : all;
  }

  #rowAt(event: Event): number {
    const row = (event.target as Element).closest<HTMLElement>(".imbxai-pick");
    return row ? this.#elements.indexOf(row) : -1;
  }

  #pick(position: number): void {
    const row = this.#rows[position];
    if (!row) return;
    this.model.set("selected", row.index);
    this.model.save_changes();
  }

  #onKey(event: KeyboardEvent): void {
    const current = this.#elements[this.#rowAt(event)];
    const next = current && step(this.#elements, current, event.key);
    if (!next) return;
    event.preventDefault();
    for (const element of this.#elements) {
      const button = element.querySelector("button");
      if (!button) continue;
      button.tabIndex = element === next ? 0 : -1;
      if (element === next) button.focus();
    }
  }
}

const render: Render<OverlapState> = ({ model, el }) => {
  const table = new Table(model);
  const cleanup = new Cleanup();
  cleanup.on(model, "change:card", () => table.showCard());
  cleanup.on(model, "change:selected", () => table.showSelected());
  el.append(table.frame.root);
  cleanup.add(() => table.frame.root.remove());
  table.showCard();
  return () => cleanup.run();
};

export default { render };
