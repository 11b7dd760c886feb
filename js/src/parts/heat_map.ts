// A cell for each pair of classes, up to some thirty of them: a grid that one Tab leads into.
import { at, type Confusions } from "./confusions";
import { h } from "./dom";
import { count } from "./format";
import { shade, stepOf } from "./ramp";
import { Roving } from "./roving";
import type { Actions } from "./sentence";
import type { Tooltip } from "./tooltip";

interface Cell {
  element: HTMLElement;
  words: string[];
  act?: (() => void) | undefined;
}

/** Pixels of a character of the numbers and names, about. */
const CHARACTER = 7.6;

/** Characters of a name that are shown at most. */
const MOST = 16;

/** Classes from which on the sums of rows leave out of how many. */
const LONG = 15;

function makeCell(role: string, className: string, ...children: (Node | string)[]): Cell {
  const element = h("div", `imbxai-heat-cell ${className}`, { role, tabindex: -1 }, ...children);
  return { element, words: [] };
}

export class HeatMap {
  readonly element: HTMLElement;
  readonly #grid = h("div", "imbxai-heat", { role: "grid" });
  /** All rows of the grid, that of the names first; the name of each row first, its sum last. */
  readonly #cells: Cell[][];
  readonly #places = new Map<Element, [row: number, column: number]>();
  readonly #size: number;
  /** Largest numbers off the diagonal and on it. */
  #longest = 0;
  #mostRight = 0;

  constructor(
    private readonly names: readonly string[],
    private readonly order: readonly number[],
    private readonly actions: Actions,
    private readonly tooltip: Tooltip,
  ) {
    this.#cells = [this.#head(), ...order.map((index) => this.#row(index))];
    for (const [row, cells] of this.#cells.entries()) {
      const line = h("div", "imbxai-heat-row", { role: "row" });
      line.append(...cells.map(({ element }) => element));
      this.#grid.append(line);
      for (const [column, { element }] of cells.entries()) this.#places.set(element, [row, column]);
    }
    this.#size = Math.min(MOST, Math.max(...names.map((name) => name.length)));
    const { style } = this.#grid;
    style.setProperty("--imbxai-classes", String(order.length));
    this.#grid.classList.toggle("imbxai-heat-long", order.length > LONG);
    style.setProperty("--imbxai-heat-names", `min(${this.#size * CHARACTER + 10}px, 32cqi)`);
    style.setProperty("--imbxai-heat-head", `${this.#size * CHARACTER + 10}px`);
    this.element = h("div", "imbxai-heat-frame", {}, this.#grid);
    new Roving(this.#grid, () =>
      this.#cells.map((cells) => cells.map(({ element }) => element)),
    ).refresh();
    this.#listen();
  }

  show(confusions: Confusions, label: string): void {
    this.#grid.setAttribute("aria-label", label);
    this.#longest = Math.max(0, ...confusions.counts);
    const digits = count(Math.max(0, ...confusions.images)).length;
    this.#grid.style.setProperty("--imbxai-heat-sum", `${digits * CHARACTER + 16}px`);
    this.#grid.style.setProperty("--imbxai-heat-of", `${(digits + 4) * CHARACTER}px`);
    this.#mostRight = Math.max(
      0,
      ...confusions.images.map((all, row) => all - at(confusions.errors, row)),
    );
    for (const [place, row] of this.order.entries()) {
      const cells = this.#cells[place + 1] ?? [];
      for (const [column, other] of this.order.entries()) {
        this.#fill(cells[column + 1], confusions, row, other);
      }
      this.#fillSum(cells.at(-1), confusions, row);
    }
  }

  /** Marks the row and the column of the selected class. */
  mark(selected: number): void {
    for (const [place, index] of this.order.entries()) {
      const picked = index === selected;
      this.#cells[place + 1]?.[0]?.element.classList.toggle("imbxai-picked", picked);
      this.#cells[0]?.[place + 1]?.element.classList.toggle("imbxai-picked", picked);
    }
  }

  /** Writes names upright, and no numbers, where columns are too narrow for them. */
  fit(): void {
    const width = this.#cells[0]?.[1]?.element.clientWidth ?? 0;
    if (!width) return;
    const upright = this.#size * CHARACTER + 4 > width;
    const needs = (number: number) => count(number).length * CHARACTER + 1;
    this.#grid.classList.toggle("imbxai-heat-upright", upright);
    this.#grid.classList.toggle("imbxai-heat-bare", needs(this.#longest) > width);
    this.#grid.classList.toggle("imbxai-heat-tight", needs(this.#mostRight) > width);
  }

