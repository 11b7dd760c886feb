// The counts between groups of many classes, on one canvas beside the names, which fold and unfold.
import { at, type Confusions, countWords } from "./confusions";
import { h, keepKeys, stepTo } from "./dom";
import { COLUMN, type FoldScene, paintFolds, ROW } from "./fold_painter";
import { type Fold, type FoldedCounts, Folding, foldCounts, type Groups } from "./folding";
import { count, counted } from "./format";
import type { Actions } from "./sentence";
import { Surface } from "./surface";
import type { Tooltip } from "./tooltip";
import { VirtualList } from "./virtual_list";

/** Above the cells, for the names of columns, where all folded groups have room for theirs. */
const HEAD = 104;
const FOLDED = 20;

export class FoldedMatrix {
  readonly element: HTMLElement;
  readonly #tree = keepKeys(
    h("div", "imbxai-fold-tree", {
      role: "tree",
      "aria-label": "Classes in groups that are confused",
    }),
  );
  readonly #plot = h("div", "imbxai-fold-plot");
  readonly #cursor = h("div", "imbxai-fold-cursor", { hidden: true });
  readonly #surface = new Surface((context, width, height) => this.#paint(context, width, height));
  readonly #rows = new VirtualList(this.#tree, (position) => this.#rowAt(position));
  readonly #folding: Folding;
  #confusions: Confusions | undefined;
  #shown: Fold[] = [];
  /** What has a column: all that is shown but groups that are open. */
  #columns: Fold[] = [];
  #columnOf: number[] = [];
  #counts: FoldedCounts | undefined;
  #selected = -1;
  #lead = 0;
  #width = 0;
  #head = HEAD;

  constructor(
    private readonly names: readonly string[],
    private readonly order: readonly number[],
    private readonly sizes: Int32Array,
    groups: Groups,
    private readonly actions: Actions,
    private readonly tooltip: Tooltip,
  ) {
    this.#folding = new Folding(order.length, groups);
    const button = (label: string, act: () => void) => {
      const element = h("button", "imbxai-quiet-button", { type: "button" }, label);
      element.addEventListener("click", act);
      return element;
    };
    const tools = h(
      "div",
      "imbxai-fold-tools",
      {},
      button("Fold all", () => this.#change(() => this.#folding.foldAll(), 0)),
      button("Unfold all", () => this.#change(() => this.#folding.openAll(), 0)),
    );
    this.#plot.append(this.#surface.canvas, this.#cursor);
    this.element = h("div", "imbxai-fold", {}, h("div", "", {}, tools, this.#tree), this.#plot);
    this.#listen();
  }

  show(confusions: Confusions): void {
    this.#confusions = confusions;
    this.#arrange(this.#tree.scrollTop);
  }

  mark(selected: number): void {
    this.#selected = selected;
    for (const [position, fold] of this.#shown.entries()) {
      this.#rows.row(position)?.classList.toggle("imbxai-picked", this.#holds(fold));
    }
    this.#surface.draw();
  }

  resize(): void {
    this.#rows.measure();
    this.#width = this.#plot.clientWidth;
    this.#head = this.#width / FOLDED < COLUMN ? 0 : HEAD;
    this.#surface.resize(this.#width, this.#tree.clientHeight + this.#head);
  }

  // -- rows ------------------------------------------------------------------------------

  #arrange(top: number): void {
    if (!this.#confusions) return;
    this.#shown = this.#folding.rows();
    this.#columnOf = [];
    this.#columns = [];
    for (const fold of this.#shown) {
      this.#columnOf.push(fold.open ? -1 : this.#columns.length);
      if (!fold.open) this.#columns.push(fold);
    }
    this.#counts = foldCounts(this.#confusions, this.order, this.#columns);
    this.#lead = Math.min(this.#lead, this.#shown.length - 1);
    this.#rows.fill(this.#shown.length, top);
    this.#rows.keep(this.#lead);
    this.#surface.draw();
  }

  /** Folds or unfolds; the row at `lead` keeps the focus if the tree has it. */
  #change(act: () => void, lead: number): void {
    const focused = this.#tree.contains(document.activeElement);
    act();
    this.#lead = lead;
    this.#hover(undefined);
    this.#arrange(lead ? this.#tree.scrollTop : 0);
    if (focused) this.#focus(lead);
  }

  #rowAt(position: number): HTMLElement {
    const fold = this.#shown[position] as Fold; // the list asks for rows that there are
    const name = this.#nameOf(fold);
    const row = h(
      "div",
      "imbxai-fold-row",
      { role: "treeitem", tabindex: position === this.#lead ? 0 : -1, "aria-level": fold.level },
      h("span", "imbxai-fold-sign", { "aria-hidden": "true" }, signOf(fold)),
      h("span", "imbxai-overview-name", {}, name),
    );
    row.style.paddingInlineStart = `${12 * (fold.level - 1)}px`;
    row.classList.toggle("imbxai-picked", this.#holds(fold));
    row.setAttribute("aria-label", this.#words(fold, position));
    if (fold.group >= 0) row.setAttribute("aria-expanded", String(fold.open));
    row.title = name;
    return row;
  }

  #holds({ start, end, open }: Fold): boolean {
    const place = this.order.indexOf(this.#selected);
    return !open && place >= start && place < end;
  }

  /** A class's name; of a group, that of its largest class. */
  #nameOf({ start, end }: Fold): string {
    const own = this.order.slice(start, end);
    const [first = 0] = own;
    const largest = own.reduce(
      (best, each) => (at(this.sizes, each) > at(this.sizes, best) ? each : best),
      first,
    );
    const name = this.names[largest] ?? "";
    return own.length > 1 ? `${name} and ${count(own.length - 1)} more` : name;
  }

  #words(fold: Fold, position: number): string {
    const name = this.#nameOf(fold);
    const row = at(this.#columnOf, position);
    if (!this.#counts || !this.#confusions || row < 0) return name;
    const images = counted(at(this.#counts.images, row), `${this.#confusions.split} image`);
    return `${name}; ${count(at(this.#counts.errors, row))} of ${images} wrong`;
  }

  // -- cells -----------------------------------------------------------------------------

  #paint(context: CanvasRenderingContext2D, width: number, height: number): void {
    if (!this.#counts || !this.#confusions) return;
    const picked = this.#shown.findIndex((fold) => this.#holds(fold));
    const scene: FoldScene = {
      counts: this.#counts,
      perImage: this.#confusions.perImage,
      names: (column) => this.#nameOf(this.#columns[column] as Fold),
      columns: this.#columns.length,
      rows: this.#inSight(height),
      picked: picked < 0 ? -1 : at(this.#columnOf, picked),
      pickedTop: picked < 0 ? undefined : this.#topOf(picked),
      width,
      height,
      head: this.#head,
    };
    paintFolds(context, scene, this.#surface);
  }

  /** Rows with cells that are at least half in sight. */
  #inSight(height: number): { row: number; top: number }[] {
    const first = Math.floor(this.#tree.scrollTop / ROW);
    const last = Math.min(this.#shown.length, first + Math.ceil((height - this.#head) / ROW) + 1);
    const rows: { row: number; top: number }[] = [];
    for (let position = first; position < last; position++) {
      const [row, top] = [at(this.#columnOf, position), this.#topOf(position)];
      if (row >= 0 && top !== undefined) rows.push({ row, top });
    }
    return rows;
  }

  /** Where a row begins on the canvas, unless most of it would be drawn over the names. */
  #topOf(position: number): number | undefined {
    const top = this.#head + position * ROW - this.#tree.scrollTop;
    return top < this.#head - ROW / 2 ? undefined : top;
  }

  // -- what a reader does ----------------------------------------------------------------

  #listen(): void {
    this.#tree.addEventListener("scroll", () => {
      this.#hover(undefined);
      this.#surface.draw();
    });
    this.#tree.addEventListener("click", (event) => this.#act(this.#rows.positionOf(event.target)));
    this.#tree.addEventListener("keydown", (event) => this.#onKey(event));
    const { canvas } = this.#surface;
    canvas.addEventListener("pointermove", (event) => this.#hover(this.#cellAt(event)));
    canvas.addEventListener("pointerleave", () => this.#hover(undefined));
    canvas.addEventListener("click", (event) => this.#actOn(this.#cellAt(event)));
    canvas.addEventListener(
      "wheel",
      (event) => {
        const before = this.#tree.scrollTop;
        this.#tree.scrollTop += event.deltaY;
        if (this.#tree.scrollTop !== before) event.preventDefault();
      },
      { passive: false },
    );
  }

  /** The position of the row and the number of the column below a pointer; row -1 are the names. */
  #cellAt({ offsetX, offsetY }: MouseEvent): [position: number, column: number] | undefined {
    const column = Math.floor((offsetX / this.#width) * this.#columns.length);
    if (!(column in this.#columns)) return undefined;
    if (offsetY < this.#head) return [-1, column];
    const position = Math.floor((offsetY - this.#head + this.#tree.scrollTop) / ROW);
    return position in this.#shown ? [position, column] : undefined;
  }

  /** Points at a cell and says what it counts. */
  #hover(cell: [position: number, column: number] | undefined): void {
    const words = cell && this.#cellWords(...cell);
    this.#cursor.hidden = !words;
    if (!cell || !words) {
      this.tooltip.hide();
      return;
    }
    const [position, column] = cell;
    const width = this.#width / this.#columns.length;
    const { style } = this.#cursor;
    style.insetInlineStart = `${column * width}px`;
    style.inlineSize = `${Math.max(width, 3)}px`;
    const top = position < 0 ? 0 : this.#head + position * ROW - this.#tree.scrollTop;
    style.insetBlockStart = `${top}px`;
    style.blockSize = `${position < 0 ? this.#head : ROW}px`;
    this.tooltip.show(this.#cursor, words);
  }

  #cellWords(position: number, column: number): string[] | undefined {
    const [own, met] = [this.#shown[position], this.#columns[column]];
    if (!met || !this.#confusions || !this.#counts) return undefined;
    if (!own) return [this.#nameOf(met)];
    const row = at(this.#columnOf, position);
    if (row < 0) return undefined;
    if (own.group < 0 && met.group < 0) {
      return this.#confusions.words(at(this.order, own.start), at(this.order, met.start));
    }
    const { starts, columns, counts, images } = this.#counts;
    const cell = columns.indexOf(column, at(starts, row));
    const number = cell < 0 || cell >= at(starts, row + 1) ? 0 : at(counts, cell);
    const other = own === met ? "another of them" : this.#nameOf(met);
    const all = at(images, row);
    return [
      countWords(this.#confusions, number, all, this.#nameOf(own), other),
      "Click to unfold.",
    ];
  }

  #actOn(cell: [position: number, column: number] | undefined): void {
    if (!cell) return;
    const [own, met] = [this.#shown[cell[0]], this.#columns[cell[1]]];
    if (!met || own?.open) return;
    if (!own) {
      this.#act(this.#shown.indexOf(met));
      return;
    }
    const groups = new Set([own.group, met.group].filter((group) => group >= 0));
    if (groups.size) {
      this.#change(() => {
        for (const group of groups) this.#folding.toggle(group);
      }, cell[0]);
      return;
    }
    const [row, other] = [at(this.order, own.start), at(this.order, met.start)];
    if (this.#confusions && this.#confusions.find(row, other) >= 0) {
      this.actions.filter(this.#confusions.cell(row, other));
    }
  }

  /** Folds or unfolds the group of a row, or selects its class. */
  #act(position: number | undefined): void {
    const fold = position === undefined ? undefined : this.#shown[position];
    if (position === undefined || !fold) return;
    if (fold.group < 0) {
      this.#focus(position);
      this.actions.select(at(this.order, fold.start));
    } else {
      this.#change(() => this.#folding.toggle(fold.group), position);
    }
  }

  #focus(position: number): void {
    this.#rows.row(this.#lead)?.setAttribute("tabindex", "-1");
    this.#lead = position;
    this.#rows.keep(position);
    this.#rows.reveal(position);
    const row = this.#rows.row(position);
    row?.setAttribute("tabindex", "0");
    row?.focus({ preventScroll: true });
  }

  #onKey(event: KeyboardEvent): void {
    const position = this.#rows.positionOf(event.target);
    const fold = position === undefined ? undefined : this.#shown[position];
    if (position === undefined || !fold) return;
    const { key } = event;
    const unfolds = key === "ArrowRight" && fold.group >= 0 && !fold.open;
    const next = stepTo(this.#shown.length, position, key === "ArrowRight" ? "ArrowDown" : key);
    if (unfolds || key === "Enter" || key === " ") this.#act(position);
    else if (key === "ArrowLeft") this.#goOut(position, fold);
    else if (next !== undefined) this.#focus(next);
    else return;
    event.preventDefault();
  }

  /** Folds an open group; from anything else goes to the group that it is in. */
  #goOut(position: number, fold: Fold): void {
    if (fold.open) {
      this.#act(position);
      return;
    }
    const outer = this.#shown.findLastIndex(
      ({ level }, place) => place < position && level < fold.level,
    );
    if (outer >= 0) this.#focus(outer);
  }
}

const signOf = ({ group, open }: Fold): string => (group < 0 ? "" : open ? "▾" : "▸");
