// Why a class fails: the causes that a diagnosis found, in a line, and behind it their evidence.
import type { Model } from "../model";
import { type AskError, Asker } from "./ask";
import { h } from "./dom";
import { counted } from "./format";
import { type AskedOpening, openImage } from "./open";
import { type Actions, pieces, type Sentence, textButton } from "./sentence";

export interface Cause {
  title: string;
  statement: string;
  advice: Sentence;
  /** Keys of the evidence, such as "training:12". */
  images: string[];
  /** Images that are evidence, too, and are not among these. */
  more: number;
}

export interface Why {
  /** In words. */
  state: string;
  /** The likeliest first. */
  causes: Cause[];
  /** What else is to be said, in sentences. */
  others: string[];
}

interface State {
  whys: Why[];
  opens: AskedOpening;
}

const LOOKING = "Looking for causes in all classes, which takes some seconds …";
const NO_KERNEL = "Causes need a running kernel; none were asked for while this page had one.";

export class WhyView {
  /** Below the sentence of the class; nothing until causes were asked for. */
  readonly line = h("p", "imbxai-why", { role: "status" });
  readonly #asker: Asker;
  #index: number | undefined;
  #problem = "";
  #asking = false;

  constructor(
    private readonly model: Model<State>,
    private readonly box: HTMLElement,
    private readonly actions: Actions,
    /** Opens `box`. */
    private readonly open: () => void,
  ) {
    this.#asker = new Asker(model);
  }

  /** Has the causes found, unless they are known. */
  async ask(): Promise<void> {
    if (this.#asking || this.model.get("whys").length) return;
    this.#asking = true;
    this.#problem = "";
    this.show(this.#index);
    try {
      const { whys } = await this.#asker.ask<{ whys: Why[] }>("why", {});
      this.model.set("whys", whys);
      this.model.save_changes();
    } catch (error) {
      const { message, unsent } = error as AskError;
      this.#problem = unsent ? NO_KERNEL : `Causes could not be looked for: ${message}`;
    } finally {
      this.#asking = false;
      this.show(this.#index);
    }
  }

  /** Shows what is known of a class. */
  show(index: number | undefined): void {
    this.#index = index;
    const why = index === undefined ? undefined : this.model.get("whys")[index];
    this.line.hidden = !why;
    this.line.replaceChildren(...(why ? this.#inALine(why) : []));
    if (why) this.box.replaceChildren(...this.#evidence(why));
    else this.box.replaceChildren(h("p", "", {}, this.#problem || LOOKING));
  }

  dispose(): void {
    this.#asker.dispose();
  }

  #inALine({ state, causes }: Why): (string | HTMLElement)[] {
    if (!causes.length) return [`${state}.`];
    const titles = causes.map(({ title }) =>
      textButton(title, "Show the evidence", () => this.open()),
    );
    return [`${state}: `, ...titles.flatMap((title, at) => (at ? ["; ", title] : [title])), "."];
  }

  #evidence({ state, causes, others }: Why): HTMLElement[] {
    const none = causes.length ? [] : [h("p", "", {}, `${state}; no cause is named.`)];
    const rest = others.map((text) => h("p", "imbxai-soft", {}, text));
    return [...none, ...causes.flatMap((cause) => this.#cause(cause)), ...rest];
  }

  #cause({ title, statement, advice, images, more }: Cause): HTMLElement[] {
    const told = h("p", "", {}, h("strong", "", {}, `${title}. `), statement);
    const [first] = images;
    if (first !== undefined) {
      const words = `Look at ${more ? "the first " : ""}${counted(images.length, "image")}`;
      const look = () => this.model.set("opens", openImage(first, images));
      told.append(" ", textButton(words, "Open these images", look), ".");
    }
    return [told, h("p", "", {}, "What to do: ", ...pieces(advice, this.actions))];
  }
}
