// Images that meet one filter, in groups, page by page: of the card as far as it holds them, else of
// the kernel.
import { AskError, type Asker } from "./ask";
import { h, TextView, type View, Views } from "./dom";
import type { ImageFilter } from "./filter";
import { count, counted, percent } from "./format";
import { type Sprite, TileSheet } from "./sprite";
import {
  archetypeOf,
  type Thumbnail,
  ThumbnailGrid,
  type Tile,
  type TileEvents,
} from "./thumbnail_grid";

const GAP = 6;
/** Room for the frames of images on either side. */
const FRAME = 4;

export interface ImageGroup {
  name: string;
  /** What the filter of this group alone adds: one of these two, or none. */
  archetype: number | null;
  predicted: number | null;
  /** How many meet the filter. */
  images: number;
  /** How many of `thumbnails` lead as prototypes. */
  prototypes: number;
  thumbnails: Thumbnail[];
}

export interface ImagePage {
  /** How many meet the filter. */
  images: number;
  /** Of the class in the split. */
  total: number;
  groups: ImageGroup[];
  /** Null where no images were given. */
  sprite: Sprite | null;
  sprite_data: DataView;
  /** What went wrong in reading them, or "". */
  notice: string;
  /** What is shown of them, where that is not the whole of it. */
  note: string;
}

/** The images that a card holds; how many there are in all may be unknown. */
export type Held = Omit<ImagePage, "images" | "total" | "note"> & {
  images: number | undefined;
  total: number | undefined;
};

/** What a section shows, and what is known of it beforehand. */
export interface Wanted {
  kind: "images" | "neighbors";
  filter: ImageFilter;
  /** What the images are, after "3 of 40". */
  what: string;
  held: Held;
  /** Whether the card holds as many as a first page, and large enough. */
  enough: boolean;
  /** How to give the images, where they were not given. */
  missing: string;
}

export interface SectionEvents extends TileEvents {
  select(index: number): void;
  /** New images are on the page. */
  drawn(): void;
}

/** Why no further images come: none have been asked for yet, or no kernel has answered. */
type State = "ready" | "waiting" | "ended";

/** A group with the tiles that are there. */
interface Filled {
  group: ImageGroup;
  tiles: Tile[];
  sprite: Sprite | null;
  size: number;
  state: State;
  /** How many images stand side by side; without it, as many as there is room for. */
  columns?: number;
}

class GroupView implements View<Filled> {
  readonly #name = new TextView(h("span", ""));
  readonly #link = new TextView(h("button", "imbxai-link", { type: "button" }));
  readonly #count = new TextView(h("span", "imbxai-soft"));
  readonly #title: HTMLElement;
  readonly #more = h("button", "imbxai-quiet-button", { type: "button", "data-action": "more" });
  readonly grid: ThumbnailGrid;
  readonly element: HTMLElement;
  #shown: Filled | undefined;

  constructor(events: SectionEvents, more: (shown: Filled) => void) {
    this.grid = new ThumbnailGrid("", events, { captions: true });
    this.#title = h(
      "h5",
      "imbxai-image-group-title",
      {},
      this.#name.element,
      this.#link.element,
      " ",
      this.#count.element,
    );
    this.element = h(
      "section",
      "imbxai-image-group",
      {},
      this.#title,
      this.grid.element,
      this.#more,
    );
    this.#link.element.addEventListener("click", () => {
      const index = this.#shown?.group.predicted;
      if (typeof index === "number") events.select(index);
    });
    this.#more.addEventListener("click", () => {
      if (this.#shown) more(this.#shown);
    });
  }

  show(shown: Filled): void {
    this.#shown = shown;
    const { group, tiles, sprite, size, state, columns } = shown;
    const other = group.predicted !== null && group.name !== "Right";
    this.#title.hidden = !group.name;
    this.#name.show(other ? "" : group.name);
    this.#link.show(other ? group.name : "");
    this.#link.element.hidden = !other;
    this.#count.show(count(group.images));
    this.element.dataset.group = group.name;
    this.element.className = `imbxai-image-group${
      group.archetype === null ? "" : ` imbxai-of-archetype imbxai-is-${group.name.toLowerCase()}`
    }`;
    this.grid.element.setAttribute("aria-label", `${group.name} images`);
    this.grid.show(tiles, sprite, columns === undefined ? { size } : { size, columns });
    const left = group.images - tiles.length;
    this.#more.hidden = left <= 0 || state === "ended";
    this.#more.disabled = state === "waiting";
    this.#more.textContent = state === "waiting" ? "Loading …" : `More (${count(left)} left)`;
  }
}

