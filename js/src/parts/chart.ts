// Steers a chart of bqplot: puts the card of a class on its bars, axes and words.
import {
  hasCard,
  type Initialize,
  type MaybeCard,
  type Reference,
  resolve,
  type WidgetModel,
} from "../model";

/** What every chart is given of a class, beside its bars. */
export interface ChartData {
  title: string;
  note: string;
  /** The bars in words, for screen readers. */
  text: string;
  /** Of the axis of shares, from zero. */
  ticks: number[];
}

const MARKS = ["title", "note", "text", "bars", "rankAxis", "shareAxis"] as const;

type Marks<T> = Record<(typeof MARKS)[number], T>;

export interface ChartState<Part> {
  card: MaybeCard<Part>;
  marks: Marks<Reference>;
  /** The selected class; missing where bars stand for no classes. */
  selected?: number;
  /** What to write beside the bars of each class; likewise. */
  labels?: string[];
}

/** How a card is drawn. */
export interface Drawing {
  data: ChartData;
  /** Attributes of the bars. */
  bars: Record<string, unknown>;
  /** Labels of the rows, from the top; those there are stay if none are given. */
  ranks?: string[];
  /** The class that a click on the bar of a row selects. */
  classes?: number[];
}

type Draw<Part> = (card: Part, labels: string[]) => Drawing;
type ChartModel<Part> = Parameters<Initialize<ChartState<Part>>>[0]["model"];

class Chart<Part> {
  readonly #undo: (() => void)[] = [];
  #classes: number[] = [];

  constructor(
    private readonly model: ChartModel<Part>,
    private readonly marks: Marks<WidgetModel>,
    private readonly draw: Draw<Part>,
  ) {
    const show = () => this.#show();
    const clicked = () => this.#clicked();
    model.on("change:card", show);
    marks.bars.on("change:selected", clicked);
    this.#undo.push(
      () => model.off("change:card", show),
      () => marks.bars.off("change:selected", clicked),
    );
    show();
  }

  dispose(): void {
    for (const undo of this.#undo) undo();
  }

  #show(): void {
    const card = this.model.get("card");
    if (!hasCard(card)) return;
    const { title, note, text, bars, rankAxis } = this.marks;
    const { data, bars: state, ranks, classes } = this.draw(card, this.model.get("labels") ?? []);
    this.#classes = classes ?? [];
    this.#sweep();
    this.#setTicks(data.ticks);
    if (ranks) rankAxis.set_state({ tick_labels: Object.fromEntries(ranks.entries()) });
    bars.set_state(state);
    title.set_state({ value: data.title });
    note.set_state({ value: data.note });
    text.set_state({ value: data.text });
  }

  /** Sets the range of the chart if it changes: bqplot draws the whole chart anew for it. */
  #setTicks(ticks: number[]): void {
    const { bars, shareAxis } = this.marks;
    const before = shareAxis.get("tick_values") as ArrayLike<number> | null;
    if (before?.length === ticks.length && ticks.every((tick, at) => tick === before[at])) return;
    const scales = bars.get("scales") as { y: WidgetModel };
    scales.y.set_state({ max: ticks.at(-1) ?? 1 });
    shareAxis.set_state({ tick_values: Float64Array.from(ticks) });
  }

  /** Removes the empty group that bqplot leaves, below the line at zero, at every drawing. */
  #sweep(): void {
    for (const view of Object.values(this.marks.bars.views ?? {})) {
      view
        .then(({ el }) => {
          for (const group of el.querySelectorAll("g:not([class]):empty")) group.remove();
        })
        .catch(() => {}); // a view that could not be drawn has told so itself
    }
  }

  #clicked(): void {
    const rank = (this.marks.bars.get("selected") as Uint32Array | null)?.[0];
    if (rank === undefined) return;
    // A bar is a button here: let go at once, so that it can be clicked again.
    this.marks.bars.set_state({ selected: null });
    const index = this.#classes[rank];
    // bqplot sends its change to the kernel now: what is set before that would go along.
    if (index !== undefined) queueMicrotask(() => this.model.set("selected", index));
  }
}

/** The module of a panel that is a chart: `draw` says how a card is drawn. */
export function chart<Part>(draw: Draw<Part>): { initialize: Initialize<ChartState<Part>> } {
  const initialize: Initialize<ChartState<Part>> = ({ model }) => {
    let steered: Chart<Part> | undefined;
    let gone = false;
    const references = model.get("marks");
    // Not awaited: the other widgets may take longer to load than `initialize` is given.
    Promise.all(MARKS.map((name) => resolve(model.widget_manager, references[name])))
      .then((models) => {
        const marks = Object.fromEntries(MARKS.map((name, at) => [name, models[at]]));
        if (!gone) steered = new Chart(model, marks as Marks<WidgetModel>, draw);
      })
      .catch(reportError);
    return () => {
      gone = true;
      steered?.dispose();
    };
  };
  return { initialize };
}
