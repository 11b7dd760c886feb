// What a class is mistaken for, as bars, beside what its training images foretold, as marks. bqplot
// draws these; names, numbers and all that can be clicked stand above them.
import {
  hasCard,
  type Initialize,
  type MaybeCard,
  type Model,
  type Reference,
  type Render,
  type WidgetModel,
} from "../model";
import { setBars, setLongest, steer } from "../parts/chart";
import { Cleanup, h, TextView, type View, Views } from "../parts/dom";
import type { AskedFilter, ImageFilter } from "../parts/filter";
import { count, counted, factor, percent } from "../parts/format";
import { Roving } from "../parts/roving";
import { type Actions, actionsOf } from "../parts/sentence";
import { Tooltip } from "../parts/tooltip";

export interface AdversaryRow {
  index: number;
  name: string;
  /** Validation images taken for it, or without any, neighbors that are of it. */
  count: number;
  /** Images that the count rests on, and whether these are few. */
  support: number;
  thin: boolean;
  /** Ends of the interval of the count; null where too few images tell it. */
  low: number | null;
  high: number | null;
  /** Share of the counts over share of training images; null where it has none. */
  lift: number | null;
  votes: number;
  /** Of the validation errors, by the forecast. */
  foretold: number | null;
}

export interface Adversaries {
  /** What `count` counts. */
  bars: "errors" | "votes" | "neighbors";
  /** Of all classes, shown or not. */
  total: number;
  /** Images that the total rests on. */
  support: number;
  votes: number;
  /** Training images whose neighbors are counted: those that are wrong, or all. */
  images: number;
  /** At the end of the longest bar or interval, or beyond the last mark. */
  top: number;
  /** By the lower ends of the intervals. */
  rows: AdversaryRow[];
  /** Places in `rows`, that of the largest count first. */
  by_count: number[];
  note: string;
}

export interface Part {
  adversaries: Adversaries;
}

export interface State {
  card: MaybeCard<Part>;
  selected: number;
  filter: AskedFilter;
  /** Whether rows are in the order of the lower ends of their intervals, or of their counts. */
  by_lower_end: boolean;
  /** Room for the longest name, in narrow characters. */
  name_width: number;
  marks: Record<(typeof MARKS)[number], Reference>;
}

const MARKS = ["bars", "ticks"] as const;

/** How many bars bqplot has; those without a row are empty. */
const ROWS = 7;
const EMPTY: Adversaries = {
  bars: "votes",
  total: 0,
  support: 0,
  votes: 0,
  images: 0,
  top: 1,
  rows: [],
  by_count: [],
  note: "No class is selected yet.",
};

/** What is shown, its rows in the order that was chosen, and the class. */
const shown = (model: Model<State>): [Adversaries, number] => {
  const card = model.get("card");
  if (!hasCard(card)) return [EMPTY, -1];
  const { adversaries } = card;
  if (model.get("by_lower_end")) return [adversaries, card.index];
  const rows = adversaries.by_count.flatMap((place) => adversaries.rows[place] ?? []);
  return [{ ...adversaries, rows }, card.index];
};

/** Whether the two orders differ. */
const ordersDiffer = ({ by_count }: Adversaries): boolean =>
  by_count.some((place, at) => place !== at);

/** Faded, where few images stand behind it. */
const colorOf = (kind: Adversaries["bars"], thin: boolean): string => {
  const color = `var(--imbxai-${kind === "errors" ? "wrong" : "fill"})`;
  return thin ? `color-mix(in srgb, ${color} 45%, transparent)` : color;
};

const initialize: Initialize<State> = ({ model }) => {
  const draw = ({ bars, ticks }: Record<(typeof MARKS)[number], WidgetModel>) => {
    const [{ rows, top, bars: kind }] = shown(model);
    const counts = rows.map((row) => row.count);
    const foretold = rows.flatMap(({ foretold: x }, rank) => (x === null ? [] : [{ x, rank }]));
    setLongest(bars, top);
    setBars(bars, {
      y: Float64Array.from({ length: ROWS }, (_, rank) => counts[rank] ?? 0),
      colors: Array.from({ length: ROWS }, (_, rank) => colorOf(kind, !!rows[rank]?.thin)),
    });
    ticks.set_state({
      x: Float64Array.from(foretold, ({ x }) => x),
      y: Float64Array.from(foretold, ({ rank }) => rank),
    });
  };
  return steer(model, MARKS, draw, ["change:by_lower_end"]);
};

interface Shown extends AdversaryRow {
  of: Adversaries;
  index: number;
  own: number;
}

