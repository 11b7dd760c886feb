// The images of the selected class whose prediction changes, and those of others that it takes.
import type { Model } from "../model";
import { AskError, type Asker } from "./ask";
import { type Cleanup, h, TextView, type View, Views } from "./dom";
import { count, counted } from "./format";
import { type Sprite, TileSheet } from "./sprite";
import { type Thumbnail, ThumbnailGrid, type TileEvents } from "./thumbnail_grid";
import { ThumbnailHints } from "./thumbnail_hints";
import { type ImagesState, showTileState, tileEvents } from "./tile_events";
import type { ValidationData } from "./validation_data";

/** As Python sends it. */
export interface MovedTiles {
  thumbnails: Thumbnail[];
  sprite: Sprite | null;
  sprite_data: DataView;
  notice: string;
  missing: string;
}

interface Group {
  title: string;
  /** Rows of the validation images. */
  rows: number[];
  /** What is written below an image: what it was taken for, or is now. */
  note(row: number): string;
}

interface Shown {
  group: Group;
  answer: MovedTiles | undefined;
  sheet: TileSheet | undefined;
}

/** Images of a group that are shown at first, and more at each click. */
const PAGE = 12;
/** Milliseconds without a move until images are asked for. */
const REST = 200;
const SIZE = 56;

type Way = "won" | "lost" | "wrong" | "taken" | "freed";

/** How an image moves, as class `index` sees it. */
function wayOf(index: number, label: number, was: number, now: number): Way | undefined {
  if (was === now) return undefined;
  if (label !== index) return now === index ? "taken" : was === index ? "freed" : undefined;
  if (now === index) return "won";
  return was === index ? "lost" : "wrong";
}

/** Groups of the images that move, of a class; the commonest ways first. */
export function groupsOf(data: ValidationData, after: Uint32Array, index: number): Group[] {
  const { labels, predictions } = data;
  const rows: Record<Way, number[]> = { won: [], lost: [], wrong: [], taken: [], freed: [] };
  for (const [row, label] of labels.entries()) {
    const way = wayOf(index, label, predictions[row] ?? -1, after[row] ?? -1);
    if (way) rows[way].push(row);
  }
  const name = data.nameOf(index);
  const before = (row: number) => data.nameOf(predictions[row] ?? -1);
  const now = (row: number) => data.nameOf(after[row] ?? -1);
  const groups: Group[] = [
    { title: `${name} won, by what they were taken for`, rows: rows.won, note: before },
    { title: `${name} lost, by what they are taken for now`, rows: rows.lost, note: now },
    { title: `${name} still wrong, by what they are taken for now`, rows: rows.wrong, note: now },
    {
      title: `Others newly taken for ${name}, by what they were before`,
      rows: rows.taken,
      note: before,
    },
    {
      title: `Others no longer taken for ${name}, by what they are now`,
      rows: rows.freed,
      note: now,
    },
  ];
  return groups
    .filter((group) => group.rows.length > 0)
    .map((group) => ({ ...group, rows: commonestFirst(group.rows, group.note) }));
}

function commonestFirst(rows: number[], note: (row: number) => string): number[] {
  const times = new Map<string, number>();
  for (const row of rows) times.set(note(row), (times.get(note(row)) ?? 0) + 1);
  const often = (row: number) => times.get(note(row)) ?? 0;
  return [...rows].sort(
    (one, other) =>
      often(other) - often(one) || note(one).localeCompare(note(other)) || one - other,
  );
}

class GroupView implements View<Shown> {
  readonly #title = new TextView(h("h5", "imbxai-moved-title"));
  readonly #more = h("button", "imbxai-count", { type: "button" });
  readonly grid: ThumbnailGrid;
  readonly element: HTMLElement;
  #group: Group | undefined;