  #head(): Cell[] {
    const corner = makeCell("columnheader", "imbxai-heat-corner", "true class");
    const sum = makeCell("columnheader", "imbxai-heat-sum", "wrong");
    const names = this.order.map((index) => this.#name("columnheader", index));
    return [corner, ...names, sum];
  }

  #row(index: number): Cell[] {
    const cells = this.order.map(() => makeCell("gridcell", "imbxai-heat-count"));
    return [this.#name("rowheader", index), ...cells, makeCell("gridcell", "imbxai-heat-sum")];
  }

  #name(role: string, index: number): Cell {
    const name = this.names[index] ?? "";
    const cell = makeCell(role, "imbxai-heat-name", h("span", "imbxai-overview-name", {}, name));
    cell.words = [name];
    cell.act = () => this.actions.select(index);
    cell.element.dataset.class = name;
    return cell;
  }

  #fill(cell: Cell | undefined, confusions: Confusions, row: number, other: number): void {
    if (!cell) return;
    const own = row === other;
    const pair = confusions.find(row, other);
    const right = at(confusions.images, row) - at(confusions.errors, row);
    const ofOwn = own && confusions.split === "validation" ? right : 0;
    const number = pair < 0 ? ofOwn : at(confusions.counts, pair);
    const faint = confusions.isWeak(row);
    const step = pair < 0 ? 0 : stepOf(confusions.rate(pair), confusions.largest, faint);
    cell.words = confusions.words(row, other);
    cell.act = number ? () => this.actions.filter(confusions.cell(row, other)) : undefined;
    const { element } = cell;
    const text = h("span", "imbxai-heat-number", {}, number ? count(number) : "");
    element.replaceChildren(text);
    element.dataset.step = String(step);
    element.style.setProperty("--imbxai-shade", step ? shade(step) : "");
    element.classList.toggle("imbxai-heat-own", own);
    element.classList.toggle("imbxai-faint", faint && !own);
    element.classList.toggle("imbxai-heat-acts", number > 0);
    element.setAttribute("aria-label", cell.words.join(" "));
  }

  #fillSum(cell: Cell | undefined, confusions: Confusions, row: number): void {
    if (!cell) return;
    const wrong = at(confusions.errors, row);
    cell.words = [confusions.wrongWords(row)];
    cell.act = wrong ? () => this.actions.filter(confusions.wrong(row)) : undefined;
    const of = h("span", "imbxai-heat-of", {}, `\u00a0of ${count(at(confusions.images, row))}`);
    cell.element.replaceChildren(count(wrong), of);
    cell.element.classList.toggle("imbxai-heat-acts", wrong > 0);
    cell.element.setAttribute("aria-label", cell.words.join(" "));
  }

  #listen(): void {
    this.#grid.addEventListener("click", (event) => {
      this.#at(this.#placeOf(event))?.act?.();
    });
    this.#grid.addEventListener("keydown", (event) => this.#onKey(event));
    for (const type of ["pointerover", "focusin"]) {
      this.#grid.addEventListener(type, (event) => this.#tell(this.#placeOf(event)));
    }
    for (const type of ["pointerleave", "focusout"]) {
      this.#grid.addEventListener(type, () => this.#tell(undefined));
    }
  }

  #placeOf(event: Event): [number, number] | undefined {
    const cell = (event.target as Element).closest(".imbxai-heat-cell");
    return cell ? this.#places.get(cell) : undefined;
  }

  #at(place: [number, number] | undefined): Cell | undefined {
    return place && this.#cells[place[0]]?.[place[1]];
  }

  /** Says what a cell counts, and points at the names of its row and its column. */
  #tell(place: [number, number] | undefined): void {
    for (const element of this.#grid.querySelectorAll(".imbxai-heat-at")) {
      element.classList.remove("imbxai-heat-at");
    }
    const cell = this.#at(place);
    if (!place || !cell?.words.length) {
      this.tooltip.hide();
      return;
    }
    this.#at([place[0], 0])?.element.classList.add("imbxai-heat-at");
    this.#at([0, place[1]])?.element.classList.add("imbxai-heat-at");
    this.tooltip.show(cell.element, cell.words);
  }

  /** What a click on a cell does, Enter and Space do too. */
  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    this.#at(this.#placeOf(event))?.act?.();
  }
}
