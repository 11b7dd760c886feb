// Where thumbnails go on a column's canvas, in device pixels: prototypes first and larger.
import type { Box } from "./sprite";

/** Side of a thumbnail in CSS pixels, approached by whole multiples of the image's own size. */
const PROTOTYPE = 64;
const OTHER = 44;
const GAP = 8;
const CAPTION = 20;

export interface Layout {
  width: number;
  height: number;
  /** One box for each thumbnail, in order. */
  boxes: Box[];
  /** Top edges of the captions above prototypes and others; null where there are none. */
  prototypesAt: number | null;
  othersAt: number | null;
}

export interface LayoutInput {
  tile: { width: number; height: number };
  prototypes: number;
  others: number;
  /** CSS pixels at hand. */
  width: number;
  pixelRatio: number;
}

/** Whole multiples when enlarging, so that every image pixel is equally large; at most `room`. */
function scaleFor(side: number, target: number, room: number): number {
  const wanted = target / side;
  const scale = wanted < 1 ? wanted : Math.max(1, Math.round(wanted));
  if (scale * side <= room) return scale;
  const fitting = room / side;
  return fitting < 1 ? fitting : Math.floor(fitting);
}

export function layOut({ tile, prototypes, others, width, pixelRatio }: LayoutInput): Layout {
  const room = Math.max(1, Math.floor(width * pixelRatio));
  const side = Math.max(tile.width, tile.height);
  const gap = Math.round(GAP * pixelRatio);
  const caption = Math.round(CAPTION * pixelRatio);
  const boxes: Box[] = [];
  let top = 0;

  const place = (number: number, target: number): number | null => {
    if (number === 0) return null;
    const start = top === 0 ? 0 : top + gap;
    const scale = scaleFor(side, target * pixelRatio, room);
    const cell = {
      width: Math.max(1, Math.round(tile.width * scale)),
      height: Math.max(1, Math.round(tile.height * scale)),
    };
    const columns = Math.max(1, Math.floor((room + gap) / (cell.width + gap)));
    for (let at = 0; at < number; at++) {
      boxes.push({
        x: (at % columns) * (cell.width + gap),
        y: start + caption + Math.floor(at / columns) * (cell.height + gap),
        ...cell,
      });
    }
    top = start + caption + Math.ceil(number / columns) * (cell.height + gap) - gap;
    return start;
  };

  const prototypesAt = place(prototypes, PROTOTYPE);
  const othersAt = place(others, OTHER);
  return { width: room, height: top, boxes, prototypesAt, othersAt };
}
