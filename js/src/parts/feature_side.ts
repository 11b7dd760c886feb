// A feature in one class: the images in which it adds most, and where in them it responds.
import { ARCHETYPES } from "./archetype_style";
import { h, TextView } from "./dom";
import { type FeatureSide, noteOf, role } from "./feature_answer";
import { type Sprite, TileSheet } from "./sprite";
import { type Thumbnail, ThumbnailGrid, type Tile, type TileEvents } from "./thumbnail_grid";

const COLUMNS = 4;

export class FeatureSideView {
  readonly #name = new TextView(h("button", "imbxai-link", { type: "button" }));
  readonly #role = new TextView(h("p", "imbxai-note"));
  readonly #kinds = new TextView(h("p", "imbxai-note"));
  readonly grid: ThumbnailGrid;
  readonly element: HTMLElement;
  #side: FeatureSide | undefined;
  #tiles: Tile[] = [];
  #sheets: TileSheet[] = [];
  #maps: TileSheet | undefined;

  constructor(select: (index: number) => void, events: TileEvents) {
    this.grid = new ThumbnailGrid("", events, { captions: true });
    this.element = h(
      "section",
      "imbxai-feature-side",
      {},
      h("h4", "imbxai-title", {}, this.#name.element),
      this.#role.element,
      this.grid.element,
      this.#kinds.element,
    );
    this.#name.element.addEventListener("click", () => {
      if (this.#side) select(this.#side.index);
    });
  }

  /** Shows a side, at first without pixels. */
  show(side: FeatureSide): void {
    this.close();
    this.#side = side;
    this.#name.show(side.name);
    this.element.dataset.class = side.name;
    this.#role.show(role(side));
    this.#kinds.show(archetypesOf(side.thumbnails));
    this.grid.element.setAttribute("aria-label", `Images of ${side.name}`);
    this.#tiles = side.thumbnails.map((thumbnail, at) => ({
      thumbnail,
      prototype: false,
      note: noteOf(side, at),
    }));
    this.grid.show(this.#tiles, side.sprite, { size: 96, columns: COLUMNS });
  }

  /** Gives the images their pixels. */
  async dress(picture: DataView): Promise<void> {
    const side = this.#side;
    if (!side?.sprite) return;
    const sheet = await TileSheet.decode(side.sprite, picture);
    if (side !== this.#side) return sheet.close(); // something else is open by now
    this.#sheets.push(sheet);
    for (const tile of this.#tiles) tile.sheet = sheet;
    this.grid.draw();
  }

  /** Keeps where the feature responds in each image. */
  async chart(sprite: Sprite, picture: DataView, shown: boolean): Promise<void> {
    const side = this.#side;
    const sheet = await TileSheet.decode(sprite, picture);
    if (side !== this.#side) return sheet.close();
    this.#sheets.push(sheet);
    this.#maps = sheet;
    this.cover(shown);
  }

  /** Darkens the images where the feature does not respond, or no longer. */
  cover(shown: boolean): void {
    for (const tile of this.#tiles) tile.over = shown ? this.#maps : undefined;
    this.grid.draw();
  }

  /** Lets go of the pixels. */
  close(): void {
    this.#side = this.#maps = undefined;
    for (const tile of this.#tiles) tile.sheet = tile.over = undefined;
    for (const sheet of this.#sheets.splice(0)) sheet.close();
  }
}

/** "Archetypes: 5 safe, 2 border, 1 rare." */
function archetypesOf(thumbnails: readonly Thumbnail[]): string {
  const counts = ARCHETYPES.map(({ name }, at) => {
    const number = thumbnails.filter(({ archetype }) => archetype === at).length;
    return number ? `${number} ${name}` : "";
  });
  const known = counts.filter((part) => part);
  return known.length ? `Archetypes: ${known.join(", ")}.` : "";
}
