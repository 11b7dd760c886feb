import { describe, expect, it } from "vitest";
import { layOut } from "../src/parts/thumbnail_layout";

const lay = (side: number, width: number, pixelRatio: number) =>
  layOut({ tile: { width: side, height: side }, prototypes: 3, others: 7, width, pixelRatio });

describe("layout of thumbnails", () => {
  it.each([1, 1.25, 1.5, 2, 3])("enlarges by whole multiples at %s pixels per pixel", (ratio) => {
    for (const side of [8, 16, 28, 32]) {
      for (const box of lay(side, 220, ratio).boxes) expect(box.width % side).toBe(0);
    }
  });

  it.each([
    [32, 220],
    [32, 40],
    [96, 220],
    [96, 30],
    [300, 20],
  ])("keeps %s-pixel tiles within %s pixels, none over another", (side, width) => {
    const { boxes, width: room, height } = lay(side, width, 1);
    expect(boxes.length).toBe(10);
    for (const [at, box] of boxes.entries()) {
      expect(box.x + box.width).toBeLessThanOrEqual(room);
      expect(box.y + box.height).toBeLessThanOrEqual(height);
      for (const other of boxes.slice(at + 1)) {
        const apart =
          other.x >= box.x + box.width ||
          other.y >= box.y + box.height ||
          box.x >= other.x + other.width;
        expect(apart).toBe(true);
      }
    }
  });

  it("draws prototypes larger, above the others, each under a caption", () => {
    const layout = lay(32, 220, 1);
    expect(layout.boxes.map((box) => box.width)).toEqual([
      ...Array(3).fill(64),
      ...Array(7).fill(32),
    ]);
    expect(layout.prototypesAt).toBe(0);
    expect(layout.boxes[0]?.y).toBe(20);
    expect(layout.othersAt).toBe(20 + 64 + 8);
    expect(layout.boxes[3]?.y).toBe(92 + 20);
  });

  it("takes no room without images", () => {
    const layout = layOut({
      tile: { width: 32, height: 32 },
      prototypes: 0,
      others: 0,
      width: 100,
      pixelRatio: 1,
    });
    expect(layout).toMatchObject({ height: 0, boxes: [], prototypesAt: null, othersAt: null });
  });
});
