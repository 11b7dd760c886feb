// Links the panels of one Explorer in the front end: whichever of them a class is chosen in,
// the linker puts that class's card on all of them and tells Python no more than its number.
import { CardStore } from "./linker_cards";
import {
  applyAdversaries,
  applyColors,
  type LinkedCard,
  type TargetModel,
  type Targets,
} from "./linker_targets";
import type { Initialize } from "./model";

interface LinkerState {
  targets: Record<keyof Targets, string>;
  class_names: string[];
  labels: string[];
  cards: LinkedCard[];
  selected: number;
}

type LinkerModel = Parameters<Initialize<LinkerState>>[0]["model"];

type Answer =
  | { type: "card"; card: Omit<LinkedCard, "sprite_data"> }
  | { type: "error"; index: number; message: string }
  | { type: "notice"; message: string };

const REFERENCE = "IPY_MODEL_";

/** After this long without a card, the page says what it waits for. */
const PATIENCE = 5000;

async function resolveTargets(model: LinkerModel): Promise<Targets> {
  const references = Object.entries(model.get("targets"));
  const models = await Promise.all(
    references.map(([, id]) => model.widget_manager.get_model(id.slice(REFERENCE.length))),
  );
  // What Python sent as `targets` is what Targets lists; tests of both sides hold them together.
  return Object.fromEntries(
    references.map(([role], number) => [role, models[number]]),
  ) as unknown as Targets;
}

export class Linker {
  readonly #cards: CardStore;
  readonly #undo: (() => void)[] = [];
  #shown: LinkedCard | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly model: LinkerModel,
    private readonly to: Targets,
  ) {
    this.#cards = new CardStore(model.get("cards"), (index) => model.send({ type: "card", index }));
    const answered = (answer: Answer, buffers: DataView[]) =>
      this.#guard(() => this.#answered(answer, buffers));
    model.on("msg:custom", answered);
    this.#undo.push(() => model.off("msg:custom", answered));
    const changed = () => this.#guard(() => this.#show());
    model.on("change:selected", changed);
    this.#undo.push(() => model.off("change:selected", changed));

    for (const panel of [to.picker, to.overlap, to.overview, to.comparison]) {
      if (!panel) continue;
      this.#listen(panel, "selected", () => this.#select(panel.get("selected")));
    }
    this.#listen(to.picker, "likely", () =>
      this.#cards.foresee(to.picker.get("likely") as number[]),
    );
    this.#listenToBars(to.adversaryBars);
    changed();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#cards.dispose();
    for (const undo of this.#undo) undo();
  }

  #listen(panel: TargetModel, name: string, changed: () => void): void {
    const callback = () => this.#guard(changed);
    panel.on(`change:${name}`, callback);
    this.#undo.push(() => panel.off(`change:${name}`, callback));
  }

  #listenToBars(bars: TargetModel): void {
    this.#listen(bars, "selected", () => {
      const rank = (bars.get("selected") as Uint32Array | null)?.[0];
      if (rank === undefined) return;
      // A bar is a button here: let go at once, so that it can be clicked again.
      bars.set_state({ selected: null });
      const index = this.#shown?.adversaries.classes[rank];
      // bqplot sends its change to the kernel now: what is set before that would go along.
      queueMicrotask(() => this.#guard(() => this.#select(index)));
    });
  }

  #select(index: unknown): void {
    if (typeof index !== "number" || !(index in this.model.get("class_names"))) return;
    if (index === this.model.get("selected")) return;
    this.model.set("selected", index);
    this.model.save_changes();
  }

  /** Shows the selected class. */
  #show(): void {
    const index = this.model.get("selected");
    clearTimeout(this.#timer);
    this.#cards.rest();
    const card = this.#find(index);
    this.to.picker.set_state({ selected: index });
    this.to.overlap.set_state({ selected: index });
    this.to.comparison?.set_state({ selected: index });
    if (!card) return;
    this.#shown = card;
    // Only now, as the page would be laid out once more while the kernel makes the card.
    this.to.overview.set_state({ selected: index });
    const { name, header, archetypes, overlap, comparison, sprite, sprite_data } = card;
    // First, as the browser decodes the images while the others change.
    this.to.archetypes.set_state({ card: { index, name, archetypes, sprite, sprite_data } });
    applyAdversaries(this.to, card.adversaries, this.model.get("labels"));
    applyColors(this.to, card.colors);
    this.to.header.set_state({ card: { index, name, header } });
    if (comparison) this.to.comparison?.set_state({ card: { index, name, comparison } });
    this.to.overlap.set_state({ card: { index, name, overlap } });
  }

  /** The card of a class; where it has to be waited for, the page says so. */
  #find(index: number): LinkedCard | undefined {
    const late = () => {
      this.#cards.fail(index); // so that choosing the class again asks again
      this.#sayNotShown(`${this.#nameOf(index)} needs a running, idle kernel; none has answered.`);
    };
    this.#timer = setTimeout(late, PATIENCE);
    try {
      const card = this.#cards.get(index);
      if (card) clearTimeout(this.#timer);
      this.#say(card ? card.notice : `Loading ${this.#nameOf(index)} …`);
      return card;
    } catch {
      clearTimeout(this.#timer); // JupyterLab throws at once where the kernel is gone
      late();
      return undefined;
    }
  }

  #nameOf(index: number): string {
    return this.model.get("class_names")[index] ?? "";
  }

  #answered(answer: Answer, buffers: DataView[]): void {
    if (answer.type === "error") {
      this.#cards.fail(answer.index);
      if (answer.index !== this.model.get("selected")) return;
      clearTimeout(this.#timer);
      this.#sayNotShown(answer.message);
    } else if (answer.type === "card") {
      const card = { ...answer.card, sprite_data: buffers[0] ?? new DataView(new ArrayBuffer(0)) };
      this.#cards.add(card);
      if (card.index === this.model.get("selected")) this.#show();
      else this.to.archetypes.set_state({ ahead: card });
    } else if (answer.type === "notice") {
      this.#say(answer.message);
    }
  }

  #sayNotShown(reason: string): void {
    this.#say(this.#shown ? `${reason} The panels still show ${this.#shown.name}.` : reason);
  }

  #say(text: string): void {
    this.to.message.set_state({ value: text });
  }

  /** Runs a task; what goes wrong shows on the page and in the console. */
  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#say(`The panels could not be updated: ${String(error)}`);
      reportError(error);
    }
  }
}

const initialize: Initialize<LinkerState> = ({ model }) => {
  let linker: Linker | undefined;
  let gone = false;
  // Not awaited: the other widgets may take longer to load than `initialize` is given.
  resolveTargets(model)
    .then((targets) => {
      if (!gone) linker = new Linker(model, targets);
    })
    .catch(reportError);
  return () => {
    gone = true;
    linker?.dispose();
  };
};

export default { initialize };
