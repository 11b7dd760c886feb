// One image, looked at closer.
import { ARCHETYPES } from "./archetype_style";
import type { DetailContext, KeyHint, Kind } from "./detail_kind";
import { h } from "./dom";
import { EditTools } from "./edit_tools";
import { toggledKey } from "./marks";
import type { ImageOpening } from "./open";
import { describe, keyOf, type Tile } from "./thumbnail_grid";
import { suggestedOf } from "./tile_events";

/** Longer side of the image in CSS pixels. */
const SIDE = 384;

export class ImageDetail implements Kind<ImageOpening> {
  readonly title = h("span", "");
  readonly #canvas = h("canvas", "imbxai-detail-picture", { role: "img" });
  readonly #facts = h("div", "imbxai-detail-facts");
  readonly #mark = h("button", "imbxai-quiet-button", { type: "button" });
  readonly element = h("div", "imbxai-detail-image", {}, this.#canvas);
  readonly #tools: EditTools;
  #opening: ImageOpening | undefined;

  constructor(private readonly context: DetailContext) {
    this.#mark.addEventListener("click", () => this.#toggle());
    this.#tools = new EditTools(context.model);
    this.element.append(h("div", "", {}, this.#facts, this.#mark, this.#tools.element));
  }

  get keys(): readonly KeyHint[] {
    return [["m", "mark"], ...this.#tools.keys];
  }

  show(opening: ImageOpening): void {
    this.#opening = opening;
    const tile = opening.tiles.find(({ thumbnail }) => keyOf(thumbnail) === opening.key);
    const [first = opening.key, ...rest] = tile ? describe(tile) : [];
    this.title.textContent = first;
    this.#canvas.setAttribute("aria-label", first);
    this.#facts.replaceChildren(...rest.map((line) => h("p", "", {}, line)));
    this.#canvas.hidden = !tile || !this.#draw(tile);
    const color = ARCHETYPES[tile?.thumbnail.archetype ?? -1]?.color ?? "";
    this.element.style.setProperty("--imbxai-archetype", color);
    const suggested = tile ? suggestedOf(tile.thumbnail) : [];
    this.#tools.show({ title: first, keys: [opening.key], suggested });
    this.refresh();
  }

  refresh(): void {
    const marked = this.context.model.get("marked").includes(this.#opening?.key ?? "");
    this.#mark.setAttribute("aria-pressed", String(marked));
    this.#mark.textContent = marked ? "Marked" : "Mark";
    this.#tools.refresh();
  }

  beside({ key, group, ...rest }: ImageOpening, steps: number): ImageOpening | undefined {
    const next = group[group.indexOf(key) + steps];
    return next === undefined ? undefined : { ...rest, group, key: next };
  }

  place({ key, group }: ImageOpening): string {
    return group.length > 1 ? `${group.indexOf(key) + 1} of ${group.length}` : "";
  }

  press(event: KeyboardEvent): boolean {
    if (event.key !== "m") return this.#tools.press(event);
    this.#toggle();
    return true;
  }

  close(): void {
    this.#opening = undefined;
  }

  #toggle(): void {
    const { model } = this.context;
    if (this.#opening) model.set("marked", toggledKey(model.get("marked"), this.#opening.key));
  }

  /** Draws what a tile holds of the image; tells whether it holds any pixels still. */
  #draw({ sheet, thumbnail }: Tile): boolean {
    const context = this.#canvas.getContext("2d");
    if (!sheet || !context) return false;
    const { width, height } = sheet.sprite;
    const scale = (SIDE * (window.devicePixelRatio || 1)) / Math.max(width, height);
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    Object.assign(this.#canvas, size);
    try {
      sheet.draw(context, thumbnail.tile, { x: 0, y: 0, ...size });
      return true;
    } catch {
      return false; // the panel has let go of its pictures
    }
  }
}
