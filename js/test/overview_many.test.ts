// What the overview shows of many classes: a chart, a list of pairs, and groups that unfold.
import { beforeEach, describe, expect, it, vi } from "vitest";
import overview, { type State } from "../src/panels/overview";
import { Confusions } from "../src/parts/confusions";
import { Folding, foldCounts } from "../src/parts/folding";
import { PairList } from "../src/parts/pair_list";
import { fakeCanvas, overviewOf, sent } from "./confusion_cases";
import { all, mount, one, PanelModel, press, stubSight, texts } from "./panel_model";

const NAMES = ["ant", "bee", "cat", "dog", "elk", "fly"];
const ERRORS = [
  [0, 6, 0, 1, 0, 0],
  [2, 0, 0, 0, 0, 0],
  [0, 0, 0, 7, 3, 0],
  [0, 0, 8, 0, 1, 0],
  [0, 1, 2, 4, 0, 0],
  [0, 0, 0, 0, 0, 0],
];
const IMAGES = [10, 20, 30, 40, 50, 60];
/** In order: ant bee | fly | cat dog elk; and within the last, cat dog. */
const ORDER = [0, 1, 5, 2, 3, 4];
const GROUPS = { starts: [0, 3, 3], ends: [2, 6, 5], parents: [-1, -1, 1] };
const HEAD = 104;
const ROW = 24;

const validation = () => new Confusions(sent("validation", ERRORS, IMAGES), NAMES, 5);
const labels = (folding: Folding) =>
  folding.rows().map(({ start, end }) =>
    ORDER.slice(start, end)
      .map((each) => NAMES[each]?.[0])
      .join(""),
  );

describe("folding", () => {
  it("lists groups and classes in order, and what is in open groups after them", () => {
    const folding = new Folding(6, GROUPS);
    expect(labels(folding)).toEqual(["ab", "f", "cde"]);
    folding.toggle(1);
    expect(labels(folding)).toEqual(["ab", "f", "cde", "cd", "e"]);
    expect(folding.rows().map(({ level }) => level)).toEqual([1, 1, 1, 2, 2]);
    folding.openAll();
    expect(labels(folding)).toEqual(["ab", "a", "b", "f", "cde", "cd", "c", "d", "e"]);
    folding.toggle(1);
    expect(labels(folding)).toEqual(["ab", "a", "b", "f", "cde"]);
    folding.foldAll();
    expect(labels(folding)).toEqual(["ab", "f", "cde"]);
  });

  it("adds up the counts between what is shown", () => {
    const folding = new Folding(6, GROUPS);
    const counts = foldCounts(validation(), ORDER, folding.rows());
    const table = [0, 1, 2].map((row) => {
      const sums = [0, 0, 0];
      for (let cell = counts.starts[row] ?? 0; cell < (counts.starts[row + 1] ?? 0); cell++) {
        sums[counts.columns[cell] ?? 0] = counts.counts[cell] ?? 0;
      }
      return sums;
    });
    expect(table).toEqual([
      [8, 0, 1],
      [0, 0, 0],
      [1, 0, 25],
    ]);
    expect([counts.images, counts.errors]).toEqual([
      [30, 60, 120],
      [9, 0, 26],
    ]);
    expect(counts.largest).toBeCloseTo(1 / 30); // a group within itself is not compared
  });
});

