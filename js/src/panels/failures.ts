// The images of a class that fail, by what they are taken for: the evidence beside the counts.
import { hasCard, type MaybeCard, type Model, type Render } from "../model";
import { Cleanup, h, panel, placeholder, TextView, type View, Views } from "../parts/dom";
import { type AskedFilter, askFor, type ImageFilter } from "../parts/filter";
import { count, counted } from "../parts/format";
import { SheetStore, type Sprite, type TileSheet } from "../parts/sprite";
import {
  type SplitName,
  type Thumbnail,
  ThumbnailGrid,
  type TileEvents,
} from "../parts/thumbnail_grid";
import { ThumbnailHints } from "../parts/thumbnail_hints";
import { smallSize } from "../parts/thumbnail_layout";
import { type ImagesState, onTileState, showTileState, tileEvents } from "../parts/tile_events";

export interface FailureGroup {
  /** The class that they are taken for. */
  index: number;
  name: string;
  images: number;
  /** The first of them. */
  thumbnails: Thumbnail[];
}

export interface Failures {
  split: SplitName;
  /** Of the class in this split. */
  images: number;
  errors: number;
  /** Why these images, or why there are none. */
  note: string;
  /** How to give the images, where they were not given. */
  missing: string;
  /** The largest first. */
  groups: FailureGroup[];
  /** Null where no images were given. */
  sprite: Sprite | null;
}

export interface Part {
  failures: Failures;
  /** The picture of all thumbnails. */
  failures_data: DataView;
}

export interface State extends ImagesState {
  card: MaybeCard<Part>;
  /** A card that may be shown next: its images are decoded ahead. */
  ahead: MaybeCard<Part>;
  selected: number;
  filter: AskedFilter;
}

/** Groups that are shown with images; the rest are a number. */
const GROUPS = 8;
const GAP = 6;

/** How many images of each group are shown: the larger groups are cut to one height. */
export function share(sizes: readonly number[], room: number): number[] {
  const shares = sizes.map(() => 0);
  for (let left = room; left > 0; ) {
    const before = left;
    for (const [group, size] of sizes.entries()) {
      const shown = shares[group] ?? 0;
      if (shown >= size || left === 0) continue;
      shares[group] = shown + 1;
      left -= 1;
    }
    if (left === before) break;
  }
  return shares;
}

/** In how many rows the images of a group stand. */
const rowsOf = (images: number): number => (images <= 2 ? 1 : images <= 10 ? 2 : 3);

/** A group as it is shown. */
interface Shown {
  group: FailureGroup;
  tiles: number;
  size: number;
  /** How many fit beside each other. */
  fitting: number;
  sprite: Sprite | null;
  sheet: TileSheet | undefined;
}

interface Clicks extends TileEvents {
  select(index: number): void;
  filter(predicted: number): void;
}

class GroupView implements View<Shown> {
  readonly #name = new TextView(h("button", "imbxai-link", { type: "button" }));
  readonly #count = new TextView(h("button", "imbxai-count", { type: "button" }));
  readonly #more = h("button", "imbxai-count", { type: "button" });
  readonly grid: ThumbnailGrid;
  readonly element: HTMLElement;
  #group: FailureGroup | undefined;

