import { describe, expect, it } from "vitest";
import type { ImageFilter } from "../src/parts/filter";
import { type Count, countOf, filtersOf, inWords, meets } from "../src/parts/image_view";
import type { Thumbnail } from "../src/parts/thumbnail_grid";
import { thumbnails } from "./panel_model";

const of = (changes: Partial<Thumbnail>): Thumbnail => {
  const [plain] = thumbnails(1, 0, 0);
  if (!plain) throw new Error("a thumbnail");
  return { ...plain, ...changes };
};

const filter = (conditions: Partial<ImageFilter>): ImageFilter => ({
  index: 0,
  split: "training",
  ...conditions,
});

describe("which images are shown", () => {
  it.each<[Partial<ImageFilter>, Partial<Thumbnail>, Partial<Thumbnail>]>([
    [{ archetype: 2 }, { archetype: 2 }, { archetype: 3 }],
    [{ balanced: 2 }, { balanced: 2, archetype: 3 }, { balanced: null, archetype: 2 }],
    [{ color: "red" }, { colors: { red: 0.25 } }, { colors: { blue: 0.25 } }],
    [{ predicted: 5 }, { predicted: 5 }, { predicted: 0 }],
    [{ right: false }, { correct: false }, { correct: true }],
    [{ right: true }, { correct: true }, { correct: false }],
    [{ votes: 4 }, { near: [1, 4], correct: false }, { near: [1], correct: false }],
    [{ votes: 4 }, { near: [4], correct: false }, { near: [4], correct: true }],
    [{ copies: "leak" }, { copies: ["any", "leak"] }, { copies: ["any"] }],
    [{ covered: false }, { covered: false }, { covered: true }],
    [{ covered: true }, { covered: true }, { covered: null }],
    [{ near: 4 }, { near: [1, 4], correct: true }, { near: [1], correct: false }],
    [{ before: true }, { correct: true }, { correct: false }],
    [
      { after: false },
      { after: { prediction: "", correct: false, archetype: 1 } },
      { after: { prediction: "", correct: true, archetype: 2 } },
    ],
    [
      { becomes: 1 },
      { after: { prediction: "", correct: false, archetype: 1 } },
      { after: { prediction: "", correct: false, archetype: 2 } },
    ],
    [{ confidence: [0.5, 0.75] }, { confidence: 0.75 }, { confidence: 0.76 }],
    [{ confidence: [0.5, 0.75] }, { confidence: 0.5 }, { confidence: 0.49 }],
    [{ confidence: [0, 1] }, { confidence: 1 }, { confidence: null }],
    [
      { after: false },
      { after: { prediction: "", correct: false, archetype: 1 } },
      { after: null },
    ],
  ])("%o is met by %o, not by %o", (condition, one, other) => {
    expect(meets(of(one), filter(condition))).toBe(true);
    expect(meets(of(other), filter(condition))).toBe(false);
    expect(meets(of(other), filter({}))).toBe(true);
  });

  it("meets all conditions at once", () => {
    const both = filter({ archetype: 2, right: false });
    expect(meets(of({ archetype: 2, correct: false }), both)).toBe(true);
    expect(meets(of({ archetype: 2, correct: true }), both)).toBe(false);
    expect(meets(of({ archetype: 1, correct: false }), both)).toBe(false);
  });

  it("counts by what a card tells, and by nothing else", () => {
    const counts: Count[] = [
      [0, 0, 10],
      [0, 1, 2],
      [3, 0, 4],
      [3, 1, 8],
    ];
    expect(countOf(counts, filter({}))).toBe(24);
    expect(countOf(counts, filter({ right: false }))).toBe(10);
    expect(countOf(counts, filter({ right: true, archetype: 3 }))).toBe(4);
    expect(countOf(counts, filter({ predicted: 1, archetype: 0 }))).toBe(2);
    expect(countOf(counts, filter({ before: false }))).toBe(10);
    expect(countOf(counts, filter({ votes: 1 }))).toBeUndefined();
    expect(countOf(counts, filter({ near: 1 }))).toBeUndefined();
    expect(countOf(counts, filter({ confidence: [0, 1] }))).toBeUndefined();
    expect(countOf(counts, filter({ before: false, after: true }))).toBeUndefined();
  });

  it("is training images beside the validation images that fail", () => {
    expect(filtersOf({ split: "both", archetype: 1 }, 3, true)).toEqual([
      { index: 3, split: "training", archetype: 1 },
      { index: 3, split: "validation", right: false, archetype: 1 },
    ]);
    expect(filtersOf({ split: "both" }, 3, false)).toEqual([{ index: 3, split: "training" }]);
    expect(filtersOf({ split: "validation" }, 3, true)).toEqual([
      { index: 3, split: "validation" },
    ]);
    expect(filtersOf({ split: "both", votes: 2 }, 3, true)).toEqual([
      { index: 3, split: "training", votes: 2 },
    ]);
  });

  it("says in words what they are", () => {
    const nameOf = (index: number) => `c${index}`;
    expect(inWords({}, nameOf)).toBe("");
    expect(inWords({ right: false, predicted: 2, archetype: 3 }, nameOf)).toBe(
      "taken for c2, outlier",
    );
    expect(inWords({ right: false, confidence: [0.5, 1] }, nameOf)).toBe(
      "wrong, confidence 50 to 100%",
    );
    expect(inWords({ votes: 2 }, nameOf)).toBe("wrong, with neighbors of c2");
    expect(inWords({ copies: "conflict", covered: false }, nameOf)).toBe(
      "with copies of another label, beyond reach of training images",
    );
    expect(inWords({ near: 2 }, nameOf)).toBe("with neighbors of c2");
    expect(inWords({ archetype: 0, becomes: 1 }, nameOf)).toBe("safe, border after");
    expect(inWords({ before: true, after: false }, nameOf)).toBe("right before, wrong after");
  });
});
