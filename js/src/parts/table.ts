// Tables of the panels, and rows that stand for classes: a click or a key picks one.
import { h, keepKeys, step } from "./dom";
import { counted } from "./format";

type Cell = Node | string;

export const headRow = (...titles: [text: string, hint: string, className?: string][]) => {
  const cells = titles.map(([text, hint, className = ""]) =>
    h("th", className, { scope: "col", title: hint }, text),
  );
  return h("thead", "", {}, h("tr", "", {}, ...cells));
};

export const cell = (className: string, ...children: Cell[]): HTMLElement =>
  h("td", className, {}, ...children);

/** The button that picks the class of a row. */
export const pickButton = () => h("button", "imbxai-link", { type: "button", tabindex: -1 });

/** A row that is led by the button that picks its class. */
export const pickRow = (button: HTMLElement, ...cells: HTMLElement[]) =>
  h("tr", "imbxai-pick", {}, h("th", "imbxai-class-name", { scope: "row" }, button), ...cells);

/** A row that is led by a class's name, which can be picked. */
export function classRow(name: string, ...cells: HTMLElement[]): HTMLElement {
  const button = pickButton();
  button.title = name;
  button.textContent = name;
  const row = pickRow(button, ...cells);
  row.dataset.class = name;
  return row;
}

/** How many classes share some features, where a table shows `shown` of them. */
export function sharingClasses(sharing: number, shown: number): string {
  const all = `${counted(sharing, "other class", "other classes")} with some of them`;
  return sharing > shown ? `${all}; the ${shown} closest` : all;
}

export interface PickRow {
  index: number;
  element: HTMLElement;
}

export const pickBody = (rows: PickRow[]): HTMLElement =>
  keepKeys(h("tbody", "", {}, ...rows.map((row) => row.element)));

/** The rows of one list below `root`; only one can be reached by Tab, arrow keys reach the others. */
export class PickRows {
  #rows: PickRow[] = [];
  #picked: HTMLElement | undefined;
  #leading: HTMLElement | undefined;

  constructor(
    root: HTMLElement,
    private readonly pick: (index: number) => void,
  ) {
    root.addEventListener("click", (event) => {
      if ((event.target as Element).closest(".imbxai-text-button")) return; // a count of its own
      const row = this.#rowAt(event);
      if (row) this.pick(row.index);
    });
    root.addEventListener("keydown", (event) => this.#onKey(event));
  }

  fill(rows: PickRow[]): void {
    this.#rows = rows;
  }

  /** Shows which class is selected; touches no row that stays as it is. */
  show(selected: number): void {
    const chosen = this.#rows.find((row) => row.index === selected);
    if (chosen?.element !== this.#picked) {
      this.#picked?.classList.remove("imbxai-picked");
      this.#picked = chosen?.element;
      this.#picked?.classList.add("imbxai-picked");
    }
    this.#lead(chosen ?? this.#rows[0]);
  }

  #lead(row: PickRow | undefined): HTMLElement | undefined {
    const button = row?.element.querySelector("button") ?? undefined;
    if (button === this.#leading) return button;
    if (this.#leading) this.#leading.tabIndex = -1;
    this.#leading = button;
    if (button) button.tabIndex = 0;
    return button;
  }

  #rowAt(event: Event): PickRow | undefined {
    const element = (event.target as Element).closest(".imbxai-pick");
    return this.#rows.find((row) => row.element === element);
  }

  #onKey(event: KeyboardEvent): void {
    const row = this.#rowAt(event);
    const next = step(this.#rows, row, event.key);
    if (!row) return;
    if (next) {
      event.preventDefault();
      this.#lead(next)?.focus();
    } else this.#sideways(row, event);
  }

  /** Moves among the buttons of a row: its name, and the counts that filter. */
  #sideways(row: PickRow, event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const buttons = [...row.element.querySelectorAll("button")];
    const next = buttons[buttons.indexOf(event.target as HTMLButtonElement) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}
