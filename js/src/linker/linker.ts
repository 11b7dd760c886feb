// Links the panels of one Explorer in the front end: whichever of them a class is chosen in,
// the linker puts that class's card on all of them and tells Python no more than its number.
import {
  type ClassCard,
  type Initialize,
  type Reference,
  type Render,
  resolve,
  type WidgetModel,
} from "../model";
import { afterPaint } from "../parts/after_paint";
import { type AskError, Asker } from "../parts/ask";
import { h } from "../parts/dom";
import { type AskedEdit, type Editing, type Edits, isEdit } from "../parts/edits";
import { type AskedFilter, isAsked } from "../parts/filter";
import { type AskedOpening, isOpening } from "../parts/open";
import { type AskedRemedy, isRemedy, type Shifts, sameShifts } from "../parts/remedies";
import { CardStore } from "./card_store";
import { EditStore } from "./edit_store";
import { has, type Linked, Panels } from "./panels";

interface LinkerState {
  /** In the order in which a click sets them. */
  panels: Linked<Reference>[];
  tabs: Reference;
  message: Reference;
  class_names: string[];
  cards: ClassCard[];
  selected: number;
  /** Keys of the marked images, such as "training:12". */
  marked: string[];
  edits: Edits;
  history: { undo: boolean; redo: boolean; kept: string };
  /** Tells the lines that are left behind by the process that made the panels. */
  session: string;
}

type LinkerModel = Parameters<Initialize<LinkerState>>[0]["model"];

interface Targets {
  panels: Linked<WidgetModel>[];
  tabs: WidgetModel;
  message: WidgetModel;
}

interface Notice {
  type: "notice";
  message: string;
}

/** After this long without a card, the page says what it waits for. */
const PATIENCE = 5000;

/** Panels in closed tabs follow so much later: a class is sooner shown in those that are seen. */
const LATER = 80;

const NO_KERNEL = "Editing needs a running kernel; this page has none.";

async function resolveTargets(model: LinkerModel): Promise<Targets> {
  const manager = model.widget_manager;
  const panels = model.get("panels").map(async (panel) => ({
    ...panel,
    model: await resolve(manager, panel.model),
  }));
  return {
    panels: await Promise.all(panels),
    tabs: await resolve(manager, model.get("tabs")),
    message: await resolve(manager, model.get("message")),
  };
}