const words = ({ of, name, count: number }: Shown): string => {
  const are = number === 1 ? "is" : "are";
  const all = { errors: "validation error", votes: "vote", neighbors: "neighbor" }[of.bars];
  const what = { errors: "taken for", votes: "for", neighbors: "of" }[of.bars];
  return `${count(number)} of ${counted(of.total, all)} ${are} ${what} ${name}`;
};

/** How sure a bar is: its share and interval, what it rests on, and what size would give. */
const sureWords = ({
  of,
  name,
  count: number,
  support,
  thin,
  low,
  high,
  lift,
}: Shown): string[] => {
  if (!number) return [];
  const share = percent(number / of.total);
  const interval =
    low === null || high === null
      ? `${share}; too few images for an interval`
      : `${share}, likely ${percent(low / of.total)} to ${percent(high / of.total)}`;
  const few = thin ? ", which is few" : "";
  const size =
    lift === null
      ? `${name} has no training images`
      : `${factor(lift)} times its share of the training images of other classes`;
  return [`${interval}; from ${counted(support, "image")}${few}`, size];
};

const foretoldWords = ({ of, foretold, votes }: Shown): string =>
  `${factor(foretold ?? 0)} foretold; ${count(votes)} of ${counted(of.votes, "vote")}`;

/** One class: its name, its bar with the count, and its mark. */
class Row implements View<Shown> {
  readonly #name = new TextView(h("button", "imbxai-adversary-name", { type: "button" }));
  readonly #count = new TextView(h("span", "imbxai-adversary-count"));
  readonly bar = h("button", "imbxai-adversary-bar", { type: "button" }, this.#count.element);
  readonly #none = new TextView(h("span", "imbxai-adversary-none"));
  readonly tick = h("button", "imbxai-adversary-tick", { type: "button" });
  readonly #range = h("span", "imbxai-adversary-range", { "aria-hidden": "true" });
  readonly #lift = new TextView(h("span", "imbxai-adversary-lift"));
  readonly element = h(
    "li",
    "imbxai-adversary",
    {},
    this.#name.element,
    this.bar,
    this.#none.element,
    this.#range,
    this.tick,
    this.#lift.element,
  );
  #row: Shown | undefined;

  constructor(actions: Actions) {
    const filter = (conditions: (row: Shown) => Omit<ImageFilter, "index">) => () => {
      if (this.#row) actions.filter({ index: this.#row.own, ...conditions(this.#row) });
    };
    const votes = ({ index, of }: Shown) =>
      of.bars === "neighbors"
        ? ({ split: "training", near: index } as const)
        : ({ split: "training", votes: index } as const);
    this.#name.element.addEventListener("click", () => {
      if (this.#row) actions.select(this.#row.index);
    });
    const counted = (row: Shown) =>
      row.of.bars === "errors"
        ? ({ split: "validation", predicted: row.index } as const)
        : votes(row);
    this.bar.addEventListener("click", filter(counted));
    this.tick.addEventListener("click", filter(votes));
  }

  show(row: Shown): void {
    this.#row = row;
    this.element.dataset.class = row.name;
    this.#name.show(row.name);
    this.#name.element.title = `Select ${row.name}`;
    this.bar.hidden = row.count === 0;
    this.#count.show(count(row.count));
    this.#none.element.hidden = row.count > 0;
    this.#none.show(row.count ? "" : "0");
    this.bar.setAttribute("aria-label", [words(row), ...sureWords(row)].join("; "));
    this.element.classList.toggle("imbxai-thin", row.thin);
    this.#lift.show(row.lift === null ? "" : `${factor(row.lift)}\u00d7`);
    this.#showRange(row);
    this.tick.hidden = row.foretold === null || row.votes === 0;
    this.tick.setAttribute("aria-label", `${row.name}: ${foretoldWords(row)}`);
    this.tick.style.setProperty("--imbxai-at", String((row.foretold ?? 0) / row.of.top));
  }

  #showRange({ of, low, high }: Shown): void {
    this.#range.hidden = low === null || high === null;
    this.#range.style.setProperty("--imbxai-low", String((low ?? 0) / of.top));
    this.#range.style.setProperty("--imbxai-high", String((high ?? 0) / of.top));
  }