describe("overview of many classes", () => {
  let model: PanelModel<State>;
  let el: HTMLElement;
  let drawn: ReturnType<typeof fakeCanvas>;
  let dispose: () => Promise<void>;
  const tree = () => all(el, "[role=treeitem]");
  const names = () => tree().map((row) => one(row, ".imbxai-overview-name").textContent);
  const pairs = () =>
    all(el, ".imbxai-pair").map((row) => [...row.children].map((e) => e.textContent));
  const asked = () => model.changes.map(({ filter }) => ({ ...filter, asked: undefined }));
  const sortBy = (key: string) => one(el, `.imbxai-pair-head .imbxai-pair-${key}`).click();
  const canvas = () => one<HTMLCanvasElement>(el, ".imbxai-fold-plot canvas");
  function point(type: string, target: Element, offsetX: number, offsetY: number): void {
    const event = new Event(type, { bubbles: true });
    target.dispatchEvent(Object.assign(event, { offsetX, offsetY }));
  }

  beforeEach(async () => {
    document.body.replaceChildren();
    drawn = fakeCanvas(600, 288);
    const appear = stubSight();
    const sizes = [100, 1000, 10, 20, 30, 40];
    const votes = ERRORS.map((row) => row.map((number) => 3 * number));
    const state = overviewOf(
      NAMES,
      [sent("validation", ERRORS, IMAGES), sent("training", votes, sizes, { perImage: 3 })],
      { order: ORDER, groups: GROUPS },
    );
    model = new PanelModel<State>({ overview: state, selected: 2, filter: {} });
    ({ el, dispose } = await mount(overview, model));
    appear(true);
  });

  const surest = () => one(el, ".imbxai-surest input");

  it("lists the pairs, those of most images first, with share and lift", () => {
    expect(pairs().slice(0, 3)).toEqual([
      ["dog", "cat", "8", "89%", "7.0×"],
      ["cat", "dog", "7", "70%", "5.0×"],
      ["ant", "bee", "6", "86%", "2.0×"],
    ]);
    expect(one(el, ".imbxai-pairs [role=status]").textContent).toBe("10 pairs");
  });

  it("sorts by any column, either way, and shares of few errors last", () => {
    const column = (at: number) => pairs().map((row) => row[at]);
    sortBy("class");
    expect(column(0)).toEqual(
      [..."aabccddeee"].map((letter) => NAMES.find((n) => n[0] === letter)),
    );
    sortBy("class");
    expect(column(0)[0]).toBe("elk");
    sortBy("share");
    expect(column(3)).toEqual([
      "89%",
      "86%",
      "70%",
      "57%",
      "30%",
      "29%",
      "14%",
      "14%",
      "11%",
      "100%",
    ]);
    const told = () => one(el, ".imbxai-pairs [role=status]").textContent;
    expect(told()).toBe("10 pairs; those of too few errors for an interval last");
    surest().click();
    expect(told()).toBe("10 pairs; those of fewer than 5 errors last");
    expect(column(3).at(-1)).toBe("100%");
    const button = one(el, ".imbxai-pair-head .imbxai-pair-share");
    expect([button.getAttribute("aria-pressed"), button.dataset.sorted]).toEqual(["true", "down"]);
    sortBy("lift");
    expect(column(4).slice(0, 2)).toEqual(["11.0×", "10.0×"]);
    expect(all(el, ".imbxai-pair.imbxai-faint")).toHaveLength(1);
  });

  it("sorts by the lower ends of intervals, or by the shares themselves", () => {
    // 6 of 7, of which the interval is said to be wide; 8 of 9.
    const lows = new Float32Array(4);
    const table = [
      [0, 6, 1],
      [1, 0, 8],
      [0, 0, 0],
    ];
    const counts = sent("validation", table, [10, 20, 30]);
    lows.set([0.7, 0, 0, 0.5]);
    const list = new PairList(["ant", "bee", "cat"], { filter: vi.fn(), select: vi.fn() });
    document.body.append(list.element);
    const given = { ...counts, lows: new DataView(lows.buffer) };
    list.show(new Confusions(given, ["ant", "bee", "cat"], 5));
    list.resize();
    const shares = () => texts(list.element, ".imbxai-pair .imbxai-pair-share");
    const click = (selector: string) => one(list.element, selector).click();
    expect(one(list.element, ".imbxai-surest").hidden).toBe(true); // counts have no interval
    click(".imbxai-pair-head .imbxai-pair-share");
    expect(shares()).toEqual(["86%", "89%", "14%", "11%"]);
    click(".imbxai-surest input");
    expect(shares()).toEqual(["89%", "86%", "14%", "11%"]);
  });

  it("selects by the names of a pair, and filters by its count", () => {
    const [first, second, number] = all(all(el, ".imbxai-pair")[0] as HTMLElement, "button");
    first?.click();
    number?.click();
    second?.click();
    expect(model.changes.map((change) => Object.keys(change)[0])).toEqual([
      "selected",
      "filter",
      "selected",
    ]);
    expect(asked()[1]).toEqual({ index: 3, split: "validation", predicted: 2 });
    expect(number?.getAttribute("aria-label")).toContain(
      "8 of 40 validation images of dog taken for cat.",
    );
  });

  it("is one Tab stop a pair; arrow keys lead on", () => {
    const stops = () => all(el, '.imbxai-pair [tabindex="0"]').map((each) => each.textContent);
    expect(stops()).toEqual(["dog", "cat", "8"]);
    const first = all(el, ".imbxai-pair button")[0] as HTMLElement;
    first.focus();
    press(first, "ArrowRight");
    expect(document.activeElement?.textContent).toBe("cat");
    press(document.activeElement as Element, "ArrowDown");
    expect(document.activeElement?.textContent).toBe("dog");
    expect(stops()).toEqual(["cat", "dog", "7"]);
  });

  it("shows groups by their largest class, folded", () => {
    expect(names()).toEqual(["bee and 1 more", "fly", "elk and 2 more"]);
    expect(tree().map((row) => row.getAttribute("aria-expanded"))).toEqual([
      "false",
      null,
      "false",
    ]);
    expect(tree()[2]?.getAttribute("aria-label")).toBe(
      "elk and 2 more; 26 of 120 validation images wrong",
    );
    canvas().dispatchEvent(new Event("transitionend"));
    const counts = drawn.texts.filter(([text]) => /^\d+$/.test(text)).map(([text]) => text);
    expect(counts).toEqual(["8", "1", "25", "1"]);
    expect(drawn.rectangles[0]).toEqual([0, HEAD, 199, ROW - 1]);
  });

  it("marks the group that holds the selected class, then the class", () => {
    expect(texts(el, "[role=treeitem].imbxai-picked .imbxai-overview-name")).toEqual([
      "elk and 2 more",
    ]);
    tree()[2]?.click();
    expect(texts(el, "[role=treeitem].imbxai-picked .imbxai-overview-name")).toEqual([
      "dog and 1 more",
    ]);
    model.receive("selected", 5);
    expect(texts(el, "[role=treeitem].imbxai-picked .imbxai-overview-name")).toEqual(["fly"]);
  });

  it("unfolds and folds by clicks and keys, and selects classes", () => {
    tree()[2]?.focus();
    press(tree()[2] as Element, "ArrowRight");
    expect(names().slice(2)).toEqual(["elk and 2 more", "dog and 1 more", "elk"]);
    expect(tree()[2]?.getAttribute("aria-expanded")).toBe("true");
    expect(tree()[3]?.getAttribute("aria-level")).toBe("2");
    expect(document.activeElement).toBe(tree()[2]);
    press(tree()[2] as Element, "ArrowDown");
    expect(document.activeElement).toBe(tree()[3]);
    press(tree()[3] as Element, "ArrowLeft");
    expect(document.activeElement).toBe(tree()[2]);
    tree()[4]?.click();
    expect(model.changes).toEqual([{ selected: 4 }]);
    press(tree()[2] as Element, "ArrowLeft");
    expect(names()).toHaveLength(3);
    const [fold, unfold] = all(el, ".imbxai-fold-tools button");
    unfold?.click();
    expect(names()).toHaveLength(9);
    expect(all(el, '[role=treeitem][tabindex="0"]')).toEqual([tree()[0]]);
    fold?.click();
    expect(names()).toHaveLength(3);
  });

  it("unfolds both groups of a cell, and filters by a cell of two classes", () => {
    point("click", canvas(), 500, HEAD + 5); // the first row, the last of three columns
    expect(names()).toEqual([
      "bee and 1 more",
      "ant",
      "bee",
      "fly",
      "elk and 2 more",
      "dog and 1 more",
      "elk",
    ]);
    point("click", canvas(), 150, HEAD + ROW + 5); // ant, the second of five columns: bee
    point("click", canvas(), 10, HEAD + 5); // an open group has no cells
    point("click", canvas(), 300, HEAD + ROW + 5); // ant is never taken for fly
    expect(asked()).toEqual([{ index: 0, split: "validation", predicted: 1 }]);
    point("click", canvas(), 300, 20); // a name above the columns
    expect(model.changes[1]).toEqual({ selected: 5 });
  });

  it("says what the cell below a pointer counts", () => {
    const tooltip = one(el, ".imbxai-tooltip");
    point("pointermove", canvas(), 500, HEAD + 2 * ROW + 5);
    expect(tooltip.textContent).toBe(
      "25 of 120 validation images of elk and 2 more taken for another of them.Click to unfold.",
    );
    point("pointermove", canvas(), 10, HEAD + 2 * ROW + 5);
    expect(tooltip.textContent).toContain(
      "1 of 120 validation images of elk and 2 more taken for bee",
    );
    expect(one(el, ".imbxai-fold-cursor").hidden).toBe(false);
    point("pointermove", canvas(), 10, HEAD + 9 * ROW);
    expect([tooltip.hidden, one(el, ".imbxai-fold-cursor").hidden]).toEqual([true, true]);
  });

  it("draws anew when the colors of the page change", () => {
    drawn.rectangles.length = 0;
    canvas().dispatchEvent(new Event("transitionend"));
    expect(drawn.rectangles).toHaveLength(4);
  });

  it("shows the neighbors in training in list and groups", () => {
    all(el, "[role=radio]")[1]?.click();
    expect(pairs()[0]?.slice(0, 3)).toEqual(["dog", "cat", "24"]);
    all(el, ".imbxai-pair-count")[1]?.click(); // the first is the head's
    expect(asked()).toEqual([{ index: 3, split: "training", votes: 2 }]);
    expect(tree()[0]?.getAttribute("aria-label")).toBe(
      "bee and 1 more; 9 of 1,100 training images wrong",
    );
  });

  it("shows classes by size and accuracy; keys go from the smallest up, Enter selects", () => {
    const chart = one(el, "[role=slider]");
    const value = () => chart.getAttribute("aria-valuetext");
    expect(value()).toBe("cat: 10 training images; 20 of 30 validation images right (67%)");
    press(chart, "ArrowRight");
    press(chart, "ArrowRight");
    expect(value()).toBe("elk: 30 training images; 43 of 50 validation images right (86%)");
    expect(chart.getAttribute("aria-valuenow")).toBe("3");
    press(chart, "Enter");
    expect(model.changes).toEqual([{ selected: 4 }]);
    press(chart, "End");
    expect(value()).toContain("bee: 1,000 training images");
    press(chart, "Home");
    expect(value()).toContain("cat");
  });

  it("selects the point that a pointer means, and no other", () => {
    const picture = one(el, ".imbxai-points canvas");
    const right = 600 - 12; // the largest class stands at the right
    const accuracy = 18 / 20;
    point("click", picture, right - 3, 8 + (1 - accuracy) * (240 - 48));
    point("click", picture, right - 3, 200);
    expect(model.changes).toEqual([{ selected: 1 }]);
  });

  it("leaves nothing behind", async () => {
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
    vi.restoreAllMocks();
  });
});
