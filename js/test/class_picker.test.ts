import { beforeEach, describe, expect, it } from "vitest";
import picker from "../src/class_picker";
import type { PickerClass } from "../src/model";
import { all, EVIL, mount, one, PanelModel, press, texts } from "./panel_model";

const entry = (
  index: number,
  name: string,
  images: number,
  accuracy: number | null,
  archetypes: [number, number, number, number],
): PickerClass => ({ index, name, images, accuracy, archetypes });

const CLASSES = [
  entry(0, "ship", 50, 0.9, [0.9, 0.1, 0, 0]),
  entry(1, "Cat", 200, 0.5, [0.2, 0.3, 0.4, 0.1]),
  entry(2, "dog 10", 10, null, [0, 0, 0, 1]),
  entry(3, "dog 9", 50, 0.998, [0.5, 0.5, 0, 0]),
];

const state = () => ({
  classes: CLASSES,
  accuracy_label: "validation" as "validation" | "training",
  selected: 3,
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
  let model: PanelModel<ReturnType<typeof state>>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;

  beforeEach(async () => {
    document.body.replaceChildren();
    model = new PanelModel(state());
    ({ el, dispose } = await mount(picker, model));
  });

  it("lists every class with size, archetypes and accuracy, largest first", () => {
    expect(names(el)).toEqual(["Cat", "ship", "dog 9", "dog 10"]);
    expect(texts(el, ".imbxai-picker-size")).toEqual(["200", "50", "50", "10"]);
    expect(texts(el, ".imbxai-picker-accuracy")).toEqual(["50%", "90%", ">99%", "–"]);
    const sizes = all(el, ".imbxai-bar-fill").map((fill) => fill.style.inlineSize);
    expect(sizes).toEqual(["100%", "25%", "25%", "5%"]);
    const parts = all(row(el, "Cat"), ".imbxai-picker-mix > *");
    expect(parts.map((part) => Number.parseFloat(part.style.flex))).toEqual([0.2, 0.3, 0.4, 0.1]);
    expect(row(el, "dog 10").getAttribute("aria-label")).toBe(
      "dog 10; 10 images; validation accuracy unknown; safe 0%, border 0%, rare 0%, outlier 100%",
    );
  });

  it.each([
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
    one(el, "button").click();
    expect(names(el)).toEqual(["dog 9", "ship", "Cat", "dog 10"]);
    expect(one(el, "button").getAttribute("aria-label")).toMatch(/^Descending/);
  });

  it("finds classes by part of their name in either case", () => {
    search(el, " DOG ");
    expect(names(el)).toEqual(["dog 9", "dog 10"]);
    expect(one(el, ".imbxai-picker-count").textContent).toBe("2 of 4 classes");
    search(el, "zebra");
    expect(names(el)).toEqual([]);
    expect(one(el, ".imbxai-picker-list").textContent).toBe("No class of that name.");
  });

  it("selects by click and tells the kernel once", () => {
    row(el, "ship").click();
    row(el, "ship").click();
    expect(model.saved).toEqual([{ selected: 0 }]);
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
    expect(model.saved.map((change) => change.selected)).toEqual([2, 1, 2, 3]);
    expect(all(el, '[role="option"][tabindex="0"]')).toEqual([row(el, "dog 9")]);
    expect(press(row(el, "dog 9"), "x").defaultPrevented).toBe(false);
  });

  it("goes from the search field to the first match", () => {
    search(el, "ca");
    press(one(el, "input"), "Enter");
    expect(model.saved).toEqual([{ selected: 1 }]);
    expect(document.activeElement).toBe(row(el, "Cat"));
  });

  it("follows a selection made elsewhere without answering", () => {
    model.receive("selected", 1);
    expect(row(el, "Cat").getAttribute("aria-selected")).toBe("true");
    expect(model.saved).toEqual([]);
  });

  it("keeps the tab stop on a shown row when the selected one is filtered out", () => {
    search(el, "ship");
    expect(row(el, "ship").tabIndex).toBe(0);
  });

  it("scrolls its list, not the page, to the selected row", () => {
    const list = one(el, ".imbxai-picker-list");
    const box = (top: number, bottom: number) => () => ({ top, bottom }) as DOMRect;
    list.getBoundingClientRect = box(100, 200);
    row(el, "Cat").getBoundingClientRect = box(260, 300);
    model.receive("selected", 1);
    expect(list.scrollTop).toBe(100);
  });

  it("shows names as text", () => {
    model.receive("classes", [entry(0, EVIL, 1, 1, [1, 0, 0, 0])]);
    expect(names(el)).toEqual([EVIL]);
    expect(el.querySelector("img")).toBeNull();
  });

  it("serves 1,000 classes", () => {
    const many = Array.from({ length: 1000 }, (_, at) =>
      entry(at, `class ${at}`, at + 1, at / 1000, [1, 0, 0, 0]),
    );
    model.receive("classes", many);
    const list = one(el, ".imbxai-picker-list");
    expect(list.childElementCount).toBe(1000);
    expect((list.firstElementChild as HTMLElement).dataset.class).toBe("class 999");
    search(el, "class 99");
    expect(list.childElementCount).toBe(11);
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
