// The line of edits: how many there are, undo and redo, and what comes of them.
import type { Model, Render } from "../model";
import { ARCHETYPES } from "../parts/archetype_style";
import { AskError, Asker } from "../parts/ask";
import { Cleanup, h, keepKeys, panel } from "../parts/dom";
import { askEdit, type EditState, editingOf } from "../parts/edits";
import { count, counted } from "../parts/format";
import { cell, classRow, headRow, PickRows, pickBody } from "../parts/table";

/** Numbers of a class before and after the edits. */
export interface ClassEffect {
  index: number;
  name: string;
  images: number[];
  wrong: number[];
  archetypes: number[][];
  /** Validation images that are wrong; null if there are none. */
  failing: number[] | null;
}

export interface Effect {
  rows: ClassEffect[];
  /** Of how many classes the numbers change. */
  classes: number;
  /** Images without an edit of which the archetype is another. */
  moved: number;
}

export interface State extends EditState {
  selected: number;
}

/** Titles of the columns, and what each counts. */
const HEADS: readonly [text: string, hint: string][] = [
  ["Images", "Training images"],
  ["Wrong", "Training images that are wrong"],
  ...ARCHETYPES.map(({ name }): [string, string] => [
    `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
    `Training images that are ${name}`,
  ]),
  ["Fail", "Validation images that are wrong"],
];

const ROOT = ".imbxai-explorer";

/** Where Ctrl+Z is the field's own. */
const FIELDS = "input, textarea, select, [contenteditable]";

const button = (text: string, hint = "") =>
  h("button", "imbxai-quiet-button", { type: "button", title: hint }, text);

class EditsView {
  readonly frame = panel("edits", "Edits", "");
  readonly #count = h("span", "", { role: "status" });
  readonly #undo = button("Undo", "Ctrl+Z");
  readonly #redo = button("Redo", "Ctrl+Shift+Z");
  readonly #show = button("Show the effect", "Count again with the edits");
  readonly #effect = h("div", "imbxai-effect");
  readonly #rows = new PickRows(this.#effect, (index) => this.model.set("selected", index));
  readonly #asker: Asker;
  #request = new AbortController();

  constructor(private readonly model: Model<State>) {
    this.#asker = new Asker(model);
    this.#undo.addEventListener("click", ({ detail }) => detail <= 1 && this.step("undo"));
    this.#redo.addEventListener("click", ({ detail }) => detail <= 1 && this.step("redo"));
    this.#show.addEventListener("click", () => this.#ask());
    const line = h("p", "imbxai-edits-line", {}, this.#count);
    const buttons = h("p", "imbxai-edits-line", {}, this.#undo, this.#redo, this.#show);
    this.frame.head.hidden = true;
    this.frame.body.append(line, buttons, this.#effect);
  }

  show(): void {
    const { why, undo, redo, busy, kept } = editingOf(this.model);
    const edits = Object.values(this.model.get("edits"));
    this.frame.root.hidden = !edits.length && !undo && !redo;
    const number = (action: string) => edits.filter((edit) => edit.action === action).length;
    const parts = [
      [number("relabel"), "relabeled"],
      [number("exclude"), "left out"],
      [number("keep"), "found right"],
    ] as const;
    const words = parts.filter(([some]) => some).map(([some, what]) => `${count(some)} ${what}`);
    const shown =
      "The panels show the analysis without them; analysis.with_edits(explorer.edits) is that with them.";
    const ending = kept
      ? `They are kept in ${kept}.`
      : "They end with the kernel, unless explorer.edits.to_csv(path) saves them.";
    const told = edits.length
      ? `${counted(edits.length, "image")} edited: ${words.join(", ")}. ${shown} ${ending}`
      : "No image is edited.";
    this.#count.textContent = why ? `${told} ${why}` : told;
    // Until the first click of a double click has acted; keys wait for their turn.
    this.#undo.disabled = !undo || busy || why !== "";
    this.#redo.disabled = !redo || busy || why !== "";
    this.#show.disabled = !edits.length || why !== "";
    this.#forget();
  }

  showSelected(): void {
    this.#rows.show(this.model.get("selected"));
  }

  step(what: "undo" | "redo"): void {
    const { why, undo, redo, busy } = editingOf(this.model);
    if (!why && (busy || (what === "undo" ? undo : redo)))
      this.model.set("edit", askEdit({ do: what }));
  }

  dispose(): void {
    this.#request.abort();
    this.#asker.dispose();
    this.frame.root.remove();
  }

  /** What was shown is no more what the edits make. */
  #forget(): void {
    this.#request.abort();
    this.#request = new AbortController();
    this.#rows.fill([]);
    this.#effect.replaceChildren();
  }

  async #ask(): Promise<void> {
    this.#forget();
    const { signal } = this.#request;
    this.#effect.replaceChildren(h("p", "imbxai-note", { role: "status" }, "Counting again …"));
    try {
      const effect = await this.#asker.ask<Effect>("effect", {}, { signal });
      if (!signal.aborted) this.#tell(effect);
    } catch (error) {
      if (signal.aborted || !(error instanceof AskError)) return;
      const why = error.unsent ? "it needs a running kernel" : error.message;
      const text = `The effect could not be shown: ${why}.`;
      this.#effect.replaceChildren(h("p", "imbxai-notice", { role: "alert" }, text));
    }
  }

  #tell({ rows, classes, moved }: Effect): void {
    const picks = rows.map((row) => ({
      index: row.index,
      element: classRow(
        row.name,
        change(row.images),
        change(row.wrong),
        ...row.archetypes.map(change),
        change(row.failing),
      ),
    }));
    this.#rows.fill(picks);
    const some = rows.length < classes ? `, ${count(rows.length)} of ${count(classes)}` : "";
    const table = h(
      "table",
      "imbxai-table",
      {},
      h("caption", "", {}, `Classes whose numbers change, before → after the edits${some}`),
      headRow(
        ["Class", "Those that change most first"],
        ...HEADS.map(([text, hint]): [string, string, string] => [text, hint, "imbxai-number"]),
      ),
      pickBody(picks),
    );
    const neighbors = moved
      ? `Beside the edited images, ${counted(moved, "image")} changed ${moved === 1 ? "its" : "their"} archetype, as neighbors have other labels or are left out.`
      : "No image changed its archetype but those that are edited.";
    const same = "The network is the same: it has learned from the labels as they were.";
    const note = h("p", "imbxai-note", { role: "status" }, `${neighbors} ${same}`);
    this.#effect.replaceChildren(...(rows.length ? [table] : []), note);
    this.showSelected();
  }
}

/** "12 → 14", or the number where it stays. */
function change(pair: readonly number[] | null): HTMLElement {
  const [before = 0, after = 0] = pair ?? [];
  if (!pair) return cell("imbxai-number", "–");
  if (before === after) return cell("imbxai-number imbxai-soft", count(before));
  return cell("imbxai-number", `${count(before)} → ${count(after)}`);
}

/** What a key is for, if it is for either. */
function stepOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent) {
  if (!(ctrlKey || metaKey) || altKey) return undefined;
  const steps: Record<string, "undo" | "redo"> = { z: shiftKey ? "redo" : "undo", y: "redo" };
  return steps[key.toLowerCase()];
}

/** Has Ctrl+Z and Ctrl+Shift+Z undo and redo, wherever in the Explorer the focus is. */
function listen(root: HTMLElement, view: EditsView): () => void {
  const onKey = (event: KeyboardEvent) => {
    const step = stepOf(event);
    if (!step || (event.target as Element).matches(FIELDS)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) view.step(step);
  };
  keepKeys(root).addEventListener("keydown", onKey);
  return () => root.removeEventListener("keydown", onKey);
}

const render: Render<State> = ({ model, el }) => {
  const view = new EditsView(model);
  const cleanup = new Cleanup();
  cleanup.on(model, "change:edits", () => view.show());
  cleanup.on(model, "change:editing", () => view.show());
  cleanup.on(model, "change:selected", () => view.showSelected());
  el.append(view.frame.root);
  cleanup.add(() => view.dispose());
  // The view is put into the page after it is rendered.
  let listening = false;
  cleanup.onResize([el], () => {
    const root = el.closest<HTMLElement>(ROOT);
    if (!root || listening) return;
    listening = true;
    cleanup.add(listen(root, view));
  });
  view.show();
  return () => cleanup.run();
};

export default { render };
