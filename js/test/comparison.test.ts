import { beforeEach, describe, expect, it } from "vitest";
import type { CardIdentity, MaybeCard } from "../src/model";
import comparison, { type Part, type State } from "../src/panels/comparison";
import { all, fills, mount, one, PanelModel, press, texts } from "./panel_model";

const UNCHANGED = { relabeled: 0, left_out: 0, joined: 0 };
const NONE = { right: 0, mended: 0, broken: 0, wrong: 0, ...UNCHANGED };

const card = (): CardIdentity & Part => ({
  index: 2,
  name: "cat",
  comparison: {
    edited: false,
    accuracies: [
      {
        split: "training",
        images: 4000,
        before: 0.999,
        after: 1,
        right: 3995,
        mended: 5,
        broken: 0,
        wrong: 0,
        ...UNCHANGED,
      },
      { split: "validation", images: 0, before: null, after: null, ...NONE },
    ],
    errors: {
      split: "validation",
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

const fresh = (value: MaybeCard<Part>) =>
  new PanelModel<State>({ card: value, selected: 2, filter: {} });

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

  it("shows how many are right before and after, their change, and what they are of", () => {
    expect(texts(el, ".imbxai-fate-title")).toEqual(["Training images", "Validation images"]);
    expect(texts(el, ".imbxai-fate-value")).toEqual([">99% → 100% right", "–"]);
    expect(texts(el, ".imbxai-fate .imbxai-soft")).toEqual([
      "no change, of 4,000 images",
      "no images",
    ]);
    const value = card();
    value.comparison.accuracies = [
      { split: "validation", images: 1, before: 0.5, after: 0.25, ...NONE },
      { split: "training", images: 2, before: 0.25, after: 0.5, ...NONE },
    ];
    model.receive("card", value);
    expect(texts(el, ".imbxai-fate .imbxai-soft")).toEqual([
      "−25 points, of 1 image",
      "+25 points, of 2 images",
    ]);
    expect(fills(el, '[data-split="validation"]')).toEqual(["50%", "25%"]);
  });

  it("filters the images that fared alike", () => {
    const fates = () => all(el, ".imbxai-fates button");
    expect(fates().map((button) => button.textContent)).toEqual([
      "3,995 right both times",
      "5 wrong before, right after",
    ]);
    fates()[1]?.click();
    expect(model.changes.at(-1)?.filter).toMatchObject({
      index: 2,
      split: "training",
      before: false,
      after: true,
    });
    const value = card();
    const fared = { right: 0, mended: 0, broken: 3, wrong: 4, ...UNCHANGED };
    value.comparison.accuracies = [
      { split: "validation", images: 7, before: 0.4, after: 0, ...fared },
    ];
    model.receive("card", value);
    for (const button of fates()) button.click();
    expect(model.changes.slice(-2).map(({ filter }) => filter)).toMatchObject([
      { split: "validation", before: true, after: false },
      { split: "validation", before: false, after: false },
    ]);
    expect(model.saved).toEqual([]);
  });

  it("counts apart what edits changed, and shows these images", () => {
    const note = () => one(el, ".imbxai-note").textContent;
    expect(note()).toContain("From the first model");
    const value = card();
    value.comparison.edited = true;
    const fared = { ...NONE, right: 5, relabeled: 2, left_out: 1, joined: 3 };
    value.comparison.accuracies = [
      { split: "training", images: 8, before: 0.9, after: 1, ...fared },
    ];
    model.receive("card", value);
    expect(note()).toContain("counted apart");
    expect(texts(el, ".imbxai-fates li")).toEqual([
      "5 right both times",
      "2 relabeled by edits",
      "1 left out by edits",
      "3 of other classes before, relabeled as this one",
    ]);
    for (const button of all(el, ".imbxai-fates button").slice(1)) button.click();
    expect(model.changes.map(({ filter }) => filter)).toMatchObject([
      { index: 2, split: "training", edited: "relabeled" },
      { index: 2, split: "training", edited: "left out" },
      { index: 2, split: "training", edited: "joined" },
    ]);
  });

  it("filters the wrong images of any class, before or after", () => {
    const [, before, after] = all(el, '.imbxai-compared-errors [data-class="dog"] button');
    before?.click();
    after?.click();
    expect(model.changes.map(({ filter }) => filter)).toMatchObject([
      { index: 4, split: "validation", before: false },
      { index: 4, split: "validation", after: false },
    ]);
    expect(model.changes.every((change) => !("selected" in change))).toBe(true);
  });

  it("shows errors of classes before and after, the selected one marked", () => {
    expect(errors().map((row) => texts(row, "th, .imbxai-change-text"))).toEqual([
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
    const caption = "Wrong validation images, classes 21 to 22 of 22 by size";
    expect(texts(el, ".imbxai-compared-errors caption")).toEqual([caption]);
    const value = card();
    value.comparison.errors.classes = 2;
    model.receive("card", value);
    expect(texts(el, ".imbxai-compared-errors caption")).toEqual(["Wrong validation images"]);
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
    expect(cells[3]?.querySelector("button")).toBeNull();
    cells[1]?.querySelector("button")?.click();
    expect(model.changes.at(-1)?.filter).toMatchObject({
      split: "training",
      archetype: 0,
      becomes: 1,
    });
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
    expect(rows.map((row) => texts(row, "th, .imbxai-change-text"))).toEqual([
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
    const names = all(el, ".imbxai-compared-errors .imbxai-link");
    const walk = (key: string) => {
      press(document.activeElement as Element, key);
      return document.activeElement?.textContent;
    };
    names[0]?.focus();
    expect(["ArrowDown", "ArrowUp", "ArrowRight", "ArrowRight", "ArrowRight"].map(walk)).toEqual([
      "cat",
      "dog",
      "10",
      "5",
      "5",
    ]);
    expect(["ArrowLeft", "ArrowDown"].map(walk)).toEqual(["10", "cat"]);
    expect(model.changes.length).toBe(2);
  });

  it("waits for a card, and leaves nothing behind", async () => {
    model.receive("card", {});
    expect(texts(el, ".imbxai-empty")).toEqual(["No class is selected yet."]);
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
  });
});
