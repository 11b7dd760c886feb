// What is drawn by bqplot, with stand-ins for its marks.
import { beforeEach, describe, expect, it, vi } from "vitest";
import adversaries, { type Adversaries, type AdversaryRow } from "../src/panels/adversaries";
import colors from "../src/panels/colors";
import { all, mount, one, PanelModel, press, settle, texts } from "./panel_model";

class FakeModel extends PanelModel<Record<string, unknown>> {
  set_state(state: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(state)) this.receive(name, value);
  }
}

const row = (
  index: number,
  name: string,
  count: number,
  sure: Partial<AdversaryRow>,
  votes: number,
  foretold: number | null,
): AdversaryRow => {
  const unknown = { support: 0, thin: true, low: null, high: null, lift: null };
  return { index, name, count, ...unknown, ...sure, votes, foretold };
};

const FEW: Adversaries = {
  bars: "errors",
  total: 15,
  support: 15,
  votes: 38,
  images: 9,
  top: 11.3,
  rows: [
    row(4, "Animals", 8, { support: 8, thin: false, low: 4.5, high: 11.3, lift: 5.07 }, 27, 10.7),
    row(5, "Faces", 2, { support: 2, low: 0.6, high: 5.7, lift: 0.9 }, 0, 0),
    row(6, "Vehicles", 0, {}, 1, 0.39),
  ],
  by_count: [0, 1, 2],
  note: "",
};

const VOTES: Adversaries = {
  ...FEW,
  bars: "votes",
  total: 38,
  support: 9,
  top: 27,
  rows: [row(4, "Animals", 27, { support: 9, thin: false, low: 20, high: 32, lift: 4 }, 27, null)],
  by_count: [0],
  note: "None of its 3 validation images is mistaken. The bars are votes.",
};

const LIFT = "× by size";
const SURE = [
  "53%, likely 30% to 75%; from 8 images",
  "5.1 times its share of the training images of other classes",
];

interface Page {
  model: FakeModel & { widget_manager: unknown };
  marks: Record<string, FakeModel>;
  el: HTMLElement;
  show: (part: object) => void;
  cleanup: () => void;
}

const chartOf = (marks: string[]) =>
  async function open(panel: object, part: object | null, given: object = {}): Promise<Page> {
    const made = Object.fromEntries(marks.map((name) => [name, new FakeModel({})]));
    made.bars?.set_state({ scales: { y: new FakeModel({}) } });
    const references = Object.fromEntries(marks.map((name) => [name, `IPY_MODEL_${name}`]));
    const card = part ? { index: 9, name: "Plants", ...part } : {};
    const state = { card, marks: references, selected: 9, filter: {}, ...given };
    const model = Object.assign(new FakeModel(state), {
      widget_manager: { get_model: async (id: string) => made[id] },
    });
    const { initialize } = panel as { initialize: (props: object) => () => void };
    const steered = initialize({ model });
    const { el, dispose } = await mount(panel as never, model);
    await settle();
    const show = (next: object) => model.receive("card", { index: 9, name: "Plants", ...next });
    const cleanup = () => {
      steered();
      void dispose();
    };
    return { model, marks: made, el, show, cleanup };
  };

const openAdversaries = (part: Adversaries | null = FEW) =>
  chartOf(["bars", "ticks"])(adversaries, part && { adversaries: part }, {
    name_width: 12,
    by_lower_end: true,
  });
const openColors = (part: object | null) =>
  chartOf(["bars", "pixels", "shareAxis"])(colors, part && { colors: part });

beforeEach(() => {
  document.body.replaceChildren();
  vi.stubGlobal("reportError", (error: unknown) => {
    throw error;
  });
});

