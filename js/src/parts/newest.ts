// Questions of which only the newest matters: what a reader has walked past is neither waited for nor
// left to the kernel, which works on one of them at a time.
import { type AskError, type Asker, type AskOptions, PATIENCE } from "./ask";

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

export class Newest {
  #request = new AbortController();
  /** What the kernel works on, as far as is known. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(private readonly asker: Asker) {}

  /**
   * Asks once the kernel is done with the question before. Undefined if another was asked meanwhile,
   * or none is waited for any more; else as `Asker.ask`, rejected with an AskError.
   */
  async ask<T>(
    kind: string,
    given: object,
    { late }: Pick<AskOptions, "late"> = {},
  ): Promise<T | undefined> {
    this.stop();
    const { signal } = this.#request;
    await this.#busy;
    if (signal.aborted) return undefined;
    // Heard to the end, also where it is not waited for: only then the kernel is free.
    const asked = this.asker.ask<T>(kind, given);
    const ended = asked.catch((_: AskError) => undefined);
    // A kernel that was started anew answers never.
    this.#busy = Promise.race([ended, pause(PATIENCE)]);
    const timer = late && setTimeout(() => signal.aborted || late(), PATIENCE);
    try {
      const answer = await Promise.race([asked, aborted(signal)]);
      return signal.aborted ? undefined : answer;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for no answer any more. */
  stop(): void {
    this.#request.abort();
    this.#request = new AbortController();
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<undefined>((done) => {
    signal.addEventListener("abort", () => done(undefined), { once: true });
  });
