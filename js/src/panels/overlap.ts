// Top features of a class, and the classes that have some of them among theirs.
import { type CardIdentity, hasCard, type MaybeCard, type Model, type Render } from "../model";
import { bar, Cleanup, fill, h, panel, placeholder } from "../parts/dom";
import { count, counted, percent } from "../parts/format";
import { type AskedOpening, openFeature } from "../parts/open";
import { Roving } from "../parts/roving";
import {
  cell,
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
  shareHere: number;
  shareThere: number;
  /** Of what tells the two classes apart, what they make; null where that is not known. */
  shareApart: number | null;
}

export interface Overlap {
  features: TopFeature[];
  /** The classes that share most. */
  rows: OverlapRow[];
  /** How many classes share any. */
  sharing: number;
  topK: number;
  /** Which classes are nearest as the classifier's head sees it, in words; "" where not known. */
  nearest: string;
}

export interface Part {
  overlap: Overlap;
}

export interface State {
  card: MaybeCard<Part>;
  selected: number;
  opens: AskedOpening;
}

/** A button that opens a feature; the table hears its clicks. */
const opener = (feature: number, text: string, title: string, attributes = {}) =>
  h(
    "button",
    "imbxai-text-button",
    { type: "button", "data-open": feature, title, ...attributes },
    text,
  );

const APART =
  "Of what tells the two classes apart to the classifier\u2019s head, the part that the shared features make. Near 0%: to the head, the images of both are alike in them. Near 100%: they differ in these and in nothing else. Beyond either: these features and the others work against each other.";

const NOTE =
  "Tells apart: near 0%, both classes are alike in what they share; the more, the more they differ in these very features, and have no more in common than their numbers.";

/** Whether the head is known, without which nothing is known of what tells classes apart. */
const toldApart = (rows: readonly OverlapRow[]) => rows.some((row) => row.shareApart !== null);

function head({ features, rows }: Overlap): HTMLElement {
  const scale = Math.max(0, ...features.map((entry) => entry.share));
  const column = ({ feature, share, classes }: TopFeature) => {
    const others = classes ? counted(classes, "other class", "other classes") : "no other class";
    const title = `Feature ${feature}: ${percent(share)} of its top features, also in ${others}`;
    const button = opener(feature, `${feature}`, title);
    return h("th", "imbxai-feature", { scope: "col", "data-feature": feature }, button);
  };
  const share = ({ share: value }: TopFeature) => {
    const filled = bar();
    fill(filled, scale ? value / scale : 0);
    return cell("imbxai-feature", percent(value), filled);
  };
  const number = (text: string, title: string) =>
    h("th", "imbxai-number", { scope: "col", title }, text);
  const label = (text: string) => h("th", "imbxai-row-label", { scope: "row" }, text);
  const apart = toldApart(rows) ? [number("Tells apart", APART)] : [];
  const last = () => h("td", "", { colspan: 3 + apart.length });
  return h(
    "thead",
    "",
    {},
    h(
      "tr",
      "",
      {},
      h("th", "imbxai-row-label", { scope: "col" }, "Feature"),
      ...features.map(column),
      number("Shared", "How many of their top features both have"),
      number("Weight here", "Of the top features of this class, what the shared ones make up"),
      number("Weight there", "Of the top features of the other class, the same"),
      ...apart,
    ),
    h("tr", "", {}, label("Its weight"), ...features.map(share), last()),
    h(
      "tr",
      "",
      {},
      label("Other classes"),
      ...features.map(({ classes }) => cell("imbxai-feature", count(classes))),
      last(),
    ),
  );
}

function classRow(
  { index, name, shared, shareHere, shareThere, shareApart }: OverlapRow,
  of: Overlap,
): PickRow {
  const button = pickButton();
  button.title = name;
  button.textContent = name;
  const dot = ({ feature }: TopFeature) =>
    shared.includes(feature)
      ? h(
          "td",
          "imbxai-feature",
          { "data-shared": feature },
          opener(feature, "●", `Feature ${feature}, here and in ${name}`, {
            tabindex: -1,
            "aria-label": `Feature ${feature}, here and in ${name}`,
            "data-other": index,
          }),
        )
      : cell("imbxai-feature");
  const element = pickRow(
    button,
    ...of.features.map(dot),
    cell("imbxai-number", `${shared.length} of ${of.topK}`),
    cell("imbxai-number", percent(shareHere)),
    cell("imbxai-number", percent(shareThere)),
    ...(toldApart(of.rows) ? [cell("imbxai-number", percent(shareApart))] : []),
  );
  element.dataset.class = name;
  element.title = `Shared: ${shared.join(", ")}`;
  return { index, element };
}

class Table {
  readonly frame = panel(
    "overlap",
    "Its strongest features, and who shares them",
    "A dot stands where a class has a feature among its own strongest ones; a click on it, or on a number, shows the images. What is shared describes the classes; it does not tell which of them is taken for which.",
  );
  readonly #picks: PickRows;
  readonly #list = h("p", "imbxai-feature-list");
  readonly #roving = [".imbxai-feature-list", "thead"].map(
    (part) => new Roving(this.frame.body, () => [[...this.#openers(part)]]),
  );

  constructor(private readonly model: Model<State>) {
    this.#picks = new PickRows(this.frame.body, (index) => model.set("selected", index));
    this.frame.body.addEventListener("click", ({ target }) => this.#open(target as Element));
  }

  #openers = (part: string) => this.frame.body.querySelectorAll<HTMLElement>(`${part} [data-open]`);

  #open(target: Element): void {
    const { open, other } = target.closest<HTMLElement>("[data-open]")?.dataset ?? {};
    const card = this.model.get("card");
    if (open === undefined || !hasCard(card)) return;
    const beside = other === undefined ? undefined : Number(other);
    this.model.set("opens", openFeature(Number(open), card.index, beside));
  }

  showCard(): void {
    const card = this.model.get("card");
    if (hasCard(card) && card.overlap.features.length) this.#show(card);
    else {
      const text = hasCard(card)
        ? `${card.name} has no training images, hence no top features.`
        : "No class is selected yet.";
      this.frame.body.replaceChildren(placeholder(text));
    }
  }

  showSelected(): void {
    this.#picks.show(this.model.get("selected"));
  }

  #show({ name, overlap }: CardIdentity & Part): void {
    const { features, rows, sharing } = overlap;
    const picks = rows.map((row) => classRow(row, overlap));
    this.#picks.fill(picks);
    const caption = rows.length
      ? sharingClasses(sharing, rows.length)
      : `No class shares a top feature with ${name}.`;
    const listed = features.flatMap(({ feature, share }, at) => [
      at ? ", " : "Its strongest features: ",
      opener(feature, `${feature}`, `Feature ${feature}`),
      ` (${percent(share)})`,
    ]);
    this.#list.replaceChildren(...listed, ".");
    this.frame.body.replaceChildren(
      this.#list,
      h("table", "imbxai-table", {}, h("caption", "", {}, caption), head(overlap), pickBody(picks)),
      h("p", "imbxai-note", {}, toldApart(rows) ? NOTE : ""),
      h("p", "imbxai-note", {}, overlap.nearest),
    );
    for (const roving of this.#roving) roving.refresh();
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
