// What the features of an image add to the logits of the predicted class and of the label.
import type { DetailContext } from "./detail_kind";
import type { Known, Section } from "./detail_section";
import { h, TextView } from "./dom";
import { counted } from "./format";
import type { FeatureTerms } from "./image_answer";
import { openFeature } from "./open";

const signed = (value: number): string =>
  `${value < 0 ? "\u2212" : value > 0 ? "+" : ""}${Math.abs(value).toFixed(2)}`;

export class FeatureSection implements Section {
  readonly #note = new TextView(h("p", "imbxai-note"));
  readonly #table = h("table", "imbxai-detail-features");
  readonly element = h(
    "section",
    "imbxai-detail-part imbxai-detail-wide",
    {},
    h("h4", "", {}, "What its features add to the logits"),
    this.#table,
    this.#note.element,
  );

  constructor(private readonly context: DetailContext) {}

  show({ answer }: Known): void {
    this.element.hidden = !answer;
    if (!answer) return;
    const { features, thumbnail, label } = answer;
    this.#note.show(features.note);
    this.#table.hidden = !features.rows.length;
    const { prediction, correct, predicted } = thumbnail;
    const names = correct ? [prediction] : [prediction, thumbnail.label];
    this.#table.replaceChildren(
      h("thead", "", {}, row("th", ["Feature", "Its value", ...names])),
      this.#body(features, names.length, predicted, label),
    );
  }

  #body(features: FeatureTerms, logits: number, predicted: number, label: number): HTMLElement {
    const rows = features.rows.map(({ feature, value, ...terms }) => {
      const open = h("button", "imbxai-count", { type: "button" }, String(feature));
      open.setAttribute("aria-label", `Look closer at feature ${feature}`);
      // Of the two classes, that to whose logit it adds more.
      const index = terms.label > terms.predicted ? label : predicted;
      open.addEventListener("click", () => {
        const opening = openFeature(feature, index);
        if (opening.kind) this.context.open(opening);
      });
      const both = [terms.predicted, terms.label].slice(0, logits).map(signed);
      return row("td", [open, value.toFixed(2), ...both]);
    });
    const sums = (values: number[]) => values.slice(0, logits).map(signed);
    const rest = `${counted(features.others, "other feature")} and the bias`;
    return h(
      "tbody",
      "",
      {},
      ...rows,
      row("td", [rest, "", ...sums(features.rest)], "imbxai-soft"),
      row("td", ["Logit", "", ...sums(features.logits)], "imbxai-detail-sum"),
    );
  }
}

function row(tag: "th" | "td", cells: (string | HTMLElement)[], className = ""): HTMLElement {
  const made = cells.map((cell, at) =>
    h(at ? tag : "th", "", { scope: tag === "th" ? "col" : at ? false : "row" }, cell),
  );
  return h("tr", className, {}, ...made);
}
