// How many images are right, won and lost, of each class and split; each number shows its images.
import {
  type Counted,
  GROUPS,
  type Group,
  OUTCOMES,
  type Outcome,
  type Tallies,
  type Tally,
} from "./decision_data";
import { h, TextView } from "./dom";
import { count } from "./format";
import type { SplitName } from "./thumbnail_grid";

const TITLES: [SplitName, string][] = [
  ["validation", "Validation images"],
  ["training", "Training images"],
];
const WORDS: Record<Outcome, string> = { right: "right", won: "won", lost: "lost" };

/** One number. */
class Cell {
  readonly #text = new TextView(h("button", "imbxai-decision-count", { type: "button" }));
  readonly button = this.#text.element;
  readonly element = h("td", "", {}, this.button);

  constructor(
    readonly of: Counted,
    pick: (of: Counted) => void,
  ) {
    this.button.addEventListener("click", () => pick(of));
  }

  show(number: number, name: string): void {
    this.#text.show(count(number));
    (this.button as HTMLButtonElement).disabled = number === 0;
    const { split, outcome } = this.of;
    const label = `${count(number)} ${split} images of ${name} ${WORDS[outcome]}`;
    this.button.setAttribute("aria-label", label);
  }
}

/** One class in one split. */
class Row {
  readonly #name = new TextView(h("th", "", { scope: "row" }));
  readonly #of = new TextView(h("span", "imbxai-soft"));
  readonly cells: Cell[];
  readonly element: HTMLElement;

  constructor(
    readonly split: SplitName,
    readonly group: Group,
    pick: (of: Counted) => void,
  ) {
    this.cells = OUTCOMES.map((outcome) => new Cell({ split, group, outcome }, pick));
    const [right] = this.cells;
    // Of other classes, the map holds some images alone.
    if (group === "others") right?.element.replaceChildren();
    else right?.element.append(this.#of.element);
    const cells = this.cells.map((cell) => cell.element);
    this.element = h("tr", "", {}, this.#name.element, ...cells);
  }

  show(tally: Tally, name: string): void {
    this.#name.show(name);
    this.#of.show(` of ${count(tally.images)}, was ${count(tally.before)}`);
    for (const cell of this.cells) cell.show(tally[cell.of.outcome], name);
  }
}

export class DecisionCounts {
  readonly #rows: Row[] = [];
  readonly element: HTMLTableElement;

  constructor(pick: (of: Counted) => void) {
    const head = ["right", "won", "lost"].map((text) => h("th", "", { scope: "col" }, text));
    const bodies = TITLES.map(([split, title]) => {
      const rows = GROUPS.map((group) => new Row(split, group, pick));
      this.#rows.push(...rows);
      const name = h("th", "imbxai-decision-split", { scope: "rowgroup", colspan: 4 }, title);
      return h("tbody", "", {}, h("tr", "", {}, name), ...rows.map((row) => row.element));
    });
    this.element = h(
      "table",
      "imbxai-decision-counts",
      { "aria-label": "Images that are right, won and lost" },
      h("thead", "", {}, h("tr", "", {}, h("td", ""), ...head)),
      ...bodies,
    );
  }

  show(tallies: Tallies, names: Record<Group, string>): void {
    for (const row of this.#rows) row.show(tallies[row.split][row.group], names[row.group]);
  }

  /** Marks the number whose images are shown. */
  mark(picked: Counted | undefined): void {
    for (const { button, of } of this.#rows.flatMap((row) => row.cells)) {
      button.setAttribute("aria-pressed", String(isSame(of, picked)));
    }
  }
}

export const isSame = (one: Counted, other: Counted | undefined): boolean =>
  one.split === other?.split && one.group === other.group && one.outcome === other.outcome;
