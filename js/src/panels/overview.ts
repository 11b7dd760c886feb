// Which classes are confused with which: of few a heat map, of many pairs and groups that unfold.
import type { Model, Render } from "../model";
import { Confusions, type SentConfusions } from "../parts/confusions";
import { Cleanup, h, panel, placeholder } from "../parts/dom";
import type { AskedFilter } from "../parts/filter";
import { FoldedMatrix } from "../parts/folded_matrix";
import type { Groups } from "../parts/folding";
import { counted, percent } from "../parts/format";
import { HeatMap } from "../parts/heat_map";
import { PairList } from "../parts/pair_list";
import { RAMP, shade } from "../parts/ramp";
import { type Actions, actionsOf } from "../parts/sentence";
import { SizeChart } from "../parts/size_chart";
import { type Summary, summaryLines } from "../parts/summary";
import { Tooltip } from "../parts/tooltip";

/** See `Overview` in explorer/panels/overview.py. */
export interface Overview {
  names: string[];
  /** Class numbers, so that classes that are confused stand together. */
  order: number[];
  /** Of many classes, of which no heat map is shown. */
  groups: Groups | null;
  /** Shares of fewer errors than this are faint. */
  weak: number;
  /** Of validation, if there are such images, then of training. */
  confusions: SentConfusions[];
  summary: Summary;
}

export interface State {
  overview: Overview;
  selected: number;
  filter: AskedFilter;
}

/** Out of sight it is made so much later: a class is sooner shown in the panels that are seen. */
const LATER = 80;

const TITLES = { validation: "Wrong in validation", training: "Neighbors in training" };

const NOTES = {
  validation:
    "Rows: the true class. Columns: what its misclassified validation images are taken for.",
  training:
    "Rows: the true class. Columns: the class of the neighbors around its misclassified training images.",
};

const NOTHING = {
  validation: "No validation image is misclassified.",
  training: "No misclassified training image has neighbors of other classes.",
};

const RATES = {
  validation: "of the class's images",
  training: "of the neighbors of the class's images",
};

/** A part of the panel that shows confusions. */
interface Shown {
  element: HTMLElement;
  show(confusions: Confusions): void;
  mark(selected: number): void;
  resize(): void;
}

class OverviewView {
  readonly frame = panel("overview", "All classes", "");
  readonly #tooltip = new Tooltip(this.frame.root);
  readonly #switch = h("div", "imbxai-switch", { role: "radiogroup", "aria-label": "Shown" });
  readonly #legend = h("div", "imbxai-ramp-legend");
  readonly #nothing = placeholder("");
  readonly #content = h("div", "imbxai-overview-content");
  readonly #confusions: Confusions[];
  readonly #actions: Actions;
  readonly #parts: Shown[] = [];
  #chart: SizeChart | undefined;
  #current = 0;
  #built = false;

