// A widget's model within one anywidget: it speaks to Python through the anywidget's own messages.
import type { WidgetModel } from "../model";

type Callback = (...values: unknown[]) => void;

/** What Python sends of a widget: its view and its state, with other widgets by reference. */
export interface Told {
  view: string | null;
  state: Record<string, unknown>;
}

/** A message of ipywidgets. */
export interface Message {
  method: string;
  state?: Record<string, unknown>;
  content?: unknown;
  buffer_paths?: (string | number)[][];
}

/** The view of every anywidget. */
export const ANYWIDGET = "AnyView";

const REFERENCE = "IPY_MODEL_";

export class LocalModel implements WidgetModel {
  readonly view: string | null;
  readonly #state: Map<string, unknown>;
  readonly #callbacks = new Map<string, Set<Callback>>();
  readonly #unsaved = new Set<string>();

  constructor(
    told: Told,
    private readonly family: ReadonlyMap<string, LocalModel>,
    private readonly tell: (message: Message) => void,
  ) {
    this.view = told.view;
    this.#state = new Map(Object.entries(told.state));
  }

  get widget_manager() {
    return { get_model: async (id: string) => this.family.get(id) };
  }

  /** Anywidgets name other widgets by references, all others hold them. */
  get(name: string): unknown {
    return this.view === ANYWIDGET ? this.#state.get(name) : this.resolved(name);
  }

  /** A value with the widgets in it in place of references. */
  resolved(name: string): unknown {
    return this.#resolve(this.#state.get(name));
  }

  set(name: string, value: unknown): void {
    if (this.#put({ [name]: value })) this.#unsaved.add(name);
  }

  set_state(state: Record<string, unknown>): void {
    this.#put(state);
  }

  save_changes(): void {
    const state = Object.fromEntries([...this.#unsaved].map((name) => [name, this.get(name)]));
    this.#unsaved.clear();
    if (Object.keys(state).length) this.tell({ method: "update", state, buffer_paths: [] });
  }

  send(content: unknown): void {
    this.tell({ method: "custom", content });
  }

  /** Hears what Python sends. */
  receive({ method, state = {}, content, buffer_paths = [] }: Message, buffers: DataView[]): void {
    if (method === "custom") this.#call("msg:custom", content, buffers);
    if (method !== "update") return;
    for (const [at, path] of buffer_paths.entries()) putAt(state, path, buffers[at]);
    this.#put(state);
  }

  on(event: string, callback: Callback): void {
    const known = this.#callbacks.get(event) ?? new Set();
    this.#callbacks.set(event, known.add(callback));
  }

  off(event?: string | null, callback?: Callback | null): void {
    for (const [name, callbacks] of this.#callbacks) {
      if (event && event !== name) continue;
      if (callback) callbacks.delete(callback);
      else callbacks.clear();
    }
  }

  #put(state: Record<string, unknown>): boolean {
    const changed = Object.keys(state).filter((name) => !same(this.#state.get(name), state[name]));
    for (const name of changed) this.#state.set(name, state[name]);
    for (const name of changed) this.#call(`change:${name}`);
    if (changed.length) this.#call("change");
    return changed.length > 0;
  }

  #call(event: string, ...values: unknown[]): void {
    for (const callback of [...(this.#callbacks.get(event) ?? [])]) callback(...values);
  }

  #resolve(value: unknown): unknown {
    if (typeof value === "string" && value.startsWith(REFERENCE)) {
      return this.family.get(value.slice(REFERENCE.length));
    }
    if (Array.isArray(value)) return value.map((part) => this.#resolve(part));
    if (!isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([k, part]) => [k, this.#resolve(part)]));
  }
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  Object.prototype.toString.call(value) === "[object Object]";

/** Whether two values say the same; bytes do if they are the same object. */
function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((part, at) => same(part, other[at]));
  }
  if (!isPlain(one) || !isPlain(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => key in other && same(one[key], other[key]))
  );
}

function putAt(state: object, path: (string | number)[], bytes: DataView | undefined): void {
  const last = path.at(-1);
  if (last === undefined) return;
  const at = path.slice(0, -1).reduce((value, key) => Reflect.get(value, key), state);
  Reflect.set(at, last, bytes);
}
