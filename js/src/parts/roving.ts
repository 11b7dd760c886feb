// Arrow keys among buttons in rows: one of them can be reached by Tab, the others from there.

import { keepKeys } from "./dom";

const MOVES: Record<string, [down: number, right: number]> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
};

const clamp = (value: number, length: number): number => Math.min(Math.max(value, 0), length - 1);

export class Roving {
  #leading: HTMLElement | undefined;

  /** `rows` gives the buttons below `root` that are there now. */
  constructor(
    root: HTMLElement,
    private readonly rows: () => HTMLElement[][],
  ) {
    keepKeys(root);
    root.addEventListener("keydown", (event) => this.#onKey(event));
    root.addEventListener("focusin", ({ target }) => this.#lead(target as HTMLElement));
  }

  /** Has one of the buttons reached by Tab, after they have changed. */
  refresh(): void {
    const all = this.rows().flat();
    const leading = all.find((button) => button === this.#leading) ?? all[0];
    for (const button of all) button.tabIndex = button === leading ? 0 : -1;
    this.#leading = leading;
  }

  #lead(button: HTMLElement): void {
    if (button === this.#leading || !this.rows().flat().includes(button)) return;
    if (this.#leading) this.#leading.tabIndex = -1;
    this.#leading = button;
    button.tabIndex = 0;
  }

  #onKey(event: KeyboardEvent): void {
    const rows = this.rows().filter((row) => row.length);
    const row = rows.findIndex((each) => each.includes(event.target as HTMLElement));
    const move = MOVES[event.key];
    if (row < 0 || !move) return;
    const column = rows[row]?.indexOf(event.target as HTMLElement) ?? 0;
    const next = rows[clamp(row + move[0], rows.length)] ?? [];
    event.preventDefault();
    next[clamp(column + move[1], next.length)]?.focus();
  }
}
