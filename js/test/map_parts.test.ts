import { describe, expect, it } from "vitest";
import { colorsOf, highlightsOf, legendOf } from "../src/parts/map_colors";
import { CODES, codeOf, MapData, type MapPlaces, UNKNOWN } from "../src/parts/map_data";
import { sizesOf } from "../src/parts/map_plot";
import { trustOf } from "../src/parts/map_trust";

/** Bytes that begin where no float may, as in a message. */
function view(values: Float32Array | Uint32Array | Uint8Array): DataView {
  const bytes = new Uint8Array(values.byteLength + 1);
  bytes.set(new Uint8Array(values.buffer), 1);
  return new DataView(bytes.buffer, 1);
}

const CLASS_NAMES = ["cat", "dog", "emu", "fox", "gnu"];

/** Four training images and one for validation, on a line; the last two are wrong. */
function places(changed: Partial<MapPlaces> = {}): MapPlaces {
  return {
    training: 4,
    projection: "PCA",
    k: 5,
    space: 15,
    class_names: CLASS_NAMES,
    places: view(Float32Array.of(10, 0, 12, 1, 14, 2, 16, 3, 30, 4)),
    labels: view(Uint32Array.of(0, 0, 1, 1, 0)),
    predictions: view(Uint32Array.of(0, 0, 1, 0, 2)),
    archetypes: view(Uint8Array.of(0, 1, 2, 3, 1)),
    ...changed,
  };
}

describe("the images of a map", () => {
  it("lie between -1 and 1, by one scale for both directions", () => {
    const data = new MapData(places());
    expect([...data.x].map((x) => +x.toFixed(3))).toEqual([-1, -0.8, -0.6, -0.4, 1]);
    expect([...data.y].map((y) => +y.toFixed(3))).toEqual([-0.2, -0.1, 0, 0.1, 0.2]);
    expect(data.bounds.width / 2).toBeCloseTo(1.08);
    expect(data.bounds.height / 2).toBeCloseTo(0.216);
  });

  it("may all lie in one place", () => {
    const data = new MapData(places({ places: view(new Float32Array(10).fill(7)) }));
    expect([...data.x, ...data.y]).toEqual(new Array(10).fill(0));
    expect(data.bounds.width).toBeGreaterThan(0);
  });

  it("have the keys of their rows", () => {
    const data = new MapData(places());
    const keys = [0, 1, 2, 3, 4].map((at) => data.keyOf(at));
    expect(keys).toEqual(["training:0", "training:1", "training:2", "training:3", "validation:0"]);
    expect(keys.map((key) => data.indexOf(key))).toEqual([0, 1, 2, 3, 4]);
    expect(data.indexOf("validation:1")).toBeUndefined();
  });

  it("have others near them, nearest first", () => {
    const data = new MapData(places());
    expect(data.nearest(3)).toEqual([3, 2, 1, 0, 4]);
    expect(data.nearest(4)).toEqual([4, 3, 2, 1, 0]);
  });

  it("are named by the one in the middle of their class", () => {
    expect([...new MapData(places()).middles([0, 1, 4])]).toEqual([
      [0, 1],
      [1, 3],
    ]);
  });

  it("tell archetype, error and what is kept by one code", () => {
    const data = new MapData(places());
    const unknown = [...data.codes()].map((code) => CODES[code]);
    expect(unknown.map((code) => code?.level)).toEqual(new Array(5).fill(UNKNOWN));
    expect(unknown.map((code) => code?.wrong)).toEqual([false, false, false, true, true]);
    expect(unknown.map((code) => code?.archetype)).toEqual([0, 1, 2, 3, 1]);
    expect(unknown.map((code) => code?.edit)).toEqual([0, 0, 0, 0, 0]);
    for (const [number, code] of CODES.entries()) expect(codeOf(code)).toBe(number);
  });
});

