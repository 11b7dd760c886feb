import { beforeEach, describe, expect, it } from "vitest";
import type { CardIdentity, MaybeCard } from "../src/model";
import overlap, { type Part, type State } from "../src/panels/overlap";
import { all, EVIL, fills, mount, one, PanelModel, press, texts } from "./panel_model";

const card = (): CardIdentity & Part => ({
  index: 0,
  name: "cat",
  overlap: {
    topK: 3,
    sharing: 2,
    nearest: "As the classifier's head sees it, it lies nearest to bee (20%).",
    features: [
      { feature: 12, share: 0.5, classes: 0 },
      { feature: 3, share: 0.3, classes: 1 },
      { feature: 7, share: 0.2, classes: 2 },
    ],
    rows: [
      { index: 2, name: "dog", shared: [3, 7], shareHere: 0.5, shareThere: 0.6, shareApart: null },
      { index: 4, name: EVIL, shared: [7], shareHere: 0.2, shareThere: 0.004, shareApart: null },
    ],
  },
});

const fresh = (value: MaybeCard<Part>) =>
  new PanelModel<State>({ card: value, selected: 0, opens: {} });

describe("overlap table", () => {
  let model: ReturnType<typeof fresh>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  const buttons = () => all(el, ".imbxai-pick .imbxai-link");

  beforeEach(async () => {
    document.body.replaceChildren();
    model = fresh(card());
    ({ el, dispose } = await mount(overlap, model));
  });

  it("shows the top features, their weights and in how many other classes they are", () => {
    const head = all(el, "thead tr").map((row) => texts(row, ":scope > .imbxai-feature"));
    expect(head).toEqual([
      ["12", "3", "7"],
      ["50%", "30%", "20%"],
      ["0", "1", "2"],
    ]);
    expect(one(el, ".imbxai-feature-list").textContent).toBe(
      "Its strongest features: 12 (50%), 3 (30%), 7 (20%).",
    );
    expect(fills(el, "thead")).toEqual(["100%", "60%", "40%"]);
    expect(all(el, "[data-feature] button").map((button) => button.title)).toEqual([
      "Feature 12: 50% of its top features, also in no other class",
      "Feature 3: 30% of its top features, also in 1 other class",
      "Feature 7: 20% of its top features, also in 2 other classes",
    ]);
  });

  it("shows each other class with its features in columns, count and weights, names as text", () => {
    const cells = all(el, ".imbxai-pick").map((row) => texts(row, "th, td"));
    expect(cells).toEqual([
      ["dog", "", "●", "●", "2 of 3", "50%", "60%"],
      [EVIL, "", "", "●", "1 of 3", "20%", "<1%"],
    ]);
    expect(one(el, '[data-class="dog"]').title).toBe("Shared: 3, 7");
    const shared = all(one(el, '[data-class="dog"]'), "[data-shared]");
    expect(shared.map((cell) => cell.dataset.shared)).toEqual(["3", "7"]);
    expect(el.querySelector("img")).toBeNull();
  });

  it("says what part shared features make of what tells the classes apart, where that is known", () => {
    expect(texts(el, "thead .imbxai-number")).toEqual(["Shared", "Weight here", "Weight there"]);
    expect(el.textContent).not.toContain("Tells apart");
    const known = card();
    const [dog, evil] = known.overlap.rows;
    if (dog) dog.shareApart = -0.07;
    model.receive("card", known);
    expect(texts(el, "thead .imbxai-number").at(-1)).toBe("Tells apart");
    const last = () => all(el, ".imbxai-pick").map((row) => texts(row, "td").at(-1));
    expect(last()).toEqual(["\u22127%", "–"]);
    expect(all(el, "thead td[colspan]").map((cell) => cell.getAttribute("colspan"))).toEqual([
      "4",
      "4",
    ]);
    expect(el.textContent).toContain("near 0%, both classes are alike in what they share");
    if (evil) evil.shareApart = 0.283;
    if (dog) dog.shareApart = -0.002;
    model.receive("card", { ...known });
    expect(last()).toEqual([">\u22121%", "28%"]);
  });

  it("selects the class of a row that is clicked anywhere", () => {
    one(el, '[data-class="dog"] .imbxai-number').click();
    expect(model.changes).toEqual([{ selected: 2 }]);
    expect(one(el, ".imbxai-picked").dataset.class).toBe("dog");
    one(el, "[data-feature]").click();
    expect(model.changes.length).toBe(1);
  });

  it("opens a feature by its number, and by its dot beside the class of the row", () => {
    one(el, '[data-feature="3"] button').click();
    expect(model.state.opens).toMatchObject({ kind: "feature", feature: 3, index: 0 });
    expect(model.state.opens).not.toHaveProperty("other");
    one(el, '[data-class="dog"] [data-shared="7"] button').click();
    expect(model.state.opens).toMatchObject({ kind: "feature", feature: 7, index: 0, other: 2 });
    one(el, ".imbxai-feature-list button").click();
    expect(model.state.opens).toMatchObject({ feature: 12 });
    expect(model.state.selected).toBe(0);
  });

  it("has one stop for Tab among the numbers; arrow keys lead to the others", () => {
    const numbers = all(el, "[data-feature] button");
    expect(numbers.map((button) => button.tabIndex)).toEqual([0, -1, -1]);
    numbers[0]?.focus();
    press(numbers[0] as Element, "ArrowRight");
    expect(document.activeElement).toBe(numbers[1]);
  });

  it("selects once by its name's button, which Enter and Space press", () => {
    buttons()[1]?.click();
    expect(model.changes).toEqual([{ selected: 4 }]);
  });

  it("moves between rows by arrow keys, without selecting", () => {
    const [first, second] = buttons();
    first?.focus();
    press(first as Element, "ArrowDown");
    expect(document.activeElement).toBe(second);
    expect(buttons().map((button) => button.tabIndex)).toEqual([-1, 0]);
    press(second as Element, "Home");
    expect(document.activeElement).toBe(first);
    expect(model.changes).toEqual([]);
  });

  it("follows a new card, and says when nothing overlaps or nothing is known", () => {
    const alone = card();
    alone.overlap.rows = [];
    model.receive("card", alone);
    expect(texts(el, "caption")).toEqual(["No class shares a top feature with cat."]);
    expect(all(el, "[data-feature]")).toHaveLength(3);
    const empty = card();
    empty.overlap = { topK: 3, sharing: 0, features: [], rows: [], nearest: "" };
    model.receive("card", empty);
    expect(el.textContent).toContain("cat has no training images");
    model.receive("card", {});
    expect(one(el, ".imbxai-empty").textContent).toBe("No class is selected yet.");
    expect(el.querySelector("table")).toBeNull();
  });

  it("says how many classes there are beyond those it lists", () => {
    expect(texts(el, "caption")[0]).toBe("2 other classes with some of them");
    const many = card();
    many.overlap.sharing = 1200;
    model.receive("card", many);
    expect(texts(el, "caption")[0]).toBe("1,200 other classes with some of them; the 2 closest");
  });

  it("leaves nothing behind", async () => {
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
  });
});
