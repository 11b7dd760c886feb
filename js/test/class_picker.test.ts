import { beforeEach, describe, expect, it, vi } from "vitest";
import picker, { type State } from "../src/panels/class_picker";
import type { PickerClass } from "../src/parts/picker_order";
import { all, EVIL, fills, mount, one, PanelModel, press, stubSight, texts } from "./panel_model";

const entry = (
  index: number,
  name: string,
  images: number,
  accuracy: number | null,
  archetypes: [number, number, number, number],
): PickerClass => ({ index, name, images, accuracy, change: null, archetypes });

const CLASSES = [
  entry(0, "ship", 50, 0.9, [0.9, 0.1, 0, 0]),
  entry(1, "Cat", 200, 0.5, [0.2, 0.3, 0.4, 0.1]),
  entry(2, "dog 10", 10, null, [0, 0, 0, 1]),
  entry(3, "dog 9", 50, 0.998, [0.5, 0.5, 0, 0]),
];

const state = (): State => ({
  classes: CLASSES,
  accuracy_label: "validation",
  summary: { images: [0.78], classes: [0.63], worst: [1], lowest: [0.5] },
  selected: 3,
  likely: [],
});

const names = (el: ParentNode) => texts(el, ".imbxai-picker-name");
const row = (el: ParentNode, name: string) =>
  one(el, `[data-testid="imbxai-picker"] [data-class="${name}"]`);

function sortBy(el: ParentNode, key: string): void {
  const select = one<HTMLSelectElement>(el, "select");
  select.value = key;
  select.dispatchEvent(new Event("change"));
}

function search(el: ParentNode, text: string): void {
  const input = one<HTMLInputElement>(el, "input");
  input.value = text;
  input.dispatchEvent(new Event("input"));
}

