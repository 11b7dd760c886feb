import { beforeEach, describe, expect, it } from "vitest";
import type { CardIdentity, MaybeCard } from "../src/model";
import comparison, { type Part } from "../src/panels/comparison";
import { all, fills, mount, one, PanelModel, press, texts } from "./panel_model";

const card = (): CardIdentity & Part => ({
  index: 2,
  name: "cat",
  comparison: {
    accuracies: [
      { split: "training", images: 40, before: 0.999, after: 1 },
      { split: "validation", images: 0, before: null, after: null },
    ],
    errors: {
      split: "validation",
      note: "Of its images, some are mended.",
      largest: 20,
      first: 20,
      classes: 22,
      rows: [
        { index: 4, name: "dog", lost: [10, 5], gained: [0, 20] },
        { index: 2, name: "cat", lost: [1, 1], gained: [2, 3] },
      ],
    },
    flow: {
      counts: [
        [9, 1, 0, 0],
        [0, 0, 0, 0],
        [1200, 0, 0, 0],
        [0, 0, 0, 0],
      ],
      shares: [
        [0.9, 0.1, 0, 0],
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
      ],
      note: "Most came nearer.",
    },
    shared: {
      topK: [10, 10],
      sharing: 3,
      rows: [
        { index: 7, name: "fox", shared: [5, 10] },
        { index: 4, name: "dog", shared: [1, 0] },
      ],
    },
  },
});

const fresh = (value: MaybeCard<Part>) => new PanelModel({ card: value, selected: 2 });

describe("comparison panel", () => {
  let model: ReturnType<typeof fresh>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  const errors = () => all(el, ".imbxai-compared-errors .imbxai-pick");

  beforeEach(async () => {
    document.body.replaceChildren();
    model = fresh(card());
    ({ el, dispose } = await mount(comparison, model));
  });

  it("shows both accuracies, their change, and what they are of", () => {
    expect(texts(el, ".imbxai-fact-term")).toEqual(["Training accuracy", "Validation accuracy"]);
    expect(texts(el, ".imbxai-fact-value")).toEqual([">99% → 100%", "– → –"]);
    expect(texts(el, ".imbxai-fact-detail")).toEqual(["no change, of 40 images", "no images"]);
    const value = card();
    value.comparison.accuracies = [
      { split: "validation", images: 1, before: 0.5, after: 0.25 },
      { split: "training", images: 2, before: 0.25, after: 0.5 },
    ];
    model.receive("card", value);
    expect(texts(el, ".imbxai-fact-detail")).toEqual([
      "−25 points, of 1 image",
      "+25 points, of 2 images",
    ]);
    expect(fills(el, '[data-split="validation"]')).toEqual(["50%", "25%"]);
  });

  it("shows errors of classes before and after, the selected one marked", () => {
    expect(errors().map((row) => texts(row, "th, .imbxai-pair-text"))).toEqual([
      ["dog", "10 → 5", "0 → 20"],
      ["cat", "1 → 1", "2 → 3"],
    ]);
    expect(fills(el, '.imbxai-compared-errors [data-class="dog"]')).toEqual([
      "50%",
      "25%",
      "0%",
      "100%",
    ]);
    expect(errors().map((row) => row.classList.contains("imbxai-picked"))).toEqual([false, true]);
    const caption = "Errors on validation images, classes 21 to 22 of 22 by size";
    expect(texts(el, ".imbxai-compared-errors caption")).toEqual([caption]);
    expect(texts(el, ".imbxai-compared-errors .imbxai-note")).toEqual([
      "Of its images, some are mended.",
    ]);
    const value = card();
    value.comparison.errors.classes = 2;
    model.receive("card", value);
    expect(texts(el, ".imbxai-compared-errors caption")).toEqual(["Errors on validation images"]);
  });

  it("shows how archetypes flow, tinted by the share of the row", () => {
    const cells = all(el, ".imbxai-flow tbody td");
    expect(cells.map((cell) => cell.textContent)).toEqual([
      ..."91··".split(""),
      ..."····".split(""),
      "1,200",
      ..."···".split(""),
      ..."····".split(""),
    ]);
    expect(cells[1]?.title).toBe("1 image safe before, border after");
    const tints = cells.map((cell) => cell.style.getPropertyValue("--imbxai-share"));
    expect(tints.slice(0, 9)).toEqual(["0.9", "0.1", "0", "0", "0", "0", "0", "0", "1"]);
    expect(all(el, ".imbxai-flow-same")).toEqual([0, 5, 10, 15].map((at) => cells[at]));
    expect(texts(el, ".imbxai-flow thead th").slice(1)).toEqual([
      "safe",
      "border",
      "rare",
      "outlier",
    ]);
    expect(el.textContent).toContain("Most came nearer.");
  });

  it("shows how many top features are shared before and after", () => {
    const rows = all(el, ".imbxai-pick").slice(2);
    expect(rows.map((row) => texts(row, "th, .imbxai-pair-text"))).toEqual([
      ["fox", "5 → 10"],
      ["dog", "1 → 0"],
    ]);
    const titles = texts(el, "caption");
    expect(titles.at(-1)).toBe(
      "Shared top features: 3 other classes with some of them; the 2 closest",
    );
    expect(el.textContent).toContain("Shared of 10");
    const value = card();
    value.comparison.shared.topK = [10, 5];
    model.receive("card", value);
    expect(el.textContent).toContain("Shared of 10 before, 5 after");
    value.comparison.shared = { topK: [3, 3], sharing: 0, rows: [] };
    model.receive("card", { ...value });
    expect(texts(el, ".imbxai-empty")).toEqual(["No class shares a top feature with cat."]);
  });

  it("selects the class of a row of either table, by click, and moves by keys", () => {
    one(el, '.imbxai-compared-errors [data-class="dog"] td').click();
    one(el, '[data-class="fox"] button').click();
    expect(model.changes).toEqual([{ selected: 4 }, { selected: 7 }]);
    const buttons = all(el, ".imbxai-compared-errors button");
    buttons[0]?.focus();
    press(buttons[0] as Element, "ArrowDown");
    expect(document.activeElement).toBe(buttons[1]);
    expect(model.changes.length).toBe(2);
  });

  it("waits for a card, and leaves nothing behind", async () => {
    model.receive("card", {});
    expect(texts(el, ".imbxai-empty")).toEqual(["No class is selected yet."]);
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
  });
});
