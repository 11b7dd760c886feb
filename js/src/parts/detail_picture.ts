// The image, large, and over it a veil that leaves uncovered where the network looks.
import { AskError } from "./ask";
import type { DetailContext, KeyHint } from "./detail_kind";
import type { Known, Section } from "./detail_section";
import { h, TextView } from "./dom";
import type { ImageAnswer, LookAnswer } from "./image_answer";
import { Newest } from "./newest";
import { TileSheet } from "./sprite";
import type { Tile } from "./thumbnail_grid";

/** Longer side of a small image in CSS pixels, about; larger ones are shown at their own size. */
const SIDE = 416;
/** The veil is of this gray, which is neither a page's ground nor often an image's color. */
const GRAY = 128;

const NO_KERNEL = "Where the network looks needs a running, idle kernel, and the model.";

export class PictureSection implements Section {
  readonly #canvas = h("canvas", "imbxai-detail-pixels", { role: "img" });
  readonly #veil = h("canvas", "imbxai-detail-veil", { "aria-hidden": "true" });
  readonly #missing = new TextView(h("p", "imbxai-note"));
  readonly #on = h("input", "", { type: "checkbox" });
  readonly #opacity = h("input", "", {
    type: "range",
    min: 0,
    max: 100,
    value: 75,
    "aria-label": "Opacity of the veil in percent",
  });
  readonly #note = new TextView(h("p", "imbxai-note", { role: "status" }));
  readonly #frame = h("div", "imbxai-detail-frame", {}, this.#canvas, this.#veil);
  readonly element = h(
    "section",
    "imbxai-detail-picture",
    { "aria-label": "Picture" },
    this.#frame,
    this.#missing.element,
    h(
      "div",
      "imbxai-detail-look",
      {},
      h("label", "", {}, this.#on, " Where the network looks"),
      this.#opacity,
    ),
    this.#note.element,
  );
  readonly keys: readonly KeyHint[] = [["w", "where it looks"]];
  readonly #looks: Newest;
  #key = "";
  #answer: ImageAnswer | undefined;
  /** Of the image that is shown; one that comes later is of another. */
  #shown = 0;
  #looked = "";

  constructor(context: DetailContext) {
    this.#looks = new Newest(context.asker);
    this.#on.addEventListener("change", () => this.#toggle());
    this.#opacity.addEventListener("input", () => this.#fade());
    this.#fade();
    this.#toggle();
  }

  show({ opening, tile, answer }: Known): void {
    const other = opening.key !== this.#key;
    this.#key = opening.key;
    if (other) {
      this.#clear();
      this.#look();
    }
    if (answer === this.#answer && !other) return;
    this.#answer = answer;
    this.#missing.show(answer?.missing ?? "");
    if (answer?.picture) this.#draw(answer, ++this.#shown);
    else if (other) this.#frame.hidden = !(tile && this.#drawTile(tile));
  }

  press({ key }: KeyboardEvent): boolean {
    if (key !== "w") return false;
    this.#on.checked = !this.#on.checked;
    this.#toggle();
    return true;
  }

  close(): void {
    this.#key = "";
    this.#answer = undefined;
    this.#clear();
  }

  #clear(): void {
    this.#shown += 1;
    this.#looked = "";
    this.#looks.stop();
    this.#note.show("");
    this.#veil.hidden = true;
    this.#frame.hidden = true;
  }

  async #draw(answer: ImageAnswer, shown: number): Promise<void> {
    const { picture, picture_data } = answer;
    if (!picture) return;
    try {
      const sheet = await TileSheet.decode({ ...picture, columns: 1 }, picture_data);
      if (shown === this.#shown) this.#paint(sheet, 0, answer.thumbnail.number);
      sheet.close();
    } catch {
      if (shown === this.#shown) this.#missing.show("The image could not be decoded.");
    }
  }

  /** Draws what a panel held of the image; tells whether it holds any pixels still. */
  #drawTile({ sheet, thumbnail }: Tile): boolean {
    if (!sheet) return false;
    try {
      this.#paint(sheet, thumbnail.tile, thumbnail.number);
      return true;
    } catch {
      return false; // the panel has let go of its pictures
    }
  }

  #paint(sheet: TileSheet, tile: number, number: number): void {
    const context = this.#canvas.getContext("2d");
    if (!context) return;
    const { width, height } = sheet.sprite;
    Object.assign(this.#canvas, { width, height });
    sheet.draw(context, tile, { x: 0, y: 0, width, height });
    const side = Math.max(width, height);
    // By whole numbers, so that every pixel is equally large.
    const scale = Math.max(1, Math.floor(SIDE / side));
    this.#frame.style.inlineSize = `${width * scale}px`;
    this.#frame.classList.toggle("imbxai-enlarged", scale > 1);
    this.#frame.hidden = false;
    this.#canvas.setAttribute("aria-label", `Image ${number}`);
  }

  #toggle(): void {
    this.#opacity.disabled = !this.#on.checked;
    if (this.#on.checked) this.#look();
    else {
      this.#veil.hidden = true;
      this.#note.show("");
    }
  }

  #fade(): void {
    this.#veil.style.opacity = String(Number(this.#opacity.value) / 100);
  }

  async #look(): Promise<void> {
    const key = this.#key;
    if (!this.#on.checked || !key) return;
    if (this.#looked === key) {
      this.#veil.hidden = false;
      return;
    }
    const late = () => this.#note.show(NO_KERNEL);
    try {
      const look = await this.#looks.ask<LookAnswer>("look", { key }, { late });
      if (look && key === this.#key && this.#on.checked) this.#showLook(look);
    } catch (error) {
      if (!(error instanceof AskError) || key !== this.#key) return;
      const failed = `Where the network looks could not be shown: ${error.message}`;
      this.#note.show(error.unsent ? NO_KERNEL : failed);
    }
  }

  #showLook({ width, height, note, mask }: LookAnswer): void {
    this.#note.show(note);
    const context = this.#veil.getContext("2d");
    if (!width || !context) return;
    Object.assign(this.#veil, { width, height });
    const pixels = context.createImageData(width, height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      pixels.data.fill(GRAY, 4 * pixel, 4 * pixel + 3);
      pixels.data[4 * pixel + 3] = 255 - mask.getUint8(pixel);
    }
    context.putImageData(pixels, 0, 0);
    this.#looked = this.#key;
    this.#veil.hidden = false;
  }
}
