// Top features of a class, and the classes that have some of them among theirs.
import { bar, Cleanup, h, panel, placeholder } from "./dom";
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
import { cell, classRow, headRow, type PickRow, PickRows, pickBody, sharingClasses } from "./table";

interface OverlapState {
  card: MaybeCard<OverlapPanelCard>;
  selected: number;
}

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

function overlapRow(row: OverlapRow, topK: number): HTMLElement {
  const chips = row.shared.map((feature) => h("span", "imbxai-chip", {}, String(feature)));
  return classRow(
    row.name,
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
  readonly #rows: PickRows;

  constructor(private readonly model: Model<OverlapState>) {
    this.#rows = new PickRows(this.frame.body, (index) => {
      model.set("selected", index);
      model.save_changes();
    });
  }

  showCard(): void {
    const card = this.model.get("card");
    if (!hasCard(card) || card.overlap.features.length === 0) {
      this.#rows.fill([]);
      const text = hasCard(card)
        ? `${card.name} has no training images, hence no top features.`
        : "No class is selected yet.";
      this.frame.body.replaceChildren(placeholder(text));
      return;
    }
    const rows = card.overlap.rows.map((row) => ({
      index: row.index,
      element: overlapRow(row, card.overlap.topK),
    }));
    this.#rows.fill(rows);
    this.frame.body.replaceChildren(
      h("div", "imbxai-overlap-part", {}, featureTable(card.overlap)),
      h("div", "imbxai-overlap-part imbxai-overlap-rows", {}, this.#classTable(card, rows)),
    );
    this.showSelected();
  }

  showSelected(): void {
    this.#rows.show(this.model.get("selected"));
  }

  #classTable({ name, overlap }: OverlapPanelCard, rows: PickRow[]): HTMLElement {
    if (rows.length === 0) return placeholder(`No class shares a top feature with ${name}.`);
    return h(
      "table",
      "imbxai-table",
      {},
      h("caption", "", {}, sharingClasses(overlap.sharing, rows.length)),
      headRow(
        ["Class", "Class that shares top features with this one"],
        ["Shared", `How many of the top ${overlap.topK} features both have`, "imbxai-number"],
        ["Jaccard", "Shared features over all top features of both", "imbxai-number"],
        ["In this class", `Share of the shared features in the top features of ${name}`],
        ["In the other", "Share of the shared features in the top features of the other class"],
        ["Features", "Which features both have"],
      ),
      pickBody(rows),
    );
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
