// The tray of marked images: how many they are, and ways to take them along.

import type { Model } from "../model";
import { ARCHETYPES } from "./archetype_style";
import { h } from "./dom";
import { EditTools } from "./edit_tools";
import type { EditState } from "./edits";
import { count, counted } from "./format";
import type { Thumbnail } from "./thumbnail_grid";

/** Marked images that are named; of more there is the number. */
const NAMED = 6;

const COLUMNS = [
  "split",
  "row",
  "image",
  "file",
  "label",
  "prediction",
  "archetype",
  "confidence",
] as const;

/** What is written of a marked image; of one that nothing is known of, split and row. */
export function fieldsOf(key: string, known: Thumbnail | undefined): string[] {
  const [split = "", row = ""] = key.split(":");
  if (!known) return [split, row, ...COLUMNS.slice(2).map(() => "")];
  const { number, file, label, prediction, archetype, confidence } = known;
  const sure = confidence === null ? "" : String(confidence);
  const kind = ARCHETYPES[archetype]?.name ?? "";
  return [split, row, String(number), file ?? "", label, prediction, kind, sure];
}

/** A table as text: of commas with quotes where needed, as RFC 4180 has it. */
export const csv = (rows: readonly string[][]): string =>
  [COLUMNS, ...rows]
    .map((row) => row.map((field) => (/[",\r\n]/.test(field) ? quoted(field) : field)).join(","))
    .join("\r\n");

const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;

/** The same with tabs, which spreadsheets and people read. */
export const plain = (rows: readonly string[][]): string =>
  [COLUMNS, ...rows]
    .map((row) => row.map((field) => field.replace(/[\t\r\n]+/g, " ")).join("\t"))
    .join("\n");

export class MarkTray {
  readonly #number = h("b", "", { role: "status" });
  readonly #names = h("span", "imbxai-soft imbxai-tray-names");
  readonly #copy = h("button", "imbxai-quiet-button", { type: "button" }, "Copy");
  readonly #export = h("button", "imbxai-quiet-button", { type: "button" }, "Export CSV");
  readonly #clear = h("button", "imbxai-quiet-button", { type: "button" }, "Clear");
  readonly #told = h("span", "imbxai-soft", { role: "status" });
  readonly #tools: EditTools;
  readonly element = h(
    "div",
    "imbxai-tray",
    { role: "group", "aria-label": "Marked images" },
    this.#number,
    this.#names,
    this.#told,
    this.#copy,
    this.#export,
    this.#clear,
  );
  #rows: string[][] = [];

  constructor(model: Model<EditState>, clear: () => void) {
    this.#tools = new EditTools(model);
    this.element.append(this.#tools.element);
    this.#copy.addEventListener("click", () => this.#onCopy());
    this.#export.addEventListener("click", () => this.#onExport());
    this.#clear.addEventListener("click", clear);
  }

  show(keys: readonly string[], known: ReadonlyMap<string, Thumbnail>): void {
    this.element.hidden = keys.length === 0;
    this.#rows = keys.map((key) => fieldsOf(key, known.get(key)));
    this.#number.textContent = `${counted(keys.length, "image")} marked`;
    this.#told.textContent = "";
    this.#tools.show({ title: counted(keys.length, "marked image"), keys, suggested: [] });
    const names = keys.slice(-NAMED).map((key) => nameOf(key, known.get(key)));
    const more = keys.length - names.length;
    this.#names.textContent = `${more > 0 ? `${count(more)} others, ` : ""}${names.join(", ")}`;
  }

  async #onCopy(): Promise<void> {
    const done = await copyText(plain(this.#rows));
    this.#told.textContent = done ? "Copied" : "The browser does not let this page copy.";
  }

  #onExport(): void {
    const blob = new Blob([csv(this.#rows)], { type: "text/csv;charset=utf-8" });
    const url = URL.createObjectURL(blob);
    h("a", "", { href: url, download: "marked_images.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url));
  }
}

function nameOf(key: string, known: Thumbnail | undefined): string {
  const [split, row] = key.split(":");
  if (!known) return `${split} row ${row}`;
  const { number, label, prediction, correct } = known;
  return `${split} ${number} (${correct ? label : `${label}, taken for ${prediction}`})`;
}

/** Puts a text on the clipboard; tells whether it worked. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByCommand(text); // a page that is not served safely has no clipboard
  }
}

function copyByCommand(text: string): boolean {
  const field = h("textarea", "", { "aria-hidden": "true" });
  const focused = document.activeElement as HTMLElement | null;
  field.value = text;
  field.style.cssText = "position: fixed; opacity: 0";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused?.focus({ preventScroll: true });
  return done;
}