describe("class picker", () => {
  let model: PanelModel<State>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  let appear: (isIntersecting: boolean) => void;

  beforeEach(async () => {
    document.body.replaceChildren();
    model = new PanelModel(state());
    appear = stubSight();
    ({ el, dispose } = await mount(picker, model));
  });

  it("says how well all classes are predicted, and selects the worst at a click", () => {
    expect(texts(el, ".imbxai-picker-summary p")).toEqual([
      "78% right, 63% by class",
      "worst: Cat 50%",
    ]);
    one(el, ".imbxai-name-link").click();
    expect(model.get("selected")).toBe(1);
  });

  it("says nothing of accuracies that are not known", () => {
    model.set("summary", { images: [null], classes: [null], worst: [null], lowest: [null] });
    expect(one(el, ".imbxai-picker-summary").textContent).toBe("");
  });

  it("lists every class with size and accuracy, the weakest first and unknown ones last", () => {
    expect(names(el)).toEqual(["Cat", "ship", "dog 9", "dog 10"]);
    expect(texts(el, ".imbxai-picker-size")).toEqual(["200", "50", "50", "10"]);
    expect(texts(el, ".imbxai-picker-accuracy")).toEqual(["50%", "90%", ">99%", "–"]);
    expect(fills(el, ".imbxai-picker-row")).toEqual(["50%", "90%", "99.8%", "0%"]);
    expect(row(el, "Cat").textContent).toBe("Cat, 200 images, 50% right");
    expect(row(el, "dog 10").textContent).toBe("dog 10, 10 images, – accuracy not known");
    expect(row(el, "Cat").getAttribute("aria-label")).toBeNull(); // what is read is what is seen
    expect(all(el, ".imbxai-picker-change")).toEqual([]);
  });

  it("shows the change from a second model, the largest first", async () => {
    const changes = [0.02, -0.31, null, 0.334];
    const classes = CLASSES.map((each, at) => ({ ...each, change: changes[at] ?? null }));
    const summary = { images: [0.7, 0.8], classes: [0.6, 0.75], worst: [1, 0], lowest: [0.5, 0.6] };
    const compared = await mount(picker, new PanelModel({ ...state(), classes, summary }));
    expect(names(compared.el)).toEqual(["dog 9", "Cat", "ship", "dog 10"]);
    expect(texts(compared.el, ".imbxai-picker-change")).toEqual(["+33", "\u221231", "+2"]);
    expect(texts(compared.el, ".imbxai-picker-summary p")).toEqual([
      "70% \u2192 80% right, 60% \u2192 75% by class",
      "worst: Cat 50% \u2192 ship 60%",
    ]);
  });

  it.each([
    ["images", ["Cat", "ship", "dog 9", "dog 10"]],
    ["name", ["Cat", "dog 9", "dog 10", "ship"]],
    ["accuracy", ["Cat", "ship", "dog 9", "dog 10"]],
    ["unsafe", ["dog 10", "Cat", "dog 9", "ship"]],
    ["safe", ["dog 10", "Cat", "dog 9", "ship"]],
    ["border", ["dog 9", "Cat", "ship", "dog 10"]],
    ["rare", ["Cat", "ship", "dog 10", "dog 9"]],
    ["outlier", ["dog 10", "Cat", "ship", "dog 9"]],
  ])("sorts by %s", (key, order) => {
    sortBy(el, key);
    expect(names(el)).toEqual(order);
  });

  it("reverses the order but keeps unknown accuracies last", () => {
    sortBy(el, "accuracy");
    one(el, ".imbxai-picker-tools button").click();
    expect(names(el)).toEqual(["dog 9", "ship", "Cat", "dog 10"]);
    expect(one(el, ".imbxai-picker-tools button").getAttribute("aria-label")).toMatch(
      /^Descending/,
    );
  });

  it("finds classes by part of their name in either case", () => {
    search(el, " DOG ");
    expect(names(el)).toEqual(["dog 9", "dog 10"]);
    expect(one(el, ".imbxai-picker-count").textContent).toBe("2 of 4 classes");
    search(el, "zebra");
    expect(names(el)).toEqual([]);
    expect(one(el, ".imbxai-picker-list").textContent).toBe("No class of that name.");
  });

  it("tells which class may be picked next: where a pointer rests or is pressed", () => {
    vi.useFakeTimers();
    const point = (name: string, type: string) =>
      row(el, name).dispatchEvent(new Event(type, { bubbles: true }));
    point("ship", "pointerover");
    vi.advanceTimersByTime(20);
    point("dog 9", "pointerover");
    vi.advanceTimersByTime(60);
    point("Cat", "pointerdown");
    vi.advanceTimersByTime(1);
    vi.useRealTimers();
    expect(model.changes).toEqual([{ likely: [3] }, { likely: [1] }]);
    expect(model.saved).toEqual([]);
  });

  it("tells which classes are in sight, once the list stands still", () => {
    vi.useFakeTimers();
    const told = () => model.changes.splice(0).map((change) => change.likely);
    appear(true);
    vi.advanceTimersByTime(300);
    expect(told()).toEqual([[1, 0, 3, 2]]);
    one(el, ".imbxai-picker-list").dispatchEvent(new Event("scroll"));
    expect(told()).toEqual([[]]);
    row(el, "ship").dispatchEvent(new Event("pointerover", { bubbles: true }));
    vi.advanceTimersByTime(300);
    expect(told()).toEqual([[0, 1, 0, 3, 2]]);
    search(el, "dog");
    vi.advanceTimersByTime(300);
    expect(told()).toEqual([[3, 2]]);
    appear(false);
    vi.advanceTimersByTime(300);
    expect(told()).toEqual([[]]);
    vi.useRealTimers();
  });

  it("selects by click, once", () => {
    row(el, "ship").click();
    row(el, "ship").click();
    expect(model.changes).toEqual([{ selected: 0 }]);
    expect(row(el, "ship").getAttribute("aria-selected")).toBe("true");
    expect(row(el, "dog 9").getAttribute("aria-selected")).toBe("false");
  });

  it("moves through the shown order by keys, with one row in the tab order", () => {
    row(el, "dog 9").focus();
    expect(press(row(el, "dog 9"), "ArrowDown").defaultPrevented).toBe(true);
    expect(document.activeElement).toBe(row(el, "dog 10"));
    press(row(el, "dog 10"), "ArrowDown");
    press(row(el, "dog 10"), "Home");
    press(row(el, "Cat"), "ArrowUp");
    press(row(el, "Cat"), "End");
    press(row(el, "dog 10"), "ArrowUp");
    expect(model.changes.map((change) => change.selected)).toEqual([2, 1, 2, 3]);
    expect(all(el, '[role="option"][tabindex="0"]')).toEqual([row(el, "dog 9")]);
    expect(press(row(el, "dog 9"), "x").defaultPrevented).toBe(false);
  });

  it("goes from the search field to the first match", () => {
    search(el, "ca");
    press(one(el, "input"), "Enter");
    expect(model.changes).toEqual([{ selected: 1 }]);
    expect(document.activeElement).toBe(row(el, "Cat"));
  });

  it("follows a selection made elsewhere without answering", () => {
    model.receive("selected", 1);
    expect(row(el, "Cat").getAttribute("aria-selected")).toBe("true");
    expect(model.changes).toEqual([]);
  });

  it("keeps the tab stop on a shown row when the selected one is filtered out", () => {
    search(el, "ship");
    expect(row(el, "ship").tabIndex).toBe(0);
  });

  describe("of 10,000 classes", () => {
    const list = () => one(el, ".imbxai-picker-list");
    const rows = () => all(el, "[role=option]");
    const chosen = () => all(el, '[role=option][aria-selected="true"]');

    beforeEach(() => {
      model.receive("selected", 9999);
      model.receive(
        "classes",
        Array.from({ length: 10_000 }, (_, at) =>
          entry(at, `class ${at}`, at + 1, 1 - at / 10_000, [1, 0, 0, 0]),
        ),
      );
    });

    it("holds the rows in sight alone, and says where each stands", () => {
      expect(rows().length).toBeLessThan(40);
      expect(names(el)[0]).toBe("class 9999");
      expect(rows()[1]?.getAttribute("aria-posinset")).toBe("2");
      expect(rows()[1]?.getAttribute("aria-setsize")).toBe("10000");
      expect(one(el, ".imbxai-rows").style.blockSize).toBe("390000px");
      search(el, "class 99");
      expect(one(el, ".imbxai-picker-count").textContent).toBe("111 of 10,000 classes");
    });

    it("draws others when it is scrolled, in order, and keeps the tab stop", () => {
      list().scrollTop = 39 * 5000;
      list().dispatchEvent(new Event("scroll"));
      expect(rows().length).toBeLessThan(40);
      expect(names(el)).toContain("class 4999");
      expect(chosen().map((each) => each.dataset.class)).toEqual(["class 9999"]);
      expect(rows()[0]).toMatchObject({ tabIndex: 0, dataset: { class: "class 9999" } });
      const positions = rows().map((each) => Number(each.getAttribute("aria-posinset")));
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
      list().scrollTop = 0;
      list().dispatchEvent(new Event("scroll"));
      expect(names(el)[0]).toBe("class 9999");
    });

    it("foresees no more classes than it shows", () => {
      vi.useFakeTimers();
      appear(true);
      list().scrollTop = 39 * 5000;
      list().dispatchEvent(new Event("scroll"));
      vi.advanceTimersByTime(300);
      vi.useRealTimers();
      const likely = model.changes.at(-1)?.likely;
      expect(likely).toEqual(Array.from({ length: 16 }, (_, at) => 4999 - at));
    });

    it("scrolls, itself and not the page, to a class selected elsewhere", () => {
      model.receive("selected", 4999);
      expect(list().scrollTop).toBe(39 * 5001 - 620);
      expect(chosen().map((each) => each.dataset.class)).toEqual(["class 4999"]);
      model.receive("selected", 9000);
      expect(list().scrollTop).toBe(39 * 999);
      model.receive("selected", 8999);
      expect(list().scrollTop).toBe(39 * 999);
    });

    it("goes to the ends by keys, with the focus on the row that is chosen", () => {
      one(el, '[role=option][tabindex="0"]').focus();
      press(document.activeElement as Element, "End");
      expect((document.activeElement as HTMLElement).dataset.class).toBe("class 0");
      press(document.activeElement as Element, "PageUp");
      expect((document.activeElement as HTMLElement).dataset.class).toBe("class 10");
      press(document.activeElement as Element, "Home");
      expect((document.activeElement as HTMLElement).dataset.class).toBe("class 9999");
      expect(model.changes.map((change) => change.selected)).toEqual([0, 10, 9999]);
    });

    it("keeps the focus on a row that is scrolled out of sight", () => {
      const first = one(el, '[role=option][tabindex="0"]');
      first.focus();
      list().scrollTop = 39 * 5000;
      list().dispatchEvent(new Event("scroll"));
      expect(document.activeElement).toBe(first);
      press(first, "ArrowDown");
      expect((document.activeElement as HTMLElement).dataset.class).toBe("class 9998");
      expect(list().scrollTop).toBe(39);
    });
  });

  it("shows names as text", () => {
    model.receive("classes", [entry(0, EVIL, 1, 1, [1, 0, 0, 0])]);
    expect(names(el)).toEqual([EVIL]);
    expect(el.querySelector("img")).toBeNull();
  });

  it("stands twice on a page, in step", async () => {
    const second = await mount(picker, model);
    row(el, "ship").click();
    expect(row(second.el, "ship").getAttribute("aria-selected")).toBe("true");
  });

  it("leaves nothing behind", async () => {
    await dispose();
    expect(el.childElementCount).toBe(0);
    expect(model.listeners).toBe(0);
  });
});
