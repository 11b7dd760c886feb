// Buttons and keys to decide of images: of the one that is looked at, or of all that are marked.
import type { Model } from "../model";
import type { KeyHint } from "./detail_kind";
import { h } from "./dom";
import { ACTIONS, EditMenu, type EditTarget } from "./edit_menu";
import { askEdit, type Edit, type EditState, editingOf, inWords } from "./edits";

/** The key that takes the first suggested class for the label. */
const SUGGESTED = "s";

export class EditTools {
  readonly #buttons: Map<Edit["action"], HTMLButtonElement>;
  readonly #suggested = h("button", "imbxai-quiet-button", {
    type: "button",
    "data-action": "suggested",
    "aria-keyshortcuts": SUGGESTED,
  });
  readonly #back = h("button", "imbxai-quiet-button", { type: "button" }, "Take back");
  readonly #now = h("span", "imbxai-edit-now", { role: "status" });
  readonly #why = h("span", "imbxai-soft", { role: "status" });
  readonly #menu: EditMenu;
  readonly element: HTMLElement;
  #target: EditTarget | undefined;

  constructor(private readonly model: Model<EditState>) {
    this.#menu = new EditMenu(model);
    this.#buttons = new Map(
      ACTIONS.map(([action, key, words]) => {
        const attributes = { type: "button", "data-action": action, "aria-keyshortcuts": key };
        const button = h("button", "imbxai-quiet-button", attributes, words);
        button.addEventListener("click", ({ detail }) => {
          if (detail <= 1) this.#act(action);
        });
        return [action, button];
      }),
    );
    this.#suggested.addEventListener("click", ({ detail }) => {
      if (detail <= 1) this.#take();
    });
    this.#back.addEventListener("click", ({ detail }) => {
      if (detail <= 1) this.#do(null);
    });
    this.element = h(
      "div",
      "imbxai-edit-tools",
      { role: "group", "aria-label": "Edit" },
      ...this.#buttons.values(),
      this.#suggested,
      this.#back,
      this.#now,
      this.#why,
      this.#menu.element,
    );
  }

  /** The keys of what is shown. */
  get keys(): readonly KeyHint[] {
    const { names } = editingOf(this.model);
    const [first] = this.#target?.suggested ?? [];
    const hints = ACTIONS.map(([, key, words]): KeyHint => [key, words.toLowerCase()]);
    if (first !== undefined) hints.push([SUGGESTED, `it is ${names[first] ?? "the other"}`]);
    return [...hints, ["Ctrl Z", "undo"]];
  }

  show(target: EditTarget): void {
    this.#target = target;
    this.refresh();
  }

  /** Shows what is decided as it is now. */
  refresh(): void {
    const { why, names } = editingOf(this.model);
    const target = this.#target;
    const edits = this.model.get("edits");
    const edited = (target?.keys ?? []).filter((key) => key in edits);
    const [only] = edited;
    const edit = target?.keys.length === 1 && only !== undefined ? edits[only] : undefined;
    const [first] = target?.suggested ?? [];
    this.#suggested.hidden = first === undefined;
    this.#suggested.textContent = `It is ${names[first ?? -1] ?? ""}`;
    this.#back.hidden = edited.length === 0;
    this.#now.textContent = edit ? inWords(edit, names) : "";
    this.#why.textContent = why;
    for (const [action, button] of this.#buttons) {
      button.disabled = why !== "";
      button.setAttribute("aria-pressed", String(edit?.action === action));
    }
    for (const button of [this.#suggested, this.#back]) button.disabled = why !== "";
  }

  /** Does what a key is for, and tells whether it is for anything. */
  press({ key, repeat }: KeyboardEvent): boolean {
    const action = ACTIONS.find(([, known]) => known === key)?.[0];
    if (!action && !(key === SUGGESTED && this.#target?.suggested.length)) return false;
    if (!repeat && action) this.#act(action);
    else if (!repeat) this.#take();
    return true;
  }

  #act(action: Edit["action"]): void {
    const button = this.#buttons.get(action);
    if (!this.#target || editingOf(this.model).why || !button) return;
    if (action === "relabel") this.#menu.open({ ...this.#target, relabel: true }, button);
    else this.#do({ action });
  }

  #take(): void {
    const [label] = this.#target?.suggested ?? [];
    if (label !== undefined) this.#do({ action: "relabel", label });
  }

  #do(edit: Edit | null): void {
    if (!this.#target || editingOf(this.model).why) return;
    this.model.set("edit", askEdit({ do: "edit", images: this.#target.keys, edit }));
  }
}
