// Where the linker finds class cards: sent with it, fetched before, or asked of the kernel.
import type { LinkedCard } from "./linker_targets";

/** Fetched cards that are kept, least recently shown ones dropped first. */
const KEPT = 64;

/** Cards that were fetched ahead, of which no more are kept until they are shown. */
const KEPT_AHEAD = 32;

/** Milliseconds that are left to the page for showing a class before it asks for others. */
const REST = 150;

export class CardStore {
  /** Shown ones, or all of them. */
  readonly #cards = new Map<number, LinkedCard>();
  readonly #ahead = new Map<number, LinkedCard>();
  readonly #pending = new Set<number>();
  readonly #complete: boolean;
  /** Classes that may be chosen next, the likeliest first. */
  #likely: number[] = [];
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    cards: LinkedCard[],
    private readonly request: (index: number) => void,
  ) {
    for (const card of cards) this.#cards.set(card.index, card);
    this.#complete = cards.length > 0;
  }

  /** The card of a class, or undefined when it has been asked for and will come to `add`. */
  get(index: number): LinkedCard | undefined {
    const card = this.#cards.get(index) ?? this.#ahead.get(index);
    if (!card) this.#ask(index);
    else if (!this.#complete) {
      this.#ahead.delete(index);
      keep(this.#cards, card, KEPT);
    }
    return card;
  }

  add(card: LinkedCard): void {
    this.#pending.delete(card.index);
    keep(this.#ahead, card, KEPT_AHEAD);
    this.#askAhead();
  }

  /** Notes that a card will not come, so that it may be asked for again. */
  fail(index: number): void {
    this.#pending.delete(index);
    this.#askAhead();
  }

  /** Asks for cards that may be wanted soon, in place of those foreseen before. */
  foresee(indices: readonly number[]): void {
    this.#likely = this.#complete ? [] : [...indices];
    this.#askAhead();
  }

  /** Asks for nothing ahead for a moment. */
  rest(): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      this.#resting = undefined;
      this.#askAhead();
    }, REST);
  }

  dispose(): void {
    this.#likely = [];
    clearTimeout(this.#resting);
  }

  #ask(index: number): void {
    if (this.#pending.has(index)) return;
    this.#pending.add(index);
    this.request(index);
  }

  /** Asks for the next card ahead; one at a time, as a click waits until the kernel is free. */
  #askAhead(): void {
    if (this.#resting !== undefined || this.#pending.size) return;
    let index = this.#likely.shift();
    while (index !== undefined && (this.#cards.has(index) || this.#ahead.has(index))) {
      index = this.#likely.shift();
    }
    if (index === undefined) return;
    try {
      this.#ask(index);
    } catch {
      this.#likely = []; // without a kernel; whoever chooses a class is told
      this.#pending.delete(index);
    }
  }
}

/** Keeps a card as the newest of at most `size`. */
function keep(cards: Map<number, LinkedCard>, card: LinkedCard, size: number): void {
  cards.delete(card.index);
  cards.set(card.index, card);
  for (const oldest of cards.keys()) {
    if (cards.size <= size) break;
    cards.delete(oldest);
  }
}
