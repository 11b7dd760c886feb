// Where the linker finds class cards: sent with it, fetched before, or asked of the kernel.
import type { ClassCard } from "../model";
import type { AskError } from "../parts/ask";

/** Fetched cards that are kept, least recently shown ones dropped first. */
const KEPT = 64;

/** Cards that were fetched ahead, of which no more are kept until they are shown. */
const KEPT_AHEAD = 32;

/** Milliseconds that are left to the page for showing a class before it asks for others. */
const REST = 150;

export class CardStore {
  /** Shown ones, or all of them. */
  readonly #cards = new Map<number, ClassCard>();
  readonly #ahead = new Map<number, ClassCard>();
  readonly #pending = new Set<number>();
  readonly #complete: boolean;
  /** Classes that may be chosen next, the likeliest first. */
  #likely: number[] = [];
  #resting: ReturnType<typeof setTimeout> | undefined;

  /** `fetch` asks for a card; `came` and `missed` hear what became of it. */
  constructor(
    cards: ClassCard[],
    private readonly fetch: (index: number) => Promise<ClassCard>,
    private readonly came: (card: ClassCard) => void,
    private readonly missed: (index: number, error: AskError) => void,
  ) {
    for (const card of cards) this.#cards.set(card.index, card);
    this.#complete = cards.length > 0;
  }

  /** The card of a class, or undefined when it has been asked for. */
  get(index: number): ClassCard | undefined {
    const card = this.#cards.get(index) ?? this.#ahead.get(index);
    if (!card) this.#ask(index);
    else if (!this.#complete) {
      this.#ahead.delete(index);
      keep(this.#cards, card, KEPT);
    }
    return card;
  }

  /** Notes that a card is not waited for, so that it may be asked for again. */
  forget(index: number): void {
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
    this.fetch(index).then(
      (card) => {
        keep(this.#ahead, card, KEPT_AHEAD);
        this.forget(index);
        this.came(card);
      },
      (error: AskError) => {
        if (error.unsent) this.#likely = []; // whoever chooses a class is told
        this.forget(index);
        this.missed(index, error);
      },
    );
  }

  /** Asks for the next card ahead; one at a time, as a click waits until the kernel is free. */
  #askAhead(): void {
    if (this.#resting !== undefined || this.#pending.size) return;
    let index = this.#likely.shift();
    while (index !== undefined && (this.#cards.has(index) || this.#ahead.has(index))) {
      index = this.#likely.shift();
    }
    if (index !== undefined) this.#ask(index);
  }
}

/** Keeps a card as the newest of at most `size`. */
function keep(cards: Map<number, ClassCard>, card: ClassCard, size: number): void {
  cards.delete(card.index);
  cards.set(card.index, card);
  for (const oldest of cards.keys()) {
    if (cards.size <= size) break;
    cards.delete(oldest);
  }
}
