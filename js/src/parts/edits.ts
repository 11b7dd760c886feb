// What is to become of single images: another label, left out, or looked at and right. A panel sets
// its trait `edit` in the page alone to ask for it; the linker has it done in Python, and sets
// `edits` and `editing` on all panels.
import type { Model } from "../model";
import { type Asked, asked } from "./asked";

export interface Edit {
  action: "relabel" | "exclude" | "keep";
  /** Number of the new class, of "relabel". */
  label?: number;
}

/** By the key of the image, such as "training:12". */
export type Edits = Readonly<Record<string, Edit>>;

/** What a panel has to know to edit. */
export interface Editing {
  /** Why nothing can be edited; "" where it can. */
  why: string;
  /** Whether there is anything to undo, and to do again. */
  undo: boolean;
  redo: boolean;
  /** Whether an undo or redo is on its way. */
  busy: boolean;
  /** Names of all classes. */
  names: readonly string[];
  /** The path of the journal; "" where edits end with the kernel. */
  kept: string;
}

export interface EditState {
  edits: Edits;
  /** Empty until the linker is there. */
  editing: Editing | Record<string, never>;
  edit: AskedEdit;
}

export interface EditRequest {
  do: "edit" | "undo" | "redo";
  /** Keys of the images, and what is to become of them; null takes edits back. */
  images?: readonly string[];
  edit?: Edit | null;
}

/** What a panel asks for. */
export type AskedEdit = Asked<EditRequest>;

/** Until the linker says that edits can be made, none can. */
const NOT_YET: Editing = {
  why: "Loading …",
  undo: false,
  redo: false,
  busy: false,
  names: [],
  kept: "",
};

export const askEdit = (request: EditRequest): AskedEdit => asked(request);

export const isEdit = (edit: AskedEdit | undefined): edit is EditRequest & { asked: number } =>
  edit !== undefined && "do" in edit;

/** What a model knows of editing. */
export function editingOf(model: Model<EditState>): Editing {
  const editing = model.get("editing");
  return "names" in editing ? (editing as Editing) : NOT_YET;
}

export const same = (one: Edit | null | undefined, other: Edit | null | undefined): boolean =>
  one?.action === other?.action && one?.label === other?.label;

/** What an edit says, after the name of an image. */
export function inWords(edit: Edit, names: readonly string[]): string {
  if (edit.action === "exclude") return "left out";
  if (edit.action === "keep") return "label is right";
  return `relabeled as ${names[edit.label ?? -1] ?? `class ${edit.label}`}`;
}

/** The same on an image, where there is little room. */
export function onTile(edit: Edit, names: readonly string[]): string {
  if (edit.action === "exclude") return "out";
  return edit.action === "keep" ? "right" : `→ ${names[edit.label ?? -1] ?? edit.label}`;
}
