// The validation images as the page makes figures of them: what is predicted once logits are shifted.
import { bytesOf } from "./bytes";
import type { Remedy } from "./remedies";
import { namesWith } from "./remedy_kinds";

/** As Python sends it. */
export interface ValidationImages {
  class_names: string[];
  /** Training images of each class. */
  sizes: number[];
  /** The third of the classes with the fewest training images. */
  tail: number[];
  /** What logit adjustment with tau = 1 adds to the logits. */
  unit: number[];
  /** uint32 */
  labels: DataView;
  /** uint32 */
  predictions: DataView;
  /** float32, a row an image; empty if not known, or too many for a page. */
  logits: DataView;
}

/** Logits become factor * z + shifts. */
export interface Shifted {
  factor: number;
  shifts: Float64Array;
}

/** Accuracies, 0 to 1; NaN where there are no images. */
export interface Figures {
  classes: Float64Array;
  /** Of all images, the mean of the classes, the worst class, the tail. */
  summary: number[];
}

/** Remedies that only shift logits, which the page does by itself. */
export const IN_PAGE: readonly string[] = namesWith("shift");
/** In Python's compute/remedies/logits.py: differences that are none. */
const ALIKE = 1e-9;

export const uint32 = (view: DataView): Uint32Array => new Uint32Array(bytesOf(view));
export const float64 = (view: DataView): Float64Array => new Float64Array(bytesOf(view));

export class ValidationData {
  readonly labels: Uint32Array;
  readonly predictions: Uint32Array;
  /** Validation images of each class. */
  readonly images: Uint32Array;
  readonly before: Figures;
  readonly #logits: Float32Array;
  readonly #own: Uint32Array;

  constructor(readonly given: ValidationImages) {
    this.labels = uint32(given.labels);
    this.predictions = uint32(given.predictions);
    this.images = new Uint32Array(this.classes);
    for (const label of this.labels) this.images[label] = (this.images[label] ?? 0) + 1;
    this.#logits = new Float32Array(bytesOf(given.logits));
    this.#own = this.#argmax({ factor: 1, shifts: new Float64Array(this.classes) });
    this.before = this.figures(this.predictions);
  }

  get classes(): number {
    return this.given.class_names.length;
  }

  get hasLogits(): boolean {
    return this.#logits.length > 0;
  }

  nameOf(index: number): string {
    return this.given.class_names[index] ?? "";
  }

  /** Whether the page can do it: only logits are shifted, by what is given. */
  doesInPage(remedies: readonly Remedy[]): boolean {
    const given = ({ name, parameters }: Remedy) =>
      IN_PAGE.includes(name) && !Object.values(parameters).includes("best");
    return this.hasLogits && remedies.every(given);
  }

  /** Predicted classes, where the page can tell them; an error where parameters do not fit. */
  after(remedies: readonly Remedy[]): Uint32Array {
    const predicted = this.#argmax(this.shiftsOf(remedies));
    // Logits made of a head may differ from those of the pass in their last digits.
    for (const [image, own] of this.#own.entries()) {
      if (predicted[image] === own) predicted[image] = this.predictions[image] ?? 0;
    }
    return predicted;
  }

  figures(predictions: Uint32Array): Figures {
    const classes = new Float64Array(this.classes);
    let right = 0;
    for (const [image, label] of this.labels.entries()) {
      if (predictions[image] !== label) continue;
      classes[label] = (classes[label] ?? 0) + 1;
      right += 1;
    }
    for (const [label, images] of this.images.entries()) {
      classes[label] = (classes[label] ?? 0) / images; // NaN without images
    }
    const known = classes.filter((share) => !Number.isNaN(share));
    const tail = this.given.tail.map((label) => classes[label] ?? Number.NaN);
    const summary = [right / this.labels.length, mean(known), Math.min(...known), mean(tail)];
    return { classes, summary: known.length ? summary : summary.map(() => Number.NaN) };
  }

  /** What remedies make of logits, in the order in which they are given, as Python does. */
  shiftsOf(remedies: readonly Remedy[]): Shifted {
    const made: Shifted = { factor: 1, shifts: new Float64Array(this.classes) };
    for (const { name, parameters } of remedies) {
      if (name === "Temperature") {
        const value = parameters.value as number;
        made.factor /= value;
        for (const [label, shift] of made.shifts.entries()) made.shifts[label] = shift / value;
        continue;
      }
      const added = this.#added(name, parameters);
      for (const [label, shift] of made.shifts.entries()) {
        made.shifts[label] = shift + (added[label] ?? 0);
      }
    }
    return made;
  }

  #added(name: string, parameters: Record<string, unknown>): ArrayLike<number> {
    if (name === "LogitAdjustment") {
      const tau = parameters.tau as number;
      return this.given.unit.map((shift) => tau * shift);
    }
    if (name === "Threshold") {
      return this.#byThresholds(parameters.thresholds as Record<string, number>);
    }
    const added = new Float64Array(this.classes);
    for (const [label, value] of Object.entries(parameters.offsets as Record<string, number>)) {
      added[Number(label)] = value;
    }
    return added;
  }

  #byThresholds(thresholds: Record<string, number>): Float64Array {
    const named = Object.values(thresholds);
    const sum = named.reduce((total, value) => total + value, 0);
    const others = this.classes - named.length;
    if (others && sum >= 1) {
      throw new RangeError(
        `the thresholds add up to ${Number(sum.toPrecision(6))}, which leaves nothing for the ` +
          `${others} classes that are not named; lower them, or name all classes`,
      );
    }
    const values = Float64Array.from(
      { length: this.classes },
      (_, label) => thresholds[label] ?? (1 - sum) / others,
    );
    const alike = Math.max(...values) - Math.min(...values) < ALIKE;
    return alike ? new Float64Array(this.classes) : values.map((value) => -Math.log(value));
  }

  /** The first of the largest logits of each image, in float32 as Python has them. */
  #argmax({ factor, shifts }: Shifted): Uint32Array {
    const [logits, width] = [this.#logits, this.classes];
    const found = new Uint32Array(logits.length / Math.max(1, width));
    const scaled = factor !== 1 || shifts.some((shift) => shift !== 0);
    const by = Math.fround(factor);
    for (let image = 0, start = 0; image < found.length; image++, start += width) {
      let [best, largest] = [0, Number.NEGATIVE_INFINITY];
      for (let label = 0; label < width; label++) {
        let value = logits[start + label] as number;
        if (scaled) value = Math.fround(Math.fround(by * value) + (shifts[label] as number));
        if (value > largest) [best, largest] = [label, value];
      }
      found[image] = best;
    }
    return found;
  }
}

const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at] as number;
  return sum / values.length;
};
