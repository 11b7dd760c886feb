// Asks the kernel what remedies change: what takes a refit is given up for the next move, what takes
// none is waited for, so that figures follow a slider that is still moving.
import { AskError, type Asker, PATIENCE } from "./ask";
import type { Remedy } from "./remedies";
import { namesWith } from "./remedy_kinds";

/** As Python sends it. */
export interface Moved {
  /** uint32, predictions. */
  after: DataView;
  /** float64 of each class: the interval of the change of its accuracy. */
  low: DataView;
  high: DataView;
  /** Of all, the mean of the classes, the worst class, the tail. */
  summary_low: (number | null)[];
  summary_high: (number | null)[];
  /** Accuracies after a refit without any remedy. */
  refit: (number | null)[];
  /** What was chosen on what; "" where all was given. */
  chosen: string;
  /** Parameters that were to be found, by the name of the remedy. */
  found: Record<string, number>;
  caution: string;
}

export interface Heard {
  moved(key: string, moved: Moved): void;
  failed(key: string, error: AskError): void;
  late(): void;
}

interface Move {
  remedies: readonly Remedy[];
  refit: boolean;
}

/** Milliseconds until a refit is asked for: a slider tells of many places on its way. */
const REST = 40;

/** Remedies for which a head is fitted. */
const REFITS = namesWith("refit");

export const keyOf = (remedies: readonly Remedy[]): string => JSON.stringify(remedies);

export class Mover {
  #waiting: Move | undefined;
  #running: (Move & { request: AbortController }) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly asker: Asker,
    private readonly heard: Heard,
  ) {}

  /** Whether something is still to come. */
  get busy(): boolean {
    return this.#running !== undefined || this.#waiting !== undefined;
  }

  ask(remedies: readonly Remedy[]): void {
    const refit = remedies.some(({ name }) => REFITS.includes(name));
    clearTimeout(this.#timer);
    this.#waiting = { remedies, refit };
    if (this.#running?.refit) this.#giveUp();
    if (this.#running) return;
    this.#timer = setTimeout(() => this.#send(), refit ? REST : 0);
  }

  /** Waits for no answer any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = undefined;
    this.#giveUp();
  }

  #giveUp(): void {
    this.#running?.request.abort();
    this.#running = undefined;
  }

  async #send(): Promise<void> {
    const move = this.#waiting;
    if (!move || this.#running) return;
    this.#waiting = undefined;
    const running = { ...move, request: new AbortController() };
    this.#running = running;
    const { signal } = running.request;
    const { remedies } = move;
    const late = () => this.heard.late();
    // A kernel that was started anew answers never: then the next move is asked for all the same.
    const timer = setTimeout(() => this.#goOn(running), PATIENCE);
    try {
      const moved = await this.asker.ask<Moved>("move", { remedies }, { signal, late });
      if (!signal.aborted) this.heard.moved(keyOf(remedies), moved);
    } catch (error) {
      if (!signal.aborted && error instanceof AskError) this.heard.failed(keyOf(remedies), error);
    } finally {
      clearTimeout(timer);
      this.#goOn(running);
    }
  }

  #goOn(running: object): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    if (this.#waiting) this.#send();
  }
}
