// The adversaries of all classes, one bar each: the page of bars that the selected class is on.
import type { Model, Render } from "../model";
import { Cleanup, h, panel } from "../parts/dom";
import { count } from "../parts/format";
import { type PickRow, PickRows } from "../parts/table";

/** One chart of the overview: its lists hold one entry a class, from the largest class on. */
export interface OverviewChart {
  title: string;
  /** What the lengths of segments are. */
  axis: string;
  note: string;
  labels: string[];
  /** Each class with its largest adversary. */
  words: string[];
  /** Whether a bar rests on few errors. */
  faint: boolean[];
}

/** Bars that are shown at once. */
export interface OverviewPage {
  /** Place of the first bar's class in the order. */
  first: number;
  segments: string[];
  colors: string[];
  /** Of each chart, bar and segment. */
  shares: number[][][];
}

export interface Overview {
  /** Class numbers, from the largest class to the smallest. */
  order: number[];
  /** Of the longest label, in characters. */
  labelWidth: number;
  charts: OverviewChart[];
  pages: OverviewPage[];
}

export interface State {
  overview: Overview;
  selected: number;
}

/** Appended to a color of six hexadecimal digits: half as strong, without a layer for opacity. */
const FAINT = "80";
/** Out of sight it follows so much later: a class is sooner shown in the panels that are seen. */
const LATER = 80;
const TICKS = ["0%", "25%", "50%", "75%", "100%"];

/** A bar as one background: an element for each of its segments would cost layout and paint. */
function segments(shares: number[], colors: string[], strength: string): string {
  let end = 0;
  const stops = shares.map((share, segment) => {
    const start = end;
    end += 100 * share;
    return `${colors[segment]}${strength} ${start.toFixed(2)}% ${end.toFixed(2)}%`;
  });
  return end ? `linear-gradient(to right, ${stops.join(", ")}, transparent 0)` : "none";
}

class Row implements PickRow {
  index = -1;
  readonly #name = h("span", "imbxai-overview-name");
  readonly #bar = h("span", "imbxai-overview-bar", { "aria-hidden": "true" });
  readonly #button = h("button", "", { type: "button", tabindex: -1 }, this.#name, this.#bar);
  readonly element = h("li", "imbxai-pick", {}, this.#button);

  show(index: number, label: string, words: string, background: string): void {
    this.index = index;
    this.#name.textContent = label;
    this.#button.title = words;
    this.#button.setAttribute("aria-label", words);
    this.#bar.style.backgroundImage = background;
  }
}

class Chart {
  readonly element: HTMLElement;
  readonly #rows: Row[];
  readonly #picks: PickRows;

  constructor(
    private readonly data: OverviewChart,
    rows: number,
    pick: (index: number) => void,
  ) {
    this.#rows = Array.from({ length: rows }, () => new Row());
    const list = h(
      "ul",
      "",
      {
        "aria-label": `${data.title}. The largest adversary of each class`,
        // Arrow keys move between rows here, not between the notebook's cells.
        "data-lm-suppress-shortcuts": "true",
      },
      ...this.#rows.map((row) => row.element),
    );
    this.#picks = new PickRows(list, pick);
    this.element = h(
      "div",
      "imbxai-overview-chart",
      {},
      h("h4", "", {}, data.title),
      list,
      h(
        "div",
        "imbxai-overview-axis",
        { "aria-hidden": "true" },
        ...TICKS.map((tick) => h("span", "", {}, tick)),
      ),
      h("div", "imbxai-overview-axis-title", { "aria-hidden": "true" }, data.axis),
      h("p", "imbxai-note", {}, data.note),
    );
  }

  show(order: number[], { first, colors }: OverviewPage, shares: number[][]): void {
    const { labels, words, faint } = this.data;
    for (const [rank, row] of this.#rows.entries()) {
      const at = first + rank;
      const bar = segments(shares[rank] ?? [], colors, faint[at] ? FAINT : "");
      row.show(order[at] ?? -1, labels[at] ?? "", words[at] ?? "", bar);
    }
    this.#picks.fill(this.#rows);
  }

  mark(selected: number): void {
    this.#picks.show(selected);
  }
}

class Charts {
  readonly frame = panel("overview", "Adversaries of all classes", "");
  readonly #legend = h("ul", "imbxai-overview-legend", { "aria-label": "Adversaries by color" });
  readonly #charts: Chart[];
  #shown: OverviewPage | undefined;

  constructor(private readonly model: Model<State>) {
    const { charts, pages, labelWidth } = model.get("overview");
    const rows = pages[0]?.shares[0]?.length ?? 0;
    this.#charts = charts.map((chart) => new Chart(chart, rows, (index) => this.#pick(index)));
    const elements = this.#charts.map((chart) => chart.element);
    this.frame.root.style.setProperty("--imbxai-label", `${labelWidth + 3}ch`);
    this.frame.body.append(this.#legend, h("div", "imbxai-overview-charts", {}, ...elements));
  }

  /** Shows the page of the selected class, which stays while it is on it. */
  show(): void {
    const { order, pages } = this.model.get("overview");
    const selected = this.model.get("selected");
    const place = order.indexOf(selected);
    const page = pages[Math.max(Math.floor(place / this.#size), 0)];
    if (page && page !== this.#shown) this.#showPage(page);
    for (const chart of this.#charts) chart.mark(selected);
  }

  /** How many bars a page has. */
  get #size(): number {
    return this.model.get("overview").pages[0]?.shares[0]?.length || 1;
  }

  #showPage(page: OverviewPage): void {
    const { order, pages } = this.model.get("overview");
    this.#shown = page;
    const { first, segments: names, colors } = page;
    if (pages.length > 1) {
      const places = `${count(first + 1)} to ${count(first + this.#size)}`;
      this.frame.explanation.textContent = `Classes ${places} of ${count(order.length)}, from the largest to the smallest: those around the selected one.`;
    }
    this.#legend.replaceChildren(
      ...names.map((name, segment) => {
        const swatch = h("span", "imbxai-overview-swatch");
        swatch.style.background = colors[segment] ?? "";
        return h("li", "", {}, swatch, name);
      }),
    );
    for (const [number, chart] of this.#charts.entries()) {
      chart.show(order, page, page.shares[number] ?? []);
    }
  }

  #pick(index: number): void {
    this.model.set("selected", index);
  }
}

const render: Render<State> = ({ model, el }) => {
  const charts = new Charts(model);
  const cleanup = new Cleanup();
  let inSight = true;
  let timer = 0;
  cleanup.on(model, "change:selected", () => {
    window.clearTimeout(timer);
    if (inSight) charts.show();
    else timer = window.setTimeout(() => charts.show(), LATER);
  });
  cleanup.add(() => window.clearTimeout(timer));
  el.append(charts.frame.root);
  cleanup.add(() => charts.frame.root.remove());
  charts.show();
  cleanup.onSight(charts.frame.root, (now) => {
    inSight = now;
  });
  return () => cleanup.run();
};

export default { render };
