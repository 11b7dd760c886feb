// Groups of classes that fold and unfold, and the counts between them.
import { at, type Confusions } from "./confusions";

/** Groups of at least two classes as places in the order, each before those within it. */
export interface Groups {
  starts: number[];
  ends: number[];
  /** -1 for those in no other. */
  parents: number[];
}

/** A class, or a group of them. */
export interface Fold {
  /** Places in the order. */
  start: number;
  end: number;
  /** Number of the group, -1 for a class. */
  group: number;
  level: number;
  open: boolean;
}

export class Folding {
  readonly #children = new Map<number, number[]>();
  readonly #open = new Set<number>();

  constructor(
    private readonly classes: number,
    private readonly groups: Groups,
  ) {
    for (const [group, parent] of groups.parents.entries()) {
      const siblings = this.#children.get(parent);
      if (siblings) siblings.push(group);
      else this.#children.set(parent, [group]);
    }
    for (const siblings of this.#children.values()) {
      siblings.sort((a, b) => at(groups.starts, a) - at(groups.starts, b));
    }
  }

  toggle(group: number): void {
    if (!this.#open.delete(group)) this.#open.add(group);
  }

  openAll(): void {
    for (const group of this.groups.starts.keys()) this.#open.add(group);
  }

  foldAll(): void {
    this.#open.clear();
  }

  /** The groups that are not within a folded one, and the classes that are in no folded group. */
  rows(): Fold[] {
    const rows: Fold[] = [];
    this.#list(-1, 0, this.classes, 1, rows);
    return rows;
  }

  #list(parent: number, start: number, end: number, level: number, rows: Fold[]): void {
    let place = start;
    const classes = (until: number) => {
      for (; place < until; place++) {
        rows.push({ start: place, end: place + 1, group: -1, level, open: false });
      }
    };
    for (const group of this.#children.get(parent) ?? []) {
      const [first, last] = [at(this.groups.starts, group), at(this.groups.ends, group)];
      classes(first);
      const open = this.#open.has(group);
      rows.push({ start: first, end: last, group, level, open });
      if (open) this.#list(group, first, last, level + 1, rows);
      place = last;
    }
    classes(end);
  }
}

/** Counts between what is shown; rows and columns are the same. */
export interface FoldedCounts {
  /** Where the cells of each row begin. */
  starts: number[];
  /** Of each cell, in no order within a row. */
  columns: number[];
  counts: number[];
  /** Of each row. */
  images: number[];
  errors: number[];
  /** The largest part of what the images of a row could count; not of a group within itself. */
  largest: number;
}

export function foldCounts(
  confusions: Confusions,
  order: readonly number[],
  shown: readonly Fold[],
): FoldedCounts {
  const columnOf = new Int32Array(order.length);
  for (const [column, { start, end }] of shown.entries()) {
    for (let place = start; place < end; place++) columnOf[at(order, place)] = column;
  }
  const folded: FoldedCounts = {
    starts: [0],
    columns: [],
    counts: [],
    images: [],
    errors: [],
    largest: 0,
  };
  const sums = new Float64Array(shown.length);
  for (const { start, end } of shown) {
    const own = order.slice(start, end);
    addRow(folded, sums, confusions, own, columnOf);
  }
  return folded;
}

function addRow(
  folded: FoldedCounts,
  sums: Float64Array,
  { starts, others, counts, images, errors, perImage }: Confusions,
  own: readonly number[],
  columnOf: Int32Array,
): void {
  const met: number[] = [];
  let ofImages = 0;
  let ofErrors = 0;
  for (const row of own) {
    ofImages += at(images, row);
    ofErrors += at(errors, row);
    for (let pair = at(starts, row); pair < at(starts, row + 1); pair++) {
      const column = at(columnOf, at(others, pair));
      if (!sums[column]) met.push(column);
      sums[column] = at(sums, column) + at(counts, pair);
    }
  }
  for (const column of met) {
    const sum = at(sums, column);
    folded.columns.push(column);
    folded.counts.push(sum);
    if (column !== folded.images.length) {
      folded.largest = Math.max(folded.largest, sum / (perImage * ofImages));
    }
    sums[column] = 0;
  }
  folded.starts.push(folded.columns.length);
  folded.images.push(ofImages);
  folded.errors.push(ofErrors);
}
