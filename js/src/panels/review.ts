// Labels that are likely wrong, one after the other across classes: what tells against each, its
// neighbors, and keys to decide.
import type { Model, Render } from "../model";
import { AskError, Asker, PATIENCE } from "../parts/ask";
import { bar, Cleanup, fill, h, keepKeys, panel } from "../parts/dom";
import { EditTools } from "../parts/edit_tools";
import type { Edits } from "../parts/edits";
import { count, counted, percent } from "../parts/format";
import { textButton } from "../parts/sentence";
import { type Sprite, TileSheet } from "../parts/sprite";
import { type Thumbnail, ThumbnailGrid } from "../parts/thumbnail_grid";
import { ThumbnailHints } from "../parts/thumbnail_hints";
import {
  type ImagesState,
  onTileState,
  showTileState,
  tileEvents,
  titleOf,
} from "../parts/tile_events";

export interface Suspect {
  thumbnail: Thumbnail;
  /** Nearest first. */
  neighbors: Thumbnail[];
  /** The part of the evidence that is for the other label, 0 to 1. */
  score: number;
  /** Number of the class of its label. */
  index: number;
  suggested: number;
  suggested_name: string;
  /** Neighbors with its label, and with the suggested one. */
  same: number;
  other: number;
  /** The network's probabilities of both, 0 to 1; null where they are not known. */
  confidence: number | null;
  suggested_confidence: number | null;
}

export interface SuspectPage {
  suspects: Suspect[];
  sprite: Sprite | null;
  sprite_data: DataView;
  missing: string;
  notice: string;
}

export interface State extends ImagesState {
  selected: number;
}

/** In Python's explorer/panels/review.py: suspects of an answer. */
const PAGE = 6;
/** Pages with pixels that are kept around the one that is shown. */
const NEAR = 1;
/** Longer side in CSS pixels, of the image and of its neighbors. */
const SIDE = 192;
const NEIGHBOR = 88;

interface Held {
  page: SuspectPage;
  sheet: TileSheet | undefined;
}

class Review {
  readonly frame = panel(
    "review",
    "Review labels",
    "Training images with more evidence for another label than for their own, by their neighbors " +
      "and the network, of all classes; the likeliest wrong first, as Analysis.suspects() has them.",
  );
  readonly #progress = h("span", "", { role: "status" });
  readonly #bar = bar();
  readonly #next = h("button", "imbxai-quiet-button", { type: "button" }, "Next undecided");
  readonly #alone = h("input", "", { type: "checkbox" });
  readonly #title = h("h4", "imbxai-review-title");
  readonly #why = h("div", "imbxai-review-why");
  readonly #note = h("p", "imbxai-note", { role: "status" });
  readonly #keys = h("p", "imbxai-soft imbxai-review-keys");
  readonly #image: ThumbnailGrid;
  readonly #neighbors: ThumbnailGrid;
  readonly #around = h("p", "imbxai-soft", {}, "Its neighbors, the nearest first");
  readonly #tools: EditTools;
  readonly #stage: HTMLElement;
  readonly #hints: ThumbnailHints;
  readonly #asker: Asker;
  readonly #pages = new Map<number, Promise<Held>>();
  #order: string[] | undefined;
  /** The class that the order is of; undefined where it is of all. */
  #index: number | undefined;
  #at = 0;
  /** What is on the stage, with its pixels: what is decided is decided of it. */
  #shown: Suspect | undefined;
  #edits: Edits = {};
  #asked = false;
  #gone = false;

