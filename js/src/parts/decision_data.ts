// The images around the decision between a class and its adversary: what each is predicted as once
// something is added to the logits of the two, and how many are won and lost by it.
import { bytesOf } from "./bytes";
import type { Points } from "./point_hint";
import type { SplitName } from "./thumbnail_grid";

export interface DecisionPair {
  adversary: number;
  /** The images are all that matter up to offsets of this size. */
  reach: number;
  /** How many of them are training images; they come first. */
  training: number;
}

/** What is added to the logits of the class and of its adversary. */
export interface Offsets {
  own: number;
  adversary: number;
}

export const GROUPS = ["class", "adversary", "others"] as const;
/** Which class the label of an image is. */
export type Group = (typeof GROUPS)[number];

export const OUTCOMES = ["right", "won", "lost"] as const;
/** Predicted right now; wrong before and right now; right before and wrong now. */
export type Outcome = (typeof OUTCOMES)[number];

export interface Tally extends Record<Outcome, number> {
  /** All images; of other classes, those that the map holds. */
  images: number;
  /** Predicted right before. */
  before: number;
}

export type Tallies = Record<SplitName, Record<Group, Tally>>;

/** Images that a count counts. */
export interface Counted {
  split: SplitName;
  group: Group;
  outcome: Outcome;
}

/** Bytes of an image: eight numbers of four bytes, and its archetype. */
const WIDTH = 33;
/** Of a class alone with its adversary, where nothing else can be predicted. */
const NO_RIVAL = -1;
/** The golden ratio: its multiples spread evenly. */
const SPREAD = 0.618;
/** Images of each kind that a sample keeps at least. */
const FEW = 25;

const SPLITS = ["validation", "training"] as const;

export class DecisionData implements Points {
  readonly size: number;
  readonly labels: Uint32Array;
  readonly predictions: Uint32Array;
  readonly archetypes: Uint8Array;
  /** What is predicted now. */
  readonly now: Uint32Array;
  /** Logit of the class less that of the adversary. */
  readonly x: Float64Array;
  /** Less the largest of all others; spread out where there are none. */
  readonly y: Float64Array;
  readonly #own: Float32Array;
  readonly #adversary: Float32Array;
  readonly #outside: Float32Array;
  readonly #rivals: Int32Array;
  readonly #largest: Uint32Array;
  readonly #rows: Uint32Array;

  constructor(
    readonly label: number,
    readonly pair: DecisionPair,
    data: DataView,
    private readonly names: readonly string[],
  ) {
    const bytes = bytesOf(data);
    const size = bytes.byteLength / WIDTH;
    const at = (column: number) => 4 * column * size;
    this.size = size;
    this.#own = new Float32Array(bytes, at(0), size);
    this.#adversary = new Float32Array(bytes, at(1), size);
    this.#outside = new Float32Array(bytes, at(2), size);
    this.#rivals = new Int32Array(bytes, at(3), size);
    this.#largest = new Uint32Array(bytes, at(4), size);
    this.labels = new Uint32Array(bytes, at(5), size);
    this.predictions = new Uint32Array(bytes, at(6), size);
    this.#rows = new Uint32Array(bytes, at(7), size);
    this.archetypes = new Uint8Array(bytes, at(8), size);
    this.now = this.predictions.slice();
    this.x = Float64Array.from(this.#own, (own, image) => own - (this.#adversary[image] ?? 0));
    this.y = Float64Array.from(this.#own, (own, image) =>
      this.hasOthers ? own - (this.#outside[image] ?? 0) : (image * SPREAD) % 1,
    );
  }

  /** Whether there are classes besides the two. */
  get hasOthers(): boolean {
    return this.#rivals[0] !== NO_RIVAL;
  }

  splitOf(at: number): SplitName {
    return at < this.pair.training ? "training" : "validation";
  }

  rowOf(at: number): number {
    return this.#rows[at] ?? 0;
  }

  keyOf(at: number): string {
    return `${this.splitOf(at)}:${this.rowOf(at)}`;
  }

  nameOf(index: number): string {
    return this.names[index] ?? "";
  }

  groupOf(at: number): Group {
    if (this.labels[at] === this.label) return "class";
    return this.labels[at] === this.pair.adversary ? "adversary" : "others";
  }

  notesOf(at: number): string[] {
    const [now, before] = [this.now[at] ?? 0, this.predictions[at]];
    return now === before ? [] : [`Now predicted: ${this.nameOf(now)}`];
  }

  /** Whether it is predicted right now, and was before. */
  isRight(at: number): boolean {
    return this.now[at] === this.labels[at];
  }

  wasRight(at: number): boolean {
    return this.predictions[at] === this.labels[at];
  }

  /** Adds to the logits of the two; tells how many are right by it, won and lost. */
  move(offsets: Offsets): Tallies {
    const tallies = noTallies();
    for (let at = 0; at < this.size; at++) {
      this.now[at] = this.#predict(at, offsets);
      const tally = tallies[this.splitOf(at)][this.groupOf(at)];
      const [was, is] = [this.wasRight(at), this.isRight(at)];
      tally.images += 1;
      if (was) tally.before += 1;
      if (is) tally.right += 1;
      if (is && !was) tally.won += 1;
      if (was && !is) tally.lost += 1;
    }
    return tallies;
  }

  /** The images that a count counts now. */
  counted({ split, group, outcome }: Counted): number[] {
    return this.#where((at) => {
      if (this.splitOf(at) !== split || this.groupOf(at) !== group) return false;
      const [was, is] = [this.wasRight(at), this.isRight(at)];
      if (outcome === "right") return is;
      return outcome === "won" ? is && !was : was && !is;
    });
  }

