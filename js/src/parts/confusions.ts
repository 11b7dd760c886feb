// Which classes are confused with which, as Python sends it: only pairs that are, in bytes.
import { bytesOf, floats } from "./bytes";
import type { ImageFilter } from "./filter";
import { count, counted, factor, percent } from "./format";

/** See `Confusions` in explorer/panels/overview.py. */
export interface SentConfusions {
  split: "validation" | "training";
  /** What an image of a class counts at most: 1, or one vote for each of its neighbors. */
  perImage: number;
  images: DataView;
  errors: DataView;
  totals: DataView;
  rows: DataView;
  others: DataView;
  counts: DataView;
  cast: DataView;
  lows: DataView;
  highs: DataView;
  lifts: DataView;
}

const whole = (view: DataView) => new Int32Array(bytesOf(view));

/** What lies at `at` of an array in which it does. */
export const at = (values: ArrayLike<number>, position: number): number => values[position] ?? 0;

export class Confusions {
  readonly split: SentConfusions["split"];
  readonly perImage: number;
  /** Of each class: images, misclassified ones, and the sum of its counts. */
  readonly images: Int32Array;
  readonly errors: Int32Array;
  readonly totals: Int32Array;
  /** Of each pair, by row and then by column. */
  readonly rows: Int32Array;
  readonly others: Int32Array;
  readonly counts: Int32Array;
  /** Misclassified images behind each count. */
  readonly cast: Int32Array;
  /** Ends of the interval of a pair's share; NaN where few images tell it. */
  readonly lows: Float32Array;
  readonly highs: Float32Array;
  readonly lifts: Float32Array;
  /** Where the pairs of each row begin. */
  readonly starts: Int32Array;
  /** The largest `rate`. */
  readonly largest: number;

  constructor(
    sent: SentConfusions,
    readonly names: readonly string[],
    /** Shares of fewer errors than this say little. */
    readonly weak: number,
  ) {
    this.split = sent.split;
    this.perImage = sent.perImage;
    this.images = whole(sent.images);
    this.errors = whole(sent.errors);
    this.totals = whole(sent.totals);
    this.rows = whole(sent.rows);
    this.others = whole(sent.others);
    this.counts = whole(sent.counts);
    this.cast = whole(sent.cast);
    this.lows = floats(sent.lows);
    this.highs = floats(sent.highs);
    this.lifts = floats(sent.lifts);
    this.starts = new Int32Array(names.length + 1);
    for (const row of this.rows) this.starts[row + 1] = at(this.starts, row + 1) + 1;
    for (let row = 0; row < names.length; row++) {
      this.starts[row + 1] = at(this.starts, row) + at(this.starts, row + 1);
    }
    this.largest = this.counts.reduce((most, _, pair) => Math.max(most, this.rate(pair)), 0);
  }

  /** The place of a pair, or -1 where the two are never confused. */
  find(row: number, other: number): number {
    const start = at(this.starts, row);
    const place = this.others.subarray(start, at(this.starts, row + 1)).indexOf(other);
    return place < 0 ? -1 : start + place;
  }

  /** The part of all that the images of its class could count. */
  rate(pair: number): number {
    return at(this.counts, pair) / (this.perImage * at(this.images, at(this.rows, pair)));
  }

  /** The part of the row's total. */
  share(pair: number): number {
    return at(this.counts, pair) / at(this.totals, at(this.rows, pair));
  }

  /** The lower end of a pair's lift; NaN where few images tell it. */
  lowLift(pair: number): number {
    return (at(this.lifts, pair) * at(this.lows, pair)) / this.share(pair);
  }

  isWeak(row: number): boolean {
    return at(this.errors, row) < this.weak;
  }

  /** The images that a cell counts; of a class by itself, those that are right. */
  cell(index: number, other: number): ImageFilter {
    if (this.split === "validation") return { index, split: this.split, predicted: other };
    return { index, split: this.split, votes: other };
  }

  /** The misclassified images of a class. */
  wrong(index: number): ImageFilter {
    return { index, split: this.split, right: false };
  }

  /** A cell in words. */
  words(row: number, other: number): string[] {
    const pair = this.find(row, other);
    const [own, met] = [this.names[row] ?? "", this.names[other] ?? ""];
    if (row === other) return [this.#ownWords(row, own)];
    if (pair < 0) {
      return this.split === "validation"
        ? [`No validation image of ${own} is taken for ${met}.`]
        : [`No neighbor of misclassified training images of ${own} is of ${met}.`];
    }
    const lines = [countWords(this, at(this.counts, pair), at(this.images, row), own, met)];
    if (this.split === "training") {
      lines.push(
        `${count(at(this.cast, pair))} of its ${this.#errorsOf(row)} have such neighbors.`,
      );
    }
    const whole = this.split === "training" ? "these neighbors" : `its ${this.#errorsOf(row)}`;
    const lift = at(this.lifts, pair);
    const times = Number.isFinite(lift)
      ? `, ${factor(lift)} times what the size of ${met} would give`
      : "";
    lines.push(`${percent(this.share(pair))} of ${whole}${this.#likely(pair)}${times}.`);
    if (this.isWeak(row)) lines.push("Few errors: read with care.");
    return lines;
  }

  /** How many images of a class are misclassified, in words. */
  wrongWords(row: number): string {
    const images = counted(at(this.images, row), `${this.split} image`);
    return `${count(at(this.errors, row))} of ${images} of ${this.names[row]} wrong.`;
  }

  #likely(pair: number): string {
    const [low, high] = [at(this.lows, pair), at(this.highs, pair)];
    return Number.isNaN(low) ? "" : `, likely ${percent(low)} to ${percent(high)}`;
  }

  #ownWords(row: number, own: string): string {
    if (this.split === "training") return `${own}: neighbors of its own class are not counted.`;
    const right = at(this.images, row) - at(this.errors, row);
    return `${count(right)} of ${counted(at(this.images, row), "validation image")} of ${own} right.`;
  }

  #errorsOf(row: number): string {
    return counted(at(this.errors, row), "error");
  }
}

/** The count of a cell in words, of two classes or groups of them. */
export function countWords(
  { split }: Confusions,
  number: number,
  images: number,
  own: string,
  met: string,
): string {
  if (split === "validation") {
    return `${count(number)} of ${counted(images, "validation image")} of ${own} taken for ${met}.`;
  }
  const neighbors = counted(number, "neighbor");
  return `${neighbors} of ${met} around misclassified training images of ${own}.`;
}
