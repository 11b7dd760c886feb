// The edits as the page shows them: those that Python has, and over them those on their way there.
import { type AskError, type Asker, PATIENCE } from "../parts/ask";
import { type Edit, type EditRequest, type Edits, same } from "../parts/edits";

interface Pending {
  images: readonly string[];
  edit: Edit | null;
}

export interface EditEvents {
  /** What `shown` returns has changed. */
  changed(): void;
  /** Something is to be said, or "" where it no more holds. */
  say(text: string): void;
}

export class EditStore {
  readonly #name = Math.random().toString(36).slice(2);
  readonly #pending = new Map<string, Pending>();
  #asked = 0;
  #steps = 0;
  #late: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly asker: Asker,
    private readonly confirmed: () => Edits,
    private readonly events: EditEvents,
  ) {}

  /** The edits by the keys of the images. */
  get shown(): Edits {
    if (!this.#pending.size) return this.confirmed();
    const shown: Record<string, Edit> = { ...this.confirmed() };
    for (const { images, edit } of this.#pending.values()) {
      for (const key of images) {
        if (edit) shown[key] = edit;
        else delete shown[key];
      }
    }
    return shown;
  }

  /** Whether edits are on their way. */
  get waiting(): boolean {
    return this.#pending.size > 0;
  }

  /** Whether an undo or redo is on its way. */
  get stepping(): boolean {
    return this.#steps > 0;
  }

  /**
   * Has Python do something. What would change nothing of what is shown is not sent, so that a
   * double click acts once, however slow the kernel is.
   */
  async ask(request: EditRequest): Promise<void> {
    const { images = [], edit = null } = request;
    const step = request.do !== "edit";
    const { shown } = this;
    if (!step && images.every((key) => same(shown[key], edit))) return;
    const id = `${this.#name}-${this.#asked++}`;
    if (step) this.#steps++;
    else this.#pending.set(id, { images, edit });
    this.events.changed();
    this.#watch();
    try {
      await this.asker.ask(
        "edit",
        step ? { do: request.do, id } : { do: "edit", id, images, edit },
      );
      this.#done(id, step, "");
    } catch (error) {
      const { message, unsent } = error as AskError;
      const why = unsent ? "it needs a running kernel" : message;
      this.#done(id, step, `Nothing was edited: ${why}.`);
    }
  }

  dispose(): void {
    clearTimeout(this.#late);
    this.#pending.clear();
  }

  #done(id: string, step: boolean, problem: string): void {
    if (step) this.#steps--;
    this.#pending.delete(id);
    clearTimeout(this.#late);
    this.events.say(problem);
    this.events.changed();
    if (this.#pending.size) this.#watch();
  }

  #watch(): void {
    clearTimeout(this.#late);
    const late = () =>
      this.events.say("The kernel is busy: edits wait for it, and are not kept yet.");
    this.#late = setTimeout(late, PATIENCE);
  }
}
