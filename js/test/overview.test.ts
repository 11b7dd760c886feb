// The heat map of up to some thirty classes; test/overview_many.test.ts has what larger ones show.
import { beforeEach, describe, expect, it, vi } from "vitest";
import overview, { type Overview, type State } from "../src/panels/overview";
import { overviewOf, sent } from "./confusion_cases";
import { all, mount, one, PanelModel, press, stubSight, texts } from "./panel_model";

const NAMES = ["ant", "bee", "cat"];
const ERRORS = [
  [0, 6, 0],
  [1, 0, 4],
  [0, 2, 0],
];
const VOTES = [
  [0, 9, 0],
  [3, 0, 12],
  [0, 0, 0],
];

const data = (given: Partial<Overview> = {}) =>
  overviewOf(
    NAMES,
    [
      sent("validation", ERRORS, [10, 20, 40]),
      sent("training", VOTES, [30, 60, 90], { perImage: 3 }),
    ],
    { order: [1, 0, 2], ...given },
  );

describe("overview of few classes", () => {
  let model: PanelModel<State>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  let appear: (isIntersecting: boolean) => void;
  const rows = () => all(el, "[role=row]").map((row) => texts(row, ".imbxai-heat-cell"));
  const cell = (row: number, column: number) =>
    all(all(el, "[role=row]")[row] as HTMLElement, ".imbxai-heat-cell")[column] as HTMLElement;
  const asked = () => model.changes.map(({ filter }) => ({ ...filter, asked: undefined }));
  const choose = (number: number) => all(el, "[role=radio]")[number]?.click();

  async function open(state: Overview): Promise<void> {
    document.body.replaceChildren();
    appear = stubSight();
    model = new PanelModel<State>({ overview: state, selected: 0, filter: {} });
    ({ el, dispose } = await mount(overview, model));
    appear(true);
  }

  beforeEach(async () => {
    vi.useRealTimers();
    await open(data());
  });

  it("shows true classes as rows, in the order given, with the right ones between", () => {
    expect(rows()).toEqual(
      [
        ["true class", "bee", "ant", "cat", "wrong"],
        ["bee", "15", "1", "4", "5 of 20"],
        ["ant", "6", "4", "", "6 of 10"],
        ["cat", "2", "", "38", "2 of 40"],
      ].map((row) => row.map((text) => text.replace(" of ", "\u00a0of "))),
    );
  });

  it("says in words what a cell counts, and of how many", () => {
    const words = (row: number, column: number) => cell(row, column).getAttribute("aria-label");
    expect(words(1, 3)).toBe(
      "4 of 20 validation images of bee taken for cat. " +
        "80% of its 5 errors, likely 40% to 100%, 4.0 times what the size of cat would give.",
    );
    expect(words(3, 1)).toBe(
      "2 of 40 validation images of cat taken for bee. " +
        "100% of its 2 errors, 5.0 times what the size of bee would give. " +
        "Few errors: read with care.",
    );
    expect(words(2, 3)).toBe("No validation image of ant is taken for cat.");
    expect(words(2, 2)).toBe("4 of 10 validation images of ant right.");
    expect(words(2, 4)).toBe("6 of 10 validation images of ant wrong.");
  });

  it("filters exactly the images that a cell counts", () => {
    cell(1, 3).click();
    cell(2, 2).click();
    cell(2, 4).click();
    expect(asked()).toEqual([
      { index: 1, split: "validation", predicted: 2 },
      { index: 0, split: "validation", predicted: 0 },
      { index: 0, split: "validation", right: false },
    ]);
    expect(model.saved).toEqual([]);
  });

  it("asks again when a cell is clicked again", () => {
    cell(1, 3).click();
    cell(1, 3).click();
    expect(model.changes).toHaveLength(2);
  });

  it("does nothing where nothing is counted", () => {
    cell(2, 3).click();
    press(cell(2, 3), "Enter");
    expect(model.changes).toEqual([]);
  });

  it("selects by names, of rows and of columns", () => {
    cell(3, 0).click();
    cell(0, 1).click();
    expect(model.changes).toEqual([{ selected: 2 }, { selected: 1 }]);
  });

  it("shows the neighbors in training by a switch", () => {
    choose(1);
    expect(rows()[1]?.slice(0, 4)).toEqual(["bee", "", "3", "12"]);
    expect(cell(1, 3).getAttribute("aria-label")).toBe(
      "12 neighbors of cat around misclassified training images of bee. " +
        "4 of its 5 errors have such neighbors. " +
        "80% of these neighbors, likely 40% to 100%, 4.0 times what the size of cat would give.",
    );
    cell(1, 3).click();
    cell(1, 4).click();
    cell(1, 1).click(); // its own class: no votes
    expect(asked()).toEqual([
      { index: 1, split: "training", votes: 2 },
      { index: 1, split: "training", right: false },
    ]);
    expect(one(el, ".imbxai-overview").dataset.split).toBe("training");
    const buttons = all(el, "[role=radio]");
    expect(buttons.map((button) => button.getAttribute("aria-checked"))).toEqual(["false", "true"]);
    press(buttons[1] as Element, "ArrowRight");
    expect(buttons[0]?.getAttribute("aria-checked")).toBe("true");
    expect(document.activeElement).toBe(buttons[0]);
  });

  it("shades by the share of a class's images, rows of few errors faintly", () => {
    const steps = (row: number) => [1, 2, 3].map((column) => cell(row, column).dataset.step);
    // Shares are 5% and 20%, 60%, and 5% of the class's images; the last row has two errors.
    expect([steps(1), steps(2), steps(3)]).toEqual([
      ["0", "2", "4"],
      ["6", "0", "0"],
      ["2", "0", "0"],
    ]);
    const faint = all(el, ".imbxai-heat-count.imbxai-faint");
    expect(faint.map((each) => each.textContent)).toEqual(["2", ""]);
    expect(one(el, ".imbxai-ramp-legend").textContent).toBe(
      "060% of the class's images; faint: fewer than 5 errors",
    );
  });

  it("marks the selected class as row and as column", () => {
    expect(texts(el, ".imbxai-picked")).toEqual(["ant", "ant"]);
    model.receive("selected", 2);
    expect(texts(el, ".imbxai-picked")).toEqual(["cat", "cat"]);
  });

  it("is one grid that Tab leads into; arrow keys move, Enter filters or selects", () => {
    const grid = one(el, "[role=grid]");
    expect(all(grid, '[tabindex="0"]')).toHaveLength(1);
    expect(all(grid, "[role=gridcell]")).toHaveLength(12);
    expect(all(grid, "[role=rowheader]").map((each) => each.textContent)).toEqual([
      "bee",
      "ant",
      "cat",
    ]);
    cell(1, 2).focus();
    press(cell(1, 2), "ArrowRight");
    expect(document.activeElement).toBe(cell(1, 3));
    press(cell(1, 3), "ArrowDown");
    expect(document.activeElement).toBe(cell(2, 3));
    expect(all(grid, '[tabindex="0"]')).toEqual([cell(2, 3)]);
    expect(model.changes).toEqual([]);
    press(cell(1, 3), "Enter");
    press(cell(1, 0), " ");
    expect(model.changes.map((change) => Object.keys(change)[0])).toEqual(["filter", "selected"]);
  });

  it("tells what a cell counts where a pointer or the focus is", () => {
    const tooltip = one(el, ".imbxai-tooltip");
    cell(1, 3).dispatchEvent(new Event("pointerover", { bubbles: true }));
    expect(tooltip.hidden).toBe(false);
    expect(tooltip.textContent).toContain("4 of 20 validation images of bee taken for cat.");
    expect(texts(el, ".imbxai-heat-at")).toEqual(["cat", "bee"]);
    one(el, "[role=grid]").dispatchEvent(new Event("pointerleave"));
    expect(tooltip.hidden).toBe(true);
    cell(2, 1).focus();
    expect(tooltip.textContent).toContain("6 of 10 validation images of ant taken for bee.");
  });

  it("says how well all classes are predicted, by both models if there are two", async () => {
    expect(texts(el, ".imbxai-overview-summary p")).toEqual([
      "78% right, 63% by class",
      "worst: bee 50%",
    ]);
    const summary = { images: [0.7, 0.8], classes: [0.5, 0.6], worst: [0, 2], lowest: [0.1, 0.2] };
    await open(data({ summary }));
    expect(texts(el, ".imbxai-overview-summary p")).toEqual([
      "70% → 80% right, 50% → 60% by class",
      "worst: ant 10% → cat 20%",
    ]);
    all(el, ".imbxai-name-link")[1]?.click();
    expect(model.changes).toEqual([{ selected: 2 }]);
  });

  it("shows neighbors alone where there are no validation images", async () => {
    await open(overviewOf(NAMES, [sent("training", VOTES, [30, 60, 90], { perImage: 3 })]));
    expect(one(el, ".imbxai-switch").hidden).toBe(true);
    expect(rows()[2]?.slice(0, 4)).toEqual(["bee", "3", "", "12"]);
  });

  it("says so where nothing is wrong, and where there is one class", async () => {
    const none = [0, 0, 0];
    await open(overviewOf(NAMES, [sent("validation", [none, none, none], [1, 2, 3])]));
    expect(one(el, ".imbxai-empty").textContent).toBe("No validation image is misclassified.");
    expect(one(el, ".imbxai-empty").hidden).toBe(false);
    expect(one(el, ".imbxai-overview-content").classList).toContain("imbxai-overview-none");
    await open(overviewOf(["ant"], [sent("validation", [[0]], [9])]));
    expect(one(el, ".imbxai-empty").textContent).toBe(
      "There is one class only: nothing to confuse it with.",
    );
    expect(all(el, "[role=grid]")).toEqual([]);
  });

  it("is made a little later where nobody sees it", async () => {
    vi.useFakeTimers();
    model = new PanelModel<State>({ overview: data(), selected: 0, filter: {} });
    const unseen = await mount(overview, model);
    expect(texts(unseen.el, ".imbxai-picked")).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(texts(unseen.el, ".imbxai-picked")).toEqual(["ant", "ant"]);
    await unseen.dispose();
    const left = await mount(overview, model);
    await left.dispose();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves nothing behind", async () => {
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
  });
});
