// All images on the map: where they lie, and what is known of each, as arrays.
import { bytesOf, floats } from "./bytes";
import type { Edits } from "./edits";

/** As Python sends it: training images first, in the order of their rows. */
export interface MapPlaces {
  /** How many of them are training images. */
  training: number;
  /** How they were placed, in words. */
  projection: string;
  /** True neighbors of an image, and the nearest on the map that are looked at. */
  k: number;
  space: number;
  class_names: string[];
  /** float32, x and y of each. */
  places: DataView;
  /** uint32 */
  labels: DataView;
  /** uint32 */
  predictions: DataView;
  /** uint8 */
  archetypes: DataView;
}

export interface MapTrust {
  /** Mean over all images, 0 to 1. */
  kept: number | null;
  by_chance: number;
  /** uint8 of each image: 0 none of its neighborhood to 5 all. */
  levels: DataView;
  /** float32 of each class; NaN without images. */
  classes: DataView;
}

/** Steps of the share that is kept: none, a fifth, ..., all; one more where it is not known yet. */
export const LEVELS = 5;
export const UNKNOWN = LEVELS + 1;

/** What an image is edited to, by number; 0 is not at all. */
export const EDITS = ["", "relabel", "exclude", "keep"] as const;

/** Images that are opened together: the nearest on the map. */
const GROUP = 60;

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export class MapData {
  /** Between -1 and 1, with one scale for both. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly labels: Uint32Array;
  readonly predictions: Uint32Array;
  readonly archetypes: Uint8Array;
  readonly bounds: Rect;
  /** Until it is known how much is kept, `UNKNOWN` of each. */
  levels: Uint8Array;
  readonly #edits: Uint8Array;

  constructor(readonly places: MapPlaces) {
    const given = floats(places.places);
    this.labels = new Uint32Array(bytesOf(places.labels));
    this.predictions = new Uint32Array(bytesOf(places.predictions));
    this.archetypes = new Uint8Array(bytesOf(places.archetypes));
    this.levels = new Uint8Array(this.size).fill(UNKNOWN);
    this.#edits = new Uint8Array(this.size);
    const [low, high] = corners(given);
    const side = Math.max(high[0] - low[0], high[1] - low[1]) || 1;
    const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2] as const;
    this.x = new Float32Array(this.size);
    this.y = new Float32Array(this.size);
    for (let at = 0; at < this.size; at++) {
      this.x[at] = (2 * ((given[2 * at] ?? 0) - middle[0])) / side;
      this.y[at] = (2 * ((given[2 * at + 1] ?? 0) - middle[1])) / side;
    }
    const [width, height] = [0, 1].map(
      (axis) => (2 * ((high[axis] ?? 0) - (low[axis] ?? 0))) / side,
    );
    this.bounds = rectAround(width ?? 0, height ?? 0);
  }

  get size(): number {
    return this.labels.length;
  }

  get classes(): number {
    return this.places.class_names.length;
  }

  nameOf(index: number): string {
    return this.places.class_names[index] ?? "";
  }

  splitOf(at: number): "training" | "validation" {
    return at < this.places.training ? "training" : "validation";
  }

  rowOf(at: number): number {
    return at < this.places.training ? at : at - this.places.training;
  }

  /** What names an image among the marked ones. */
  keyOf(at: number): string {
    return `${this.splitOf(at)}:${this.rowOf(at)}`;
  }

  /** The image that a key names; undefined for none of these. */
  indexOf(key: string): number | undefined {
    const [split, row] = key.split(":");
    const at = Number(row) + (split === "training" ? 0 : this.places.training);
    return at < this.size ? at : undefined;
  }

  isWrong(at: number): boolean {
    return this.labels[at] !== this.predictions[at];
  }

  notesOf(at: number): string[] {
    const level = this.levels[at] ?? UNKNOWN;
    return level <= LEVELS ? [`Neighborhood kept here: ${(100 * level) / LEVELS}%`] : [];
  }

  /** An image and those nearest to it on the map, nearest first. */
  nearest(at: number): number[] {
    const distances = new Float32Array(this.size);
    const [x, y] = [this.x[at] ?? 0, this.y[at] ?? 0];
    for (let other = 0; other < this.size; other++) {
      distances[other] = ((this.x[other] ?? 0) - x) ** 2 + ((this.y[other] ?? 0) - y) ** 2;
    }
    const bound = distances.slice().sort()[Math.min(GROUP, this.size) - 1] ?? 0;
    const near: number[] = [];
    for (let other = 0; other < this.size; other++) {
      if (other !== at && (distances[other] ?? 0) <= bound) near.push(other);
    }
    near.sort((one, other) => (distances[one] ?? 0) - (distances[other] ?? 0));
    return [at, ...near.slice(0, GROUP - 1)];
  }

  /** Of each class the image that lies in its middle, by the median; -1 for classes without any. */
  middles(classes: readonly number[]): Map<number, number> {
    const own = new Map<number, number[]>(classes.map((index) => [index, []]));
    for (let at = 0; at < this.size; at++) own.get(this.labels[at] ?? -1)?.push(at);
    const found = new Map<number, number>();
    for (const [index, images] of own) {
      const [x, y] = [median(images, this.x), median(images, this.y)];
      let nearest = -1;
      let least = Number.POSITIVE_INFINITY;
      for (const at of images) {
        const distance = ((this.x[at] ?? 0) - x) ** 2 + ((this.y[at] ?? 0) - y) ** 2;
        if (distance < least) [nearest, least] = [at, distance];
      }
      if (nearest >= 0) found.set(index, nearest);
    }
    return found;
  }

  /** Takes edits, by the keys of images. */
  edit(edits: Edits): void {
    this.#edits.fill(0);
    for (const [key, { action }] of Object.entries(edits)) {
      const at = this.indexOf(key);
      if (at !== undefined) this.#edits[at] = EDITS.indexOf(action);
    }
  }

  /** What the colors of an image tell, as one number: see `codeOf`. */
  codes(): Float32Array {
    const codes = new Float32Array(this.size);
    for (let at = 0; at < this.size; at++) {
      codes[at] = codeOf({
        archetype: this.archetypes[at] ?? 0,
        wrong: this.isWrong(at),
        level: this.levels[at] ?? UNKNOWN,
        edit: this.#edits[at] ?? 0,
      });
    }
    return codes;
  }
}