  constructor(private readonly model: Model<State>) {
    this.#actions = actionsOf(model);
    const { names, confusions, weak, summary } = model.get("overview");
    this.#confusions = confusions.map((sent) => new Confusions(sent, names, weak));
    const lines = summaryLines(
      summary,
      this.#confusions[0]?.split ?? "training",
      (index) => names[index] ?? "",
      (index) => this.#actions.select(index),
    );
    const facts = h("div", "imbxai-overview-summary", {}, ...lines);
    this.frame.heading.after(facts);
    if (names.length < 2) {
      this.frame.body.append(placeholder("There is one class only: nothing to confuse it with."));
      return;
    }
    const tools = h("div", "imbxai-overview-tools", {}, this.#switch, this.#legend);
    this.frame.body.append(tools, this.#nothing, this.#content);
    this.#fillSwitch();
  }

  /** Marks the selected class; what is shown is made when this is first called. */
  show(): void {
    if (!this.#built) this.#build();
    const selected = this.model.get("selected");
    for (const part of this.#parts) part.mark(selected);
    this.#chart?.mark(selected);
  }

  resize(): void {
    for (const part of this.#parts) part.resize();
    this.#chart?.resize();
  }

  #fillSwitch(): void {
    this.#switch.hidden = this.#confusions.length < 2;
    for (const [number, { split }] of this.#confusions.entries()) {
      const button = h("button", "", { type: "button", role: "radio" }, TITLES[split]);
      button.addEventListener("click", () => this.#choose(number));
      this.#switch.append(button);
    }
    this.#switch.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!move) return;
      event.preventDefault();
      const size = this.#confusions.length;
      this.#choose((this.#current + move + size) % size);
      (this.#switch.children[this.#current] as HTMLElement | undefined)?.focus();
    });
  }

  #build(): void {
    this.#built = true;
    const { names, order, groups } = this.model.get("overview");
    if (names.length < 2) return;
    if (groups) this.#buildMany(names, order, groups);
    else this.#buildFew(names, order);
    this.#choose(0);
    this.resize();
  }

  #buildFew(names: string[], order: number[]): void {
    const map = new HeatMap(names, order, this.#actions, this.#tooltip);
    this.#parts.push({
      element: map.element,
      show: (confusions) => {
        map.show(confusions, NOTES[confusions.split]);
        map.fit();
      },
      mark: (selected) => map.mark(selected),
      resize: () => map.fit(),
    });
    this.#content.append(map.element);
  }

  #buildMany(names: string[], order: number[], groups: Groups): void {
    const [first, last] = [this.#confusions[0], this.#confusions.at(-1)];
    if (!first || !last) return;
    const pairs = new PairList(names, this.#actions);
    const sizes = last.images; // the last ones are of training
    const matrix = new FoldedMatrix(names, order, sizes, groups, this.#actions, this.#tooltip);
    this.#parts.push(pairs, matrix);
    const { images, errors, split } = first;
    const select = (index: number) => this.#actions.select(index);
    this.#chart = new SizeChart({ names, sizes, images, errors, split }, select, this.#tooltip);
    const right = split === "validation" ? "right in validation" : "right in training";
    this.#content.append(
      section(`Size and share ${right}`, this.#chart.element),
      section("Confused classes", pairs.element),
      section("Groups of confused classes", matrix.element),
    );
    this.#content.classList.add("imbxai-overview-many");
  }

  /** Shows the validation errors, or the neighbors in training. */
  #choose(number: number): void {
    const confusions = this.#confusions[number];
    if (!confusions) return;
    this.#current = number;
    for (const [place, button] of [...this.#switch.children].entries()) {
      button.setAttribute("aria-checked", String(place === number));
      button.setAttribute("tabindex", place === number ? "0" : "-1");
    }
    const { split } = confusions;
    this.frame.root.dataset.split = split;
    const none = confusions.counts.length === 0;
    this.#nothing.hidden = !none;
    this.#nothing.textContent = NOTHING[split];
    this.#content.classList.toggle("imbxai-overview-none", none);
    this.#legend.hidden = none;
    this.frame.explanation.textContent = none ? "" : NOTES[split];
    this.#fillLegend(confusions);
    for (const part of this.#parts) part.show(confusions);
  }

  #fillLegend(confusions: Confusions): void {
    const { groups, weak } = this.model.get("overview");
    const swatches = RAMP.map((_, step) => {
      const swatch = h("span", "imbxai-ramp-step");
      swatch.style.setProperty("--imbxai-shade", shade(step + 1));
      return swatch;
    });
    // Of groups that fold and unfold the largest share changes.
    const end = groups ? "the largest share" : percent(confusions.largest);
    const text = `${end} ${RATES[confusions.split]}`;
    const few = weak ? `; faint: fewer than ${counted(weak, "error")}` : "";
    this.#legend.replaceChildren("0", ...swatches, `${text}${few}`);
  }
}

const section = (title: string, content: HTMLElement) =>
  h("section", "imbxai-overview-part", { "aria-label": title }, h("h4", "", {}, title), content);

const render: Render<State> = ({ model, el }) => {
  const view = new OverviewView(model);
  const cleanup = new Cleanup();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = () => {
    clearTimeout(timer);
    view.show();
  };
  cleanup.on(model, "change:selected", show);
  cleanup.add(() => clearTimeout(timer));
  el.append(view.frame.root);
  cleanup.add(() => view.frame.root.remove());
  cleanup.onResize([view.frame.root], () => view.resize());
  cleanup.onSight(view.frame.root, (inSight) => inSight && show());
  timer = setTimeout(show, LATER);
  return () => cleanup.run();
};

export default { render };
