// Building blocks of the panels. Text goes in as text only: names come from users' data.
import type { Model } from "../model";

type Attributes = Record<string, string | number | boolean>;
type Child = Node | string;

/** An element with class names, attributes (`false` leaves one out) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** Makes a bar fill a share of its track. */
export function fill(bar: HTMLElement, share: number): void {
  // A background: a filled element would be laid out anew for every class.
  bar.style.backgroundSize = `${100 * Math.min(Math.max(share, 0), 1)}% 100%`;
}

/** A bar that fills a share of its track; the number beside it says the same in text. */
export function bar(share = 0, color = ""): HTMLElement {
  const element = h("span", "imbxai-bar", { "aria-hidden": "true" });
  if (color) element.style.setProperty("--imbxai-fill", color);
  fill(element, share);
  return element;
}

/** An element that can show one value after another. */
export interface View<T> {
  readonly element: HTMLElement;
  show(value: T): void;
}

/** Shows a list in the elements that are there already: new ones cost a click style and layout. */
export class Views<T, V extends View<T> = View<T>> {
  readonly all: V[] = [];

  constructor(
    private readonly parent: HTMLElement,
    private readonly make: () => V,
  ) {}

  show(values: readonly T[]): void {
    for (const { element } of this.all.splice(values.length)) element.remove();
    for (const [at, value] of values.entries()) {
      const view = this.all[at] ?? this.#add();
      view.show(value);
    }
  }

  #add(): V {
    const view = this.make();
    this.all.push(view);
    this.parent.append(view.element);
    return view;
  }
}

/**
 * Has keys that are pressed within an element be the element's, not JupyterLab's. Its bindings match
 * what has the focus, so that this itself must tell, whatever stands around it.
 */
export function keepKeys<E extends HTMLElement>(root: E): E {
  root.dataset.lmSuppressShortcuts = "true";
  root.addEventListener("focusin", ({ target }) => {
    (target as HTMLElement).dataset.lmSuppressShortcuts = "true";
  });
  return root;
}

/** Puts children into an element, unless they are in it already. */
export function put(parent: HTMLElement, ...children: HTMLElement[]): void {
  const there = [...parent.children];
  const same =
    there.length === children.length && there.every((child, at) => child === children[at]);
  if (!same) parent.replaceChildren(...children);
}

/** Text in an element of its own, which changes in place. */
export class TextView implements View<string> {
  readonly #text = document.createTextNode("");

  constructor(readonly element: HTMLElement) {
    element.append(this.#text);
  }

  show(value: string): void {
    if (this.#text.data !== value) this.#text.data = value;
  }
}

/** The frame that all panels share: a title, one line on what it tells, and a body. */
export function panel(name: string, title: string, note: string) {
  const body = h("div", "imbxai-body");
  const heading = h("h3", "imbxai-title", {}, title);
  const explanation = h("p", "imbxai-note", {}, note);
  const head = h("header", "imbxai-head", {}, heading, explanation);
  const root = h(
    "section",
    `imbxai-panel imbxai-${name}`,
    { "data-testid": `imbxai-${name}`, "aria-label": title },
    head,
    body,
  );
  return { root, head, heading, explanation, body };
}

export function placeholder(text: string): HTMLElement {
  return h("p", "imbxai-empty", {}, text);
}

/** What has to be undone when a view goes. */
export class Cleanup {
  #tasks: (() => void)[] = [];

  add(task: () => void): void {
    this.#tasks.push(task);
  }

  /** Listens to a model until the view goes. */
  on<T extends object>(model: Model<T>, event: `change:${keyof T & string}`, task: () => void) {
    model.on(event, task);
    this.add(() => model.off(event as never, task));
  }

  /** Follows the sizes of elements until the view goes; begins once they are laid out. */
  onResize(elements: HTMLElement[], task: () => void): void {
    const observer = new ResizeObserver(task);
    for (const element of elements) observer.observe(element);
    this.add(() => observer.disconnect());
  }

  /**
   * Tells, until the view goes, whether a reader can see the element, or `least` of it: without
   * that, what is folded to nothing counts as seen where it lies within the page.
   */
  onSight(element: HTMLElement, tell: (inSight: boolean) => void, least = 0): void {
    const hear = (entries: IntersectionObserverEntry[]) => {
      const now = entries.at(-1);
      tell(!!now?.isIntersecting && !(now.intersectionRatio < least));
    };
    const observer = new IntersectionObserver(hear, { threshold: least });
    observer.observe(element);
    this.add(() => observer.disconnect());
  }

  run(): void {
    for (const task of this.#tasks.splice(0)) task();
  }
}

/** Steps through `items` by the keys of a list; undefined for any other key. */
export function step<T>(items: T[], current: T | undefined, key: string, row = 1): T | undefined {
  const at = current === undefined ? undefined : items.indexOf(current);
  const next = stepTo(items.length, at, key, row);
  return next === undefined ? undefined : items[next];
}

/** The position that a key of a list leads to; undefined for any other key, and in no list. */
export function stepTo(
  length: number,
  current: number | undefined,
  key: string,
  row = 1,
): number | undefined {
  const at = current ?? -1;
  const last = length - 1;
  const moves: Record<string, number> = {
    ArrowDown: Math.min(at + row, last),
    ArrowUp: Math.max(at - row, 0),
    PageDown: Math.min(at + 10 * row, last),
    PageUp: Math.max(at - 10 * row, 0),
    Home: 0,
    End: last,
  };
  return length ? moves[key] : undefined;
}