describe("the colors of a map", () => {
  const highlights = highlightsOf(1, [3, 0]);

  it("make the selected class and its adversaries stand out", () => {
    expect(highlights.map(({ index }) => index)).toEqual([1, 3, 0]);
    const colors = colorsOf("class", 5, highlights);
    expect(colors[1]).toBe("var(--imbxai-accent)");
    expect(new Set([colors[1], colors[3], colors[0]]).size).toBe(3);
    expect(colors[2]).toBe(colors[4]);
  });

  it("name a class but once, also as its own adversary", () => {
    expect(highlightsOf(1, [1, 2]).map(({ index }) => index)).toEqual([1, 2]);
  });

  it("mean what they mean elsewhere", () => {
    const at = (coloring: "archetype" | "error", wrong: boolean) =>
      colorsOf(coloring, 5, highlights)[codeOf({ archetype: 2, wrong, level: 3, edit: 0 })];
    expect(at("archetype", true)).toBe("var(--imbxai-rare)");
    expect(at("error", true)).toBe("var(--imbxai-wrong)");
    expect(at("error", false)).not.toBe("var(--imbxai-wrong)");
    expect(colorsOf("kept", 5, highlights)).toHaveLength(CODES.length);
  });

  it("show the edits of images", () => {
    const data = new MapData(places());
    data.edit({
      "training:1": { action: "exclude" },
      "validation:0": { action: "relabel", label: 1 },
    });
    const edited = [...data.codes()].map((code) => CODES[code]?.edit);
    expect(edited).toEqual([0, 2, 0, 0, 1]);
    const colors = colorsOf("edit", 5, highlights);
    const shown = [...data.codes()].map((code) => colors[code]);
    const legend = legendOf("edit", data, highlights);
    const named = (text: string) => legend.find((entry) => entry.text === text)?.color;
    expect(shown[1]).toBe(named("left out"));
    expect(shown[4]).toBe(named("relabeled"));
    expect(shown[0]).toBe(named("not edited"));
    data.edit({});
    expect([...data.codes()].every((code) => CODES[code]?.edit === 0)).toBe(true);
  });

  it("are told by the legend, whose classes can be selected", () => {
    const data = new MapData(places());
    const classes = legendOf("class", data, highlights);
    expect(classes.map(({ text }) => text)).toEqual(["dog", "fox", "cat", "emu", "gnu"]);
    expect(classes.map(({ index }) => index)).toEqual([1, 3, 0, 2, 4]);
    const many = new MapData(
      places({ class_names: Array.from({ length: 30 }, (_, n) => `c${n}`) }),
    );
    const some = legendOf("class", many, highlights).map(({ text }) => text);
    expect(some).toEqual(["c1", "c3", "c0", "all other classes"]);
    const kept = legendOf("kept", data, highlights).map(({ text }) => text);
    expect(kept).toEqual(["0%", "20%", "40%", "60%", "80%", "100%"]);
  });
});

describe("the words on what a map keeps", () => {
  const known = { kept: 0.62, by_chance: 0.008 };

  it("say how much of a class is kept, over all and by chance", () => {
    const { words, warning } = trustOf(places(), known, "Plants", 0.71);
    expect(words).toContain("71% of the neighborhoods of Plants are kept");
    expect(words).toContain("of the 5 training images nearest to each");
    expect(words).toContain("among the 15 nearest here");
    expect(words).toContain("Over all images it is 62%; on a map of images placed anywhere, 0.8%");
    expect(warning).toBe("");
  });

  it("warn where most lie elsewhere, and where it is no better than chance", () => {
    expect(trustOf(places(), known, "Plants", 0.41).warning).toContain("it misleads");
    expect(trustOf(places(), known, "Plants", 0.015).warning).toContain("says nothing of Plants");
    const small = { kept: 1, by_chance: 0.9 }; // of few images nearly all are near
    expect(trustOf(places(), small, "Plants", 1).warning).toBe("");
  });

  it("say that there are no images", () => {
    const { words, warning } = trustOf(places(), known, "Plants", Number.NaN);
    expect([words, warning]).toEqual(["No images of Plants are known.", ""]);
  });
});

it("draws many points smaller and fainter", () => {
  const sizes = [100, 10_000, 100_000, 1_000_000].map((points) => sizesOf(points));
  for (const [at, { size, faded }] of sizes.slice(1).entries()) {
    expect(size).toBeLessThan(sizes[at]?.size ?? 0);
    expect(faded).toBeLessThan(sizes[at]?.faded ?? 0);
  }
});
