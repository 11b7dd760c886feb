// Steers what bqplot draws: puts the card of a class on marks and axes.
import { type AnyModel, type Reference, resolve, type WidgetModel } from "../model";

interface Steered<Name extends string> {
  marks: Record<Name, Reference>;
}

/**
 * Has `show` put the card of a panel on what the panel names, now and whenever the card changes, or
 * what else is named; returns what undoes it.
 */
export function steer<Name extends string, State extends Steered<Name>>(
  model: AnyModel<State>,
  names: readonly Name[],
  show: (marks: Record<Name, WidgetModel>) => void,
  also: readonly `change:${keyof State & string}`[] = [],
): () => void {
  let undo: (() => void) | undefined;
  let gone = false;
  const references = model.get("marks");
  // Not awaited: the other widgets may take longer to load than `initialize` is given.
  Promise.all(names.map((name) => resolve(model.widget_manager, references[name])))
    .then((models) => {
      if (gone) return;
      const marks = Object.fromEntries(names.map((name, at) => [name, models[at]]));
      const changed = () => show(marks as Record<Name, WidgetModel>);
      const events = ["change:card", ...also] as const;
      for (const event of events) model.on(event as "change:card", changed);
      undo = () => {
        for (const event of events) model.off(event as "change:card", changed);
      };
      changed();
    })
    .catch(reportError);
  return () => {
    gone = true;
    undo?.();
  };
}

/** Sets what bars show. */
export function setBars(bars: WidgetModel, state: Record<string, unknown>): void {
  // Removes the empty group that bqplot leaves, below the line at zero, at every drawing.
  for (const view of Object.values(bars.views ?? {})) {
    view
      .then(({ el }) => {
        for (const group of el.querySelectorAll("g:not([class]):empty")) group.remove();
      })
      .catch(() => {}); // a view that could not be drawn has told so itself
  }
  bars.set_state(state);
}

/** Sets the end of the scale along which bars are long; bqplot draws the whole chart anew for it. */
export function setLongest(bars: WidgetModel, max: number): void {
  const { y } = bars.get("scales") as { y: WidgetModel };
  if (y.get("max") !== max) y.set_state({ max });
}

/** Sets the ticks of the axis along which bars are long, from zero to the end of its scale. */
export function setTicks(bars: WidgetModel, axis: WidgetModel, ticks: readonly number[]): void {
  const before = axis.get("tick_values") as ArrayLike<number> | null;
  if (before?.length === ticks.length && ticks.every((tick, at) => tick === before[at])) return;
  setLongest(bars, ticks.at(-1) ?? 1);
  axis.set_state({ tick_values: Float64Array.from(ticks) });
}
