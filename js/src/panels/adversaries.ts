// What a class is mistaken for, as bars, beside what its training images foretold, as marks. bqplot
// draws these; names, numbers and all that can be clicked stand above them.
import {
  hasCard,
  type Initialize,
  type MaybeCard,
  type Model,
  type Reference,
  type Render,
} from "../model";
import { setBars, setLongest, steer } from "../parts/chart";
import { Cleanup, h, TextView, type View, Views } from "../parts/dom";
import type { AskedFilter, ImageFilter } from "../parts/filter";
import { count, counted, factor } from "../parts/format";
import { Roving } from "../parts/roving";
import { type Actions, actionsOf } from "../parts/sentence";
import { Tooltip } from "../parts/tooltip";

export interface AdversaryRow {
  index: number;
  name: string;
  /** Validation images taken for it, or without any, votes for it. */
  count: number;
  votes: number;
  /** Of the validation errors, by the forecast. */
  foretold: number | null;
}

export interface Adversaries {
  /** What `count` counts. */
  bars: "errors" | "votes";
  /** Of all classes, shown or not. */
  total: number;
  votes: number;
  /** Misclassified training images, which the votes come from. */
  wrong: number;
  /** At the end of the longest bar, or beyond the last mark. */
  top: number;
  rows: AdversaryRow[];
  note: string;
}

export interface Part {
  adversaries: Adversaries;
}

export interface State {
  card: MaybeCard<Part>;
  selected: number;
  filter: AskedFilter;
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
  votes: 0,
  wrong: 0,
  top: 1,
  rows: [],
  note: "No class is selected yet.",
};

const shown = (model: Model<State>): [Adversaries, number] => {
  const card = model.get("card");
  return hasCard(card) ? [card.adversaries, card.index] : [EMPTY, -1];
};

const initialize: Initialize<State> = ({ model }) =>
  steer(model, MARKS, ({ bars, ticks }) => {
    const [{ rows, top, bars: kind }] = shown(model);
    const counts = rows.map((row) => row.count);
    const foretold = rows.flatMap(({ foretold: x }, rank) => (x === null ? [] : [{ x, rank }]));
    setLongest(bars, top);
    setBars(bars, {
      y: Float64Array.from({ length: ROWS }, (_, rank) => counts[rank] ?? 0),
      colors: [`var(--imbxai-${kind === "errors" ? "wrong" : "fill"})`],
    });
    ticks.set_state({
      x: Float64Array.from(foretold, ({ x }) => x),
      y: Float64Array.from(foretold, ({ rank }) => rank),
    });
  });

interface Shown extends AdversaryRow {
  of: Adversaries;
  index: number;
  own: number;
}

const words = ({ of, name, count: number }: Shown): string =>
  of.bars === "errors"
    ? `${count(number)} of ${counted(of.total, "validation error")} ${number === 1 ? "is" : "are"} taken for ${name}`
    : `${count(number)} of ${counted(of.total, "vote")} ${number === 1 ? "is" : "are"} for ${name}`;

const foretoldWords = ({ of, foretold, votes }: Shown): string =>
  `${factor(foretold ?? 0)} foretold; ${count(votes)} of ${counted(of.votes, "vote")}`;

/** One class: its name, its bar with the count, and its mark. */
class Row implements View<Shown> {
  readonly #name = new TextView(h("button", "imbxai-adversary-name", { type: "button" }));
  readonly #count = new TextView(h("span", "imbxai-adversary-count"));
  readonly bar = h("button", "imbxai-adversary-bar", { type: "button" }, this.#count.element);
  readonly #none = new TextView(h("span", "imbxai-adversary-none"));
  readonly tick = h("button", "imbxai-adversary-tick", { type: "button" });
  readonly element = h(
    "li",
    "imbxai-adversary",
    {},
    this.#name.element,
    this.bar,
    this.#none.element,
    this.tick,
  );
  #row: Shown | undefined;

  constructor(actions: Actions) {
    const filter = (conditions: (row: Shown) => Omit<ImageFilter, "index">) => () => {
      if (this.#row) actions.filter({ index: this.#row.own, ...conditions(this.#row) });
    };
    const votes = ({ index }: Shown) => ({ split: "training", votes: index }) as const;
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
    this.bar.setAttribute("aria-label", words(row));
    this.tick.hidden = row.foretold === null || row.votes === 0;
    this.tick.setAttribute("aria-label", `${row.name}: ${foretoldWords(row)}`);
    this.tick.style.setProperty("--imbxai-at", String((row.foretold ?? 0) / row.of.top));
  }

  get buttons(): HTMLElement[] {
    return [this.#name.element, this.bar, this.tick].filter((button) => !button.hidden);
  }

  hint(target: EventTarget | null): string[] {
    const button = (target as Element | null)?.closest("button");
    if (!this.#row) return [];
    const foretold = this.#row.foretold === null ? [] : [foretoldWords(this.#row)];
    if (button === this.bar) return [words(this.#row), ...foretold];
    return button === this.tick
      ? [...foretold, "Shows the training images that cast the votes"]
      : [];
  }
}

const swatch = (kind: string, text: string): HTMLElement =>
  h(
    "span",
    "imbxai-adversary-key",
    {},
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
    const foot = h("div", "imbxai-adversary-foot", {}, this.#legend, this.#note.element);
    this.root.append(this.#title.element, this.#ruler, area, foot);
  }

  show(): void {
    const [of, own] = shown(this.model);
    const { bars, rows, wrong, note } = of;
    const title = bars === "errors" || !rows.length ? "Mistaken for" : "May be mistaken for";
    this.#title.show(title);
    this.root.setAttribute("aria-label", title);
    this.#tooltip.hide();
    this.#rows.show(rows.map((row) => ({ ...row, of, own })));
    this.#list.hidden = rows.length === 0;
    this.#roving.refresh();
    this.#legend.hidden = rows.length === 0;
    const foretold = rows.some((row) => row.foretold !== null);
    this.#legend.replaceChildren(
      ...(bars === "errors"
        ? [
            swatch("errors", "validation errors"),
            ...(foretold ? [swatch("tick", "foretold by training images")] : []),
          ]
        : [swatch("votes", `votes: neighbors of its ${counted(wrong, "wrong training image")}`)]),
    );
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
  el.append(chart.root);
  cleanup.add(() => chart.root.remove());
  chart.show();
  return () => cleanup.run();
};

export default { initialize, render };
