// Where the linker finds class cards: sent with it, fetched before, or asked of the kernel.
import type { LinkedCard } from "./linker_targets";

/** Fetched cards that are kept, least recently shown ones dropped first. */
const KEPT = 64;

export class CardStore {
  #cards = new Map<number, LinkedCard>();
  #pending = new Set<number>();
  readonly #complete: boolean;

  constructor(
    cards: LinkedCard[],
    private readonly request: (index: number) => void,
  ) {
    for (const card of cards) this.#cards.set(card.index, card);
    this.#complete = cards.length > 0;
  }

  /** The card of a class, or undefined when it has been asked for and will come to `add`. */
  get(index: number): LinkedCard | undefined {
    const card = this.#cards.get(index);
    if (card) {
      this.#cards.delete(index);
      this.#cards.set(index, card);
    } else if (!this.#pending.has(index)) {
      this.#pending.add(index);
      this.request(index);
    }
    return card;
  }

  /** Asks for a card that may be wanted soon, one at a time: the kernel has other work, too. */
  foresee(index: number): void {
    if (this.#complete || this.#pending.size || this.#cards.has(index)) return;
    try {
      this.get(index);
    } catch {
      this.fail(index); // without a kernel; whoever chooses the class is told
    }
  }

  add(card: LinkedCard): void {
    this.#pending.delete(card.index);
    this.#cards.set(card.index, card);
    if (this.#complete) return;
    for (const oldest of this.#cards.keys()) {
      if (this.#cards.size <= KEPT) break;
      this.#cards.delete(oldest);
    }
  }

  /** Notes that a card will not come, so that it may be asked for again. */
  fail(index: number): void {
    this.#pending.delete(index);
  }
}
