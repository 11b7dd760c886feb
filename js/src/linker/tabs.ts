// The tabs of the lower half of the screen: each shows one panel, the others are out of sight.
import type { Model, Render } from "../model";
import { Cleanup, h, keepKeys, step } from "../parts/dom";
import { type AskedFilter, isAsked } from "../parts/filter";
import { type AskedRemedy, isRemedy } from "../parts/remedies";

export interface State {
  titles: string[];
  /** The open one. */
  current: number;
  /** Images that are to be shown; opens the tab that shows them. */
  wanted: AskedFilter;
  /** The number of that tab. */
  images: number;
  /** A remedy that is to be tried; opens the tab that tries it. */
  tried: AskedRemedy;
  /** The number of that tab. */
  remedies: number;
}

/** In Python's explorer/tabs.py: the class names of what stands in a tab. */
const BOX = "imbxai-tab";

let made = 0;

class TabBar {
  readonly element = h("div", "imbxai-panel imbxai-tabs", {
    role: "tablist",
    "aria-label": "More about this class",
    "data-testid": "imbxai-tabs",
  });
  readonly #id = `imbxai-tabs-${made++}`;
  readonly #buttons: HTMLButtonElement[];
  readonly #siblings = new MutationObserver(() => this.show());

  constructor(private readonly model: Model<State>) {
    this.#buttons = model.get("titles").map((title, number) => {
      const button = h("button", "imbxai-tab-button", { role: "tab", type: "button" }, title);
      button.id = `${this.#id}-${number}`;
      button.addEventListener("click", () => this.#open(number));
      return button;
    });
    keepKeys(this.element).append(...this.#buttons);
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Looks for what stands in the tabs: it comes into the page after the bar, or before. */
  watch(el: HTMLElement): void {
    if (!el.parentElement) return;
    this.#siblings.observe(el.parentElement, { childList: true });
    this.show();
  }

  show(): void {
    const current = this.model.get("current");
    for (const [number, button] of this.#buttons.entries()) {
      const open = number === current;
      button.setAttribute("aria-selected", String(open));
      button.tabIndex = open ? 0 : -1;
      const box = this.#box(number);
      if (!box) continue;
      box.id = `${button.id}-panel`;
      box.setAttribute("role", "tabpanel");
      box.setAttribute("aria-labelledby", button.id);
      box.classList.toggle(`${BOX}-open`, open);
      button.setAttribute("aria-controls", box.id);
    }
  }

  /** Opens the tab of the images that are wanted, and brings it into sight. */
  showImages(): void {
    if (isAsked(this.model.get("wanted"))) this.#bring(this.model.get("images"));
  }

  /** The same of the tab that tries remedies. */
  showRemedies(): void {
    if (isRemedy(this.model.get("tried"))) this.#bring(this.model.get("remedies"));
  }

  #bring(number: number): void {
    this.#open(number);
    const quick = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.element.scrollIntoView({ block: "start", behavior: quick ? "auto" : "smooth" });
  }

  dispose(): void {
    this.#siblings.disconnect();
    this.element.remove();
  }

  #open(number: number): void {
    this.model.set("current", number);
  }

  /** What stands in a tab, in the same view of the Explorer. */
  #box(number: number): HTMLElement | undefined {
    const boxes = this.element.parentElement?.parentElement?.children ?? [];
    const found = [...boxes].find((box) => box.classList.contains(`${BOX}-${number}`));
    return found as HTMLElement | undefined;
  }

  #onKey(event: KeyboardEvent): void {
    const key = { ArrowRight: "ArrowDown", ArrowLeft: "ArrowUp" }[event.key] ?? event.key;
    const next = step(this.#buttons, this.#buttons[this.model.get("current")], key);
    if (!next || event.key.startsWith("Page")) return;
    event.preventDefault();
    this.#open(this.#buttons.indexOf(next));
    next.focus();
  }
}

const render: Render<State> = ({ model, el }) => {
  const bar = new TabBar(model);
  const cleanup = new Cleanup();
  cleanup.on(model, "change:current", () => bar.show());
  cleanup.on(model, "change:wanted", () => bar.showImages());
  cleanup.on(model, "change:tried", () => bar.showRemedies());
  el.append(bar.element);
  cleanup.add(() => bar.dispose());
  // The view is put into the page after it is rendered.
  cleanup.onResize([bar.element], () => bar.watch(el));
  return () => cleanup.run();
};

export default { render };
