import { describe, expect, it } from "vitest";
import { layOut, smallSize } from "../src/parts/thumbnail_layout";

const square = (side: number) => ({ width: side, height: side });

const laid = (side: number, size: number, more: Partial<Parameters<typeof layOut>[0]> = {}) =>
  layOut({
    tile: square(side),
    number: 5,
    size,
    width: 220,
    pixelRatio: 1,
    captions: false,
    ...more,
  });

describe("layout of thumbnails", () => {
  it.each([
    [32, 64, 220],
    [32, 48, 40],
    [96, 72, 220],
    [300, 128, 20],
  ])("keeps %i-pixel tiles of %i within %i pixels, none over another", (side, size, width) => {
    const { boxes, height } = laid(side, size, { width });
    expect(boxes).toHaveLength(5);
    for (const [at, box] of boxes.entries()) {
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(width);
      expect(box.y + box.height).toBeLessThanOrEqual(height);
      for (const other of boxes.slice(at + 1)) {
        const apart = other.y >= box.y + box.height || other.x >= box.x + box.width;
        expect(apart).toBe(true);
      }
    }
  });

  it.each([
    // tiny images reach any size, but keep their pixels equally large where that is near
    [32, 48, 48],
    [32, 64, 64],
    [28, 64, 56],
    [16, 48, 48],
    // others grow by whole multiples alone, and shrink to any size
    [96, 72, 72],
    [96, 128, 96],
    [100, 192, 200],
    [64, 72, 64],
    [200, 128, 128],
  ])("draws %i pixels that shall be %i large as %i", (side, size, drawn) => {
    expect(laid(side, size, { width: 999 }).boxes[0]?.width).toBe(drawn);
  });

  it("counts in the pixels of the screen", () => {
    const { boxes, width } = laid(32, 48, { pixelRatio: 2 });
    expect([boxes[0]?.width, width]).toEqual([96, 440]);
  });

  it("keeps the shape of an image", () => {
    const [box] = laid(0, 72, { tile: { width: 200, height: 150 } }).boxes;
    expect(box).toEqual({ x: 0, y: 0, width: 72, height: 54 });
  });

  it("stands in as many columns as are asked for, and is as wide as they are", () => {
    const { boxes, width, height } = laid(32, 48, { columns: 2, width: 1 });
    expect(boxes.map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [54, 0],
      [0, 54],
      [54, 54],
      [0, 108],
    ]);
    expect([width, height]).toEqual([102, 156]);
    expect(laid(32, 48, { columns: 9, number: 1 }).width).toBe(48);
  });

  it("leaves a line below each row for captions", () => {
    const [first, , , fourth] = laid(32, 64, { captions: true }).boxes;
    expect([first?.y, fourth?.y, laid(32, 64, { captions: true }).height]).toEqual([0, 90, 174]);
  });

  it("takes no room without images", () => {
    expect(laid(32, 64, { number: 0 })).toEqual({ width: 220, height: 0, boxes: [] });
    expect(laid(32, 64, { number: 0, columns: 3 }).width).toBe(1);
  });

  it("is small on the first screen for tiny images, and less so for photographs", () => {
    expect([smallSize(square(32)), smallSize({ width: 96, height: 40 })]).toEqual([48, 72]);
    expect(smallSize(null)).toBe(48);
  });
});
