// A field in which to find a class, of few or of thousands, and those that fit what is written.
import { h } from "./dom";
import { counted } from "./format";

/** Classes that are listed at once. */
const LISTED = 8;

let made = 0;

export class ClassFinder {
  readonly #field = h("input", "imbxai-finder-field", {
    type: "text",
    role: "combobox",
    "aria-label": "New label",
    "aria-expanded": "true",
    "aria-autocomplete": "list",
    autocomplete: "off",
    placeholder: "New label",
  });
  readonly #list = h("div", "imbxai-finder-list", {
    role: "listbox",
    "aria-label": "Classes",
    id: `imbxai-finder-${made++}`,
  });
  readonly #more = h("p", "imbxai-soft");
  readonly element = h("div", "imbxai-finder", {}, this.#field, this.#list, this.#more);
  #names: readonly string[] = [];
  #suggested: readonly number[] = [];
  #found: number[] = [];
  #at = 0;

  constructor(private readonly chosen: (index: number) => void) {
    this.#field.setAttribute("aria-controls", this.#list.id);
    this.#field.addEventListener("input", () => this.#find());
    this.#field.addEventListener("keydown", (event) => this.#onKey(event));
    this.#list.addEventListener("click", ({ target }) => {
      const option = (target as Element).closest<HTMLElement>("[data-index]");
      if (option) this.chosen(Number(option.dataset.index));
    });
  }

  /** Lists classes, the suggested ones first. */
  show(names: readonly string[], suggested: readonly number[]): void {
    this.#names = names;
    this.#suggested = suggested;
    this.#field.value = "";
    this.#find();
  }

  focus(): void {
    this.#field.focus({ preventScroll: true });
  }

  #find(): void {
    const words = this.#field.value.trim().toLowerCase();
    const fits = (index: number) => (this.#names[index] ?? "").toLowerCase().includes(words);
    const others = this.#names.map((_, index) => index);
    const all = [...new Set([...this.#suggested, ...others])].filter(fits);
    this.#found = all.slice(0, LISTED);
    this.#at = 0;
    this.#list.replaceChildren(
      ...this.#found.map((index, place) =>
        h(
          "div",
          "imbxai-finder-option",
          { role: "option", id: `${this.#list.id}-${place}`, "data-index": index },
          this.#names[index] ?? "",
        ),
      ),
    );
    const left = all.length - this.#found.length;
    const none = `No class has “${this.#field.value}” in its name.`;
    this.#more.textContent = all.length
      ? left
        ? `and ${counted(left, "more", "more")}`
        : ""
      : none;
    this.#mark();
  }

  #mark(): void {
    for (const [place, option] of [...this.#list.children].entries()) {
      option.setAttribute("aria-selected", String(place === this.#at));
    }
    const active = this.#found.length ? `${this.#list.id}-${this.#at}` : "";
    this.#field.setAttribute("aria-activedescendant", active);
  }

  #onKey(event: KeyboardEvent): void {
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const move = moves[event.key];
    if (move) {
      this.#at = Math.max(0, Math.min(this.#at + move, this.#found.length - 1));
      this.#mark();
    } else if (event.key === "Enter") {
      const index = this.#found[this.#at];
      if (index !== undefined) this.chosen(index);
    } else return;
    event.preventDefault();
  }
}
