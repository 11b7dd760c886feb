// What the canvas of folded groups shows: cells, the names of columns, and the selected class.
import { at } from "./confusions";
import type { FoldedCounts } from "./folding";
import { count } from "./format";
import { RAMP, shade, stepOf } from "./ramp";
import type { Surface } from "./surface";

/** Pixels of a row; the style sheet has the same. */
export const ROW = 24;
/** Pixels that a column with its name, or with numbers, has at least. */
export const COLUMN = 14;
const CHARACTER = 7.6;

export interface FoldScene {
  counts: FoldedCounts;
  perImage: number;
  /** Name of each column. */
  names: (column: number) => string;
  columns: number;
  /** The rows in sight. */
  rows: { row: number; top: number }[];
  /** Column of the selected class, -1 for none, and where its row is, if in sight. */
  picked: number;
  pickedTop: number | undefined;
  width: number;
  height: number;
  /** Pixels above the cells, for the names of columns. */
  head: number;
}

interface Colors {
  steps: string[];
  text: string;
  ground: string;
  accent: string;
}

export function paintFolds(
  context: CanvasRenderingContext2D,
  scene: FoldScene,
  surface: Surface,
): void {
  const found = surface.colors(
    "var(--imbxai-text)",
    "var(--imbxai-ground)",
    "var(--imbxai-accent)",
    ...RAMP.map((_, step) => shade(step + 1)),
  );
  const [text = "", ground = "", accent = "", ...steps] = found;
  const colors = { steps, text, ground, accent };
  for (const { row, top } of scene.rows) paintRow(context, scene, colors, row, top);
  paintPicked(context, scene, colors);
  if (scene.head && scene.width / scene.columns >= COLUMN) paintNames(context, scene, colors);
}

function paintRow(
  context: CanvasRenderingContext2D,
  { counts, perImage, columns, width }: FoldScene,
  { steps, text, ground }: Colors,
  row: number,
  top: number,
): void {
  const column = width / columns;
  const gap = column > 4 ? 1 : 0;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let cell = at(counts.starts, row); cell < at(counts.starts, row + 1); cell++) {
    const number = at(counts.counts, cell);
    const step = stepOf(number / (perImage * at(counts.images, row)), counts.largest);
    const left = at(counts.columns, cell) * column;
    context.fillStyle = steps[step - 1] ?? text;
    context.fillRect(left, top, Math.max(2, column - gap), ROW - 1);
    const label = count(number);
    if (column < COLUMN || label.length * CHARACTER + 1 > column) continue;
    context.fillStyle = step === RAMP.length ? ground : text;
    context.fillText(label, left + column / 2, top + ROW / 2);
  }
}

function paintPicked(
  context: CanvasRenderingContext2D,
  { columns, picked, pickedTop, width, height, head }: FoldScene,
  { accent }: Colors,
): void {
  if (picked < 0) return;
  const column = width / columns;
  context.strokeStyle = accent;
  context.lineWidth = 1.5;
  context.strokeRect(picked * column, head, Math.max(column, 2) - 0.5, height - head - 1);
  if (pickedTop !== undefined) context.strokeRect(1, pickedTop, width - 2, ROW - 1);
}

function paintNames(
  context: CanvasRenderingContext2D,
  { names, columns, picked, width, head }: FoldScene,
  { text, accent }: Colors,
): void {
  const room = Math.floor((head - 8) / CHARACTER);
  context.textAlign = "start";
  context.textBaseline = "middle";
  for (let column = 0; column < columns; column++) {
    const name = names(column);
    context.save();
    context.translate(((column + 0.5) * width) / columns, head - 5);
    context.rotate(-Math.PI / 2);
    context.fillStyle = column === picked ? accent : text;
    context.fillText(name.length > room ? `${name.slice(0, room - 1)}…` : name, 0, 0);
    context.restore();
  }
}
