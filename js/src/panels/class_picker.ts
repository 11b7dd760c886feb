// Every class with its size and accuracy, below those of all classes; sort, search, and select one.
import type { Model, Render } from "../model";
import { bar, Cleanup, h, keepKeys, panel, placeholder, stepTo } from "../parts/dom";
import { change, count, counted, percent } from "../parts/format";
import { arrange, ORDERS, type OrderKey, ordersFor, type PickerClass } from "../parts/picker_order";
import { type Summary, summaryLines } from "../parts/summary";
import { VirtualList } from "../parts/virtual_list";

export interface State {
  classes: PickerClass[];
  accuracy_label: "validation" | "training";
  summary: Summary;
  selected: number;
  /** Classes that may be picked next, the likeliest first: their cards are fetched ahead. */
  likely: number[];
}

/** Milliseconds that a pointer rests on a row that it does not just cross. */
const REST = 50;

/** Milliseconds after which a list that was scrolled stands still. */
const STILL = 250;

/** Text for screen readers alone. */
const unseen = (text: string) => h("span", "imbxai-unseen", {}, text);

function rowOf(entry: PickerClass): HTMLElement {
  const row = h(
    "div",
    "imbxai-picker-row",
    {
      role: "option",
      tabindex: -1,
      "aria-selected": "false",
      "data-class": entry.name,
      title: entry.name,
    },
    h("span", "imbxai-picker-name", {}, entry.name),
    unseen(", "),
    h("span", "imbxai-picker-size", {}, count(entry.images)),
    unseen(entry.images === 1 ? " image, " : " images, "),
    h("span", "imbxai-picker-accuracy", {}, percent(entry.accuracy)),
    unseen(entry.accuracy === null ? " accuracy not known" : " right"),
  );
  if (entry.change !== null) {
    row.append(h("span", "imbxai-picker-change", {}, change(entry.change)), unseen(" points"));
  }
  row.append(bar(entry.accuracy ?? 0));
  return row;
}

