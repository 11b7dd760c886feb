// How probable the network thinks the first classes, and that of the label.
import type { DetailContext } from "./detail_kind";
import type { Known, Section } from "./detail_section";
import { fill, h, TextView, type View, Views } from "./dom";
import { percent } from "./format";
import type { ClassProbability } from "./image_answer";

type Row = ClassProbability & { note: string; wrong: boolean };

class RowView implements View<Row> {
  readonly #name = new TextView(h("button", "imbxai-link", { type: "button" }));
  readonly #note = new TextView(h("span", "imbxai-soft"));
  readonly #bar = h("span", "imbxai-bar", { "aria-hidden": "true" });
  readonly #share = new TextView(h("span", "imbxai-detail-number"));
  readonly element = h(
    "li",
    "imbxai-detail-probability",
    {},
    h("span", "", {}, this.#name.element, " ", this.#note.element),
    this.#share.element,
    this.#bar,
  );
  #index = 0;

  constructor(select: (index: number) => void) {
    this.#name.element.addEventListener("click", () => select(this.#index));
  }

  show({ index, name, probability, note, wrong }: Row): void {
    this.#index = index;
    this.#name.show(name);
    this.#note.show(note);
    this.#share.show(percent(probability));
    this.#bar.style.setProperty("--imbxai-fill", wrong ? "var(--imbxai-wrong)" : "");
    fill(this.#bar, probability);
  }
}

export class ProbabilitySection implements Section {
  readonly #note = new TextView(h("p", "imbxai-note"));
  readonly #list = h("ul", "imbxai-detail-list");
  readonly #rows: Views<Row, RowView>;
  readonly element = h(
    "section",
    "imbxai-detail-part",
    {},
    h("h4", "", {}, "Probabilities"),
    this.#list,
    this.#note.element,
  );

  constructor({ select }: DetailContext) {
    this.#rows = new Views(this.#list, () => new RowView(select));
  }

  show({ answer }: Known): void {
    this.element.hidden = !answer;
    if (!answer) return;
    const { thumbnail, label, certain, probabilities } = answer;
    this.#note.show(certain);
    this.#rows.show(
      probabilities.map((each) => {
        const predicted = each.index === thumbnail.predicted;
        const words = [
          ...(predicted ? ["predicted"] : []),
          ...(each.index === label ? ["label"] : []),
        ];
        return { ...each, note: words.join(", "), wrong: predicted && !thumbnail.correct };
      }),
    );
  }
}