export class Linker {
  readonly #cards: CardStore;
  readonly #asker: Asker;
  readonly #edits: EditStore;
  readonly #panels: Panels;
  readonly #undo: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly model: LinkerModel,
    private readonly to: Targets,
  ) {
    this.#asker = new Asker(model);
    this.#panels = new Panels(to.panels, to.tabs);
    this.#cards = new CardStore(
      model.get("cards"),
      (index) => this.#asker.ask<ClassCard>("card", { index }),
      (card) => this.#guard(() => this.#came(card)),
      (index, error) => this.#missed(index, error),
    );
    this.#edits = new EditStore(this.#asker, () => model.get("edits"), {
      changed: () => this.#guard(() => this.#putEdits()),
      say: (text) => this.#say(text),
    });
    const told = (message: Notice) => {
      if (message.type === "notice") this.#say(message.message);
    };
    model.on("msg:custom", told);
    this.#undo.push(() => model.off("msg:custom", told));
    const changed = () => this.#guard(() => this.#show());
    model.on("change:selected", changed);
    this.#undo.push(() => model.off("change:selected", changed));
    for (const { model: panel } of to.panels) {
      this.#listen(panel, "selected", (index) => this.#select(index));
      this.#listen(panel, "likely", (indices) => this.#cards.foresee(indices as number[]));
      this.#listen(panel, "filter", (filter) => this.#filter(filter as AskedFilter));
      this.#listen(panel, "opens", (opening) => this.#open(opening as AskedOpening));
      this.#listen(panel, "remedy", (remedy) => this.#try(remedy as AskedRemedy));
      this.#listen(panel, "shifts", (shifts) => this.#shift(shifts as Shifts));
      this.#listen(panel, "marked", (keys) => this.#mark(keys as string[]));
      this.#listen(panel, "edit", (edit) => this.#edit(edit as AskedEdit));
    }
    const edited = () => this.#guard(() => this.#putEdits());
    for (const trait of ["edits", "history"] as const) {
      model.on(`change:${trait}`, edited);
      this.#undo.push(() => model.off(`change:${trait}`, edited));
    }
    to.message.on("comm_live_update", edited);
    this.#undo.push(() => to.message.off("comm_live_update", edited));
    const marked = () => this.#guard(() => this.#putAll("marked", this.model.get("marked")));
    model.on("change:marked", marked);
    this.#undo.push(() => model.off("change:marked", marked));
    this.#listen(to.tabs, "current", () => this.#panels.catchUp());
    const printed = () => this.#guard(() => this.#panels.catchUp(true));
    window.addEventListener("beforeprint", printed); // on paper all tabs are open
    this.#undo.push(() => window.removeEventListener("beforeprint", printed));
    changed();
    marked();
    edited();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#later);
    this.#cards.dispose();
    this.#asker.dispose();
    this.#edits.dispose();
    for (const undo of this.#undo) undo();
  }

  #listen(panel: WidgetModel, trait: string, changed: (value: unknown) => void): void {
    if (!has(panel, trait)) return;
    const callback = () => this.#guard(() => changed(panel.get(trait)));
    panel.on(`change:${trait}`, callback);
    this.#undo.push(() => panel.off(`change:${trait}`, callback));
  }

  #select(index: unknown): void {
    if (typeof index !== "number" || !(index in this.model.get("class_names"))) return;
    if (index === this.model.get("selected")) return;
    this.model.set("selected", index);
    // What the host does with the kernel's messages holds up the frame that shows the class.
    afterPaint(() => this.#guard(() => this.model.save_changes()));
  }

  /** Has the images shown that a panel asks for, of whichever class they are. */
  #filter(filter: AskedFilter): void {
    if (!isAsked(filter)) return;
    this.#select(filter.index);
    this.#putAll("wanted", filter);
  }

  /** Has opened what a panel asks to look at closer; the selected class stays. */
  #open(opening: AskedOpening): void {
    if (isOpening(opening)) this.#putAll("opened", opening);
  }

  /** Has a remedy tried, and the tab opened that tries it. */
  #try(remedy: AskedRemedy): void {
    if (isRemedy(remedy)) this.#putAll("tried", remedy);
  }

  /** Has all panels that shift logits shift them alike; Python need not know. */
  #shift(shifts: Shifts): void {
    for (const { model } of this.to.panels) {
      const known = model.get("shifts") as Shifts | undefined;
      if (known !== undefined && !sameShifts(known, shifts)) model.set_state({ shifts });
    }
  }

  /** Keeps which images are marked; all panels show it, and Python is told. */
  #mark(keys: string[]): void {
    if (keys.join() === this.model.get("marked").join()) return;
    this.model.set("marked", keys);
    this.model.save_changes();
  }

  /** Has an edit made in Python; what goes wrong is said there. */
  #edit(edit: AskedEdit): void {
    if (isEdit(edit) && !this.#why) this.#edits.ask(edit).catch(reportError);
  }

  /** Shows on all panels what is decided of images, and whether more can be. */
  #putEdits(): void {
    const { undo, redo, kept } = this.model.get("history");
    const { stepping: busy, waiting } = this.#edits;
    const names = this.model.get("class_names");
    // Python does one after the other: what is on its way there can be undone, and leaves nothing
    // to be done again.
    const able = { undo: undo || waiting, redo: redo && !waiting };
    const editing: Editing = { why: this.#why, ...able, busy, names, kept };
    this.#putAll("editing", editing);
    this.#putAll("edits", this.#edits.shown);
  }

  /** Why nothing can be edited, where that is known beforehand. */
  get #why(): string {
    return this.to.message.comm_live === false ? NO_KERNEL : "";
  }

  #putAll(
    trait: "wanted" | "opened" | "tried" | "marked" | "edits" | "editing",
    value: unknown,
  ): void {
    for (const { model } of this.to.panels) {
      if (has(model, trait)) model.set_state({ [trait]: value });
    }
  }

  /** Shows the selected class. */
  #show(): void {
    const index = this.model.get("selected");
    clearTimeout(this.#timer);
    this.#cards.rest();
    const card = this.#find(index);
    clearTimeout(this.#later);
    this.#panels.select(index);
    if (!card) return; // those in closed tabs follow with it, or as they are opened
    this.#panels.show(card);
    this.#later = setTimeout(() => this.#guard(() => this.#panels.catchUp(true)), LATER);
  }

  /** The card of a class; where it has to be waited for, the page says so. */
  #find(index: number): ClassCard | undefined {
    const card = this.#cards.get(index);
    if (!card) this.#timer = setTimeout(() => this.#late(index), PATIENCE);
    this.#say(card ? card.notice : `Loading ${this.#nameOf(index)} …`);
    return card;
  }

  #nameOf(index: number): string {
    return this.model.get("class_names")[index] ?? "";
  }

  #came(card: ClassCard): void {
    if (card.index === this.model.get("selected")) this.#show();
    else this.#panels.prepare(card);
  }

  #missed(index: number, error: AskError): void {
    if (index !== this.model.get("selected")) return;
    clearTimeout(this.#timer);
    if (error.unsent) this.#late(index);
    else this.#sayNotShown(`This class could not be shown: ${error.message}.`);
  }

  #late(index: number): void {
    this.#cards.forget(index); // so that choosing the class again asks again
    this.#sayNotShown(`${this.#nameOf(index)} needs a running, idle kernel; none has answered.`);
  }

  #sayNotShown(reason: string): void {
    const { card } = this.#panels;
    this.#say(card ? `${reason} The panels still show ${card.name}.` : reason);
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

/**
 * Hides, on a page that holds panels, the lines that say how to come by them; wherever these are,
 * and whatever the page is made of. JupyterLab's frame around such an output goes as well.
 */
const render: Render<LinkerState> = ({ model, el }) => {
  const line = `.imbxai-left-behind[data-session="${model.get("session")}"]`;
  const frame = `.jp-OutputArea-child:has(> .jp-OutputArea-output > ${line})`;
  const style = h("style", "");
  style.textContent = `${line}, ${frame} { display: none; }`;
  el.append(style);
  return () => style.remove();
};

export default { initialize, render };
