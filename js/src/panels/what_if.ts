// Remedies, tried: which are switched on, what they change of each class, and which images move.
import type { Model, Render } from "../model";
import { AskError, Asker } from "../parts/ask";
import { ClassChanges } from "../parts/class_changes";
import { Cleanup, h, panel, TextView } from "../parts/dom";
import type { Edits } from "../parts/edits";
import { MovedImages } from "../parts/moved_images";
import { keyOf, type Moved, Mover } from "../parts/mover";
import { OverallChanges } from "../parts/overall_changes";
import { RecipeView } from "../parts/recipe_view";
import {
  type AskedRemedy,
  isRemedy,
  type Remedy,
  type Shifts,
  sameShifts,
} from "../parts/remedies";
import { type Offers, RemedyList } from "../parts/remedy_list";
import { type ImagesState, onTileState } from "../parts/tile_events";
import { float64, uint32, ValidationData, type ValidationImages } from "../parts/validation_data";

export interface State extends ImagesState {
  selected: number;
  /** Why there is nothing to show, or "". */
  missing: string;
  /** What the page makes its figures of; empty where it asks for it. */
  held: ValidationImages | Record<string, never>;
  shifts: Shifts;
  tried: AskedRemedy;
}

const GIVEN =
  "With parameters given, nothing is chosen, and all validation images count. But a slider that is " +
  "moved until these figures please is chosen on the very images that judge it: “best” is not.";
const NO_KERNEL = "It needs a running, idle kernel; none has answered.";
const STILL = "Still computing \u2026 If the kernel is busy with a cell, it answers after that.";
const NO_INTERVALS = "How sure the changes are takes a running kernel; this page has none.";

class WhatIfView {
  readonly frame = panel(
    "what_if",
    "What if",
    "What remedies would change of the validation images, tried on the embeddings as they are: " +
      "before (tick) and after (bar), with the 95% interval of the change. ▲ won and ▼ lost " +
      "are beyond it.",
  );
  readonly #remedies: RemedyList;
  readonly #classes: ClassChanges;
  readonly #overall = new OverallChanges();
  readonly #images: MovedImages;
  readonly #recipe: RecipeView;
  readonly #nothing = h("button", "imbxai-quiet-button", { type: "button" }, "Nothing");
  readonly #state = new TextView(h("p", "imbxai-note imbxai-what-if-state", { role: "status" }));
  readonly #chosen = new TextView(h("p", "imbxai-note imbxai-what-if-chosen"));
  readonly #problem = new TextView(h("p", "imbxai-notice", { role: "alert" }));
  readonly #told = h("div", "imbxai-what-if-told");
  readonly #asker: Asker;
  readonly #mover: Mover;
  #data: ValidationData | undefined;
  #offers: Offers | undefined;
  /** Whether a question could not even be sent. */
  #lost = false;
  #had = true;
  #edits: Edits = {};
  #begun = false;
  /** What is shown, and by which remedies. */
  #shown: { key: string; after: Uint32Array; moved?: Moved } | undefined;

