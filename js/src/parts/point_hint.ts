// What stands beside the point that is pointed at: words at once, the image as soon as it is there.

import { ARCHETYPES } from "./archetype_style";
import type { AskError, Asker } from "./ask";
import { h } from "./dom";
import { drawPreview } from "./preview";
import { type Sprite, TileSheet } from "./sprite";
import { describe, type SplitName, type Thumbnail, type Tile } from "./thumbnail_grid";
import { Tooltip } from "./tooltip";

interface Answer {
  thumbnails: Thumbnail[];
  sprite: Sprite | null;
  sprite_data: DataView;
}

/** Images that stand as points on a chart. */
export interface Points {
  readonly labels: ArrayLike<number>;
  readonly predictions: ArrayLike<number>;
  readonly archetypes: ArrayLike<number>;
  splitOf(at: number): SplitName;
  rowOf(at: number): number;
  nameOf(index: number): string;
  /** What the chart has to say of an image besides. */
  notesOf(at: number): string[];
}

/** Milliseconds that a pointer rests on a point before its image is asked for. */
const REST = 60;
/** Images that are kept. */
const KEPT = 200;
/** Longer side of an image in CSS pixels. */
const SIDE = 128;

export class PointHint {
  readonly #tooltip: Tooltip;
  readonly #canvas = h("canvas", "imbxai-thumb-preview");
  /** Stands where the point is. */
  readonly #anchor = h("span", "imbxai-point-anchor", { "aria-hidden": "true" });
  readonly #tiles = new Map<number, Tile>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked: AbortController | undefined;

  constructor(
    root: HTMLElement,
    place: HTMLElement,
    private readonly asker: Asker,
  ) {
    place.append(this.#anchor);
    this.#tooltip = new Tooltip(root);
  }

  /** What is known of an image that was pointed at. */
  tileOf(at: number): Tile | undefined {
    return this.#tiles.get(at);
  }

  show(data: Points, at: number, [x, y]: [number, number]): void {
    this.hide();
    this.#anchor.style.transform = `translate(${x}px, ${y}px)`;
    const tile = this.#tiles.get(at);
    this.#write(data, at, tile);
    if (!tile) this.#timer = setTimeout(() => this.#ask(data, at), REST);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#tooltip.hide();
  }

  dispose(): void {
    this.hide();
    for (const { sheet } of this.#tiles.values()) sheet?.close();
    this.#tiles.clear();
  }

  async #ask(data: Points, at: number): Promise<void> {
    const asked = new AbortController();
    this.#asked = asked;
    const given = { split: data.splitOf(at), row: data.rowOf(at) };
    try {
      const options = { signal: asked.signal };
      const { thumbnails, sprite, sprite_data } = await this.asker.ask<Answer>(
        "image",
        given,
        options,
      );
      const [thumbnail] = thumbnails;
      if (!thumbnail) return;
      const sheet = sprite ? await TileSheet.decode(sprite, sprite_data) : undefined;
      const tile = { thumbnail, prototype: false, sheet };
      this.#keep(at, tile);
      if (!asked.signal.aborted) this.#write(data, at, tile);
    } catch (error) {
      // The words stay: another image is pointed at, or there is no kernel.
      if (!asked.signal.aborted && !isAnswered(error)) reportError(error);
    }
  }

  #keep(at: number, tile: Tile): void {
    this.#tiles.set(at, tile);
    for (const [oldest, { sheet }] of this.#tiles) {
      if (this.#tiles.size <= KEPT) break;
      sheet?.close();
      this.#tiles.delete(oldest);
    }
  }

  #write(data: Points, at: number, tile: Tile | undefined): void {
    const lines = [...(tile ? describe(tile) : wordsOf(data, at)), ...data.notesOf(at)];
    const drawn = tile !== undefined && drawPreview(this.#canvas, tile, SIDE);
    this.#tooltip.show(this.#anchor, lines, drawn && this.#canvas);
  }
}

/** What the chart itself knows of an image. */
function wordsOf(data: Points, at: number): string[] {
  const split = data.splitOf(at) === "training" ? "Training" : "Validation";
  const [label, prediction] = [data.labels[at] ?? 0, data.predictions[at] ?? 0];
  const wrong = label === prediction ? "" : " (wrong)";
  return [
    `${split} image, row ${data.rowOf(at)}`,
    `Label: ${data.nameOf(label)}`,
    `Prediction: ${data.nameOf(prediction)}${wrong}`,
    `Archetype: ${ARCHETYPES[data.archetypes[at] ?? 0]?.name ?? ""}`,
  ];
}

const isAnswered = (error: unknown): boolean =>
  error instanceof Error && "unsent" in (error as AskError);
