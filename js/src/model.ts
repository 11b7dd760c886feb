// What the front end shares: widget models, and the card of a class. Ratios lie in 0..1 or are null
// where nothing is known; class numbers index `class_names`.
import type { AnyModel } from "@anywidget/types";

export type { AnyModel, Initialize, Render } from "@anywidget/types";

/** The part of a widget model that panels use; any anywidget or ipywidgets model has it. */
export type Model<T extends object> = Pick<
  AnyModel<T>,
  "get" | "set" | "on" | "off" | "save_changes" | "send"
>;

/** What is used of the model of another widget, of ipywidgets, anywidget or bqplot. */
export interface WidgetModel {
  get(name: string): unknown;
  /** Sets attributes in the front end only: unlike `set`, they never travel to the kernel. */
  set_state(state: Record<string, unknown>): void;
  on(event: string, callback: () => void): void;
  off(event: string, callback: () => void): void;
  /** Whether there is a kernel to speak to, where the host tells. */
  comm_live?: boolean;
  /** What is drawn of it, where ipywidgets draws it. */
  views?: Record<string, Promise<{ el: Element }>>;
}

/** How a widget's state names another widget. */
export type Reference = string;

const REFERENCE = "IPY_MODEL_";

/** The widget that a reference names, as soon as it is loaded. */
export const resolve = async (
  manager: AnyModel["widget_manager"],
  reference: Reference,
): Promise<WidgetModel> =>
  (await manager.get_model(reference.slice(REFERENCE.length))) as unknown as WidgetModel;

export interface CardIdentity {
  index: number;
  name: string;
}

/** The card of a class as a panel holds it, with its own part; empty until a class is shown. */
export type MaybeCard<Part> = (CardIdentity & Part) | Record<string, never>;

export function hasCard<Part>(card: MaybeCard<Part>): card is CardIdentity & Part {
  return "index" in card;
}

/** What all panels show of one class: the parts of each, side by side. */
export interface ClassCard extends CardIdentity {
  /** What went wrong in making it, or "". */
  notice: string;
  [key: string]: unknown;
}