  constructor(clicks: Clicks) {
    this.grid = new ThumbnailGrid("", clicks, { captions: false });
    const title = h("h4", "imbxai-failure-title", {}, this.#name.element, " ", this.#count.element);
    const tiles = h("div", "imbxai-failure-tiles", {}, this.grid.element, this.#more);
    this.element = h("section", "imbxai-failure-group", {}, title, tiles);
    this.#name.element.addEventListener("click", () => {
      if (this.#group) clicks.select(this.#group.index);
    });
    for (const button of [this.#count.element, this.#more]) {
      button.addEventListener("click", () => {
        if (this.#group) clicks.filter(this.#group.index);
      });
    }
  }

  show({ group, tiles, size, fitting, sprite, sheet }: Shown): void {
    this.#group = group;
    this.#name.show(group.name);
    this.#count.show(count(group.images));
    const these = `${counted(group.images, "image")} taken for ${group.name}`;
    this.#count.element.setAttribute("aria-label", `Show the ${these}`);
    const left = group.images - tiles;
    const more = `+${count(left)}`;
    this.#more.textContent = more;
    this.#more.setAttribute("aria-label", `${more}: show all ${these}`); // what is seen comes first
    this.#more.hidden = left === 0 || !sprite;
    this.grid.element.setAttribute("aria-label", `Taken for ${group.name}`);
    this.grid.element.hidden = !sprite;
    const shown = sprite ? group.thumbnails.slice(0, tiles) : [];
    const columns = Math.max(1, Math.min(fitting, Math.ceil(tiles / rowsOf(tiles))));
    this.grid.show(
      shown.map((thumbnail) => ({ thumbnail, prototype: false, sheet })),
      sprite,
      { size, columns },
    );
  }
}

class FailuresView {
  readonly frame = panel("failures", "Images that fail", "");
  readonly #empty = placeholder("No class is selected yet.");
  readonly #missing = new TextView(h("p", "imbxai-note"));
  readonly #list = h("div", "imbxai-failure-groups");
  readonly #groups: Views<Shown, GroupView>;
  readonly #rest = h("button", "imbxai-count", { type: "button" });
  readonly #problem = h("p", "imbxai-notice", { role: "alert" });
  readonly #hints: ThumbnailHints;
  readonly #store = new SheetStore();
  #card: MaybeCard<Part> = {};
  #width = 0;

  constructor(
    private readonly model: Model<State>,
    cleanup: Cleanup,
  ) {
    this.#groups = new Views(this.#list, () => new GroupView(this.#clicks));
    this.frame.body.append(
      this.#empty,
      this.#missing.element,
      this.#list,
      this.#rest,
      this.#problem,
    );
    const grids = () => this.#groups.all.map((group) => group.grid);
    this.#hints = new ThumbnailHints(this.frame.root, this.#list, grids, cleanup);
    this.#rest.addEventListener("click", () => this.#filter({}));
  }

  get #clicks(): Clicks {
    return {
      select: (index) => this.model.set("selected", index),
      filter: (predicted) => this.#filter({ predicted }),
      ...tileEvents(this.model),
    };
  }

  showCard(): void {
    const card = this.model.get("card");
    this.#hints.hide();
    this.#problem.textContent = "";
    this.#card = card;
    this.#empty.hidden = hasCard(card);
    if (!hasCard(card)) return;
    const { failures, failures_data } = card;
    const sheet = this.#store.get(failures_data);
    if (failures.sprite && !sheet) this.#decode(failures.sprite, failures_data);
    this.#showTitle(failures);
    this.frame.explanation.textContent = failures.note;
    this.#missing.show(failures.errors ? failures.missing : "");
    this.#show(sheet);
  }

  /** Decodes the images of a card that may be shown next. */
  async prepare(): Promise<void> {
    const card = this.model.get("ahead");
    if (!hasCard(card)) return;
    const { failures, failures_data } = card;
    if (failures.sprite) {
      await this.#store.decode(failures.sprite, failures_data, this.#card.failures_data);
    }
  }

  showMarks(): void {
    showTileState(
      this.model,
      this.#groups.all.map(({ grid }) => grid),
    );
  }

  resize(): void {
    const width = this.frame.body.clientWidth;
    if (width === this.#width) return;
    this.#width = width;
    if (hasCard(this.#card)) this.#show(this.#store.get(this.#card.failures_data));
  }

  dispose(): void {
    this.#card = {};
    this.#store.close();
    this.frame.root.remove();
  }

  #showTitle({ errors, split }: Failures): void {
    const { heading } = this.frame;
    if (!errors) {
      heading.textContent = "None fails";
      return;
    }
    const number = h("button", "imbxai-count", { type: "button" }, count(errors));
    number.setAttribute("aria-label", `Show the ${counted(errors, "image")} that fail`);
    number.addEventListener("click", () => this.#filter({}));
    const fail = errors === 1 ? "that fails" : "that fail";
    heading.replaceChildren(
      "The ",
      number,
      ` ${fail}${split === "training" ? " in training" : ""}`,
    );
  }

  #show(sheet: TileSheet | undefined): void {
    if (!hasCard(this.#card)) return;
    const { groups, sprite, errors } = this.#card.failures;
    const size = smallSize(sprite);
    const fitting = Math.max(1, Math.floor(((this.#width || 400) + GAP) / (size + GAP)));
    // About three rows of small images, or two of larger ones: the first screen has no more room.
    const room = fitting * (size > 48 ? 2 : 3);
    const shown = groups.slice(0, GROUPS);
    const tiles = share(
      shown.map((group) => group.thumbnails.length),
      room,
    );
    this.#groups.show(
      shown.map((group, at) => {
        return { group, tiles: tiles[at] ?? 0, size, fitting, sprite, sheet };
      }),
    );
    const left = errors - shown.reduce((sum, group) => sum + group.images, 0);
    this.#rest.hidden = left === 0;
    const others = counted(groups.length - shown.length, "other class", "other classes");
    this.#rest.textContent = `+${count(left)} taken for ${others}`;
    this.showMarks();
  }

  #decode(sprite: Sprite, picture: DataView): void {
    const card = this.#card;
    this.#store
      .decode(sprite, picture)
      .then((sheet) => {
        if (this.#card === card) this.#show(sheet);
      })
      .catch(() => {
        if (this.#card === card) this.#problem.textContent = "The images could not be decoded.";
      });
  }

  /** Asks for the failures of the class, of all or those that meet a further condition. */
  #filter(further: Partial<ImageFilter>): void {
    if (!hasCard(this.#card)) return;
    const { index, failures } = this.#card;
    const filter = { index, split: failures.split, right: false, ...further };
    this.model.set("filter", askFor(filter));
  }
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const view = new FailuresView(model, cleanup);
  cleanup.on(model, "change:card", () => view.showCard());
  // What cannot be decoded is told of where it is shown.
  cleanup.on(model, "change:ahead", () => view.prepare().catch(() => {}));
  onTileState(cleanup, model, () => view.showMarks());
  el.append(view.frame.root);
  cleanup.add(() => view.dispose());
  cleanup.onResize([view.frame.body], () => view.resize());
  view.showCard();
  return () => cleanup.run();
};

export default { render };
