// Four figures of all classes together, before and after.
import { changeText, verdictOf } from "./class_changes";
import { h } from "./dom";
import { percent } from "./format";
import type { Figures, ValidationData } from "./validation_data";

/** What the kernel tells besides, of each of the four figures. */
export interface Overall {
  low: (number | null)[];
  high: (number | null)[];
  /** Accuracies after a plain refit. */
  refit: (number | null)[];
}

const NAMES = ["All images", "Mean of classes", "Worst class", "Tail"] as const;
const HINTS = [
  "All validation images",
  "Mean of the accuracies of the classes",
  "The class with the lowest accuracy; before and after it may be two",
  "Mean of the third of the classes with the fewest training images",
] as const;

const shareText = (share: number | null | undefined): string =>
  percent(share === undefined || Number.isNaN(share) ? null : share);

export class OverallChanges {
  readonly #body = h("tbody", "");
  readonly #refit = h("th", "imbxai-number", { scope: "col" }, "Plain refit");
  readonly element: HTMLElement;

  constructor() {
    const heads = ["", "Before", "After", "Change, points"].map((text, at) =>
      h(at ? "th" : "td", at ? "imbxai-number" : "", at ? { scope: "col" } : {}, text),
    );
    this.#refit.title =
      "The head fitted again without any remedy: what it gains is no merit of one";
    const head = h("thead", "", {}, h("tr", "", {}, ...heads, this.#refit));
    this.element = h("table", "imbxai-table imbxai-overall", {}, head, this.#body);
    this.element.setAttribute("aria-label", "Accuracy of all classes together");
  }

  show(data: ValidationData, after: Figures, told: Overall | undefined): void {
    const refitted = told?.refit.some((share) => share !== null) ?? false;
    this.#refit.hidden = !refitted;
    const rows = NAMES.map((name, at) => {
      const [before, now] = [data.before.summary[at], after.summary[at]];
      const [low, high] = [told?.low[at] ?? undefined, told?.high[at] ?? undefined];
      const by = changeText((now ?? Number.NaN) - (before ?? Number.NaN), low, high);
      const row = h("tr", "", {}, h("th", "", { scope: "row", title: HINTS[at] ?? "" }, name));
      const texts = [shareText(before), shareText(now), by];
      row.append(...texts.map((text) => h("td", "imbxai-number", {}, text)));
      if (refitted) row.append(h("td", "imbxai-number", {}, shareText(told?.refit[at])));
      row.dataset.told = String(verdictOf(low, high) ?? "");
      return row;
    });
    this.#body.replaceChildren(...rows);
  }
}