export class ImageSection {
  readonly #number = h("b", "");
  readonly #what = new TextView(h("span", ""));
  readonly #note = new TextView(h("p", "imbxai-note"));
  readonly #problem = new TextView(h("p", "imbxai-notice", { role: "alert" }));
  readonly #list = h("div", "imbxai-image-groups");
  readonly #groups: Views<Filled, GroupView>;
  readonly element: HTMLElement;
  #filled: Filled[] = [];
  #wanted: Wanted | undefined;
  /** Of the images that came as answers; those of a card are the panel's. */
  #sheets: TileSheet[] = [];
  #request = new AbortController();
  #size = 64;
  #width = 0;

  constructor(
    private readonly asker: Asker,
    private readonly events: SectionEvents,
  ) {
    this.#groups = new Views(
      this.#list,
      () => new GroupView(events, (shown) => this.#showMore(shown)),
    );
    const title = h(
      "h4",
      "imbxai-image-section-title",
      { role: "status" },
      this.#number,
      " ",
      this.#what.element,
    );
    this.element = h(
      "section",
      "imbxai-image-section",
      {},
      title,
      this.#note.element,
      this.#list,
      this.#problem.element,
    );
  }

  get grids(): ThumbnailGrid[] {
    return this.#groups.all.map(({ grid }) => grid);
  }

  get tiles(): Tile[] {
    return this.#filled.flatMap(({ tiles }) => tiles);
  }

  /** Shows images; `sheet` has the pixels of those of the card. */
  show(wanted: Wanted, size: number, sheet: TileSheet | undefined): void {
    this.stop();
    this.#wanted = wanted;
    this.#size = size;
    this.element.hidden = false;
    this.element.dataset.split = wanted.kind === "neighbors" ? "neighbors" : wanted.filter.split;
    const { held, enough } = wanted;
    this.#take(held, sheet);
    this.#tellNumber(held.images, held.total);
    if (!enough) this.#askFirst(wanted);
    else this.#problem.show(held.notice);
    this.#refresh();
  }

  /** Lays the images out anew where the width has changed. */
  relayout(): void {
    const width = this.#list.clientWidth;
    if (width === this.#width || !width) return;
    this.#width = width;
    this.#refresh();
    for (const grid of this.grids) grid.resize();
  }

  resize(size: number): void {
    this.#size = size;
    for (const filled of this.#filled) filled.size = size;
    this.#refresh();
  }

  /** Gives the images of a card their pixels. */
  dress(thumbnails: ReadonlySet<Thumbnail>, sheet: TileSheet): void {
    for (const tile of this.tiles) if (thumbnails.has(tile.thumbnail)) tile.sheet = sheet;
    for (const grid of this.grids) grid.draw();
  }

  /** Shows nothing, and takes no room. */
  clear(): void {
    this.stop();
    this.element.hidden = true;
    this.#filled = [];
    this.#groups.show([]);
  }

  /** Waits for nothing any more, and lets go of what came. */
  stop(): void {
    this.#request.abort();
    this.#request = new AbortController();
    const closed = new Set(this.#sheets.splice(0));
    // The tiles may stay, out of sight, and be laid out anew: nothing can be drawn of these sheets.
    for (const tile of this.tiles) if (tile.sheet && closed.has(tile.sheet)) delete tile.sheet;
    for (const sheet of closed) sheet.close();
    this.#problem.show("");
  }

  #take({ groups, sprite }: Pick<ImagePage, "groups" | "sprite">, sheet?: TileSheet): void {
    this.#filled = groups.map((group) => ({
      group,
      tiles: tilesOf(group, sheet, this.#wanted),
      sprite,
      size: this.#size,
      state: "ready",
    }));
  }

