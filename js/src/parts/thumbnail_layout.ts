// Where thumbnails go on a canvas, in device pixels: rows of boxes of one size.
import type { Box } from "./sprite";

const GAP = 6;
/** Height of a line below each row, for what its images are taken for. */
const CAPTION = 20;
/** Images of at most so many pixels a side are enlarged to any size; others by whole numbers. */
const TINY = 48;
/** How far from the size asked for a whole multiple may be. */
const NEAR = 0.2;

export interface Layout {
  width: number;
  height: number;
  /** One box for each thumbnail, in order. */
  boxes: Box[];
}

export interface LayoutInput {
  tile: { width: number; height: number };
  number: number;
  /** Longer side of a thumbnail, in CSS pixels. */
  size: number;
  /** CSS pixels at hand; without meaning where the number of columns is given. */
  width: number;
  columns?: number;
  pixelRatio: number;
  captions: boolean;
}

/** Longer side of an image on the first screen, in CSS pixels: small for tiny ones. */
export const smallSize = (tile: { width: number; height: number } | null): number =>
  tile && Math.max(tile.width, tile.height) > TINY ? 72 : 48;

/**
 * How much larger an image is drawn: by a whole number where that comes near to what is wanted, so
 * that every pixel of the image is equally large.
 */
function scaleFor(side: number, wanted: number): number {
  const scale = wanted / side;
  if (scale <= 1) return scale;
  const whole = Math.max(1, Math.round(scale));
  if (Math.abs(whole - scale) <= NEAR * scale) return whole;
  return side <= TINY ? scale : Math.floor(scale);
}

export function layOut(input: LayoutInput): Layout {
  const { tile, number, size, pixelRatio } = input;
  const gap = Math.round(GAP * pixelRatio);
  const below = input.captions ? Math.round(CAPTION * pixelRatio) : 0;
  const room = input.columns ? Infinity : Math.max(1, Math.floor(input.width * pixelRatio));
  const side = Math.max(tile.width, tile.height);
  const scale = Math.min(scaleFor(side, size * pixelRatio), room / tile.width);
  const [width, height] = [tile.width, tile.height].map((length) =>
    Math.max(1, Math.round(length * scale)),
  ) as [number, number];
  const columns = input.columns ?? Math.max(1, Math.floor((room + gap) / (width + gap)));
  const boxes = Array.from({ length: number }, (_, at) => ({
    x: (at % columns) * (width + gap),
    y: Math.floor(at / columns) * (height + below + gap),
    width,
    height,
  }));
  const rows = Math.ceil(number / columns);
  const wide = input.columns ? Math.min(columns, number) * (width + gap) - gap : room;
  return {
    width: Math.max(1, wide),
    height: Math.max(0, rows * (height + below + gap) - gap),
    boxes,
  };
}
