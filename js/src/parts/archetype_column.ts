// One archetype of the gallery: its rates, its images, and more of them on request.
import type { Archetype } from "./archetype_style";
import type { AskOptions } from "./ask";
import { h, placeholder, TextView, Views } from "./dom";
import { type Fact, FactView } from "./fact";
import { count, counted, percent } from "./format";
import type { Sprite, TileLayout, TileSheet } from "./sprite";
import { type Thumbnail, ThumbnailGrid, type Tile } from "./thumbnail_grid";

export interface ArchetypeGroup {
  name: string;
  /** How many of the neighbors are of the class, in words. */
  meaning: string;
  images: number;
  share: number | null;
  truePositiveRate: number | null;
  validationImages: number | null;
  validationErrorRate: number | null;
  /** How many of `thumbnails` lead as prototypes. */
  prototypes: number;
  thumbnails: Thumbnail[];
}

/** Further images of a group, and the picture of their tiles; none when the group ends. */
export interface MoreImages {
  thumbnails: Thumbnail[];
  sprite: Sprite | null;
  sprite_data: DataView;
  /** What went wrong in reading them, or "". */
  notice: string;
}

function ratesOf(group: ArchetypeGroup): Fact[] {
  const rates: Fact[] = [
    {
      term: group.images === 1 ? "image" : "images",
      value: count(group.images),
      detail: group.share === null ? "" : `${percent(group.share)} of the class`,
      ratio: group.share,
    },
    {
      term: "true-positive rate",
      value: percent(group.truePositiveRate),
      detail: `of ${counted(group.images, "training image")}`,
      ratio: group.truePositiveRate,
    },
  ];
  if (group.validationImages !== null) {
    rates.push({
      term: "validation error rate",
      value: percent(group.validationErrorRate),
      detail: `of ${counted(group.validationImages, "validation image")}`,
      ratio: group.validationErrorRate,
    });
  }
  return rates;
}

export class ArchetypeColumn {
  readonly element: HTMLElement;
  readonly grid: ThumbnailGrid;
  readonly #meaning = new TextView(h("p", "imbxai-archetype-meaning"));
  readonly #rateList = h("dl", "imbxai-rates");
  readonly #rates = new Views(this.#rateList, () => new FactView("imbxai-rate"));
  readonly #more = h("button", "imbxai-quiet-button", { type: "button", "data-action": "more" });
  readonly #fewer = h(
    "button",
    "imbxai-quiet-button",
    { type: "button", "data-action": "fewer" },
    "Prototypes only",
  );
  readonly #none: HTMLElement;
  readonly #notice = h("p", "imbxai-notice", { role: "alert" });
  #group: ArchetypeGroup | undefined;
  #sprite: TileLayout | null = null;
  #tiles: Tile[] = [];
  #expanded = false;
  #state: "ready" | "waiting" | "ended" = "ready";
  #request: AbortController | undefined;

  constructor(
    archetype: Archetype,
    press: (thumbnail: Thumbnail) => void,
    private readonly request: (offset: number, options: AskOptions) => void,
    private readonly drawn: () => void,
  ) {
    const { name, color } = archetype;
    this.grid = new ThumbnailGrid(`${name} images`, press, { captions: true });
    this.#none = placeholder(`No ${name} images.`);
    this.element = h(
      "section",
      "imbxai-archetype",
      { "data-archetype": name, "aria-label": `${name} images` },
      h("h4", "imbxai-archetype-name", {}, name),
      this.#meaning.element,
      this.#rateList,
      this.grid.element,
      this.#none,
      h("div", "imbxai-archetype-tools", {}, this.#more, this.#fewer),
      this.#notice,
    );
    this.element.style.setProperty("--imbxai-archetype", color);
    this.#more.addEventListener("click", () => this.#showMore());
    this.#fewer.addEventListener("click", () => {
      this.#expanded = false;
      this.#refresh();
      this.#more.focus();
    });
  }

  /**
   * Shows a group. Whether it is expanded stays as it was, for walking through classes; a card that
   * was fetched for its prototypes alone is then followed by more.
   */
  show(group: ArchetypeGroup, sprite: TileLayout | null, sheet?: TileSheet): void {
    this.stop();
    this.#group = group;
    this.#sprite = sprite;
    this.#tiles = group.thumbnails.map((thumbnail, position) => ({
      thumbnail,
      prototype: position < group.prototypes,
      sheet,
    }));
    this.#state = "ready";
    this.#notice.textContent = "";
    this.#meaning.show(group.meaning);
    this.#rates.show(ratesOf(group));
    const all = group.thumbnails.length;
    if (this.#expanded && all === group.prototypes && all < group.images) this.#showMore();
    else this.#refresh();
  }

  /** Gives the images of the card, or those of an answer, their pixels. */
  dress(thumbnails: readonly Thumbnail[], sheet: TileSheet): void {
    const dressed = new Set(thumbnails);
    for (const tile of this.#tiles) if (dressed.has(tile.thumbnail)) tile.sheet = sheet;
    this.grid.draw();
  }

  /** Appends further images. */
  append({ thumbnails, notice }: MoreImages): void {
    this.#notice.textContent = notice;
    this.#tiles.push(...thumbnails.map((thumbnail) => ({ thumbnail, prototype: false })));
    this.#state = thumbnails.length ? "ready" : "ended";
    this.#refresh();
  }

  /** Says why further images did not come; they may be asked for again. */
  fail(message: string): void {
    this.#state = "ready";
    this.#notice.textContent = message;
    this.#refreshTools();
  }

  /** Waits no longer for further images. */
  stop(): void {
    this.#request?.abort();
  }

  get #visible(): Tile[] {
    return this.#expanded ? this.#tiles : this.#tiles.filter((tile) => tile.prototype);
  }

  #showMore(): void {
    if (!this.#expanded && this.#visible.length < this.#tiles.length) {
      this.#expanded = true;
    } else {
      this.#expanded = true;
      this.#state = "waiting";
      this.#notice.textContent = "";
      this.#request = new AbortController();
      const late = () => {
        this.#state = "ended";
        this.#refreshTools();
      };
      this.request(this.#tiles.length, { signal: this.#request.signal, late });
    }
    this.#refresh();
  }

  #refresh(): void {
    this.grid.show(this.#visible, this.#sprite, { size: 64 });
    this.#refreshTools();
    this.drawn();
  }

  #refreshTools(): void {
    const images = this.#group?.images ?? 0;
    const left = images - this.#visible.length;
    const held = this.#visible.length < this.#tiles.length;
    this.#none.hidden = images > 0;
    this.#more.hidden = left <= 0;
    this.#more.disabled = !held && this.#state !== "ready";
    this.#more.textContent = this.#more.disabled
      ? { waiting: "Loading …", ended: "More need a running kernel", ready: "" }[this.#state]
      : `More (${count(left)} left)`;
    this.#fewer.hidden = !this.#expanded || this.#tiles.every((tile) => tile.prototype);
  }
}