  #tellNumber(images: number | undefined, total: number | undefined): void {
    const [some, all] = [images, total].map((number) =>
      number === undefined ? "…" : count(number),
    );
    this.#number.textContent = some === all ? `${all}` : `${some} of ${all}`;
    this.#what.show(this.#wanted?.what ?? "");
    this.#note.show(images ? (this.#wanted?.missing ?? "") : "");
  }

  /** Says how many of the images are here, where no kernel answers. */
  #tellHeld(why: string): void {
    const { held, missing } = this.#wanted ?? {};
    if (!why || !held) return;
    const here = this.tiles.length;
    if (held.images === undefined) {
      this.#note.show(
        `This page holds ${count(here)} of them; a running kernel tells how many there are.`,
      );
    } else if (here < held.images) {
      this.#note.show(
        `This page holds ${count(here)} of ${count(held.images)}; more need a running kernel.`,
      );
    } else this.#note.show(missing ?? "");
  }

  #refresh(): void {
    // Groups of one prediction are often small: they stand side by side.
    const fitting = Math.max(1, Math.floor((this.#width - FRAME + GAP) / (this.#size + GAP)));
    const flows = this.#width > 0 && this.#filled.every(({ group }) => group.predicted !== null);
    this.#list.classList.toggle("imbxai-flow", flows);
    for (const filled of this.#filled) {
      if (flows) filled.columns = Math.min(fitting, Math.max(1, filled.tiles.length));
      else delete filled.columns;
    }
    this.#groups.show(this.#filled);
    this.events.drawn();
  }

  async #askFirst(wanted: Wanted): Promise<void> {
    const { kind, filter } = wanted;
    this.element.setAttribute("aria-busy", "true");
    const page = await this.#ask(kind, filter, 0, () => this.#tellHeld("late"));
    if (!page) return;
    this.element.removeAttribute("aria-busy");
    if (page === "failed") return;
    this.#take(page);
    this.#tellNumber(page.images, page.total);
    if (page.note) this.#note.show(page.note);
    this.#refresh();
    this.#dressPage(page);
  }

  async #showMore(filled: Filled): Promise<void> {
    if (!this.#wanted) return;
    const { group, tiles } = filled;
    const { kind, filter } = this.#wanted;
    const narrow = {
      ...filter,
      ...(group.archetype === null ? {} : { archetype: group.archetype }),
      ...(group.predicted === null ? {} : { predicted: group.predicted }),
    };
    const tell = (state: State) => {
      filled.state = state;
      if (state === "ended") this.#tellHeld("late");
      this.#refresh();
    };
    tell("waiting");
    const page = await this.#ask(kind, narrow, tiles.length, () => tell("ended"));
    if (!page || page === "failed") {
      if (page === "failed") tell("ready");
      return;
    }
    const [more] = page.groups;
    if (more) tiles.push(...tilesOf(more, undefined, this.#wanted));
    tell(more?.thumbnails.length ? "ready" : "ended");
    this.#dressPage(page);
  }

  /** Asks for a page; nothing once the section shows something else. */
  async #ask(
    kind: string,
    filter: ImageFilter,
    offset: number,
    late: () => void,
  ): Promise<ImagePage | "failed" | undefined> {
    const { signal } = this.#request;
    this.#problem.show("");
    try {
      const page = await this.asker.ask<ImagePage>(kind, { filter, offset }, { signal, late });
      if (signal.aborted) return undefined;
      this.#problem.show(page.notice);
      return page;
    } catch (error) {
      if (!(error instanceof AskError) || signal.aborted) return undefined; // taken back
      if (error.unsent) this.#tellHeld("unsent");
      else this.#problem.show(`The images could not be shown: ${error.message}`);
      return "failed";
    }
  }

  /** Gives the images of an answer their pixels. */
  async #dressPage({ groups, sprite, sprite_data }: ImagePage): Promise<void> {
    const { signal } = this.#request;
    const thumbnails = new Set(groups.flatMap((group) => group.thumbnails));
    if (!sprite || !thumbnails.size) return;
    try {
      const sheet = await TileSheet.decode(sprite, sprite_data);
      if (signal.aborted) return sheet.close();
      this.#sheets.push(sheet);
      this.dress(thumbnails, sheet);
    } catch {
      if (!signal.aborted) this.#problem.show("The images could not be decoded.");
    }
  }
}

/** The tiles of a group; of images in a group of one prediction, the archetype is written below. */
function tilesOf(group: ImageGroup, sheet?: TileSheet, wanted?: Wanted): Tile[] {
  const after = wanted?.filter.after !== undefined;
  const color = wanted?.filter.color;
  return group.thumbnails.map((thumbnail, position) => ({
    thumbnail,
    prototype: position < group.prototypes,
    sheet,
    ...(group.predicted === null ? {} : { note: archetypeOf(thumbnail) }),
    ...(color === undefined ? {} : { note: percent(thumbnail.colors[color] ?? 0) }),
    ...(after && thumbnail.after ? { note: `after: ${thumbnail.after.prediction}` } : {}),
  }));
}

/** "40 training images of Plants" and the like. */
export const imagesOf = (split: string, name: string, total: number): string =>
  counted(total, `${split} image`).replace(/^\S+ /, "") + (name ? ` of ${name}` : "");