  constructor(events: TileEvents, more: (group: Group) => void) {
    this.grid = new ThumbnailGrid("", events, { captions: true });
    const tiles = h("div", "imbxai-moved-tiles", {}, this.grid.element, this.#more);
    this.element = h("section", "imbxai-moved-group", {}, this.#title.element, tiles);
    this.#more.addEventListener("click", () => this.#group && more(this.#group));
  }

  show({ group, answer, sheet }: Shown): void {
    this.#group = group;
    this.#title.show(`${group.title} (${count(group.rows.length)})`);
    this.grid.element.setAttribute("aria-label", group.title);
    const found = new Map(answer?.thumbnails.map((each) => [each.image, each]));
    const shown = group.rows.flatMap((row) => found.get(row) ?? []);
    this.grid.element.hidden = !shown.length;
    this.grid.show(
      shown.map((thumbnail) => ({
        thumbnail,
        prototype: false,
        sheet,
        note: group.note(thumbnail.image),
      })),
      answer?.sprite ?? null,
      { size: SIZE },
    );
    const left = group.rows.length - shown.length;
    this.#more.hidden = !left || !shown.length;
    this.#more.textContent = `+${count(left)}`;
    this.#more.setAttribute("aria-label", `Show more of ${group.title}`);
  }
}

export class MovedImages {
  readonly #heading = new TextView(h("h4", "imbxai-what-if-title"));
  readonly #note = new TextView(h("p", "imbxai-note", { role: "status" }));
  readonly #list = h("div", "imbxai-moved-groups");
  readonly #views: Views<Shown, GroupView>;
  readonly element: HTMLElement;
  #groups: Group[] = [];
  #tiles = new Map<string, number>();
  #answer: MovedTiles | undefined;
  #sheet: TileSheet | undefined;
  #request = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly model: Model<ImagesState>,
    private readonly asker: Asker,
    root: HTMLElement,
    cleanup: Cleanup,
  ) {
    const more = (group: Group) => {
      this.#tiles.set(group.title, (this.#tiles.get(group.title) ?? PAGE) + 4 * PAGE);
      this.#ask();
    };
    this.#views = new Views(this.#list, () => new GroupView(tileEvents(model), more));
    this.element = h("div", "imbxai-moved", {}, this.#heading.element, this.#note.element);
    this.element.append(this.#list);
    new ThumbnailHints(root, this.#list, () => this.#views.all.map(({ grid }) => grid), cleanup);
    cleanup.add(() => this.#stop());
  }

  /** Shows how many images move at once, and themselves once no further move follows. */
  show(data: ValidationData, after: Uint32Array, index: number, kernel: boolean): void {
    this.#groups = groupsOf(data, after, index);
    const images = counted(data.images[index] ?? 0, "validation image");
    const name = data.nameOf(index);
    this.#heading.show(`Images of ${name} that change`);
    const none = `No prediction changes of the ${images} of ${name}, and none of others to or from it.`;
    this.#note.show(this.#groups.length ? "" : none);
    this.#draw();
    this.#stop();
    if (!this.#groups.length) return;
    if (kernel) this.#timer = setTimeout(() => this.#ask(), REST);
    else this.#note.show("To show these images takes a running kernel.");
  }

  showMarks(): void {
    showTileState(
      this.model,
      this.#views.all.map(({ grid }) => grid),
    );
  }

  resize(): void {
    for (const { grid } of this.#views.all) grid.resize();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#request.abort();
    this.#request = new AbortController();
  }

  async #ask(): Promise<void> {
    this.#stop();
    const { signal } = this.#request;
    const rows = this.#groups.flatMap((group) =>
      group.rows.slice(0, this.#tiles.get(group.title) ?? PAGE),
    );
    try {
      const answer = await this.asker.ask<MovedTiles>("tiles", { rows }, { signal });
      const { sprite, sprite_data } = answer;
      const sheet = sprite ? await TileSheet.decode(sprite, sprite_data) : undefined;
      if (signal.aborted) return sheet?.close();
      this.#sheet?.close();
      [this.#answer, this.#sheet] = [answer, sheet];
      this.#note.show(answer.notice || answer.missing);
      this.#draw();
    } catch (error) {
      if (signal.aborted) return;
      const unsent = error instanceof AskError && error.unsent;
      const text = unsent ? "it takes a running kernel" : String((error as Error).message);
      this.#note.show(`These images could not be shown: ${text}.`);
    }
  }

  #draw(): void {
    const shown = { answer: this.#answer, sheet: this.#sheet };
    this.#views.show(this.#groups.map((group) => ({ group, ...shown })));
    this.showMarks();
  }
}
