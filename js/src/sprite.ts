// Sprites: many thumbnails in one PNG, decoded once and drawn tile by tile.
import type { Sprite } from "./model";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export class TileSheet {
  private constructor(
    private readonly bitmap: ImageBitmap,
    readonly sprite: Sprite,
  ) {}

  static async decode(sprite: Sprite, png: DataView): Promise<TileSheet> {
    // A copy, because the buffer may be a window on a much larger message.
    const bytes = new Uint8Array(png.buffer, png.byteOffset, png.byteLength).slice();
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    return new TileSheet(bitmap, sprite);
  }

  /** Draws one tile as large as fits into the box, centered; enlarged ones stay pixelated. */
  draw(context: CanvasRenderingContext2D, tile: number, box: Box): void {
    const { width, height, columns } = this.sprite;
    const scale = Math.min(box.width / width, box.height / height);
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    context.imageSmoothingEnabled = scale < 1;
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

  close(): void {
    this.bitmap.close();
  }
}