export interface Code {
  archetype: number;
  wrong: boolean;
  level: number;
  /** Position in `EDITS`. */
  edit: number;
}

const STEPS = UNKNOWN + 1;

/** What is known of an image as one number. */
export const codeOf = ({ archetype, wrong, level, edit }: Code): number =>
  ((edit * STEPS + level) * 2 + Number(wrong)) * 4 + archetype;

/** All codes, in order. */
export const CODES: readonly Code[] = Array.from(
  { length: 8 * STEPS * EDITS.length },
  (_, code) => {
    const level = Math.floor(code / 8) % STEPS;
    const edit = Math.floor(code / 8 / STEPS);
    return { archetype: code % 4, wrong: Math.floor(code / 4) % 2 === 1, level, edit };
  },
);

function corners(places: Float32Array): [[number, number], [number, number]] {
  const low: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high: [number, number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < places.length; at++) {
    const axis = at % 2 === 0 ? 0 : 1;
    const value = places[at] ?? 0;
    if (value < low[axis]) low[axis] = value;
    if (value > high[axis]) high[axis] = value;
  }
  return [low, high];
}

/** A rectangle of that size around the origin, with some room; never without extent. */
function rectAround(width: number, height: number): Rect {
  const [w, h] = [Math.max(1.08 * width, 0.02), Math.max(1.08 * height, 0.02)];
  return { x: -w / 2, y: -h / 2, width: w, height: h };
}

function median(images: readonly number[], values: Float32Array): number {
  const sorted = Float32Array.from(images, (at) => values[at] ?? 0).sort();
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
