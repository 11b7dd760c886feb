import { beforeEach, describe, expect, it, vi } from "vitest";
import overview, { type Overview } from "../src/panels/overview";
import { all, mount, one, PanelModel, press, stubSight, texts } from "./panel_model";

/** Five classes, from the largest: 4, 3, 2, 1, 0; in pages of two, the last one moved up. */
const data = (): Overview => ({
  order: [4, 3, 2, 1, 0],
  labelWidth: 3,
  charts: ["Training", "Validation"].map((title) => ({
    title,
    axis: `axis of ${title}`,
    note: `note of ${title}`,
    labels: ["E", "D", "C", "B*", "A°"],
    words: ["E: D 75%", "D: E 50%", "C: B 99%", "B: C 9%", "A: none"],
    faint: [false, false, false, true, true],
  })),
  pages: [
    {
      first: 0,
      segments: ["D", "2 other classes"],
      colors: ["#111111", "#bbbbbb"],
      shares: [
        [
          [0.75, 0.25],
          [0, 1],
        ],
        [
          [1, 0],
          [0.5, 0.5],
        ],
      ],
    },
    { first: 2, segments: [], colors: [], shares: [] },
    {
      first: 3,
      segments: ["C"],
      colors: ["#222222"],
      shares: [
        [[1], [0]],
        [[0], [1]],
      ],
    },
  ],
});

describe("overview", () => {
  let model: PanelModel<{ overview: Overview; selected: number }>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  let appear: (isIntersecting: boolean) => void;
  const labels = () => texts(el, ".imbxai-overview-name");
  const bars = () => all(el, ".imbxai-overview-bar").map((bar) => bar.style.backgroundImage);
  const buttons = () => all(el, "li button");

  it("names what the lengths of bars are", () => {
    expect(texts(el, ".imbxai-overview-axis-title")).toEqual([
      "axis of Training",
      "axis of Validation",
    ]);
  });

  beforeEach(async () => {
    vi.useRealTimers();
    document.body.replaceChildren();
    appear = stubSight();
    model = new PanelModel({ overview: data(), selected: 3 });
    ({ el, dispose } = await mount(overview, model));
  });

  it("shows the page of the selected class, and marks it in each chart", () => {
    expect(labels()).toEqual(["E", "D", "E", "D"]);
    expect(texts(el, ".imbxai-picked")).toEqual(["D", "D"]);
    expect(texts(el, ".imbxai-overview-legend li")).toEqual(["D", "2 other classes"]);
    expect(one(el, ".imbxai-head").textContent).toContain("Classes 1 to 2 of 5");
  });

  it("draws a bar's segments one after the other", () => {
    expect(bars()[0]).toBe(
      "linear-gradient(to right, #111111 0.00% 75.00%, #bbbbbb 75.00% 100.00%, transparent 0)",
    );
  });

  it("keeps the page while the selected class is on it", () => {
    const before = all(el, "li");
    model.receive("selected", 4);
    expect(texts(el, ".imbxai-picked")).toEqual(["E", "E"]);
    expect(all(el, "li")).toEqual(before);
    model.receive("selected", 0);
    expect(labels()).toEqual(["B*", "A°", "B*", "A°"]);
    expect(texts(el, ".imbxai-picked")).toEqual(["A°", "A°"]);
    expect(one(el, ".imbxai-head").textContent).toContain("Classes 4 to 5 of 5");
    expect(texts(el, ".imbxai-overview-legend li")).toEqual(["C"]);
  });

  it("draws a bar that rests on few errors faint, and none where there are none", () => {
    model.receive("selected", 0);
    expect(bars()).toEqual([
      "linear-gradient(to right, #22222280 0.00% 100.00%, transparent 0)",
      "none",
      "none",
      "linear-gradient(to right, #22222280 0.00% 100.00%, transparent 0)",
    ]);
  });

  it("names each bar with its largest adversary", () => {
    expect(buttons().map((button) => button.getAttribute("aria-label"))).toEqual([
      "E: D 75%",
      "D: E 50%",
      "E: D 75%",
      "D: E 50%",
    ]);
  });

  it("selects the class of a bar, of every page", () => {
    one(el, ".imbxai-overview-bar").click();
    expect(model.changes).toEqual([{ selected: 4 }]);
    model.receive("selected", 0);
    buttons()[0]?.click();
    expect(model.changes[1]).toEqual({ selected: 1 });
  });

  it("is one Tab stop a chart, and arrow keys move between its bars", () => {
    expect(buttons().map((button) => button.tabIndex)).toEqual([-1, 0, -1, 0]);
    buttons()[1]?.focus();
    press(buttons()[1] as Element, "ArrowUp");
    expect(document.activeElement).toBe(buttons()[0]);
    expect(buttons().map((button) => button.tabIndex)).toEqual([0, -1, -1, 0]);
    expect(model.changes).toEqual([]);
  });

  it("follows a little later, and the last class alone, where nobody sees it", async () => {
    vi.useFakeTimers();
    appear(false);
    model.receive("selected", 4);
    model.receive("selected", 0);
    expect(texts(el, ".imbxai-picked")).toEqual(["D", "D"]);
    vi.advanceTimersByTime(100);
    expect(texts(el, ".imbxai-picked")).toEqual(["A°", "A°"]);
    appear(true);
    model.receive("selected", 4);
    expect(texts(el, ".imbxai-picked")).toEqual(["E", "E"]);
    appear(false);
    model.receive("selected", 0);
    await dispose();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves nothing behind", async () => {
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
  });
});
