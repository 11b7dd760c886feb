// All images of a class, or those that a count counts; and the tray of marked images.
import { type CardIdentity, hasCard, type MaybeCard, type Model, type Render } from "../model";
import { Asker } from "../parts/ask";
import { Cleanup, h, panel, placeholder } from "../parts/dom";
import { type AskedFilter, type ImageFilter, isAsked } from "../parts/filter";
import { type ClassOption, ImageControls } from "../parts/image_controls";
import { type ImageGroup, ImageSection, imagesOf, type Wanted } from "../parts/image_section";
import {
  type Count,
  countOf,
  filtersOf,
  inWords,
  meets,
  type View,
  viewOfNext,
  wholeView,
} from "../parts/image_view";
import { MarkTray } from "../parts/mark_tray";
import { SheetStore, type Sprite, type TileSheet } from "../parts/sprite";
import { keyOf, type SplitName, type Thumbnail } from "../parts/thumbnail_grid";
import { ThumbnailHints } from "../parts/thumbnail_hints";
import { type ImagesState, onTileState, showTileState, tileEvents } from "../parts/tile_events";

/** What a card holds of the images of a class in one split: of validation, those that fail. */
export interface ClassImages {
  total: number;
  /** How to give the images, where they were not given. */
  missing: string;
  groups: ImageGroup[];
  sprite: Sprite | null;
  /** What went wrong in reading them, or "". */
  notice: string;
  counts: Count[];
  /** The classes that images of this one are predicted as. */
  predicted: ClassOption[];
  /** The classes of their nearest training images. */
  near: ClassOption[];
}

export interface Part {
  training_images: ClassImages;
  /** The picture of the thumbnails. */
  training_images_data: DataView;
  validation_images: ClassImages | null;
  validation_images_data: DataView;
}

export interface State extends ImagesState {
  card: MaybeCard<Part>;
  selected: number;
  wanted: AskedFilter;
}

/** In Python's explorer/panels/images.py: the most pixels a side of an image on a card. */
const HELD_TILE = 128;
/** Size of images in CSS pixels, of tiny ones and of others. */
const SMALL = 64;
const LARGE = 128;

class Images {
  readonly frame = panel("images", "All images", "");
  readonly #empty = placeholder("No class is selected yet.");
  readonly #controls: ImageControls;
  readonly #sections: ImageSection[];
  readonly #list = h("div", "imbxai-image-sections");
  readonly #tray: MarkTray;
  readonly #hints: ThumbnailHints;
  readonly #store = new SheetStore();
  readonly #asker: Asker;
  /** What is known of marked images. */
  readonly #known = new Map<string, Thumbnail>();
  #card: MaybeCard<Part> = {};
  #view: View = wholeView();
  /** Whether the view was asked for by another panel, for this class alone. */
  #lent = false;
  /** The last filter that was shown, or that waits for the card of its class. */
  #wanted = 0;
  #sized = false;
  #inSight = false;
  #stale = false;

