// The small menu of edits: for one image, or for several at once.
import type { Model } from "../model";
import { ClassFinder } from "./class_finder";
import { h, keepKeys } from "./dom";
import { askEdit, type Edit, type EditState, editingOf, inWords } from "./edits";

const GAP = 4;

/** What the menu is opened for. */
export interface EditTarget {
  /** What it says it is for, such as "Training image 12". */
  title: string;
  /** Keys of the images. */
  keys: readonly string[];
  /** Classes that may be right, the likeliest first. */
  suggested: readonly number[];
  /** Whether it begins with the choice of a class. */
  relabel?: boolean;
}

/** The actions with their keys; the same wherever images are edited. */
export const ACTIONS: readonly [action: Edit["action"], key: string, words: string][] = [
  ["keep", "k", "Label is right"],
  ["exclude", "x", "Leave out"],
  ["relabel", "l", "Other label …"],
];

export class EditMenu {
  readonly #title = h("p", "imbxai-menu-title");
  readonly #now = h("p", "imbxai-soft imbxai-menu-now");
  readonly #why = h("p", "imbxai-note", { role: "status" });
  readonly #buttons: Map<Edit["action"], HTMLButtonElement>;
  readonly #back = h("button", "imbxai-menu-button", { type: "button" }, "Take back");
  readonly #finder: ClassFinder;
  readonly element: HTMLElement;
  #target: EditTarget | undefined;
  #anchor: HTMLElement | undefined;

  constructor(private readonly model: Model<EditState>) {
    this.#buttons = new Map(
      ACTIONS.map(([action, key, words]) => {
        const hint = h("kbd", "", { "aria-hidden": "true" }, key);
        const attributes = { type: "button", "data-action": action, "aria-keyshortcuts": key };
        const button = h("button", "imbxai-menu-button", attributes, words, hint);
        button.addEventListener("click", () => this.#act(action));
        return [action, button];
      }),
    );
    this.#back.addEventListener("click", () => this.#do(null));
    this.#finder = new ClassFinder((label) => this.#do({ action: "relabel", label }));
    this.element = keepKeys(
      h(
        "div",
        "imbxai-edit-menu",
        { role: "dialog", popover: "auto", "data-testid": "imbxai-edit-menu" },
        this.#title,
        this.#now,
        ...this.#buttons.values(),
        this.#finder.element,
        this.#back,
        this.#why,
      ),
    );
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    // What is clicked in it is not a click on what it stands in.
    this.element.addEventListener("click", (event) => event.stopPropagation());
  }

  /** Opens beside what was clicked. */
  open(target: EditTarget, anchor: HTMLElement): void {
    this.#target = target;
    this.#anchor = anchor;
    const { why, names } = editingOf(this.model);
    const edits = this.model.get("edits");
    const edited = target.keys.filter((key) => key in edits);
    const [only] = edited;
    const edit = target.keys.length === 1 && only !== undefined ? edits[only] : undefined;
    this.#title.textContent = target.title;
    this.element.setAttribute("aria-label", `Edit: ${target.title}`);
    this.#now.textContent = edit ? `Now: ${inWords(edit, names)}` : "";
    this.#now.hidden = !edit;
    this.#why.textContent = why;
    for (const button of [...this.#buttons.values(), this.#back]) button.disabled = why !== "";
    this.#back.hidden = edited.length === 0;
    this.#finder.show(names, target.suggested);
    this.#finder.element.hidden = !target.relabel || why !== "";
    this.element.showPopover?.();
    this.#place(anchor);
    if (target.relabel && !why) this.#finder.focus();
    else this.#buttons.get("keep")?.focus({ preventScroll: true });
  }

  close(): void {
    this.#target = undefined;
    this.element.hidePopover?.();
    if (this.#anchor?.isConnected) this.#anchor.focus({ preventScroll: true });
  }

  dispose(): void {
    this.element.remove();
  }

  #act(action: Edit["action"]): void {
    if (action !== "relabel") {
      this.#do({ action });
      return;
    }
    this.#finder.element.hidden = false;
    if (this.#anchor) this.#place(this.#anchor);
    this.#finder.focus();
  }

  #do(edit: Edit | null): void {
    const target = this.#target; // none after a first click: a second of a double click does nothing
    if (!target || editingOf(this.model).why) return;
    this.close();
    this.model.set("edit", askEdit({ do: "edit", images: target.keys, edit }));
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
      return;
    }
    if ((event.target as Element).matches("input")) return;
    const buttons = [...this.element.querySelectorAll("button")].filter(
      (button) => !button.disabled && !button.hidden && !button.closest("[hidden]"),
    );
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const move = moves[event.key];
    const action = ACTIONS.find(([, key]) => key === event.key)?.[0];
    if (move) buttons[(at + move + buttons.length) % buttons.length]?.focus();
    else if (action && !event.repeat) this.#act(action);
    else return;
    event.preventDefault();
  }

  /** Puts it below its anchor, or above where there is more room, within the window. */
  #place(anchor: HTMLElement): void {
    const { style } = this.element;
    const at = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const below = at.bottom + GAP + height <= window.innerHeight || at.top < height + GAP;
    style.left = `${Math.max(GAP, Math.min(at.left, window.innerWidth - width - GAP))}px`;
    style.top = `${Math.max(GAP, below ? at.bottom + GAP : at.top - height - GAP)}px`;
  }
}
