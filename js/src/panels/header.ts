// The answer for a class: how many images are right, what the others are taken for, how sure it is,
// and what may be done.
import { hasCard, type MaybeCard, type Model, type Render } from "../model";
import { Cleanup, h, TextView } from "../parts/dom";
import type { AskedFilter } from "../parts/filter";
import { percent } from "../parts/format";
import type { AskedOpening } from "../parts/open";
import type { AskedRemedy } from "../parts/remedies";
import { type Actions, pieces, type Sentence, triesOf } from "../parts/sentence";
import { type Why, WhyView } from "../parts/why";

export interface Accuracy {
  /** Validation images that are right, and the 95% interval of their share; 0 to 1. */
  share: number;
  low: number;
  high: number;
}

export interface Header {
  /** "3 of 18 right" */
  score: Sentence;
  /** Whether fewer than half are right. */
  poor: boolean;
  /** Null where no validation image is of the class. */
  accuracy: Accuracy | null;
  size: string;
  verdict: Sentence;
  /** Paragraphs. */
  sure: Sentence[];
  advice: Sentence[];
}

export interface Part {
  header: Header;
}

export interface State {
  card: MaybeCard<Part>;
  selected: number;
  filter: AskedFilter;
  remedy: AskedRemedy;
  /** By class number; empty until it is asked for. */
  whys: Why[];
  opens: AskedOpening;
}

let views = 0;

/** 6–39% */
const range = ({ low, high }: Accuracy): string =>
  `${percent(low).replace("%", "")}–${percent(high)}`;

/** The interval of an accuracy, on a track from 0 to 100%. */
class IntervalView {
  readonly #range = h("span", "imbxai-interval-range");
  readonly #mark = h("span", "imbxai-interval-mark");
  readonly element = h("span", "imbxai-interval", { role: "img" }, this.#range, this.#mark);

  show({ share, low, high }: Accuracy): void {
    this.#range.style.left = `${100 * low}%`;
    this.#range.style.width = `${100 * (high - low)}%`;
    this.#mark.style.left = `${100 * share}%`;
    const text = `${percent(share)} right, 95% interval ${percent(low)} to ${percent(high)}`;
    this.element.setAttribute("aria-label", text);
    this.element.title = text;
  }
}

/** A button, and what it shows below all of them. */
interface Disclosure {
  button: HTMLButtonElement;
  box: HTMLElement;
}

class Answer {
  readonly root = h("section", "imbxai-panel imbxai-header", { "data-testid": "imbxai-header" });
  readonly #name = new TextView(h("h2", "imbxai-header-name"));
  readonly #score = h("span", "imbxai-score");
  readonly #interval = new IntervalView();
  readonly #size = new TextView(h("span", "imbxai-header-size"));
  readonly #verdict = h("p", "imbxai-verdict");
  readonly #why: WhyView;
  readonly #reasons: Disclosure;
  readonly #sure: Disclosure;
  readonly #advice: Disclosure;
  readonly #tools: HTMLElement;
  readonly #actions: Actions;

  constructor(
    private readonly model: Model<State>,
    cleanup: Cleanup,
  ) {
    this.#actions = triesOf(model);
    const prefix = `imbxai-header-${++views}`;
    this.#reasons = this.#disclosure("Why?", `${prefix}-why`);
    this.#why = new WhyView(model, this.#reasons.box, this.#actions, () =>
      this.#open(this.#reasons),
    );
    this.#reasons.button.addEventListener("click", () => this.#why.ask());
    cleanup.on(model, "change:whys", () => this.show());
    cleanup.add(() => this.#why.dispose());
    this.#sure = this.#disclosure("How sure is this?", `${prefix}-sure`);
    this.#advice = this.#disclosure("What to do", `${prefix}-advice`);
    this.#tools = h(
      "div",
      "imbxai-header-tools",
      {},
      this.#reasons.button,
      this.#sure.button,
      this.#advice.button,
      this.#size.element,
    );
    this.root.append(
      h("div", "imbxai-header-line", {}, this.#name.element, this.#score, this.#interval.element),
      this.#verdict,
      this.#why.line,
      this.#tools,
      this.#reasons.box,
      this.#sure.box,
      this.#advice.box,
    );
  }

  show(): void {
    const card = this.model.get("card");
    const shown = hasCard(card);
    this.root.setAttribute("aria-label", shown ? `Class ${card.name}` : "Class");
    this.#name.show(shown ? card.name : "No class");
    this.#tools.hidden = !shown;
    this.#why.show(shown ? card.index : undefined);
    if (shown) this.#fill(card.header);
    else this.#clear();
  }

  #clear(): void {
    this.#score.replaceChildren();
    this.#interval.element.hidden = true;
    this.#size.show("");
    this.#verdict.replaceChildren("No class is selected yet.");
    this.#open(undefined);
  }

  #fill({ score, poor, accuracy, size, verdict, sure, advice }: Header): void {
    this.#score.replaceChildren(...pieces(score, this.#actions));
    this.root.classList.toggle("imbxai-poor", poor);
    this.#interval.element.hidden = accuracy === null;
    if (accuracy) this.#interval.show(accuracy);
    this.#size.show(accuracy ? `likely ${range(accuracy)} · ${size}` : size);
    this.#verdict.replaceChildren(...pieces(verdict, this.#actions));
    const paragraph = (tag: "p" | "li") => (text: Sentence) =>
      h(tag, "", {}, ...pieces(text, this.#actions));
    this.#sure.box.replaceChildren(...sure.map(paragraph("p")));
    this.#advice.box.replaceChildren(h("ul", "", {}, ...advice.map(paragraph("li"))));
  }

  #disclosure(text: string, id: string): Disclosure {
    const attributes = { type: "button", "aria-expanded": "false", "aria-controls": id };
    const button = h("button", "imbxai-quiet-button", attributes, text);
    const box = h("div", "imbxai-disclosed", { id, role: "region", "aria-label": text });
    box.hidden = true;
    const disclosure = { button, box };
    button.addEventListener("click", () => this.#open(box.hidden ? disclosure : undefined));
    return disclosure;
  }

  /** Opens one of them, and closes the others. */
  #open(chosen: Disclosure | undefined): void {
    for (const each of [this.#reasons, this.#sure, this.#advice]) {
      each.box.hidden = each !== chosen;
      each.button.setAttribute("aria-expanded", String(each === chosen));
    }
  }
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const answer = new Answer(model, cleanup);
  cleanup.on(model, "change:card", () => answer.show());
  el.append(answer.root);
  cleanup.add(() => answer.root.remove());
  answer.show();
  return () => cleanup.run();
};

export default { render };
