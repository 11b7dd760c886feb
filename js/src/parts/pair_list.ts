// Pairs of classes that are confused, as a list to sort: what a matrix shows, in words and numbers.
import { at, type Confusions } from "./confusions";
import { h, keepKeys, stepTo } from "./dom";
import { count, counted, factor, percent } from "./format";
import type { Actions } from "./sentence";
import { VirtualList } from "./virtual_list";

type Key = "class" | "other" | "count" | "share" | "lift";

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** What is looked for first: names from A on, numbers from the largest down. */
const descends = (key: Key): boolean => key !== "class" && key !== "other";

export class PairList {
  readonly element: HTMLElement;
  readonly #list = keepKeys(h("div", "imbxai-pair-list", { role: "list" }));
  readonly #head = h("div", "imbxai-pair-head", { role: "group", "aria-label": "Sort by" });
  readonly #count = h("p", "imbxai-note", { role: "status" });
  readonly #rows = new VirtualList(this.#list, (position) => this.#rowAt(position));
  readonly #buttons = new Map<Key, HTMLButtonElement>();
  /** Place of each name among all, to sort by. */
  readonly #rank: Int32Array;
  #confusions: Confusions | undefined;
  #pairs: Uint32Array = new Uint32Array();
  #key: Key = "count";
  #descending = true;
  /** Whether shares and lifts are sorted by the lower ends of their intervals. */
  readonly #surest = h("input", "", { type: "checkbox", checked: true });
  #lead = 0;
  #selected = -1;

