// Each class before and after, as bars: who is won and who pays.
import { h, keepKeys, TextView } from "./dom";
import { change, count, percent } from "./format";
import type { Figures, ValidationData } from "./validation_data";
import { VirtualList } from "./virtual_list";

/** The interval of the change of each class. */
export interface Intervals {
  low: Float64Array;
  high: Float64Array;
}

/** What is shown of all classes. */
export interface Changes {
  data: ValidationData;
  after: Figures;
  /** Undefined until the kernel has told them. */
  intervals: Intervals | undefined;
}

type Order = "size" | "change";

const ORDERS: Record<Order, string> = {
  size: "by training images",
  change: "by change",
};

/** Whether a change is beyond chance: 1 won, -1 lost, 0 not told apart, undefined not known. */
export function verdictOf(low: number | undefined, high: number | undefined): number | undefined {
  if (low === undefined || high === undefined || Number.isNaN(low)) return undefined;
  return low > 0 ? 1 : high < 0 ? -1 : 0;
}

/** "+28 (+6 to +48)" in percentage points. */
export function changeText(by: number, low?: number, high?: number): string {
  if (Number.isNaN(by)) return "";
  const ends = low === undefined || high === undefined || Number.isNaN(low) ? "" : null;
  return ends === "" ? change(by) : `${change(by)} (${change(low ?? 0)} to ${change(high ?? 0)})`;
}

const shareText = (share: number): string => percent(Number.isNaN(share) ? null : share);

class Row {
  readonly #name: HTMLButtonElement;
  readonly #track = h("span", "imbxai-change-track", { "aria-hidden": "true" });
  readonly #bar = h("span", "imbxai-change-after");
  readonly #tick = h("span", "imbxai-change-before");
  readonly #range = h("span", "imbxai-change-range");
  readonly #text = new TextView(h("span", "imbxai-change-shares"));
  readonly #by = new TextView(h("span", "imbxai-change-by"));
  readonly element: HTMLElement;

  constructor(
    readonly index: number,
    data: ValidationData,
    select: (index: number) => void,
  ) {
    const name = data.nameOf(index);
    this.#name = h("button", "imbxai-link", { type: "button", title: name }, name);
    this.#name.addEventListener("click", () => select(index));
    const images = data.images[index] ?? 0;
    const support = h("span", "imbxai-change-images", {}, count(images));
    support.append(h("span", "imbxai-unseen", {}, images === 1 ? " image, " : " images, "));
    this.#track.append(this.#bar, this.#range, this.#tick);
    this.element = h("div", "imbxai-change-row", { role: "listitem" }, this.#name, support);
    this.element.append(this.#track, this.#text.element, this.#by.element);
    this.element.dataset.class = name;
  }

  show({ data, after, intervals }: Changes): void {
    const before = data.before.classes[this.index] ?? Number.NaN;
    const now = after.classes[this.index] ?? Number.NaN;
    const [low, high] = [intervals?.low[this.index], intervals?.high[this.index]];
    const told = verdictOf(low, high);
    this.#bar.style.inlineSize = `${100 * (now || 0)}%`;
    this.#tick.style.insetInlineStart = `${100 * (before || 0)}%`;
    this.#tick.hidden = Number.isNaN(before);
    this.#range.hidden = !told && told !== 0;
    const ends = [before + (low ?? 0), before + (high ?? 0)].map((end) =>
      Math.min(1, Math.max(0, end)),
    ) as [number, number];
    this.#range.style.insetInlineStart = `${100 * ends[0]}%`;
    this.#range.style.inlineSize = `${100 * (ends[1] - ends[0])}%`;
    this.#text.show(`${shareText(before)} → ${shareText(now)}`);
    const mark = told === 1 ? "▲ " : told === -1 ? "▼ " : "";
    this.#by.show(Number.isNaN(now) ? "" : `${mark}${changeText(now - before, low, high)}`);
    this.element.dataset.told = told === undefined ? "" : String(told);
  }

  pick(picked: boolean): void {
    this.element.classList.toggle("imbxai-picked", picked);
    if (picked) this.#name.setAttribute("aria-current", "true");
    else this.#name.removeAttribute("aria-current");
  }
}

export class ClassChanges {
  readonly #order = h("select", "", { "aria-label": "Sort classes" });
  readonly #list = keepKeys(
    h("div", "imbxai-change-list", { role: "list", "aria-label": "Accuracy of each class" }),
  );
  readonly #rows: VirtualList;
  readonly element: HTMLElement;
  #made = new Map<number, Row>();
  #classes: number[] = [];
  #shown: Changes | undefined;
  #selected = -1;

  constructor(private readonly select: (index: number) => void) {
    for (const [value, text] of Object.entries(ORDERS)) {
      this.#order.append(h("option", "", { value }, text));
    }
    this.#order.addEventListener("change", () => this.arrange());
    this.#rows = new VirtualList(this.#list, (position) => this.#rowAt(position));
    const title = h("h4", "imbxai-what-if-title", {}, "Validation accuracy of each class");
    const head = h("div", "imbxai-change-head", {}, title, this.#order);
    this.element = h("div", "imbxai-changes", {}, head, this.#list);
  }

  /** Shows what has changed; rows stay where they are, so that eyes can follow them. */
  show(changes: Changes): void {
    const first = this.#shown?.data !== changes.data;
    this.#shown = changes;
    if (first) this.arrange();
    for (const row of this.#made.values()) {
      if (row.element.isConnected) row.show(changes);
    }
  }

  /** Lists the classes anew, in their order. */
  arrange(): void {
    const shown = this.#shown;
    if (!shown) return;
    const { data, after } = shown;
    const by = (index: number): number =>
      this.#order.value === "change"
        ? (after.classes[index] ?? 0) - (data.before.classes[index] ?? 0)
        : (data.given.sizes[index] ?? 0);
    const known = (index: number) => (data.images[index] ?? 0) > 0;
    this.#classes = [...Array(data.classes).keys()]
      .filter(known)
      .sort((one, other) => by(other) - by(one) || one - other);
    this.#made.clear();
    this.#rows.fill(this.#classes.length);
  }

  showClass(selected: number): void {
    this.#selected = selected;
    for (const row of this.#made.values()) row.pick(row.index === selected);
    const position = this.#classes.indexOf(selected);
    if (position >= 0) this.#rows.reveal(position);
  }

  resize(): void {
    this.#rows.measure();
  }

  #rowAt(position: number): HTMLElement {
    const shown = this.#shown as Changes; // there are no rows before
    const row = new Row(this.#classes[position] as number, shown.data, this.select);
    this.#made.set(position, row);
    row.show(shown);
    row.pick(row.index === this.#selected);
    return row.element;
  }
}
