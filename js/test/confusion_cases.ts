// Confusions as Python sends them, made of tables; and a canvas that tells what is drawn on it.
import { vi } from "vitest";
import type { Overview } from "../src/panels/overview";
import type { SentConfusions } from "../src/parts/confusions";

const view = (array: ArrayLike<number>, kind: typeof Int32Array | typeof Float32Array) =>
  new DataView(kind.from(array).buffer as ArrayBuffer);

/** Rows are true classes; the diagonal is left out. */
export function sent(
  split: "validation" | "training",
  table: number[][],
  images: number[],
  { perImage = 1, lift = 2 } = {},
): SentConfusions {
  const cells = table.flatMap((row, index) =>
    row.flatMap((number, other) => (number && index !== other ? [[index, other, number]] : [])),
  );
  const totals = table.map((row, index) =>
    row.reduce((sum, number, other) => sum + (index === other ? 0 : number), 0),
  );
  const column = (at: number) => cells.map((cell) => cell[at] ?? 0);
  const errors = totals.map((total) => Math.ceil(total / perImage));
  return {
    split,
    perImage,
    images: view(images, Int32Array),
    errors: view(errors, Int32Array),
    totals: view(totals, Int32Array),
    rows: view(column(0), Int32Array),
    others: view(column(1), Int32Array),
    counts: view(column(2), Int32Array),
    cast: view(
      column(2).map((number) => Math.ceil(number / perImage)),
      Int32Array,
    ),
    lows: view(
      cells.map(([index = 0, , number = 0]) =>
        (errors[index] ?? 0) < 4 ? Number.NaN : number / (totals[index] ?? 1) / 2,
      ),
      Float32Array,
    ),
    highs: view(
      cells.map(([index = 0]) => ((errors[index] ?? 0) < 4 ? Number.NaN : 1)),
      Float32Array,
    ),
    lifts: view(
      cells.map((_, at) => lift + at),
      Float32Array,
    ),
  };
}

export function overviewOf(
  names: string[],
  confusions: SentConfusions[],
  given: Partial<Overview> = {},
): Overview {
  return {
    names,
    order: names.map((_, index) => index),
    groups: null,
    weak: 5,
    confusions,
    summary: { images: [0.78], classes: [0.63], worst: [1], lowest: [0.5] },
    ...given,
  };
}

/** What is drawn on canvases of this size: texts, and rectangles as [x, y, width, height]. */
export function fakeCanvas(width: number, height: number) {
  const texts: [text: string, x: number, y: number][] = [];
  const rectangles: number[][] = [];
  const methods: Record<string, (...given: never[]) => void> = {
    fillText: (...given: never[]) => texts.push(given as unknown as [string, number, number]),
    fillRect: (...given: never[]) => rectangles.push(given as number[]),
    clearRect: () => {
      texts.length = 0;
      rectangles.length = 0;
    },
  };
  const context = new Proxy({} as Record<string, unknown>, {
    get: (target, name: string) => methods[name] ?? target[name] ?? (() => {}),
  });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as never);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(width);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(height);
  return { texts, rectangles };
}
