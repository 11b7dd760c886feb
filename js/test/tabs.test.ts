import { beforeEach, describe, expect, it, vi } from "vitest";
import tabs, { type State } from "../src/linker/tabs";
import { askFor } from "../src/parts/filter";
import { askRemedy } from "../src/parts/remedies";
import { all, mount, one, PanelModel, press, stubSizes } from "./panel_model";

const TITLES = ["All images", "Shared features", "Colors"];

/** A view of an Explorer, in which the bar stands above what the tabs hold. */
async function open(current = 0) {
  const placed = stubSizes();
  const model = new PanelModel<State>({
    titles: TITLES,
    current,
    wanted: {},
    images: 1,
    tried: {},
    remedies: 2,
  });
  const { el, dispose } = await mount(tabs, model);
  const page = document.createElement("div");
  document.body.append(page);
  const boxes = TITLES.map((_, at) => {
    const box = document.createElement("div");
    box.className = `imbxai-tab imbxai-tab-${at}`;
    return box;
  });
  page.append(el, ...boxes.slice(0, 2));
  placed();
  return { model, el, boxes, page, dispose };
}

const shown = (boxes: HTMLElement[]) =>
  boxes.map((box) => box.classList.contains("imbxai-tab-open"));
const buttons = (el: HTMLElement) => all(el, "[role=tab]");

beforeEach(() => document.body.replaceChildren());

describe("tabs", () => {
  it("show what stands in the open one, which each names", async () => {
    const { el, boxes } = await open(1);
    expect(shown(boxes)).toEqual([false, true, false]);
    expect(buttons(el).map((tab) => tab.getAttribute("aria-selected"))).toEqual([
      "false",
      "true",
      "false",
    ]);
    expect(boxes[0]?.getAttribute("role")).toBe("tabpanel");
    expect(boxes[0]?.getAttribute("aria-labelledby")).toBe(buttons(el)[0]?.id);
    expect(buttons(el)[0]?.getAttribute("aria-controls")).toBe(boxes[0]?.id);
  });

  it("find what comes into the page later", async () => {
    const { model, boxes, page } = await open();
    page.append(boxes[2] as HTMLElement);
    model.receive("current", 2);
    expect(shown(boxes)).toEqual([false, false, true]);
  });

  it("open by click, in the page alone", async () => {
    const { model, el, boxes } = await open();
    buttons(el)[1]?.click();
    expect(shown(boxes)).toEqual([false, true, false]);
    expect(model.saved).toEqual([]);
  });

  it("are walked through by arrow keys, with one in the tab order", async () => {
    const { model, el } = await open();
    const [first, second, third] = buttons(el) as [HTMLElement, HTMLElement, HTMLElement];
    first.focus();
    expect(press(first, "ArrowRight").defaultPrevented).toBe(true);
    expect(document.activeElement).toBe(second);
    press(second, "End");
    expect([document.activeElement, model.get("current")]).toEqual([third, 2]);
    expect(buttons(el).map((tab) => tab.tabIndex)).toEqual([-1, -1, 0]);
    press(third, "Home");
    press(first, "ArrowLeft");
    expect(document.activeElement).toBe(first);
    expect(press(first, "PageDown").defaultPrevented).toBe(false);
  });

  it("open where images are that are wanted", async () => {
    const { model, el } = await open();
    const scrolled = vi.fn();
    one(el, "[role=tablist]").scrollIntoView = scrolled;
    model.receive("wanted", askFor({ index: 0, split: "training" }));
    expect(model.get("current")).toBe(1);
    expect(scrolled).toHaveBeenCalledOnce();
    model.receive("wanted", {});
    expect(scrolled).toHaveBeenCalledOnce();
  });

  it("open where a remedy is tried that is asked for", async () => {
    const { model, el } = await open();
    const scrolled = vi.fn();
    one(el, "[role=tablist]").scrollIntoView = scrolled;
    model.receive("tried", askRemedy({ name: "LogitAdjustment", parameters: { tau: 1 } }));
    expect(model.get("current")).toBe(2);
    expect(scrolled).toHaveBeenCalledOnce();
  });

  it("leave nothing behind", async () => {
    const { model, el, dispose } = await open();
    await dispose();
    expect(el.childElementCount).toBe(0);
    expect(model.listeners).toBe(0);
  });
});