  constructor(
    private readonly names: readonly string[],
    private readonly actions: Actions,
  ) {
    const sorted = names.map((_, index) => index);
    sorted.sort((a, b) => collator.compare(names[a] ?? "", names[b] ?? "") || a - b);
    this.#rank = new Int32Array(names.length);
    for (const [place, index] of sorted.entries()) this.#rank[index] = place;
    const title = "By the lower ends of the intervals of shares and lifts; else by their values";
    const surest = h("label", "imbxai-surest", { title }, this.#surest, "surest first");
    this.#surest.addEventListener("change", () => this.#sort());
    const foot = h("div", "imbxai-pair-foot", {}, this.#count, surest);
    this.element = h("div", "imbxai-pairs", {}, this.#head, this.#list, foot);
    this.#list.addEventListener("click", (event) => this.#onClick(event));
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  show(confusions: Confusions): void {
    this.#confusions = confusions;
    const validation = confusions.split === "validation";
    const heads: [Key, string, string][] = [
      ["class", "Class", "the true class"],
      validation
        ? ["other", "Taken for", "what its misclassified images are predicted as"]
        : ["other", "Neighbors of", "the class of neighbors of its misclassified images"],
      ["count", validation ? "Images" : "Neighbors", "how many"],
      ["share", "Share", validation ? "of the errors of the class" : "of these neighbors"],
      ["lift", "Lift", "times what the size of the other class would give"],
    ];
    this.#buttons.clear();
    for (const [key, label, hint] of heads) {
      const button = h("button", `imbxai-pair-${key}`, { type: "button", title: hint }, label);
      button.addEventListener("click", () => this.#sortBy(key));
      this.#buttons.set(key, button);
    }
    this.#head.replaceChildren(...this.#buttons.values());
    this.#list.setAttribute(
      "aria-label",
      validation ? "Confused classes" : "Classes and neighbors",
    );
    this.#sort();
  }

  mark(selected: number): void {
    this.#selected = selected;
    for (const position of [...this.#rows.inSight(), this.#lead]) {
      this.#markRow(this.#rows.row(position), position);
    }
  }

  resize(): void {
    this.#rows.measure();
  }

  #sortBy(key: Key): void {
    this.#descending = key === this.#key ? !this.#descending : descends(key);
    this.#key = key;
    this.#sort();
  }

  #sort(): void {
    const confusions = this.#confusions;
    if (!confusions) return;
    const values = this.#values(confusions);
    const sign = this.#descending ? -1 : 1;
    const last = this.#last(confusions);
    this.#pairs = Uint32Array.from(values.keys()).sort(
      (a, b) =>
        last(a) - last(b) ||
        sign * (at(values, a) - at(values, b)) ||
        at(confusions.counts, b) - at(confusions.counts, a) ||
        a - b,
    );
    for (const [key, button] of this.#buttons) {
      const own = key === this.#key;
      button.setAttribute("aria-pressed", String(own));
      button.dataset.sorted = own ? (this.#descending ? "down" : "up") : "";
    }
    this.#lead = 0;
    this.#rows.fill(this.#pairs.length);
    this.#rows.keep(this.#pairs.length ? 0 : undefined);
    this.#count.textContent = `${counted(this.#pairs.length, "pair")}${this.#lastWords(confusions)}`;
  }

  /** Whether what the pairs are sorted by has an interval. */
  get #judged(): boolean {
    return this.#key === "share" || this.#key === "lift";
  }

  /** Tells which pairs come last: those of few errors have no interval, or their shares say little. */
  #last(confusions: Confusions): (pair: number) => number {
    (this.#surest.parentElement as HTMLElement).hidden = !this.#judged;
    if (!this.#judged) return () => 0;
    if (this.#surest.checked) return (pair) => Number(Number.isNaN(at(confusions.lows, pair)));
    return (pair) => Number(confusions.isWeak(at(confusions.rows, pair)));
  }

  #lastWords({ weak }: Confusions): string {
    if (!this.#judged) return "";
    if (this.#surest.checked) return "; those of too few errors for an interval last";
    return weak ? `; those of fewer than ${weak} errors last` : "";
  }

  /** What the pairs are sorted by, of each. */
  #values({
    counts,
    rows,
    others,
    lifts,
  }: Confusions): ArrayLike<number> & { keys(): Iterable<number> } {
    const confusions = this.#confusions as Confusions;
    const surest = this.#surest.checked;
    switch (this.#key) {
      case "class":
        return rows.map((row) => at(this.#rank, row));
      case "other":
        return others.map((other) => at(this.#rank, other));
      case "share":
        return surest
          ? confusions.lows
          : Float64Array.from(counts, (_, pair) => confusions.share(pair));
      case "lift":
        return surest ? Float64Array.from(counts, (_, pair) => confusions.lowLift(pair)) : lifts;
      default:
        return counts;
    }
  }

  #rowAt(position: number): HTMLElement {
    const confusions = this.#confusions as Confusions; // there are rows only of these
    const pair = at(this.#pairs, position);
    const [row, other] = [at(confusions.rows, pair), at(confusions.others, pair)];
    const words = confusions.words(row, other);
    const lift = at(confusions.lifts, pair);
    const element = h(
      "div",
      "imbxai-pair",
      { role: "listitem" },
      nameButton("imbxai-pair-class", this.names[row] ?? ""),
      nameButton("imbxai-pair-other", this.names[other] ?? ""),
      h(
        "button",
        "imbxai-pair-count",
        { type: "button", tabindex: -1, title: words.join("\n"), "aria-label": words.join(" ") },
        count(at(confusions.counts, pair)),
      ),
      h("span", "imbxai-pair-share", { "aria-hidden": "true" }, percent(confusions.share(pair))),
      h(
        "span",
        "imbxai-pair-lift",
        { "aria-hidden": "true" },
        Number.isFinite(lift) ? `${factor(lift)}\u00d7` : "–",
      ),
    );
    element.classList.toggle("imbxai-faint", confusions.isWeak(row));
    this.#markRow(element, position);
    return element;
  }

  #markRow(element: HTMLElement | undefined, position: number): void {
    if (!element || !this.#confusions) return;
    const pair = at(this.#pairs, position);
    const classes = [at(this.#confusions.rows, pair), at(this.#confusions.others, pair)];
    for (const [place, button] of element.querySelectorAll("button").entries()) {
      button.tabIndex = position === this.#lead ? 0 : -1;
      button.classList.toggle("imbxai-picked", classes[place] === this.#selected);
    }
  }

  /** The position of the row of an event, and the number of its button. */
  #placeOf(event: Event): [position: number, button: number] | undefined {
    const position = this.#rows.positionOf(event.target);
    const button = (event.target as Element).closest("button");
    const row = this.#rows.row(position);
    if (position === undefined || !button || !row) return undefined;
    return [position, [...row.querySelectorAll("button")].indexOf(button)];
  }

  #onClick(event: Event): void {
    const [position, button] = this.#placeOf(event) ?? [];
    if (position === undefined || !this.#confusions) return;
    this.#moveTo(position);
    const pair = at(this.#pairs, position);
    const [row, other] = [at(this.#confusions.rows, pair), at(this.#confusions.others, pair)];
    if (button === 2) this.actions.filter(this.#confusions.cell(row, other));
    else this.actions.select(button === 0 ? row : other);
  }

  #onKey(event: KeyboardEvent): void {
    const [position, button = 0] = this.#placeOf(event) ?? [];
    if (position === undefined) return;
    const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = across ? position : stepTo(this.#pairs.length, position, event.key);
    if (next === undefined) return;
    event.preventDefault();
    this.#moveTo(next);
    this.#rows.reveal(next);
    const buttons = this.#rows.row(next)?.querySelectorAll("button");
    buttons?.[Math.min(Math.max(button + (across ?? 0), 0), 2)]?.focus({ preventScroll: true });
  }

  #moveTo(position: number): void {
    const before = this.#lead;
    this.#lead = position;
    this.#rows.keep(position);
    this.#markRow(this.#rows.row(before), before);
    this.#markRow(this.#rows.row(position), position);
  }
}

const nameButton = (className: string, name: string) =>
  h("button", className, { type: "button", tabindex: -1, title: name }, name);
