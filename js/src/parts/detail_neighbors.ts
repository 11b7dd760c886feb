// The training images that lie nearest: a click opens one of them, its class's name selects that.
import type { DetailContext } from "./detail_kind";
import type { Known, Section } from "./detail_section";
import { h, TextView, type View, Views } from "./dom";
import type { ImageAnswer, Neighbor } from "./image_answer";
import { openImage } from "./open";
import { TileSheet } from "./sprite";
import { describe, keyOf } from "./thumbnail_grid";

/** Longer side of a neighbor in CSS pixels. */
const SIDE = 72;

interface Shown {
  neighbor: Neighbor;
  /** Whether it is of the class of the image. */
  own: boolean;
}

interface Clicks {
  open(neighbor: Neighbor): void;
  select(index: number): void;
}

class NeighborView implements View<Shown> {
  readonly #canvas = h("canvas", "", { "aria-hidden": "true" });
  readonly #number = new TextView(h("span", ""));
  readonly #open = h(
    "button",
    "imbxai-detail-neighbor-open",
    { type: "button" },
    this.#canvas,
    this.#number.element,
  );
  readonly #name = new TextView(h("button", "imbxai-link", { type: "button" }));
  readonly #distance = new TextView(h("span", "imbxai-soft"));
  readonly element = h(
    "li",
    "imbxai-detail-neighbor",
    {},
    this.#open,
    this.#name.element,
    this.#distance.element,
  );
  #neighbor: Neighbor | undefined;

  constructor(clicks: Clicks) {
    this.#open.addEventListener("click", () => {
      if (this.#neighbor) clicks.open(this.#neighbor);
    });
    this.#name.element.addEventListener("click", () => {
      if (this.#neighbor) clicks.select(this.#neighbor.index);
    });
  }

  show({ neighbor, own }: Shown): void {
    this.#neighbor = neighbor;
    const { thumbnail, distance } = neighbor;
    this.#name.show(thumbnail.label);
    this.element.classList.toggle("imbxai-detail-own", own);
    this.#distance.show(`distance ${distance.toPrecision(3)}`);
    this.#open.setAttribute("aria-label", describe({ thumbnail, prototype: false }).join(", "));
    this.#number.show(String(thumbnail.number));
    this.#canvas.hidden = true;
  }

  draw(sheet: TileSheet, tile: number): void {
    const context = this.#canvas.getContext("2d");
    if (!context) return;
    const { width, height } = sheet.sprite;
    const scale = (SIDE * (window.devicePixelRatio || 1)) / Math.max(width, height);
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    Object.assign(this.#canvas, size);
    this.#canvas.style.inlineSize = `${size.width / (window.devicePixelRatio || 1)}px`;
    sheet.draw(context, tile, { x: 0, y: 0, ...size }, scale < 1);
    this.#canvas.hidden = false;
    this.#number.show("");
  }
}

export class NeighborSection implements Section {
  readonly #words = new TextView(h("p", "imbxai-detail-words"));
  readonly #list = h("ul", "imbxai-detail-neighbors");
  readonly #views: Views<Shown, NeighborView>;
  readonly #title = new TextView(h("h4", ""));
  readonly element = h(
    "section",
    "imbxai-detail-part imbxai-detail-wide",
    {},
    this.#title.element,
    this.#words.element,
    this.#list,
  );
  #answer: ImageAnswer | undefined;

  constructor(private readonly context: DetailContext) {
    this.#views = new Views(
      this.#list,
      () =>
        new NeighborView({
          open: (neighbor) => this.#open(neighbor),
          select: (index) => context.select(index),
        }),
    );
  }

  show({ answer }: Known): void {
    this.element.hidden = !answer;
    if (!answer || answer === this.#answer) return;
    this.#answer = answer;
    const { neighbors, label, archetype } = answer;
    this.#title.show("Nearest training images");
    this.#words.show(archetype);
    this.#views.show(neighbors.map((neighbor) => ({ neighbor, own: neighbor.index === label })));
    this.#draw(answer);
  }

  close(): void {
    this.#answer = undefined;
  }

  #open({ thumbnail }: Neighbor): void {
    const group = (this.#answer?.neighbors ?? []).map((each) => keyOf(each.thumbnail));
    const opening = openImage(keyOf(thumbnail), group);
    if (opening.kind) this.context.open(opening);
  }

  async #draw(answer: ImageAnswer): Promise<void> {
    const { neighbors, neighbor_sprite, neighbor_data } = answer;
    if (!neighbor_sprite) {
      await this.#drawHeld(answer);
      return;
    }
    const sheet = await decoded(neighbor_sprite, neighbor_data);
    if (answer === this.#answer && sheet) {
      for (const [at, { thumbnail }] of neighbors.entries()) {
        this.#views.all[at]?.draw(sheet, thumbnail.tile);
      }
    }
    sheet?.close();
  }

  /** Draws the neighbors of which the page holds pictures of their own. */
  async #drawHeld(answer: ImageAnswer): Promise<void> {
    for (const [at, { thumbnail }] of answer.neighbors.entries()) {
      const held = this.context.held(keyOf(thumbnail));
      if (!held?.picture) continue;
      const sheet = await decoded({ ...held.picture, columns: 1 }, held.picture_data);
      if (answer === this.#answer && sheet) this.#views.all[at]?.draw(sheet, 0);
      sheet?.close();
    }
  }
}

/** Undefined where a picture cannot be decoded: then the images have their numbers. */
const decoded = (...picture: Parameters<typeof TileSheet.decode>) =>
  TileSheet.decode(...picture).catch(() => undefined);