class Picker {
  readonly frame = panel("picker", "Classes", "");
  readonly #search = h("input", "", {
    type: "search",
    placeholder: "Find a class",
    "aria-label": "Find a class",
  });
  readonly #order = h("select", "imbxai-picker-order", { "aria-label": "Sort by" });
  readonly #direction = h("button", "", { type: "button" });
  readonly #list = keepKeys(
    h("div", "imbxai-picker-list", { role: "listbox", "aria-label": "Classes" }),
  );
  readonly #count = h("div", "imbxai-picker-count", { role: "status" });
  /** In place of the list where the page is narrow. */
  readonly #box = h("select", "imbxai-picker-box", { "aria-label": "Class" });
  readonly #summary = h("div", "imbxai-picker-summary");
  readonly #none = placeholder("");
  readonly #rows = new VirtualList(this.#list, (position) => this.#rowAt(position));
  #shown: PickerClass[] = [];
  #positions = new Map<number, number>();
  #selected: number | undefined;
  #tabStop: number | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #inSight = false;
  #descending: boolean;
  /** Whether the box in place of the list holds the classes that are listed. */
  #boxed = false;

  constructor(private readonly model: Model<State>) {
    const orders = ordersFor(model.get("classes"));
    for (const key of orders) {
      this.#order.append(h("option", "", { value: key }, `by ${ORDERS[key].label}`));
    }
    this.#descending = ORDERS[this.#key].descending;
    const tools = h("div", "imbxai-picker-tools");
    tools.append(this.#search, this.#order, this.#direction);
    this.#list.append(this.#none);
    this.frame.head.replaceWith(this.#summary);
    this.frame.body.append(tools, this.#box, this.#list, this.#count);
    this.#box.addEventListener("change", () => this.#pick(this.#box.selectedIndex));
    this.#search.addEventListener("input", () => this.#arrange());
    this.#search.addEventListener("keydown", (event) => this.#onSearchKey(event));
    this.#order.addEventListener("change", () => {
      this.#descending = ORDERS[this.#key].descending;
      this.#arrange();
    });
    this.#direction.addEventListener("click", () => {
      this.#descending = !this.#descending;
      this.#arrange();
    });
    this.#list.addEventListener("click", (event) => {
      this.#pick(this.#rows.positionOf(event.target));
    });
    this.#list.addEventListener("keydown", (event) => this.#onListKey(event));
    for (const [type, delay] of [
      ["pointerover", REST],
      ["pointerdown", 0],
    ] as const) {
      this.#list.addEventListener(type, (event) => {
        this.#expect(delay, this.#rows.positionOf(event.target));
      });
    }
    this.#list.addEventListener("pointerleave", () => this.#expect(STILL));
    this.#list.addEventListener("scroll", () => {
      this.model.set("likely", []); // they pass by
      this.#expect(STILL);
    });
  }

  /** Lists the model's classes anew. */
  fill(): void {
    const classes = this.model.get("classes");
    const lines = summaryLines(
      this.model.get("summary"),
      this.model.get("accuracy_label"),
      (index) => classes.find((entry) => entry.index === index)?.name ?? "",
      (index) => this.model.set("selected", index),
    );
    this.#summary.replaceChildren(...lines);
    this.#arrange();
  }

  /** Marks the selected class and brings it into view. */
  select(): void {
    const selected = this.#positions.get(this.model.get("selected"));
    this.#rows.row(this.#selected)?.setAttribute("aria-selected", "false");
    this.#rows.row(this.#tabStop)?.setAttribute("tabindex", "-1");
    this.#selected = selected;
    this.#tabStop = selected ?? (this.#shown.length ? 0 : undefined);
    this.#rows.keep(this.#tabStop);
    if (selected !== undefined) this.#rows.reveal(selected);
    this.#rows.row(selected)?.setAttribute("aria-selected", "true");
    this.#rows.row(this.#tabStop)?.setAttribute("tabindex", "0");
    if (this.#boxed) this.#box.selectedIndex = selected ?? -1;
  }

  /** Fits the rows to the size that the list has in the page. */
  resize(): void {
    this.#rows.measure();
    this.#fillBox();
    this.select();
  }

  /** Fills the box where it is seen: of 10,000 classes it would hold up every other page. */
  #fillBox(): void {
    if (this.#boxed || !this.#box.offsetWidth) return;
    this.#boxed = true;
    this.#box.replaceChildren(
      ...this.#shown.map((entry) =>
        h("option", "", {}, `${entry.name} \u2013 ${percent(entry.accuracy)}`),
      ),
    );
  }

  /** Tells whether a reader can see the list. */
  appear(inSight: boolean): void {
    this.#inSight = inSight;
    this.#expect(STILL);
  }

  dispose(): void {
    clearTimeout(this.#resting);
    this.frame.root.remove();
  }

  get #key(): OrderKey {
    return this.#order.value as OrderKey;
  }

  #arrange(): void {
    const classes = this.model.get("classes");
    const shown = arrange(classes, this.#search.value, this.#key, this.#descending);
    this.#shown = shown;
    this.#positions = new Map(shown.map((entry, position) => [entry.index, position]));
    this.#selected = undefined;
    this.#tabStop = undefined;
    this.#rows.fill(shown.length);
    this.#boxed = false;
    this.#fillBox();
    this.#none.hidden = shown.length > 0;
    this.#none.textContent = classes.length ? "No class of that name." : "No classes yet.";
    this.#direction.textContent = this.#descending ? "↓" : "↑";
    const direction = this.#descending ? "Descending" : "Ascending";
    this.#direction.title = `${direction}; click to reverse`;
    this.#direction.setAttribute("aria-label", this.#direction.title);
    const all = counted(classes.length, "class", "classes");
    // All of a few can be counted; of what was searched for it is said.
    this.#count.textContent =
      shown.length < classes.length ? `${count(shown.length)} of ${all}` : all;
    this.select();
    this.#expect(STILL);
  }

  #rowAt(position: number): HTMLElement {
    const entry = this.#shown[position] as PickerClass; // the list asks for rows that there are
    const row = rowOf(entry);
    row.setAttribute("aria-selected", String(position === this.#selected));
    row.tabIndex = position === this.#tabStop ? 0 : -1;
    return row;
  }

  #pick(position: number | undefined): void {
    const index = position === undefined ? undefined : this.#shown[position]?.index;
    if (position === undefined || index === undefined) return;
    // First, as focusing makes the browser lay out what has changed; and again for a row that
    // comes into the page by being selected.
    this.#focus(position);
    this.model.set("selected", index);
    this.#focus(position);
  }

  #focus(position: number): void {
    const row = this.#rows.row(position);
    if (row && row !== document.activeElement) row.focus({ preventScroll: true });
  }

  /** Tells, after a while, which classes may be picked next: one, if given, and all in sight. */
  #expect(delay: number, first?: number): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      const positions = this.#inSight ? this.#rows.inSight() : [];
      if (first !== undefined) positions.unshift(first);
      const likely = positions.flatMap((position) => this.#shown[position]?.index ?? []);
      this.model.set("likely", likely);
    }, delay);
  }

  #onListKey(event: KeyboardEvent): void {
    const focused = this.#rows.positionOf(event.target);
    const chosen =
      event.key === "Enter" || event.key === " "
        ? focused
        : stepTo(this.#shown.length, focused, event.key);
    if (chosen === undefined) return;
    event.preventDefault();
    this.#pick(chosen);
    this.#expect(REST, stepTo(this.#shown.length, chosen, event.key));
  }

  #onSearchKey(event: KeyboardEvent): void {
    if (event.key !== "Enter" && event.key !== "ArrowDown") return;
    event.preventDefault();
    this.#pick(0);
  }
}

const render: Render<State> = ({ model, el }) => {
  const picker = new Picker(model);
  const cleanup = new Cleanup();
  cleanup.on(model, "change:classes", () => picker.fill());
  cleanup.on(model, "change:accuracy_label", () => picker.fill());
  cleanup.on(model, "change:summary", () => picker.fill());
  cleanup.on(model, "change:selected", () => picker.select());
  el.append(picker.frame.root);
  cleanup.add(() => picker.dispose());
  picker.fill();
  // The page may show the view later than it is rendered, and in another width.
  cleanup.onResize([picker.frame.root], () => picker.resize());
  cleanup.onSight(picker.frame.root, (inSight) => picker.appear(inSight));
  return () => cleanup.run();
};

export default { render };
