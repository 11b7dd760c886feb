// The one way to ask the kernel: a question with an id, and a promise of its answer.
import type { Model } from "../model";

/** Milliseconds without an answer after which there seems to be no running, idle kernel. */
export const PATIENCE = 4000;

/** The kernel did not answer as asked; `message` says why. */
export class AskError extends Error {
  constructor(
    message: string,
    /** Whether the question could not even be sent, as where the kernel is gone. */
    readonly unsent = false,
  ) {
    super(message);
  }
}

export interface AskOptions {
  /** Takes the question back: the promise is rejected with its reason, an answer dropped. */
  signal?: AbortSignal;
  /** Called once if `PATIENCE` passes without an answer, which may come yet. */
  late?: () => void;
}

interface Answer {
  type: "answer";
  id: string;
  content?: Record<string, unknown>;
  /** Keys of what came as bytes, in the order of the buffers. */
  binary?: string[];
  error?: string;
}

type Settle = (answer: Answer, buffers: DataView[]) => void;

export class Asker {
  // Whatever else shows this widget, in another view or window, hears the answers too.
  readonly #name = Math.random().toString(36).slice(2);
  readonly #pending = new Map<string, Settle>();
  #asked = 0;

  constructor(private readonly model: Model<object>) {
    model.on("msg:custom", this.#hear);
  }

  /**
   * Asks for what the method of that name returns, in Python; see `explorer/requests.py`. Bytes
   * come as DataView. Rejected with an AskError if the method fails or there is no kernel.
   */
  ask<T>(kind: string, given: object, { signal, late }: AskOptions = {}): Promise<T> {
    const id = `${this.#name}-${this.#asked++}`;
    return new Promise<T>((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = late && setTimeout(late, PATIENCE);
      const done = () => {
        clearTimeout(timer);
        this.#pending.delete(id);
      };
      signal?.addEventListener("abort", () => {
        done();
        reject(signal.reason);
      });
      this.#pending.set(id, ({ content, binary = [], error }, buffers) => {
        done();
        if (error !== undefined) return reject(new AskError(error));
        const bytes = binary.map((key, at) => [key, buffers[at]]);
        resolve({ ...content, ...Object.fromEntries(bytes) } as T);
      });
      try {
        this.model.send({ type: "ask", id, kind, arguments: given });
      } catch (error) {
        done();
        reject(new AskError(String(error), true)); // JupyterLab throws where the kernel is gone
      }
    });
  }

  /** Hears no more answers. */
  dispose(): void {
    this.model.off("msg:custom", this.#hear);
    this.#pending.clear();
  }

  #hear = (message: Answer, buffers: DataView[]): void => {
    if (message.type === "answer") this.#pending.get(message.id)?.(message, buffers);
  };
}