  constructor(
    private readonly model: Model<State>,
    cleanup: Cleanup,
  ) {
    this.#asker = new Asker(model);
    this.#tools = new EditTools(model);
    const events = tileEvents(model);
    this.#image = new ThumbnailGrid("The image", events, { captions: false });
    this.#neighbors = new ThumbnailGrid("Its neighbors", events, { captions: true });
    const beside = h("div", "", {}, this.#title, this.#why, this.#around, this.#neighbors.element);
    this.#stage = h("div", "imbxai-review-stage", {}, this.#image.element, beside);
    const alone = h("label", "", {}, this.#alone, " The selected class alone");
    const head = h("p", "imbxai-review-head", {}, this.#progress, alone, this.#next);
    this.frame.body.append(
      head,
      this.#bar,
      this.#note,
      this.#stage,
      this.#tools.element,
      this.#keys,
    );
    this.frame.body.tabIndex = 0;
    this.frame.body.setAttribute("role", "group");
    this.frame.body.setAttribute("aria-label", "Review, by keys");
    keepKeys(this.frame.body).addEventListener("keydown", (event) => this.#onKey(event));
    this.#next.addEventListener("click", () => this.#go(this.#undecided(this.#at + 1)));
    this.#alone.addEventListener("change", () => this.followClass());
    const grids = () => [this.#image, this.#neighbors];
    this.#hints = new ThumbnailHints(this.frame.root, this.#stage, grids, cleanup);
    this.#clear("");
  }

  /** Begins, once it can be seen. */
  begin(): void {
    if (!this.#asked) this.#askOrder();
    this.#image.resize();
    this.#neighbors.resize();
  }

  /** Begins anew where the suspects to be shown are of another class. */
  followClass(): void {
    const index = this.#alone.checked ? this.model.get("selected") : undefined;
    if (index === this.#index) return;
    this.#index = index;
    this.#forget();
    if (this.#asked) this.#askOrder();
  }

  showEdits(): void {
    const before = this.#edits;
    this.#edits = this.model.get("edits");
    showTileState(this.model, [this.#image, this.#neighbors]);
    this.#tools.refresh();
    if (!this.#order) return;
    const taken = this.#order.findIndex((key) => key in before && !(key in this.#edits));
    const current = this.#order[this.#at] ?? "";
    const decided = this.#shown && this.#edits[current] && !(current in before);
    // What was undone is to be decided again; what is decided is done with.
    if (taken >= 0) this.#go(taken);
    else if (decided) this.#go(this.#undecided(this.#at + 1));
    else this.#tellProgress();
  }

  resize(): void {
    this.#image.resize();
    this.#neighbors.resize();
  }

  dispose(): void {
    this.#gone = true;
    this.#asker.dispose();
    this.#forget();
    this.frame.root.remove();
  }

  /** Lets go of the order and of all pages. */
  #forget(): void {
    this.#order = undefined;
    this.#at = 0;
    for (const held of this.#pages.values()) {
      held.then(({ sheet }) => sheet?.close()).catch(() => {});
    }
    this.#pages.clear();
  }

  /** What questions say of the class; nothing where it is all classes. */
  get #ofClass(): { index?: number } {
    return this.#index === undefined ? {} : { index: this.#index };
  }

  async #askOrder(): Promise<void> {
    this.#asked = true;
    const index = this.#index;
    this.#note.textContent = "Looking for suspects …";
    const late = () => {
      this.#note.textContent = "The suspects need a running, idle kernel; none has answered yet.";
    };
    try {
      const { keys } = await this.#asker.ask<{ keys: string[] }>("order", this.#ofClass, { late });
      if (index !== this.#index) return; // another class was selected meanwhile
      this.#order = keys;
      this.#edits = this.model.get("edits");
      if (!keys.length) this.#tellNone();
      else this.#go(this.#undecided(0));
    } catch (error) {
      this.#fail(error);
    }
  }

  #tellNone(): void {
    const which = this.#index === undefined ? "" : " of the selected class";
    this.#clear(`No training image${which} has more evidence for another label.`);
    this.#progress.textContent = "";
    fill(this.#bar, 0);
  }

  /** The first image without a decision from a place on, around the end; else that place. */
  #undecided(from: number): number {
    const order = this.#order ?? [];
    const places = order.map((_, step) => (from + step) % order.length);
    const open = places.find((place) => !((order[place] ?? "") in this.#edits));
    return open ?? Math.min(from, order.length - 1);
  }

  #go(place: number): void {
    const order = this.#order ?? [];
    this.#at = Math.max(0, Math.min(place, order.length - 1));
    this.#tellProgress();
    this.#show();
  }

  #tellProgress(): void {
    const order = this.#order ?? [];
    const done = order.filter((key) => key in this.#edits).length;
    const left = order.length - done;
    const words = left ? `${count(left)} left` : "none left";
    const all = counted(order.length, "suspect");
    this.#progress.textContent = `${count(done)} of ${all} decided, ${words}. This is number ${count(this.#at + 1)}.`;
    fill(this.#bar, order.length ? done / order.length : 0);
    this.#next.disabled = left === 0;
  }

  async #show(): Promise<void> {
    const place = this.#at;
    const number = Math.floor(place / PAGE);
    this.#shown = undefined;
    this.#hints.hide();
    this.#stage.setAttribute("aria-busy", "true");
    const late = setTimeout(() => {
      this.#note.textContent = "This image needs a running, idle kernel; none has answered yet.";
    }, PATIENCE);
    try {
      const order = this.#order;
      const { page, sheet } = await this.#page(number);
      const suspect = page.suspects[place % PAGE];
      if (this.#gone || order !== this.#order || place !== this.#at || !suspect) return;
      this.#put(suspect, page, sheet);
      this.#tend(number);
    } catch (error) {
      this.#pages.delete(number);
      if (place === this.#at) this.#fail(error);
    } finally {
      clearTimeout(late);
    }
  }

  /** Lets go of pages that are far, and asks for the next one ahead. */
  #tend(number: number): void {
    for (const [other, held] of this.#pages) {
      if (Math.abs(other - number) <= NEAR) continue;
      this.#pages.delete(other);
      held.then(({ sheet }) => sheet?.close()).catch(() => {});
    }
    const ahead = number + 1;
    if (ahead * PAGE < (this.#order?.length ?? 0)) {
      this.#page(ahead).catch(() => this.#pages.delete(ahead)); // asked for again when it is shown
    }
  }

  #page(number: number): Promise<Held> {
    const known = this.#pages.get(number);
    if (known) return known;
    const asked = this.#asker
      .ask<SuspectPage>("suspects", { first: number * PAGE, ...this.#ofClass })
      .then(async (page) => ({
        page,
        sheet: page.sprite ? await TileSheet.decode(page.sprite, page.sprite_data) : undefined,
      }));
    this.#pages.set(number, asked);
    return asked;
  }

  #put(suspect: Suspect, page: SuspectPage, sheet: TileSheet | undefined): void {
    const { thumbnail, neighbors, index, suggested, suggested_name: other } = suspect;
    this.#shown = suspect;
    this.#stage.hidden = false;
    this.#stage.removeAttribute("aria-busy");
    this.#note.textContent = page.notice || page.missing;
    const select = (name: string, to: number) =>
      textButton(name, "Select this class", () => this.model.set("selected", to));
    this.#title.replaceChildren(
      `${titleOf(thumbnail)} is labeled `,
      select(thumbnail.label, index),
      ", rather ",
      select(other, suggested),
      "?",
    );
    this.#why.replaceChildren(...reasons(suspect).map((line) => h("p", "", {}, line)));
    const tile = (each: Thumbnail) => ({ thumbnail: each, prototype: false, sheet });
    this.#image.show([tile(thumbnail)], page.sprite, { size: SIDE, columns: 1 });
    this.#neighbors.show(
      neighbors.map((each) => ({ ...tile(each), note: each.label })),
      page.sprite,
      { size: NEIGHBOR },
    );
    this.#tools.element.hidden = false;
    this.#tools.show({
      title: titleOf(thumbnail),
      keys: [this.#order?.[this.#at] ?? ""],
      suggested: [suggested],
    });
    const keys = [...this.#tools.keys, ["← →", "back, on"] as const];
    this.#keys.replaceChildren(
      ...keys.map(([key, does]) => h("span", "", {}, h("kbd", "", {}, key), ` ${does}`)),
    );
    showTileState(this.model, [this.#image, this.#neighbors]);
    this.resize();
  }

  #clear(note: string): void {
    this.#note.textContent = note;
    this.#stage.hidden = true;
    this.#tools.element.hidden = true;
    this.#next.disabled = true;
  }

  #fail(error: unknown): void {
    if (this.#gone || !(error instanceof Error)) return;
    const unsent = error instanceof AskError && error.unsent;
    this.#asked = this.#order !== undefined;
    this.#note.textContent = unsent
      ? "The review needs a running kernel; this page has none."
      : `The suspects could not be shown: ${error.message}`;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.target as Element).matches("input")) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) this.#go(this.#at + step);
    // Nothing is decided of an image that cannot be seen yet.
    else if (!this.#shown || !this.#tools.press(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** What tells against the label. */
function reasons(suspect: Suspect): string[] {
  const { thumbnail, neighbors, same, other, suggested_name: name } = suspect;
  const { confidence, suggested_confidence: rather, score } = suspect;
  const are = (some: number) => (some === 1 ? "is" : "are");
  const near = `Of its ${counted(neighbors.length, "neighbor")}, ${count(other)} ${are(other)} ${name} and ${count(same)} ${thumbnail.label}.`;
  const network =
    confidence === null
      ? `The network takes it for ${thumbnail.prediction}; how sure it is, is not known.`
      : `The network gives ${thumbnail.label} ${percent(confidence)}${rather === null ? "" : `, and ${name} ${percent(rather)}`}.`;
  const evidence = `${percent(score)} of the evidence for the two is for ${name}.`;
  const file = thumbnail.file === null ? [] : [`File: ${thumbnail.file}`];
  return [near, network, evidence, ...file];
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const review = new Review(model, cleanup);
  onTileState(cleanup, model, () => review.showEdits());
  cleanup.on(model, "change:selected", () => review.followClass());
  el.append(review.frame.root);
  cleanup.add(() => review.dispose());
  cleanup.onSight(review.frame.root, (inSight) => inSight && review.begin());
  cleanup.onResize([review.frame.body], () => review.resize());
  review.showEdits();
  return () => cleanup.run();
};

export default { render };