describe("what a class is mistaken for", () => {
  it("is drawn as bars of counts, and marks of what was foretold", async () => {
    const { marks, show } = await openAdversaries();
    expect(marks.bars?.get("y")).toEqual(Float64Array.of(8, 2, 0, 0, 0, 0, 0));
    const colors = marks.bars?.get("colors");
    const [first, second] = colors as string[];
    expect(first).toBe("var(--imbxai-wrong)");
    expect(second).toBe("color-mix(in srgb, var(--imbxai-wrong) 45%, transparent)"); // of few
    const scales = marks.bars?.get("scales") as { y: FakeModel };
    expect(scales.y.get("max")).toBe(11.3);
    expect(marks.ticks?.get("x")).toEqual(Float64Array.of(10.7, 0, 0.39));
    expect(marks.ticks?.get("y")).toEqual(Float64Array.of(0, 1, 2));
    show({ adversaries: VOTES });
    // Rust is wrong alone.
    expect(marks.bars?.get("colors")).toContain("var(--imbxai-fill)");
    expect(marks.ticks?.get("x")).toEqual(Float64Array.of());
  });

  it("stands beside names and counts, and says in words what they are", async () => {
    const { el } = await openAdversaries();
    expect(one(el, "h3").textContent).toBe("Mistaken for");
    expect(all(el, "li").map((row) => texts(row, "button:not([hidden]), span"))).toEqual([
      ["Animals", "8", "8", "", "", "", "5.1×"],
      ["Faces", "2", "2", "", "", "0.9×"],
      ["Vehicles", "0", "0", "", "", ""],
    ]);
    const labels = all(el, "li button:not([hidden])").map((each) =>
      each.getAttribute("aria-label"),
    );
    expect(labels).toEqual([
      null,
      `8 of 15 validation errors are taken for Animals; ${SURE.join("; ")}`,
      "Animals: 10.7 foretold; 27 of 38 votes",
      null,
      "2 of 15 validation errors are taken for Faces; 13%, likely 4% to 38%; from 2 images, which " +
        "is few; 0.9 times its share of the training images of other classes",
      null,
      "Vehicles: 0.4 foretold; 1 of 38 votes",
    ]);
    expect(one(el, ".imbxai-adversary-legend").textContent).toBe(
      `validation errorslikelyforetold${LIFT}`,
    );
  });

  it("has names that select, bars that filter, and marks that show who voted", async () => {
    const { el, model } = await openAdversaries();
    one(el, ".imbxai-adversary-name").click();
    expect(model.changes).toEqual([{ selected: 4 }]);
    one(el, ".imbxai-adversary-bar").click();
    expect(model.changes.at(-1)?.filter).toMatchObject({
      index: 9,
      split: "validation",
      predicted: 4,
    });
    one(el, ".imbxai-adversary-tick").click();
    expect(model.changes.at(-1)?.filter).toMatchObject({ index: 9, split: "training", votes: 4 });
    expect(model.saved).toEqual([]);
  });

  it("comes by the lower end of the interval, or by number, and the bars with it", async () => {
    // 20 votes of 4 images that agree tell less than 18 of 18 images.
    const rows = [
      row(5, "Faces", 18, { support: 18, thin: false, low: 12, high: 25, lift: 3 }, 18, null),
      row(4, "Animals", 20, { support: 4, low: 8, high: 33, lift: 4 }, 20, null),
    ];
    const votes: Adversaries = { ...VOTES, rows, by_count: [1, 0] };
    const { el, marks, model, show } = await openAdversaries(votes);
    const names = () => texts(el, ".imbxai-adversary-name");
    const lengths = () => Array.from((marks.bars?.get("y") ?? []) as number[]).slice(0, 2);
    expect([names(), lengths()]).toEqual([
      ["Faces", "Animals"],
      [18, 20],
    ]);
    const surest = one(el, ".imbxai-surest input") as HTMLInputElement;
    expect([surest.checked, one(el, ".imbxai-surest").hidden]).toEqual([true, false]);
    surest.click();
    expect(model.changes.at(-1)).toEqual({ by_lower_end: false });
    expect([names(), lengths()]).toEqual([
      ["Animals", "Faces"],
      [20, 18],
    ]);
    show({ adversaries: FEW }); // here the orders are the same
    expect(one(el, ".imbxai-surest").hidden).toBe(true);
  });

  it("draws the interval where there is one, and fades what rests on few images", async () => {
    const { el } = await openAdversaries();
    const ranges = all(el, ".imbxai-adversary-range");
    expect(ranges.map(({ hidden }) => hidden)).toEqual([false, false, true]);
    const ends = ["--imbxai-low", "--imbxai-high"].map((name) =>
      Number(ranges[0]?.style.getPropertyValue(name)),
    );
    expect(ends).toEqual([4.5 / 11.3, 1]);
    const thin = all(el, "li").map((each) => each.classList.contains("imbxai-thin"));
    expect(thin).toEqual([false, true, true]);
  });

  it("of a class without training errors are the neighbors of all its images", async () => {
    const { el, model } = await openAdversaries({ ...VOTES, bars: "neighbors", images: 40 });
    expect(texts(el, ".imbxai-adversary-legend")[0]).toContain(
      "neighbors of its 40 training images",
    );
    const bar = one(el, ".imbxai-adversary-bar");
    expect(bar.getAttribute("aria-label")).toContain("27 of 38 neighbors are of Animals");
    bar.click();
    expect(model.changes.at(-1)?.filter).toMatchObject({ index: 9, split: "training", near: 4 });
  });

  it("without errors is drawn as votes, which is said", async () => {
    const { el, model } = await openAdversaries(VOTES);
    expect(one(el, "h3").textContent).toBe("May be mistaken for");
    expect(texts(el, ".imbxai-adversary-legend")).toEqual([
      `votes: neighbors of its 9 wrong training imageslikely${LIFT}`,
    ]);
    expect(texts(el, ".imbxai-note")).toEqual([VOTES.note]);
    const bar = one(el, ".imbxai-adversary-bar");
    expect(bar.getAttribute("aria-label")).toBe(
      "27 of 38 votes are for Animals; 71%, likely 53% to 84%; from 9 images; 4.0 times its share " +
        "of the training images of other classes",
    );
    bar.click();
    expect(model.changes.at(-1)?.filter).toMatchObject({ index: 9, split: "training", votes: 4 });
    expect(all(el, ".imbxai-adversary-tick:not([hidden])")).toEqual([]);
  });

  it("is a sentence where nothing is known, and where no class is shown", async () => {
    const { el, show, model } = await openAdversaries({ ...VOTES, rows: [], note: "No votes." });
    const state = () => [
      one(el, "ul").hidden,
      one(el, ".imbxai-adversary-legend").hidden,
      texts(el, "h3, .imbxai-note"),
    ];
    expect(state()).toEqual([true, true, ["Mistaken for", "No votes."]]);
    model.receive("card", {});
    expect(state()).toEqual([true, true, ["Mistaken for", "No class is selected yet."]]);
    show({ adversaries: FEW });
    expect(one(el, "ul").hidden).toBe(false);
  });

  it("can be walked by arrow keys, with one stop for Tab", async () => {
    const { el } = await openAdversaries();
    const buttons = all(el, "li button:not([hidden])");
    const stops = () => buttons.filter((button) => button.tabIndex === 0);
    expect(stops()).toEqual([buttons[0]]);
    buttons[0]?.focus();
    const walk = (key: string) => {
      press(document.activeElement as Element, key);
      return buttons.indexOf(document.activeElement as HTMLElement);
    };
    expect(["ArrowRight", "ArrowRight", "ArrowRight"].map(walk)).toEqual([1, 2, 2]);
    expect(["ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp"].map(walk)).toEqual([4, 6, 4, 1]);
    expect(stops()).toEqual([buttons[1]]);
    expect(press(buttons[1] as Element, "a").defaultPrevented).toBe(false);
  });

  it("has tooltips for pointer and keyboard", async () => {
    const { el } = await openAdversaries();
    const tooltip = one(el, ".imbxai-tooltip");
    const bar = one(el, ".imbxai-adversary-bar");
    bar.dispatchEvent(new Event("pointerover", { bubbles: true }));
    expect([...tooltip.children].map((line) => line.textContent)).toEqual([
      "8 of 15 validation errors are taken for Animals",
      ...SURE,
      "10.7 foretold; 27 of 38 votes",
    ]);
    bar.dispatchEvent(new Event("pointerout", { bubbles: true }));
    expect(tooltip.hidden).toBe(true);
    one(el, ".imbxai-adversary-tick").focus();
    expect(tooltip.textContent).toContain("Shows the training images that cast the votes");
    press(document.activeElement as Element, "Escape");
    expect(tooltip.hidden).toBe(true);
  });

  it("loses the empty group that bqplot leaves", async () => {
    const { marks, show } = await openAdversaries();
    const el = document.createElementNS("http://www.w3.org/2000/svg", "g");
    el.innerHTML = '<g class="bargroup"></g><g></g>';
    Object.assign(marks.bars ?? {}, { views: { one: Promise.resolve({ el }) } });
    show({ adversaries: FEW });
    await settle();
    expect(el.innerHTML).toBe('<g class="bargroup"></g>');
  });
});