  constructor(
    private readonly model: Model<State>,
    cleanup: Cleanup,
  ) {
    this.#asker = new Asker(model);
    this.#controls = new ImageControls(
      (view) => this.#showView(view, false),
      () => this.#resize(),
    );
    const events = {
      select: (index: number) => this.model.set("selected", index),
      ...tileEvents(model),
      drawn: () => this.#showMarksOnTiles(),
    };
    this.#sections = [0, 1].map(() => new ImageSection(this.#asker, events));
    this.#tray = new MarkTray(model, () => model.set("marked", []));
    this.#list.append(...this.#sections.map(({ element }) => element));
    this.frame.head.hidden = true; // the tab has the same title
    this.frame.body.append(this.#empty, this.#controls.element, this.#list, this.#tray.element);
    const grids = () => this.#sections.flatMap((section) => section.grids);
    this.#hints = new ThumbnailHints(this.frame.root, this.#list, grids, cleanup);
    cleanup.onSight(this.frame.root, (inSight) => {
      this.#inSight = inSight;
      if (inSight && this.#stale) this.#refresh();
    });
  }

  showCard(): void {
    const card = this.model.get("card");
    this.#card = card;
    this.#empty.hidden = hasCard(card);
    this.#controls.element.hidden = !hasCard(card);
    this.#list.hidden = !hasCard(card);
    if (!hasCard(card)) return;
    if (!this.#showWanted()) this.#showView(this.#viewOfNext(), false);
  }

  /** Shows what another panel asks for; if it is of the class that is shown. */
  showWanted(): void {
    this.#showWanted();
  }

  showMarks(): void {
    this.#showMarksOnTiles();
    this.#learn();
    this.#tray.show(this.model.get("marked"), this.#known);
  }

  /** What changes its size with the page, or with what stands beside it. */
  get sized(): HTMLElement[] {
    return this.#sections.map(({ element }) => element);
  }

  relayout(): void {
    for (const section of this.#sections) section.relayout();
  }

  dispose(): void {
    for (const section of this.#sections) section.stop();
    this.#asker.dispose();
    this.#store.close();
    this.frame.root.remove();
  }

  #showWanted(): boolean {
    const wanted = this.model.get("wanted");
    if (!isAsked(wanted) || wanted.asked === this.#wanted) return false;
    if (!hasCard(this.#card) || wanted.index !== this.#card.index) return false;
    const { asked, index, ...view } = wanted;
    this.#wanted = asked;
    this.#showView(view, true);
    return true;
  }

  /** The view of the next class: what was chosen here stays, but for conditions of one class. */
  #viewOfNext(): View {
    return this.#lent ? wholeView() : viewOfNext(this.#view);
  }

  #showView(view: View, lent: boolean): void {
    this.#view = view;
    this.#lent = lent;
    this.#stale = true;
    this.#hints.hide();
    if (this.#inSight) this.#refresh();
    else for (const section of this.#sections) section.stop();
  }

  #refresh(): void {
    const card = this.#card;
    if (!hasCard(card)) return;
    this.#stale = false;
    this.#showControls(card);
    const filters = filtersOf(this.#view, card.index, card.validation_images !== null);
    const wanted = filters.map((filter) => this.#wantedOf(card, filter));
    const [first] = filters;
    const met = first?.split === "training" ? (first.votes ?? first.near) : undefined;
    if (first && met !== undefined) wanted.push(this.#neighborsOf(card, first, met));
    // Said once.
    if (wanted[0]?.missing) for (const each of wanted.slice(1)) each.missing = "";
    this.#list.classList.toggle("imbxai-two", wanted.length > 1);
    for (const [at, section] of this.#sections.entries()) {
      const each = wanted[at];
      if (!each) section.clear();
      else section.show(each, this.#controls.size, this.#sheetOf(card, each, section));
    }
    this.#learn();
  }

  #showControls(card: CardIdentity & Part): void {
    const held = [card.training_images, card.validation_images].filter((each) => each !== null);
    if (!this.#sized) {
      this.#sized = true;
      const side = Math.max(...held.map(({ sprite }) => (sprite ? longer(sprite) : 0)));
      this.#controls.size = side > SMALL ? LARGE : SMALL;
    }
    const predicted = new Map<number, ClassOption>();
    for (const option of held.flatMap((each) => each.predicted))
      predicted.set(option.index, option);
    const thumbnails = held.flatMap(({ groups }) => groups.flatMap((group) => group.thumbnails));
    const choices = {
      validation: card.validation_images !== null,
      predicted: [...predicted.values()].sort((one, other) => one.index - other.index),
      confidence: !thumbnails.length || thumbnails.some(({ confidence }) => confidence !== null),
    };
    this.#controls.show(this.#view, choices, (index) => nameIn(card, index));
  }

  #wantedOf(card: CardIdentity & Part, filter: ImageFilter): Wanted {
    const images = imagesIn(card, filter.split);
    const conditions = { ...filter };
    const bare = Object.keys(filter).length === 2;
    const failing = filter.split === "validation" && filter.right === false;
    // The card holds the first images of each archetype, and of those that fail in validation.
    const whole = filter.split === "training" ? bare : failing && Object.keys(filter).length === 3;
    const groups = whole ? images.groups : heldOf(images.groups, filter);
    const words = inWords(conditions, (index) => nameIn(card, index));
    const what = imagesOf(filter.split, card.name, images.total);
    const { sprite } = images;
    const size = this.#controls.size * (window.devicePixelRatio || 1);
    const large = !sprite || longer(sprite) < HELD_TILE || size <= HELD_TILE;
    const held = whole && images.groups.some((group) => group.thumbnails.length > 0);
    return {
      kind: "images",
      filter,
      what: words ? `${what}: ${words}` : what,
      held: {
        groups,
        images: countOf(images.counts, filter),
        total: images.total,
        sprite,
        sprite_data: dataIn(card, filter.split),
        notice: images.notice,
      },
      enough: (held && large) || images.total === 0,
      missing: images.missing,
    };
  }

  /** The neighbors of a class that images have. */
  #neighborsOf(card: CardIdentity & Part, filter: ImageFilter, met: number): Wanted {
    const name = nameIn(card, met);
    return {
      kind: "neighbors",
      filter,
      what: `training images of ${name} that they have as neighbors, those of most first`,
      held: {
        groups: [],
        images: undefined,
        total: undefined,
        sprite: null,
        sprite_data: NONE,
        notice: "",
      },
      enough: false,
      missing: card.training_images.missing,
    };
  }

  /** The pixels of the images that a card holds, at once if they are decoded already. */
  #sheetOf(card: Part, wanted: Wanted, section: ImageSection): TileSheet | undefined {
    const { sprite, sprite_data, groups } = wanted.held;
    const thumbnails = new Set(groups.flatMap((group) => group.thumbnails));
    if (!sprite || !thumbnails.size) return undefined;
    const there = this.#store.get(sprite_data);
    if (there) return there;
    this.#store
      .decode(sprite, sprite_data)
      .then((sheet) => {
        if (this.#card === card) section.dress(thumbnails, sheet);
      })
      .catch(() => {}); // the panels of the first screen say so
    return undefined;
  }

  #resize(): void {
    const { size } = this.#controls;
    this.#sized = true;
    const ratio = window.devicePixelRatio || 1;
    // Beyond what the card holds, the kernel is asked for more pixels.
    if (size * ratio > HELD_TILE) this.#refresh();
    else for (const section of this.#sections) section.resize(size);
  }

  #showMarksOnTiles(): void {
    showTileState(
      this.model,
      this.#sections.flatMap((section) => section.grids),
    );
  }

  /** Keeps what is known of the marked images; asks for what is not. */
  #learn(): void {
    const marked = new Set(this.model.get("marked"));
    for (const key of this.#known.keys()) if (!marked.has(key)) this.#known.delete(key);
    const there = this.#sections.flatMap((section) => section.tiles);
    for (const { thumbnail } of there) {
      if (marked.has(keyOf(thumbnail))) this.#known.set(keyOf(thumbnail), thumbnail);
    }
    for (const thumbnail of hasCard(this.#card) ? thumbnailsIn(this.#card) : []) {
      if (marked.has(keyOf(thumbnail))) this.#known.set(keyOf(thumbnail), thumbnail);
    }
    const keys = [...marked].filter((key) => !this.#known.has(key));
    if (!keys.length) return;
    this.#asker
      .ask<{ thumbnails: Thumbnail[] }>("known", { keys })
      .then(({ thumbnails }) => {
        for (const thumbnail of thumbnails) this.#known.set(keyOf(thumbnail), thumbnail);
        this.#tray.show(this.model.get("marked"), this.#known);
      })
      .catch(() => {}); // then split and row are written alone
  }
}

const NONE = new DataView(new ArrayBuffer(0));

const longer = ({ width, height }: Sprite): number => Math.max(width, height);

const imagesIn = (card: Part, split: SplitName): ClassImages =>
  (split === "validation" && card.validation_images) || card.training_images;

const dataIn = (card: Part, split: SplitName): DataView =>
  split === "validation" ? card.validation_images_data : card.training_images_data;

const thumbnailsIn = (card: Part): Thumbnail[] =>
  [card.training_images, card.validation_images].flatMap((images) =>
    (images?.groups ?? []).flatMap((group) => group.thumbnails),
  );

function nameIn(card: CardIdentity & Part, index: number): string {
  if (index === card.index) return card.name;
  const listed = [card.training_images, card.validation_images].flatMap((images) =>
    images ? [...images.predicted, ...images.near] : [],
  );
  return listed.find((option) => option.index === index)?.name ?? `class ${index}`;
}

/** Of the groups that a card holds, the images that meet a filter. */
function heldOf(groups: readonly ImageGroup[], filter: ImageFilter): ImageGroup[] {
  return groups
    .map((group) => {
      const thumbnails = group.thumbnails.filter((thumbnail) => meets(thumbnail, filter));
      const prototypes = thumbnails.filter(
        (thumbnail) => group.thumbnails.indexOf(thumbnail) < group.prototypes,
      ).length;
      return { ...group, images: thumbnails.length, prototypes, thumbnails };
    })
    .filter((group) => group.thumbnails.length > 0);
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const images = new Images(model, cleanup);
  cleanup.on(model, "change:card", () => images.showCard());
  cleanup.on(model, "change:wanted", () => images.showWanted());
  onTileState(cleanup, model, () => images.showMarks());
  el.append(images.frame.root);
  cleanup.add(() => images.dispose());
  cleanup.onResize(images.sized, () => images.relayout());
  images.showCard();
  images.showMarks();
  return () => cleanup.run();
};

export default { render };
