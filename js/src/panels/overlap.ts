// Top features of a class, and the classes that have some of them among theirs.
import { type CardIdentity, hasCard, type MaybeCard, type Model, type Render } from "../model";
import {
  bar,
  Cleanup,
  fill,
  h,
  panel,
  placeholder,
  put,
  TextView,
  type View,
  Views,
} from "../parts/dom";
import { counted, percent } from "../parts/format";
import {
  cell,
  headRow,
  type PickRow,
  PickRows,
  pickBody,
  pickButton,
  pickRow,
  sharingClasses,
} from "../parts/table";

export interface TopFeature {
  feature: number;
  share: number;
  /** How many other classes have it among their top features. */
  classes: number;
}

export interface OverlapRow {
  index: number;
  name: string;
  shared: number[];
  jaccard: number;
  shareHere: number;
  shareThere: number;
}

export interface Overlap {
  features: TopFeature[];
  /** The classes that share most. */
  rows: OverlapRow[];
  /** How many classes share any. */
  sharing: number;
  topK: number;
}

export interface Part {
  overlap: Overlap;
}

export interface State {
  card: MaybeCard<Part>;
  selected: number;
}

/** A share as a bar with its number. */
class ShareCell {
  readonly #bar = bar();
  readonly #text = new TextView(h("span", ""));
  readonly element = cell(
    "imbxai-wide",
    h("span", "imbxai-share", {}, this.#bar, this.#text.element),
  );

  /** `scale` is the share that fills the bar. */
  show(value: number, scale: number): void {
    fill(this.#bar, scale ? value / scale : 0);
    this.#text.show(percent(value));
  }
}

const chip = () => new TextView(h("span", "imbxai-chip"));
const number = () => new TextView(cell("imbxai-number"));

class FeatureRow implements View<TopFeature & { scale: number }> {
  readonly #feature = chip();
  readonly #share = new ShareCell();
  readonly #classes = number();
  readonly element = h(
    "tr",
    "",
    {},
    cell("", this.#feature.element),
    this.#share.element,
    this.#classes.element,
  );

  show({ feature, share, classes, scale }: TopFeature & { scale: number }): void {
    this.element.dataset.feature = String(feature);
    this.#feature.show(String(feature));
    this.#share.show(share, scale);
    this.#classes.show(classes ? counted(classes, "other") : "no other");
  }
}

class ClassRow implements PickRow, View<OverlapRow & { topK: number }> {
  index = -1;
  readonly #name = new TextView(pickButton());
  readonly #shared = number();
  readonly #jaccard = number();
  readonly #here = new ShareCell();
  readonly #there = new ShareCell();
  readonly #cell = cell("imbxai-chips");
  readonly #chips = new Views(this.#cell, chip);
  readonly element = pickRow(
    this.#name.element,
    this.#shared.element,
    this.#jaccard.element,
    this.#here.element,
    this.#there.element,
    this.#cell,
  );

  show(row: OverlapRow & { topK: number }): void {
    this.index = row.index;
    this.element.dataset.class = row.name;
    this.#name.element.title = row.name;
    this.#name.show(row.name);
    this.#shared.show(`${row.shared.length} of ${row.topK}`);
    this.#jaccard.show(row.jaccard.toFixed(2));
    this.#here.show(row.shareHere, 1);
    this.#there.show(row.shareThere, 1);
    this.#chips.show(row.shared.map(String));
  }
}

const featureHead = () =>
  headRow(
    ["Feature", "Entry of the feature embedding"],
    ["Share", "Mean of this feature over the sum of the class's top features"],
    ["Also in", "How many other classes have it among their top features", "imbxai-number"],
  );

const classHead = () =>
  headRow(
    ["Class", "Class that shares top features with this one"],
    ["Shared", "How many of their top features both have", "imbxai-number"],
    ["Jaccard", "Shared features over all top features of both", "imbxai-number"],
    ["In this class", "Share of the shared features in the top features of this class"],
    ["In the other", "Share of the shared features in the top features of the other class"],
    ["Features", "Which features both have"],
  );

class Table {
  readonly frame = panel(
    "overlap",
    "Feature overlap",
    "Classes that rest on the same features are easily mistaken for each other. Pick a row to see that class.",
  );
  readonly #picks: PickRows;
  readonly #featureCaption = new TextView(h("caption", ""));
  readonly #featureBody = h("tbody", "");
  readonly #features = new Views(this.#featureBody, () => new FeatureRow());
  readonly #classCaption = new TextView(h("caption", ""));
  readonly #classBody = pickBody([]);
  readonly #classes = new Views(this.#classBody, () => new ClassRow());
  readonly #classTable = h(
    "table",
    "imbxai-table",
    {},
    this.#classCaption.element,
    classHead(),
    this.#classBody,
  );
  readonly #left = h(
    "div",
    "imbxai-overlap-part",
    {},
    h(
      "table",
      "imbxai-table imbxai-features",
      {},
      this.#featureCaption.element,
      featureHead(),
      this.#featureBody,
    ),
  );
  readonly #right = h("div", "imbxai-overlap-part imbxai-overlap-rows");

  constructor(private readonly model: Model<State>) {
    this.#picks = new PickRows(this.frame.body, (index) => {
      model.set("selected", index);
    });
  }

  showCard(): void {
    const card = this.model.get("card");
    if (hasCard(card) && card.overlap.features.length) this.#show(card);
    else {
      const text = hasCard(card)
        ? `${card.name} has no training images, hence no top features.`
        : "No class is selected yet.";
      put(this.frame.body, placeholder(text));
    }
  }

  showSelected(): void {
    this.#picks.show(this.model.get("selected"));
  }

  #show({ name, overlap }: CardIdentity & Part): void {
    const { features, rows, sharing, topK } = overlap;
    const scale = Math.max(0, ...features.map((entry) => entry.share));
    this.#featureCaption.show(`Its top ${topK} features`);
    this.#features.show(features.map((feature) => ({ ...feature, scale })));
    this.#classCaption.show(sharingClasses(sharing, rows.length));
    this.#classes.show(rows.map((row) => ({ ...row, topK })));
    this.#picks.fill(this.#classes.all);
    const alone = `No class shares a top feature with ${name}.`;
    put(this.#right, rows.length ? this.#classTable : placeholder(alone));
    put(this.frame.body, this.#left, this.#right);
    this.showSelected();
  }
}

const render: Render<State> = ({ model, el }) => {
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
