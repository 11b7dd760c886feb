// One image by itself, larger than it stands on a page.
import type { Tile } from "./thumbnail_grid";

/**
 * Draws an image so that its longer side takes at most some CSS pixels; tiny ones by whole multiples.
 * False where its pixels are not there.
 */
export function drawPreview(
  canvas: HTMLCanvasElement,
  { sheet, thumbnail }: Tile,
  side: number,
): boolean {
  const context = canvas.getContext("2d");
  if (!sheet || !context) return false;
  const pixelRatio = window.devicePixelRatio || 1;
  const { width, height } = sheet.sprite;
  const scale = (side * pixelRatio) / Math.max(width, height);
  const whole = scale > 2 ? Math.floor(scale) : scale;
  const size = { width: Math.round(width * whole), height: Math.round(height * whole) };
  Object.assign(canvas, size);
  canvas.style.width = `${size.width / pixelRatio}px`;
  sheet.draw(context, thumbnail.tile, { x: 0, y: 0, ...size }, scale <= 2);
  return true;
}
