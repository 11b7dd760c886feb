// A stand-in for a panel's model, and cards to put on it.
import { vi } from "vitest";
import type { AnyModel, Render } from "../src/model";
import type { Thumbnail } from "../src/parts/thumbnail_grid";

type Callback = (...values: unknown[]) => void;

interface Question {
  id: string;
  kind: string;
  arguments: Record<string, unknown>;
}

/** The traits of editing, before the linker is there. */
export const UNEDITED = { edits: {}, editing: {}, edit: {} };

export class PanelModel<T extends object> {
  /** What `save_changes` would have sent to the kernel. */
  saved: Partial<T>[] = [];
  /** What the panel itself has set. */
  changes: Partial<T>[] = [];
  messages: unknown[] = [];
  #unsaved: Partial<T> = {};
  #callbacks = new Map<string, Set<Callback>>();

  constructor(readonly state: T) {}

  get<K extends keyof T>(name: K): T[K] {
    return this.state[name];
  }

  set<K extends keyof T>(name: K, value: T[K]): void {
    this.#unsaved[name] = value;
    if (!Object.is(this.state[name], value)) {
      this.changes.push({ [name]: value } as unknown as Partial<T>);
    }
    this.receive(name, value);
  }

  /** A change that comes from elsewhere: the linker or the kernel. */
  receive<K extends keyof T>(name: K, value: T[K]): void {
    if (Object.is(this.state[name], value)) return;
    this.state[name] = value;
    this.emit(`change:${String(name)}`);
  }

  save_changes(): void {
    this.saved.push(this.#unsaved);
    this.#unsaved = {};
  }

  send(message: unknown): void {
    this.messages.push(message);
  }

  /** What was asked of the kernel, without the ids. */
  get asked(): { kind: string; arguments: Record<string, unknown> }[] {
    return (this.messages as Question[]).map(({ kind, arguments: given }) => ({
      kind,
      arguments: given,
    }));
  }

  /** Answers a question, the last one unless told otherwise, as explorer/requests.py does. */
  async answer(answer: object, at = this.messages.length - 1): Promise<void> {
    const entries = Object.entries(answer);
    const binary = entries.filter(([, value]) => value instanceof DataView);
    const content = entries.filter(([, value]) => !(value instanceof DataView));
    const keys = { content: Object.fromEntries(content), binary: binary.map(([key]) => key) };
    await this.#reply(at, keys, Object.values(Object.fromEntries(binary)));
  }

  /** Answers a question by what went wrong. */
  async refuse(error: string, at = this.messages.length - 1): Promise<void> {
    await this.#reply(at, { error }, []);
  }

  async #reply(at: number, answer: object, buffers: unknown[]): Promise<void> {
    const { id } = (this.messages as Question[])[at] ?? {};
    this.emit("msg:custom", { type: "answer", id, ...answer }, buffers);
    for (let turn = 0; turn < 4; turn++) await Promise.resolve(); // promises, also of fake clocks
  }

  on(event: string, callback: Callback): void {
    this.#callbacks.set(event, (this.#callbacks.get(event) ?? new Set()).add(callback));
  }

  off(event: string, callback: Callback): void {
    this.#callbacks.get(event)?.delete(callback);
  }

  emit(event: string, ...values: unknown[]): void {
    for (const callback of this.#callbacks.get(event) ?? []) callback(...values);
  }

  get listeners(): number {
    return [...this.#callbacks.values()].reduce((sum, callbacks) => sum + callbacks.size, 0);
  }
}

/** Renders a panel into the page; returns its element and what takes it away again. */
export async function mount<T extends object>(
  widget: { render: Render<T> },
  model: PanelModel<T>,
): Promise<{ el: HTMLElement; dispose: () => Promise<void> }> {
  const el = document.createElement("div");
  document.body.append(el);
  const props = { model: model as unknown as AnyModel<T>, el };
  const cleanup = await widget.render(props as unknown as Parameters<Render<T>>[0]);
  return {
    el,
    dispose: async () => {
      await cleanup?.();
    },
  };
}

export function one<E extends Element = HTMLElement>(root: ParentNode, selector: string): E {
  const found = root.querySelector<E>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
}

export const all = (root: ParentNode, selector: string): HTMLElement[] => [
  ...root.querySelectorAll<HTMLElement>(selector),
];

export const texts = (root: ParentNode, selector: string): (string | null)[] =>
  all(root, selector).map((element) => element.textContent);

/** The corner of an image, which marks it. */
export const corner = (root: ParentNode, image: string): HTMLElement =>
  one(root, `.imbxai-thumb-place:has(${image}) .imbxai-thumb-mark`);

/** How much of their tracks the bars fill. */
export const fills = (root: ParentNode, selector: string): (string | undefined)[] =>
  all(root, `${selector} .imbxai-bar`).map((bar) => bar.style.backgroundSize.split(" ")[0]);

export function press(target: Element, key: string): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
  return event;
}

export const EVIL = '<img src=x onerror="alert(1)">';

/** Training images, every second one wrong. */
export const thumbnails = (number: number, tile: number, image: number): Thumbnail[] =>
  Array.from({ length: number }, (_, at) => ({
    tile: tile + at,
    split: "training",
    image: image + at,
    number: image + at,
    file: null,
    label: "cat",
    prediction: at % 2 ? "dog" : "cat",
    predicted: at % 2,
    correct: at % 2 === 0,
    after: null,
    archetype: 0,
    balanced: null,
    colors: {},
    confidence: 0.75,
    doubt: null,
    near: at % 2 ? [0, 1] : [0],
    copies: [],
    covered: null,
  }));

/** Makes canvases and image decoding observable, which the test page lacks. */
export function fakePixels(width = 220, side = 100) {
  const draw = vi.fn();
  const context = { clearRect: vi.fn(), drawImage: draw };
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as never);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(width);
  const bitmaps: { close: () => void; width: number; height: number }[] = [];
  const decode = vi.fn(async (_blob: Blob) => {
    const bitmap = { close: vi.fn(), width: side, height: side };
    bitmaps.push(bitmap);
    return bitmap;
  });
  vi.stubGlobal("createImageBitmap", decode);
  return { draw, decode, bitmaps };
}

export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Has the next panel told by the returned function whether it can be seen. */
export function stubSight(): (isIntersecting: boolean) => void {
  let tell: (entries: { isIntersecting: boolean }[]) => void = () => {};
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(seen: typeof tell) {
        tell = seen;
      }
      observe(): void {}
      disconnect(): void {}
    },
  );
  return (isIntersecting) => tell([{ isIntersecting }]);
}

/** Has the next panel told by the returned function that what it observes has another size. */
export function stubSizes(): () => void {
  let tell = () => {};
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(resized: () => void) {
        tell = resized;
      }
      observe(): void {}
      disconnect(): void {}
    },
  );
  return () => tell();
}

/** What the dialog's panel holds of a chart before a feature is opened. */
export const UNDRAWN = {
  histogram: {},
  marks: { bars: "bars", sizeAxis: "sizes", shareAxis: "shares" },
};