  constructor(
    private readonly model: Model<State>,
    cleanup: Cleanup,
  ) {
    this.#asker = new Asker(model);
    this.#mover = new Mover(this.#asker, {
      moved: (key, moved) => this.#take(key, moved),
      failed: (key, error) => this.#fail(key, error),
      late: () => this.#state.show(STILL),
    });
    this.#remedies = new RemedyList(() => this.#move());
    this.#classes = new ClassChanges((index) => model.set("selected", index));
    this.#images = new MovedImages(model, this.#asker, this.frame.root, cleanup);
    this.#recipe = new RecipeView(this.#asker, () => this.#remedies.remedies);
    this.#nothing.addEventListener("click", () => {
      this.#remedies.clear();
      this.#move();
    });
    const buttons = h("div", "imbxai-what-if-buttons", {}, this.#nothing, this.#recipe.button);
    const side = h("div", "imbxai-what-if-side", {}, this.#remedies.element, buttons);
    this.#told.append(this.#overall.element, this.#classes.element);
    const main = h("div", "imbxai-what-if-main", {}, this.#problem.element, this.#state.element);
    main.append(this.#told, this.#chosen.element);
    const parts = h("div", "imbxai-what-if-parts", {}, side, main);
    this.frame.body.append(parts, this.#recipe.element, this.#images.element);
    this.frame.heading.hidden = true; // the tab has the same title
    parts.hidden = model.get("missing") !== "";
    if (parts.hidden) this.frame.explanation.textContent = model.get("missing");
  }

  /** Begins, once it can be seen. */
  begin(): void {
    if (this.#begun || this.model.get("missing")) return;
    this.#begun = true;
    this.#start();
  }

  async #start(): Promise<void> {
    const held = this.model.get("held");
    this.#state.show("Loading \u2026");
    try {
      const given =
        "labels" in held ? (held as ValidationImages) : await this.#ask<ValidationImages>("data");
      this.#data = new ValidationData(given);
      this.#state.show("");
      this.#offer();
      this.showClass();
      this.#move();
      if (!this.#kernel) return;
      this.#offers = await this.#ask<Offers>("begin");
      this.#problem.show(this.#offers.missing);
    } catch (error) {
      this.#lose(error);
    }
    this.#offer();
  }

  /** Whether there is a kernel, as far as is known. */
  get #kernel(): boolean {
    return !this.#lost && !this.model.get("editing").why;
  }

  #ask<T>(kind: "data" | "begin"): Promise<T> {
    return this.#asker.ask<T>(kind, {}, { late: () => this.#state.show(NO_KERNEL) });
  }

  /** Offers what can be tried here. */
  #offer(): void {
    const keys = Object.keys(this.model.get("edits"));
    this.#remedies.offer({
      offers: this.#offers,
      kernel: this.#kernel,
      logits: this.#data?.hasLogits ?? false,
      edits: keys.filter((key) => key.startsWith("training:")).length,
      classes: this.#data?.classes ?? 1,
    });
    this.#recipe.allow(this.#kernel);
  }

  showClass(): void {
    const data = this.#data;
    if (!data) return;
    const index = this.model.get("selected");
    this.#remedies.showClass({ index, nameOf: (label) => data.nameOf(label) });
    this.#classes.showClass(index);
    this.#showImages();
  }

  /** Takes up what another panel shifts. */
  followShifts(): void {
    const shifts = this.model.get("shifts");
    if (sameShifts(shifts, this.#remedies.shifts)) return;
    this.#remedies.shifts = shifts;
    this.#move();
  }

  /** Tries what another panel asks for. */
  tryRemedy(): void {
    const remedy = this.model.get("tried");
    if (!isRemedy(remedy)) return;
    this.#remedies.set(remedy);
    this.#move();
  }

  /** Follows marks and edits, and whether there is a kernel. */
  followEdits(): void {
    this.#images.showMarks();
    const [edits, kernel] = [this.model.get("edits"), this.#kernel];
    const [edited, other] = [edits !== this.#edits, kernel !== this.#had];
    [this.#edits, this.#had] = [edits, kernel];
    if (!edited && !other) return;
    this.#offer();
    const applied = this.#remedies.remedies.some(({ name }) => name === "ApplyEdits");
    if (other || (edited && applied)) this.#move();
  }

  resize(): void {
    this.#classes.resize();
    this.#images.resize();
  }

  dispose(): void {
    this.#mover.stop();
    this.#asker.dispose();
    this.frame.root.remove();
  }

  /** Does what is switched on now. */
  #move(): void {
    const { remedies, shifts } = this.#remedies;
    if (!sameShifts(shifts, this.model.get("shifts"))) this.model.set("shifts", shifts);
    const data = this.#data;
    if (!data) return;
    this.#recipe.forget();
    this.#problem.show(this.#offers?.missing ?? "");
    this.#nothing.disabled = !remedies.length;
    if (!remedies.length) {
      this.#mover.stop();
      this.#show("", data.predictions);
      this.#told.removeAttribute("aria-busy");
      this.#tell("Nothing is switched on: all is as it is.", "");
      return;
    }
    const inPage = data.doesInPage(remedies);
    try {
      if (inPage) this.#show(keyOf(remedies), data.after(remedies));
    } catch (error) {
      this.#mover.stop();
      this.#problem.show(`${(error as Error).message}.`);
      return;
    }
    if (this.#kernel) this.#mover.ask(remedies);
    if (inPage) this.#told.removeAttribute("aria-busy");
    else this.#told.setAttribute("aria-busy", "true");
    this.#tell(inPage ? (this.#kernel ? "" : NO_INTERVALS) : "Computing \u2026", GIVEN);
  }

  #tell(state: string, chosen: string): void {
    this.#state.show(state);
    this.#chosen.show(chosen);
  }

  /** Shows what the kernel has found, unless it is of other remedies than what the page shows. */
  #take(key: string, moved: Moved): void {
    const remedies: readonly Remedy[] = this.#remedies.remedies;
    const now = keyOf(remedies);
    if (!this.#data || !remedies.length) return;
    if (key !== now && this.#data.doesInPage(remedies)) return;
    this.#show(key, uint32(moved.after), moved);
    if (key !== now) return;
    this.#told.removeAttribute("aria-busy");
    this.#remedies.showFound(moved.found);
    this.#tell(moved.caution && `${sentence(moved.caution)}.`, moved.chosen || GIVEN);
  }

  #fail(key: string, error: AskError): void {
    if (key !== keyOf(this.#remedies.remedies)) return;
    this.#told.removeAttribute("aria-busy");
    this.#state.show("");
    this.#lose(error);
    if (!error.unsent) this.#problem.show(error.message);
    else this.#move();
  }

  /** Goes on without a kernel, where there is none. */
  #lose(error: unknown): void {
    if (!(error instanceof AskError)) throw error;
    if (error.unsent) this.#lost = true;
    else this.#problem.show(error.message);
    this.#state.show(error.unsent ? (this.#data ? NO_INTERVALS : NO_KERNEL) : "");
    this.#offer();
  }

  #show(key: string, after: Uint32Array, moved?: Moved): void {
    const data = this.#data;
    if (!data) return;
    this.#shown = { key, after, ...(moved ? { moved } : {}) };
    const figures = data.figures(after);
    const intervals = moved && { low: float64(moved.low), high: float64(moved.high) };
    this.#classes.show({ data, after: figures, intervals });
    const { summary_low: low, summary_high: high, refit } = moved ?? {};
    this.#overall.show(data, figures, low && high && refit && { low, high, refit });
    this.#showImages();
  }

  #showImages(): void {
    if (!this.#data || !this.#shown) return;
    this.#images.show(this.#data, this.#shown.after, this.model.get("selected"), this.#kernel);
  }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const view = new WhatIfView(model, cleanup);
  onTileState(cleanup, model, () => view.followEdits());
  cleanup.on(model, "change:selected", () => view.showClass());
  cleanup.on(model, "change:shifts", () => view.followShifts());
  cleanup.on(model, "change:tried", () => view.tryRemedy());
  el.append(view.frame.root);
  cleanup.add(() => view.dispose());
  cleanup.onSight(view.frame.root, (inSight) => inSight && view.begin(), SEEN);
  cleanup.onResize([view.frame.body], () => view.resize());
  view.tryRemedy();
  return () => cleanup.run();
};

/** Which part of the panel is in sight when it begins: of a tab that is not open none is. */
const SEEN = 0.001;

export default { render };
