// The widgets that the linker sets: which they are, and how a card is put on them.
import type { ClassCard } from "./model";

/** What the linker uses of a widget model of ipywidgets, anywidget or bqplot. */
export interface TargetModel {
  get(name: string): unknown;
  /** Sets attributes in the front end only: unlike `set`, they never travel to the kernel. */
  set_state(state: Record<string, unknown>): void;
  on(event: string, callback: () => void): void;
  off(event: string, callback: () => void): void;
  /** What is drawn of it, where ipywidgets draws it. */
  views?: Record<string, Promise<{ el: Element }>>;
}

/** The widgets by role; a role is missing where the analysis has nothing to show in it. */
export interface Targets {
  picker: TargetModel;
  header: TargetModel;
  archetypes: TargetModel;
  overlap: TargetModel;
  overview: TargetModel;
  comparison?: TargetModel;
  message: TargetModel;
  adversaryTitle: TargetModel;
  adversaryNote: TargetModel;
  adversaryText: TargetModel;
  adversaryBars: TargetModel;
  adversaryRanks: TargetModel;
  adversaryShares: TargetModel;
  colorTitle?: TargetModel;
  colorNote?: TargetModel;
  colorText?: TargetModel;
  colorBars?: TargetModel;
  colorShares?: TargetModel;
}

export interface AdversaryCard {
  title: string;
  note: string;
  /** The bars in words, for screen readers. */
  text: string;
  /** The adversaries, a class number for each row from the top; none if nothing is known. */
  classes: number[];
  /** One array per series that rests on something; one of zeros where none does. */
  shares: number[][];
  /** One per series that rests on something. */
  colors: string[];
  ticks: number[];
}

export interface ColorCard {
  title: string;
  note: string;
  /** The bars in words, for screen readers. */
  text: string;
  shares: number[];
  ticks: number[];
}

export type LinkedCard = ClassCard<AdversaryCard, ColorCard | null>;

const byRank = (labels: string[]): Record<string, string> =>
  Object.fromEntries(labels.map((label, rank) => [String(rank), label]));

/** Sets the range of a chart if it changes: bqplot draws the whole chart anew for it. */
function setTicks(bars: TargetModel, axis: TargetModel, ticks: number[]): void {
  const before = axis.get("tick_values") as ArrayLike<number> | null;
  if (before?.length === ticks.length && ticks.every((tick, at) => tick === before[at])) return;
  const scales = bars.get("scales") as { y: TargetModel };
  scales.y.set_state({ max: ticks.at(-1) ?? 1 });
  axis.set_state({ tick_values: Float64Array.from(ticks) });
}

/** Removes the empty group that bqplot leaves behind, below the line at zero, at every drawing. */
function sweep(bars: TargetModel): void {
  for (const view of Object.values(bars.views ?? {})) {
    view
      .then(({ el }) => {
        for (const group of el.querySelectorAll("g:not([class]):empty")) group.remove();
      })
      .catch(() => {}); // a view that could not be drawn has told so itself
  }
}

export function applyAdversaries(to: Targets, card: AdversaryCard, labels: string[]): void {
  sweep(to.adversaryBars);
  setTicks(to.adversaryBars, to.adversaryShares, card.ticks);
  to.adversaryRanks.set_state({
    tick_labels: byRank(
      (card.shares[0] ?? []).map((_, rank) => labels[card.classes[rank] ?? -1] ?? ""),
    ),
  });
  to.adversaryBars.set_state({
    y: card.shares.map((series) => Float64Array.from(series)),
    ...(card.colors.length ? { colors: card.colors } : {}),
    label_display: card.colors.length > 0,
  });
  to.adversaryTitle.set_state({ value: card.title });
  to.adversaryNote.set_state({ value: card.note });
  to.adversaryText.set_state({ value: card.text });
}

export function applyColors(to: Targets, card: ColorCard | null): void {
  if (!card || !to.colorBars || !to.colorShares) return;
  sweep(to.colorBars);
  setTicks(to.colorBars, to.colorShares, card.ticks);
  to.colorBars.set_state({ y: Float64Array.from(card.shares) });
  to.colorTitle?.set_state({ value: card.title });
  to.colorNote?.set_state({ value: card.note });
  to.colorText?.set_state({ value: card.text });
}
