import { beforeEach, describe, expect, it, vi } from "vitest";
import { Cleanup } from "../src/parts/dom";
import { toggled } from "../src/parts/marks";
import { type Sprite, TileSheet } from "../src/parts/sprite";
import { type Doubt, ThumbnailGrid, type Tile } from "../src/parts/thumbnail_grid";
import { ThumbnailHints } from "../src/parts/thumbnail_hints";
import { all, corner, EVIL, fakePixels, one, press, texts, thumbnails } from "./panel_model";

const SPRITE: Sprite = { width: 32, height: 32, columns: 4, type: "image/png" };
const PNG = new DataView(new Uint8Array([1, 2, 3]).buffer);

const tiles = (number: number, sheet?: TileSheet): Tile[] =>
  thumbnails(number, 0, 100).map((thumbnail, at) => ({ thumbnail, prototype: at === 0, sheet }));

describe("a grid of thumbnails", () => {
  let pixels: ReturnType<typeof fakePixels>;
  const events = { mark: vi.fn(), open: vi.fn() };
  let grid: ThumbnailGrid;
  const buttons = () => all(grid.element, ".imbxai-thumb");
  const places = () => all(grid.element, ".imbxai-thumb-place");
  const thumb = (image: number) => one(grid.element, `[data-image="${image}"]`);

  beforeEach(() => {
    document.body.replaceChildren();
    events.mark.mockReset();
    events.open.mockReset();
    pixels = fakePixels();
    grid = new ThumbnailGrid("Safe images", events, { captions: true });
    document.body.append(grid.element);
    grid.show(tiles(5), SPRITE, { size: 64 });
  });

  it("says in words what an image is", () => {
    const [first, second] = buttons().map((button) => button.getAttribute("aria-label"));
    expect(first).toBe(
      "Training image 100, Label: cat, Prediction: cat, confidence 75%, Archetype: safe, prototype",
    );
    expect(second).toContain("Prediction: dog (wrong), confidence 75%");
    const [tile] = tiles(1);
    Object.assign(tile?.thumbnail ?? {}, {
      split: "validation",
      number: 7,
      file: "/a/b.png",
      confidence: null,
      archetype: 3,
      after: { prediction: "owl", correct: false },
    });
    grid.show(tile ? [{ ...tile, prototype: false }] : [], SPRITE, { size: 64 });
    expect(buttons()[0]?.getAttribute("aria-label")).toBe(
      "Validation image 7, Label: cat, Before: cat, After: owl (wrong), Archetype: outlier, File: /a/b.png",
    );
    expect(buttons()[0]?.classList.contains("imbxai-is-outlier")).toBe(true);
  });

  it("tells how likely a prediction is wrong, below it", () => {
    const said = (doubt: Doubt) => {
      const [tile] = tiles(1);
      Object.assign(tile?.thumbnail ?? {}, { doubt, after: { prediction: "owl", correct: true } });
      grid.show(tile ? [tile] : [], SPRITE, { size: 64 });
      const label = buttons()[0]?.getAttribute("aria-label") ?? "";
      return /confidence 75%, Without the label: (.*), After: owl/.exec(label)?.[1];
    };
    expect(said({ agreeing: 1, neighbors: 5, wrong: 0.64 })).toBe(
      "1 of 5 neighbors agrees; 64% likely wrong",
    );
    expect(said({ agreeing: 0, neighbors: 5, wrong: null })).toBe("0 of 5 neighbors agree");
    expect(said({ agreeing: 1, neighbors: 1, wrong: 0.004 })).toBe(
      "1 of 1 neighbor agrees; <1% likely wrong",
    );
  });

  it("writes below wrong images what they are taken for, as text", () => {
    const shown = tiles(2);
    Object.assign(shown[1]?.thumbnail ?? {}, { prediction: EVIL });
    grid.show(shown, SPRITE, { size: 64 });
    expect(texts(grid.element, ".imbxai-thumb-caption")).toEqual(["", EVIL]);
    expect(grid.element.querySelector("img")).toBeNull();
    expect(buttons().map((button) => button.classList.contains("imbxai-wrong"))).toEqual([
      false,
      true,
    ]);
    const [right, wrong] = shown;
    grid.show([{ ...right, note: "after: dog" } as Tile, wrong as Tile], SPRITE, { size: 64 });
    expect(texts(grid.element, ".imbxai-thumb-caption")).toEqual(["after: dog", EVIL]);
  });

  it("draws each tile in its place", async () => {
    const sheet = await TileSheet.decode(SPRITE, PNG);
    pixels.draw.mockClear();
    grid.show(tiles(5, sheet), SPRITE, { size: 64 });
    // the fifth tile is in the second row of the sprite, and of the grid, which has 220 pixels
    expect(pixels.draw).toHaveBeenCalledWith(pixels.bitmaps[0], 0, 32, 32, 32, 70, 90, 64, 64);
  });

  it("is as wide as the columns that are asked for", () => {
    grid.show(tiles(5), SPRITE, { size: 48, columns: 2 });
    const width = one<HTMLCanvasElement>(grid.element, "canvas").style.width;
    expect([width, places()[3]?.style.left, places()[3]?.style.top]).toEqual([
      "102px",
      "54px",
      "74px", // below a line for captions
    ]);
  });

  it("shows numbers where there are no pixels", () => {
    grid.show(tiles(2), null, { size: 128 });
    expect(texts(grid.element, ".imbxai-thumb-number")).toEqual(["100", "101"]);
    expect(places()[0]?.style).toMatchObject({ width: "64px", height: "32px" });
    grid.show(tiles(2), SPRITE, { size: 128 });
    expect(texts(grid.element, ".imbxai-thumb-number")).toEqual(["", ""]);
  });

  it("opens an image by a click, also on what is written on it, among the others", () => {
    one(thumb(101), ".imbxai-thumb-caption").click();
    expect(events.open).toHaveBeenCalledTimes(1);
    const [tile, group] = events.open.mock.calls[0] ?? [];
    expect(tile.thumbnail.image).toBe(101);
    expect(group).toEqual(grid.tiles);
    expect(events.mark).not.toHaveBeenCalled();
  });

  it("marks an image by its corner, Space or m, once", () => {
    corner(grid.element, '[data-image="101"]').click();
    for (const key of [" ", "m"]) {
      expect(press(thumb(100), key).defaultPrevented).toBe(true);
      // A key that is held says so again and again.
      const held = new KeyboardEvent("keydown", { key, bubbles: true, repeat: true });
      thumb(100).dispatchEvent(held);
    }
    thumb(100).dispatchEvent(new KeyboardEvent("keydown", { key: "m", ctrlKey: true }));
    const images = events.mark.mock.calls.map(([{ image }]) => image);
    expect(images).toEqual([101, 100, 100]);
    expect(events.open).not.toHaveBeenCalled();
    // Or the browser would click where Space is let go.
    const up = new KeyboardEvent("keyup", { key: " ", bubbles: true, cancelable: true });
    thumb(100).dispatchEvent(up);
    expect(up.defaultPrevented).toBe(true);
  });

  it("shows marks, and says them, also of images that come later", () => {
    grid.mark(new Set(["training:101", "validation:100"]));
    const marked = () => buttons().map((button) => button.dataset.marked);
    expect(marked()).toEqual(["false", "true", "false", "false", "false"]);
    expect(thumb(101).getAttribute("aria-label")).toMatch(/, marked$/);
    expect(corner(grid.element, '[data-image="101"]').getAttribute("aria-pressed")).toBe("true");
    grid.show(tiles(5).reverse(), SPRITE, { size: 64 });
    grid.mark(new Set(["training:104"]));
    expect(marked()).toEqual(["true", "false", "false", "false", "false"]);
    expect(thumb(101).getAttribute("aria-label")).not.toContain("marked");
  });

  it("moves between images by arrow keys, down by rows", () => {
    thumb(100).focus();
    // JupyterLab matches its own keys with what has the focus.
    expect(thumb(100).dataset.lmSuppressShortcuts).toBe("true");
    press(thumb(100), "ArrowRight");
    expect(document.activeElement).toBe(thumb(101));
    press(thumb(101), "ArrowDown"); // three stand in a row
    expect(document.activeElement).toBe(thumb(104));
    press(thumb(104), "Home");
    expect(document.activeElement).toBe(thumb(100));
    expect(buttons().filter((button) => button.tabIndex === 0)).toEqual([thumb(100)]);
  });

  it("marks once, and takes a mark back", () => {
    const [one_, two] = thumbnails(2, 0, 5);
    if (!one_ || !two) throw new Error("two thumbnails");
    const first = toggled([], two);
    expect(toggled(first, one_)).toEqual(["training:6", "training:5"]);
    expect(toggled(toggled(first, one_), two)).toEqual(["training:5"]);
  });

  describe("shows larger what is pointed at", () => {
    const root = document.createElement("div");
    const cleanup = new Cleanup();
    const box = () => one(root, ".imbxai-tooltip");

    beforeEach(async () => {
      const sheet = await TileSheet.decode(SPRITE, PNG);
      grid.show(tiles(5, sheet), SPRITE, { size: 64 });
      root.replaceChildren(grid.element);
      document.body.append(root);
      new ThumbnailHints(root, grid.element, () => [grid], cleanup);
    });

    it("with its own pixels, by whole multiples, and what is known of it", () => {
      pixels.draw.mockClear();
      one(thumb(101), ".imbxai-thumb-caption").dispatchEvent(
        new Event("pointerover", { bubbles: true }),
      );
      expect(pixels.draw).toHaveBeenCalledWith(expect.anything(), 32, 0, 32, 32, 0, 0, 160, 160);
      expect(box().hidden).toBe(false);
      expect(texts(box(), "div")).toContain("Prediction: dog (wrong), confidence 75%");
      thumb(101).dispatchEvent(new Event("pointerout", { bubbles: true }));
      expect(box().hidden).toBe(true);
    });

    it("on focus as well, until Escape", () => {
      thumb(100).dispatchEvent(new Event("focusin", { bubbles: true }));
      expect(texts(box(), "div")[0]).toBe("Training image 100");
      press(thumb(100), "Escape");
      expect(box().hidden).toBe(true);
      cleanup.run();
      thumb(100).dispatchEvent(new Event("focusin", { bubbles: true }));
      expect(box().hidden).toBe(true);
    });
  });
});
