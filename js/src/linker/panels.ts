// The panels that show the selected class: those in sight follow at once, those in closed tabs when
// the page has rested, or before they are opened or printed.
import type { CardIdentity, ClassCard, WidgetModel } from "../model";

/** A panel, as it is registered in Python; see `Panel` in explorer/panel.py for its traits. */
export interface Linked<M> {
  model: M;
  /** What it takes of a card. */
  keys: string[];
  /** Whether its selection waits for the card. */
  waits: boolean;
  /** The number of the tab that it stands in. */
  tab: number | null;
}

export const has = (model: WidgetModel, trait: string): boolean => model.get(trait) !== undefined;

/** What a panel takes of a card. */
function partOf(card: ClassCard, keys: string[]): CardIdentity {
  const { index, name } = card;
  return { index, name, ...Object.fromEntries(keys.map((key) => [key, card[key]])) };
}

export class Panels {
  /** The card that is shown. */
  card: ClassCard | undefined;
  #selected: number | undefined;
  /** Those that still show the class before, out of sight. */
  readonly #behind = new Set<Linked<WidgetModel>>();

  /** `all` are in the order in which a click sets them; `tabs` knows which tab is open. */
  constructor(
    private readonly all: readonly Linked<WidgetModel>[],
    private readonly tabs: WidgetModel,
  ) {}

  /** Tells those panels that do not wait for a card which class is selected. */
  select(selected: number): void {
    this.#selected = selected;
    for (const panel of this.#ready()) if (!panel.waits) this.#mark(panel);
  }

  /** Shows a class on all panels. */
  show(card: ClassCard): void {
    const first = this.card === undefined;
    this.card = card;
    for (const panel of this.#ready()) if (panel.waits) this.#mark(panel);
    for (const panel of this.#ready()) this.#put(panel);
    if (first) this.catchUp(true); // or charts would be drawn empty, and once more with another size
  }

  /** Tells of a card that may be shown next. */
  prepare(card: ClassCard): void {
    for (const { model, keys } of this.all) {
      if (has(model, "ahead")) model.set_state({ ahead: partOf(card, keys) });
    }
  }

  /** Has those follow that came into sight, or all. */
  catchUp(whole = false): void {
    for (const panel of [...this.#behind]) {
      if (!whole && this.#isClosed(panel)) continue;
      this.#behind.delete(panel);
      this.#mark(panel);
      this.#put(panel);
    }
  }

  /** The panels that can be seen; the others fall behind. */
  #ready(): Linked<WidgetModel>[] {
    for (const panel of this.all) if (this.#isClosed(panel)) this.#behind.add(panel);
    return this.all.filter((panel) => !this.#behind.has(panel));
  }

  #isClosed({ tab }: Linked<WidgetModel>): boolean {
    return tab !== null && tab !== this.tabs.get("current");
  }

  #mark({ model }: Linked<WidgetModel>): void {
    const selected = this.#selected;
    if (selected !== undefined && has(model, "selected")) model.set_state({ selected });
  }

  #put({ model, keys }: Linked<WidgetModel>): void {
    if (this.card && has(model, "card")) model.set_state({ card: partOf(this.card, keys) });
  }
}