  get buttons(): HTMLElement[] {
    return [this.#name.element, this.bar, this.tick].filter((button) => !button.hidden);
  }

  hint(target: EventTarget | null): string[] {
    const button = (target as Element | null)?.closest("button");
    if (!this.#row) return [];
    const foretold = this.#row.foretold === null ? [] : [foretoldWords(this.#row)];
    if (button === this.bar) return [words(this.#row), ...sureWords(this.#row), ...foretold];
    return button === this.tick
      ? [...foretold, "Shows the training images that cast the votes"]
      : [];
  }
}

/** What stands at the end of a row. */
const LIFT = "\u00d7 by size";

/** The first screen has room for few words; `hint` has the rest. */
const swatch = (kind: string, text: string, hint = ""): HTMLElement =>
  h(
    "span",
    "imbxai-adversary-key",
    { title: hint || false },
    h("span", `imbxai-key-${kind}`, { "aria-hidden": "true" }),
    text,
  );

class Chart {
  readonly root = h("section", "imbxai-panel imbxai-mistakes", {
    "data-testid": "imbxai-adversaries",
  });
  readonly #title = new TextView(h("h3", "imbxai-title"));
  readonly #list = h("ul", "imbxai-adversary-rows");
  readonly #rows: Views<Shown, Row>;
  readonly #ruler = h("span", "imbxai-adversary-ruler", { "aria-hidden": "true" });
  readonly #legend = h("p", "imbxai-adversary-legend");
  readonly #order = h("input", "", { type: "checkbox" });
  readonly #ordered = h(
    "label",
    "imbxai-surest",
    { title: "By the lower end of the interval: what is sure comes first. Else by number." },
    this.#order,
    "surest first",
  );
  readonly #note = new TextView(h("p", "imbxai-note"));
  readonly #tooltip: Tooltip;
  readonly #roving: Roving;

  constructor(private readonly model: Model<State>) {
    const area = h("div", "imbxai-adversary-area", {}, this.#list);
    this.#rows = new Views(this.#list, () => new Row(actionsOf(model)));
    this.#tooltip = new Tooltip(area);
    this.#roving = new Roving(this.#list, () => this.#rows.all.map((row) => row.buttons));
    for (const type of ["pointerover", "focusin"]) {
      this.#list.addEventListener(type, ({ target }) => this.#hint(target));
    }
    for (const type of ["pointerout", "focusout"]) {
      this.#list.addEventListener(type, () => this.#tooltip.hide());
    }
    this.#list.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.#tooltip.hide();
    });
    this.#ruler.style.setProperty("--imbxai-characters", String(model.get("name_width")));
    const foot = h(
      "div",
      "imbxai-adversary-foot",
      {},
      this.#legend,
      this.#ordered,
      this.#note.element,
    );
    this.#order.addEventListener("change", () => model.set("by_lower_end", this.#order.checked));
    this.root.append(this.#title.element, this.#ruler, area, foot);
  }

  show(): void {
    const [of, own] = shown(this.model);
    const { bars, rows, images, note } = of;
    const title = bars === "errors" || !rows.length ? "Mistaken for" : "May be mistaken for";
    this.#title.show(title);
    this.root.setAttribute("aria-label", title);
    this.#tooltip.hide();
    this.#rows.show(rows.map((row) => ({ ...row, of, own })));
    this.#list.hidden = rows.length === 0;
    this.#roving.refresh();
    this.#legend.hidden = rows.length === 0;
    const foretold = rows.some((row) => row.foretold !== null);
    const votes = bars === "votes" ? "votes: neighbors of its" : "neighbors of its";
    const voters = counted(images, bars === "votes" ? "wrong training image" : "training image");
    const intervals = rows.some(({ low }) => low !== null);
    const marks = [
      bars === "errors"
        ? swatch("errors", "validation errors")
        : swatch("votes", `${votes} ${voters}`),
      ...(intervals ? [swatch("range", "likely", "95% interval of the bar")] : []),
      ...(foretold ? [swatch("tick", "foretold", "By training images alone")] : []),
    ];
    const lift = h("span", "", { title: "Times what the size of the class would give" }, LIFT);
    this.#legend.replaceChildren(...marks, lift);
    const card = this.model.get("card");
    this.#ordered.hidden = !hasCard(card) || !ordersDiffer(card.adversaries);
    this.#order.checked = this.model.get("by_lower_end");
    this.#note.show(note);
  }

  #hint(target: EventTarget | null): void {
    for (const row of this.#rows.all) {
      const lines = row.hint(target);
      if (lines.length) this.#tooltip.show(row.element, lines);
    }
  }
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const chart = new Chart(model);
  cleanup.on(model, "change:card", () => chart.show());
  cleanup.on(model, "change:by_lower_end", () => chart.show());
  el.append(chart.root);
  cleanup.add(() => chart.root.remove());
  chart.show();
  return () => cleanup.run();
};

export default { initialize, render };
