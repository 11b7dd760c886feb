// Images of a class that occur more than once; takes no room where there are none.
import { hasCard, type MaybeCard, type Model, type Render } from "../model";
import { Cleanup, h, panel, TextView, type View, Views } from "../parts/dom";
import { type AskedFilter, askFor } from "../parts/filter";
import { counted } from "../parts/format";
import { type Actions, pieces, type Sentence } from "../parts/sentence";
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

export interface CopyGroup {
  images: number;
  /** Their labels, and whether their pixels are the same. */
  words: string;
  /** Whether labels differ, or both splits have them. */
  wrong: boolean;
  /** The first of them, those of training first. */
  thumbnails: Thumbnail[];
}

export interface Duplicates {
  /** None where there are none. */
  sentence: Sentence;
  groups: CopyGroup[];
  /** Groups that are not shown. */
  more: number;
  /** How to give the images, where they were not given. */
  missing: string;
  /** Null where no images were given. */
  training: Sprite | null;
  validation: Sprite | null;
}

export interface Part {
  duplicates: Duplicates;
  /** The picture of all thumbnails of a split. */
  duplicates_training: DataView;
  duplicates_validation: DataView;
}

export interface State extends ImagesState {
  card: MaybeCard<Part>;
  filter: AskedFilter;
}

interface Shown {
  group: CopyGroup;
  sprite: Sprite | null;
  sheetOf: (thumbnail: Thumbnail) => TileSheet | undefined;
}

class GroupView implements View<Shown> {
  readonly grid: ThumbnailGrid;
  readonly #words = new TextView(h("h4", "imbxai-copies-words"));
  readonly #more = new TextView(h("p", "imbxai-note"));
  readonly element: HTMLElement;

  constructor(events: TileEvents) {
    this.grid = new ThumbnailGrid("", events, { captions: true });
    const parts = [this.#words.element, this.grid.element, this.#more.element];
    this.element = h("section", "imbxai-copies", {}, ...parts);
  }

  show({ group, sprite, sheetOf }: Shown): void {
    const { images, words, wrong, thumbnails } = group;
    this.#words.show(words);
    this.element.classList.toggle("imbxai-copies-wrong", wrong);
    this.grid.element.setAttribute("aria-label", words);
    const tiles = thumbnails.map((thumbnail) => ({
      thumbnail,
      prototype: false,
      sheet: sheetOf(thumbnail),
      note: thumbnail.label,
    }));
    this.grid.show(tiles, sprite, { size: smallSize(sprite), columns: Math.max(1, tiles.length) });
    const left = images - thumbnails.length;
    this.#more.show(left ? `${counted(left, "more image")}` : "");
  }
}

class DuplicatesView {
  readonly frame = panel("duplicates", "Images that occur more than once", "");
  readonly #sentence = h("p", "imbxai-copies-sentence");
  readonly #list = h("div", "imbxai-copies-groups");
  readonly #note = new TextView(h("p", "imbxai-note"));
  readonly #groups: Views<Shown, GroupView>;
  readonly #hints: ThumbnailHints;
  readonly #store = new SheetStore();
  readonly #actions: Actions;
  #card: MaybeCard<Part> = {};

  constructor(
    private readonly model: Model<State>,
    cleanup: Cleanup,
  ) {
    this.#groups = new Views(this.#list, () => new GroupView(tileEvents(model)));
    this.#actions = {
      filter: (filter) => model.set("filter", askFor(filter)),
      select: () => {}, // the sentence names no class
    };
    this.frame.body.append(this.#sentence, this.#list, this.#note.element);
    const grids = () => this.#groups.all.map((group) => group.grid);
    this.#hints = new ThumbnailHints(this.frame.root, this.#list, grids, cleanup);
  }

  showCard(): void {
    const card = this.model.get("card");
    this.#hints.hide();
    this.#card = card;
    this.frame.root.hidden = !hasCard(card) || !card.duplicates.sentence.length;
    if (!hasCard(card)) return;
    const { sentence, more, missing } = card.duplicates;
    this.#sentence.replaceChildren(...pieces(sentence, this.#actions));
    const others = more ? `${counted(more, "more group")}: Analysis.duplicates() lists them.` : "";
    this.#note.show([others, missing].filter(Boolean).join(" "));
    this.#show();
    for (const split of ["training", "validation"] as const) this.#decode(split);
  }

  showMarks(): void {
    showTileState(
      this.model,
      this.#groups.all.map(({ grid }) => grid),
    );
  }

  resize(): void {
    for (const { grid } of this.#groups.all) grid.resize();
  }

  dispose(): void {
    this.#card = {};
    this.#store.close();
    this.frame.root.remove();
  }

  #show(): void {
    const card = this.#card;
    if (!hasCard(card)) return;
    const { groups, training, validation } = card.duplicates;
    const sheets = {
      training: this.#store.get(card.duplicates_training),
      validation: this.#store.get(card.duplicates_validation),
    };
    const sheetOf = ({ split }: Thumbnail) => sheets[split];
    this.#groups.show(groups.map((group) => ({ group, sprite: training ?? validation, sheetOf })));
    this.showMarks();
  }

  #decode(split: SplitName): void {
    const card = this.#card as Part;
    const sprite = card.duplicates[split];
    const picture = card[`duplicates_${split}`];
    if (!sprite || this.#store.get(picture)) return;
    this.#store
      .decode(sprite, picture)
      .then(() => {
        if (this.#card === card) this.#show();
      })
      .catch(() => {
        if (this.#card === card) this.#note.show("The images could not be decoded.");
      });
  }
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const view = new DuplicatesView(model, cleanup);
  cleanup.on(model, "change:card", () => view.showCard());
  onTileState(cleanup, model, () => view.showMarks());
  el.append(view.frame.root);
  cleanup.add(() => view.dispose());
  cleanup.onResize([view.frame.body], () => view.resize());
  view.showCard();
  return () => cleanup.run();
};

export default { render };