  /** The images of the two classes and those taken for them: of a split, or of both. */
  ofPair(split: SplitName | "all"): number[] {
    return this.#where(
      (at) =>
        this.#isIn(at, split) &&
        (this.#isOne(this.labels[at]) || this.#isOne(this.predictions[at])),
    );
  }

  /** Those of other classes that are taken for one of the two only now. */
  taken(split: SplitName | "all"): number[] {
    return this.#where(
      (at) =>
        this.#isOne(this.now[at]) &&
        this.#isIn(at, split) &&
        !this.#isOne(this.labels[at]) &&
        !this.#isOne(this.predictions[at]),
    );
  }

  #isIn(at: number, split: SplitName | "all"): boolean {
    return split === "all" || split === this.splitOf(at);
  }

  #isOne(index: number | undefined): boolean {
    return index === this.label || index === this.pair.adversary;
  }

  #where(holds: (at: number) => boolean): number[] {
    const found: number[] = [];
    for (let at = 0; at < this.size; at++) if (holds(at)) found.push(at);
    return found;
  }

  /** The first of the largest logits, in float32 as Python has them; see `WhatIf.after`. */
  #predict(at: number, offsets: Offsets): number {
    const { label, pair } = this;
    let [best, largest] = [this.#rivals[at] as number, this.#outside[at] as number];
    const hold = (index: number, logit: number) => {
      if (logit > largest || (logit === largest && index < best)) [best, largest] = [index, logit];
    };
    hold(label, Math.fround((this.#own[at] as number) + offsets.own));
    hold(pair.adversary, Math.fround((this.#adversary[at] as number) + offsets.adversary));
    return best === this.#largest[at] ? (this.predictions[at] as number) : best;
  }
}

const noTallies = (): Tallies => {
  const none = (): Tally => ({ images: 0, before: 0, right: 0, won: 0, lost: 0 });
  const groups = () => ({ class: none(), adversary: none(), others: none() });
  return { training: groups(), validation: groups() };
};

/** Up to some images, as many of each kind as is its share, and a few at least. */
export function sampled(data: DecisionData, images: readonly number[], most: number): number[] {
  if (images.length <= most) return [...images];
  const kinds = new Map<string, number[]>();
  for (const at of images) {
    const kind = `${data.splitOf(at)} ${data.groupOf(at)} ${data.wasRight(at)}`;
    const members = kinds.get(kind);
    if (members) members.push(at);
    else kinds.set(kind, [at]);
  }
  const kept = [...kinds.values()].map((members) => Math.min(members.length, FEW));
  const room = most - kept.reduce((sum, each) => sum + each, 0);
  const share = room / images.length;
  return [...kinds.values()].flatMap((members, at) => {
    const number = Math.min(members.length, (kept[at] ?? 0) + Math.floor(share * members.length));
    const step = members.length / number;
    return Array.from({ length: number }, (_, place) => members[Math.floor(place * step)] ?? 0);
  });
}

/** Who is won and who pays, in words. */
export function inWords(tallies: Tallies, names: Record<Group, string>): string {
  const told = SPLITS.map((split) => {
    const list = (outcome: Outcome) =>
      GROUPS.map((group) => [tallies[split][group][outcome], names[group]] as const)
        .filter(([number]) => number)
        .map(([number, name]) => `${number.toLocaleString("en-US")} of ${name}`)
        .join(", ");
    const [won, lost] = [list("won"), list("lost")];
    const title = split === "validation" ? "Validation" : "Training";
    if (!won && !lost) return `${title}: none won, none lost.`;
    return `${title}: won ${won || "none"}; lost ${lost || "none"}.`;
  });
  return told.join(" ");
}
