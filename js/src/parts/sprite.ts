// Sprites: many thumbnails in one picture, decoded once and drawn tile by tile.

/** Where tiles lie in a picture that is filled with them row by row. */
export interface TileLayout {
  /** Tile width in pixels. */
  width: number;
  /** Tile height in pixels. */
  height: number;
  /** Tiles per row. */
  columns: number;
}

export interface Sprite extends TileLayout {
  /** Media type of the picture. */
  type: string;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Pixels of decoded sheets that are kept: about a hundred cards of small images, nine of large. */
const KEPT_PIXELS = 4_000_000;

export class TileSheet {
  private constructor(
    private readonly bitmap: ImageBitmap,
    readonly sprite: Sprite,
  ) {}

  static async decode(sprite: Sprite, picture: DataView): Promise<TileSheet> {
    // A copy, because the buffer may be a window on a much larger message.
    const bytes = new Uint8Array(picture.buffer, picture.byteOffset, picture.byteLength).slice();
    const bitmap = await createImageBitmap(new Blob([bytes], { type: sprite.type }));
    return new TileSheet(bitmap, sprite);
  }

  /** Draws one tile as large as fits into the box, centered; enlarged, pixelated or smooth. */
  draw(context: CanvasRenderingContext2D, tile: number, box: Box, smooth = false): void {
    const { width, height, columns } = this.sprite;
    const scale = Math.min(box.width / width, box.height / height);
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    context.imageSmoothingEnabled = smooth || scale < 1;
    context.imageSmoothingQuality = "high";
    context.drawImage(
      this.bitmap,
      (tile % columns) * width,
      Math.floor(tile / columns) * height,
      width,
      height,
      box.x + Math.floor((box.width - w) / 2),
      box.y + Math.floor((box.height - h) / 2),
      w,
      h,
    );
  }

  get pixels(): number {
    return this.bitmap.width * this.bitmap.height;
  }

  close(): void {
    this.bitmap.close();
  }
}

/** Sheets shown or to be shown: that of a class chosen is drawn in the same frame. */
export class SheetStore {
  readonly #sheets = new Map<DataView, TileSheet>();

  get(picture: DataView): TileSheet | undefined {
    const sheet = this.#sheets.get(picture);
    if (sheet) this.#keep(picture, sheet);
    return sheet;
  }

  /** Decodes a picture and keeps it; ahead of its card, beside that of `shown`. */
  async decode(sprite: Sprite, picture: DataView, shown?: DataView): Promise<TileSheet> {
    const sheet = await TileSheet.decode(sprite, picture);
    this.#keep(picture, sheet, shown);
    return sheet;
  }

  close(): void {
    for (const sheet of this.#sheets.values()) sheet.close();
    this.#sheets.clear();
  }

  /** Keeps a sheet as the last one, that of `shown`, and of others as many as there is room for. */
  #keep(picture: DataView, sheet: TileSheet, shown?: DataView): void {
    this.#sheets.delete(picture);
    let pixels = sheet.pixels;
    for (const each of this.#sheets.values()) pixels += each.pixels;
    for (const [oldest, each] of this.#sheets) {
      if (pixels <= KEPT_PIXELS) break;
      if (oldest === shown) continue;
      pixels -= each.pixels;
      each.close();
      this.#sheets.delete(oldest);
    }
    this.#sheets.set(picture, sheet);
  }
}