describe("the colors of a class", () => {
  const part = (top: number) => ({
    shares: [0.1, 0.9],
    all: [0.2, 0.8],
    rows: [
      { name: "red", color: "#f00", images: 3, salient: "9%", all: "20%", words: "looked past" },
      { name: "blue", color: "#00f", images: 0, salient: "0%", all: "80%", words: "never" },
    ],
    missing: "",
    note: "Of 4 images.",
    text: "red 10%",
    ticks: [0, top],
  });

  it("are on bars whose axis fits them", async () => {
    const { marks, show, el } = await openColors(part(0.1));
    const scales = marks.bars?.get("scales") as { y: FakeModel };
    expect(marks.bars?.get("y")).toEqual(Float64Array.of(0.1, 0.9));
    expect(scales.y.get("max")).toBe(0.1);
    expect(marks.pixels?.get("x")).toEqual(Float64Array.of(0.2, 0.8));
    expect(marks.pixels?.get("y")).toEqual(Float64Array.of(0, 1));
    const ticks = marks.shareAxis?.get("tick_values");
    expect(ticks).toEqual(Float64Array.of(0, 0.1));
    show({ colors: part(0.1) });
    expect(marks.shareAxis?.get("tick_values")).toBe(ticks); // set anew, bqplot would draw all
    show({ colors: part(0.5) });
    expect(scales.y.get("max")).toBe(0.5);
    expect(texts(el, ".imbxai-note")[0]).toBe("Of 4 images.");
    expect(one(el, ".imbxai-alternative").textContent).toBe("red 10%");
    expect(one(el, "section").classList.contains("imbxai-no-chart")).toBe(false);
  });

  it("are in words, which show their images", async () => {
    const { el, model, show } = await openColors(part(0.1));
    const cells = [...el.querySelectorAll("tbody tr")].map((row) => texts(row, "th, td"));
    expect(cells).toEqual([
      ["red", "3", "9%", "20%", "looked past"],
      ["blue", "0", "0%", "80%", "never"],
    ]);
    const buttons = [...el.querySelectorAll<HTMLElement>("tbody button")];
    expect(buttons.map((button) => button.textContent)).toEqual(["red", "3"]);
    for (const button of buttons) {
      model.receive("filter", {});
      button.click();
      const asked = { index: 9, split: "training", color: "red" };
      expect(model.get("filter")).toMatchObject(asked);
    }
    show({ colors: { ...part(0.1), all: [], rows: [], missing: "An older version." } });
    expect(one(el, "table").hidden).toBe(true);
    expect(texts(el, ".imbxai-note").at(-1)).toBe("An older version.");
    expect(one(el, ".imbxai-key-pixels").parentElement?.hidden).toBe(true);
  });

  it("that there are not are a sentence", async () => {
    const gray = {
      shares: [],
      all: [],
      rows: [],
      missing: "",
      note: "All gray.",
      text: "",
      ticks: [0, 1],
    };
    const { marks, el, model } = await openColors(gray);
    expect(marks.bars?.get("y")).toBeUndefined();
    expect(one(el, "section").classList.contains("imbxai-no-chart")).toBe(true);
    expect(texts(el, ".imbxai-note:not([hidden])")).toEqual(["All gray.", ""]);
    model.receive("card", {});
    expect(texts(el, ".imbxai-note:not([hidden])")).toEqual(["No class is selected yet.", ""]);
  });
});

describe("a chart", () => {
  it("that goes stops listening and leaves nothing", async () => {
    for (const page of [await openAdversaries(), await openColors(null)]) {
      page.cleanup();
      const listening = [page.model, ...Object.values(page.marks)].map((each) => each.listeners);
      expect(new Set(listening)).toEqual(new Set([0]));
      expect(page.el.childElementCount).toBe(0);
    }
  });

  it("that goes before its marks are there is never steered", async () => {
    const set = vi.fn();
    let come: (model: object) => void = () => {};
    const late = new Promise((resolve) => {
      come = resolve;
    });
    const model = Object.assign(
      new FakeModel({
        card: {},
        marks: { bars: "IPY_MODEL_1", pixels: "IPY_MODEL_2", shareAxis: "IPY_MODEL_3" },
      }),
      {
        widget_manager: { get_model: () => late },
      },
    );
    const gone = (colors.initialize as unknown as (props: object) => () => void)({ model });
    gone();
    come({ set_state: set, on: set });
    await settle();
    expect([set.mock.calls.length, model.listeners]).toEqual([0, 0]);
  });
});
