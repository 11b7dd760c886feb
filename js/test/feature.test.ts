// A feature in the dialog: two classes side by side.
import { beforeEach, describe, expect, it, vi } from "vitest";
import detail, { type State } from "../src/panels/detail";
import { PATIENCE } from "../src/parts/ask";
import {
  binNames,
  chartWords,
  type FeatureAnswer,
  type FeatureSide,
  likeness,
  role,
  signed,
  size,
} from "../src/parts/feature_answer";
import { draw } from "../src/parts/feature_chart";
import { openFeature } from "../src/parts/open";
import {
  all,
  EVIL,
  fakePixels,
  mount,
  one,
  PanelModel,
  settle,
  texts,
  thumbnails,
  UNDRAWN,
  UNEDITED,
} from "./panel_model";

const SPRITE = { width: 50, height: 50, columns: 2, type: "image/png" };
const picture = () => new DataView(new ArrayBuffer(8));

const side = (index: number, name: string, image: number): FeatureSide => ({
  index,
  name,
  images: 40,
  rank: 1,
  mean: 2.508,
  contribution: 1.759,
  values: [4, 3],
  contributions: [3.07, -0.5],
  thumbnails: thumbnails(2, 0, image),
  sprite: SPRITE,
});

const answer = (): FeatureAnswer => ({
  feature: 41,
  features: 64,
  head: true,
  sharing: [
    { index: 3, name: "dog" },
    { index: 5, name: EVIL },
  ],
  sides: [side(0, "cat", 100), side(3, "dog", 200)],
  apart: 0.023,
  histogram: {
    edges: [-1, 0, 1],
    here: [1, 3],
    there: [0, 0],
    elsewhere: [5, 5],
    ticks: [0, 0.5, 1],
  },
  missing: "",
  notice: "",
  first_data: picture(),
  second_data: picture(),
});

const maps = (sprites: unknown[] = [SPRITE, SPRITE], note = "Light.") => ({
  sprites,
  note,
  first_data: picture(),
  second_data: picture(),
});

describe("words of a feature", () => {
  it("have as many digits as tell something", () => {
    expect([2.508, -0.0734, 0, 12.3456, 1240.4, 0.5].map(size)).toEqual([
      "2.51",
      "\u22120.073",
      "0.00",
      "12.35",
      "1,240",
      "0.50",
    ]);
    expect([1.759, -0.5].map(signed)).toEqual(["+1.76", "\u22120.50"]);
  });

  it("say what it is to a class, as far as that is known", () => {
    expect(role(side(0, "cat", 0))).toBe(
      "Number 1 of its strongest features: 2.51 on average over 40 training images, which adds +1.76 to the logit of the class.",
    );
    expect(role({ ...side(0, "cat", 0), rank: null, contribution: null })).toBe(
      "Not among its strongest features: 2.51 on average over 40 training images.",
    );
    expect(role({ ...side(0, "cat", 0), mean: null })).toBe("cat has no training images.");
  });

  it("say how it tells two classes apart, or that it does not", () => {
    expect(likeness(answer())).toContain("this feature makes 2%. At 0% the two would be alike");
    expect(likeness({ ...answer(), apart: -0.07 })).toContain("makes \u22127%: by it alone");
    expect(likeness({ ...answer(), apart: null })).toBe("");
  });

  it("tell the chart, of groups without images as well", () => {
    const { histogram } = answer();
    expect(binNames(histogram)).toEqual(["\u22121.00 to 0.00", "0.00 to 1.00"]);
    expect(chartWords(histogram, ["cat", "dog", "others"])).toBe(
      "Share of images by how large the feature is. \u22121.00 to 0.00: 25% of cat, – of dog, 50% of others; 0.00 to 1.00: 75% of cat, – of dog, 50% of others.",
    );
    expect(chartWords(histogram, ["cat", "", "others"])).not.toContain("dog");
  });
});

describe("the chart of a feature", () => {
  it("draws the share of each group in each bin", () => {
    const widget = (state: object) => ({
      state: { ...state } as Record<string, unknown>,
      get(name: string) {
        return this.state[name];
      },
      set_state(changed: object) {
        Object.assign(this.state, changed);
      },
      on() {},
      off() {},
    });
    const scale = widget({ max: 1 });
    const marks = {
      bars: widget({ scales: { y: scale } }),
      sizeAxis: widget({}),
      shareAxis: widget({ tick_values: null }),
    };
    draw(marks, {});
    expect(marks.bars.state).not.toHaveProperty("y");
    draw(marks, { ...answer().histogram, ticks: [0, 0.4, 0.8] });
    const rows = (marks.bars.get("y") as Float64Array[]).map((row) => [...row]);
    expect(rows).toEqual([
      [0.25, 0.75],
      [0, 0],
      [0.5, 0.5],
    ]);
    expect(scale.get("max")).toBe(0.8);
    expect(marks.sizeAxis.get("tick_labels")).toEqual({
      0: "\u22121.00 to 0.00",
      1: "0.00 to 1.00",
    });
  });
});

describe("a feature in the dialog", () => {
  let model: PanelModel<State>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  let pixels: ReturnType<typeof fakePixels>;
  const sides = () => all(el, ".imbxai-feature-side");
  const open = (other?: number) => model.receive("opened", openFeature(41, 0, other));

  beforeEach(async () => {
    vi.useRealTimers();
    document.body.replaceChildren();
    pixels = fakePixels();
    model = new PanelModel<State>({
      opened: {},
      selected: 0,
      marked: [],
      held: {},
      ...UNDRAWN,
      ...UNEDITED,
    });
    ({ el, dispose } = await mount(detail, model));
  });

  it("shows the images of both classes with what it adds in them, names as text", async () => {
    open();
    expect(model.asked).toEqual([
      { kind: "feature", arguments: { feature: 41, index: 0, other: null } },
    ]);
    const told = answer();
    if (told.sides[1]) told.sides[1].name = EVIL;
    await model.answer(told);
    expect(one(el, ".imbxai-dialog-title").textContent).toBe(`Feature 41: cat and ${EVIL}`);
    expect(texts(el, ".imbxai-feature-side h4")).toEqual(["cat", EVIL]);
    expect(sides().map((each) => texts(each, ".imbxai-thumb-caption"))).toEqual([
      ["+3.07", "\u22120.50"],
      ["+3.07", "\u22120.50"],
    ]);
    const images = all(el, "[data-image]").map(({ dataset }) => Number(dataset.image));
    expect(images).toEqual([100, 101, 200, 201]);
    expect(texts(el, ".imbxai-feature-side p:last-child")[0]).toBe("Archetypes: 2 safe.");
    expect(model.state.histogram).toEqual(told.histogram);
    expect(el.querySelector("img")).toBeNull();
  });

  it("lights the images up where it responds, and takes that back", async () => {
    open();
    await model.answer(answer());
    await settle();
    expect(model.asked[1]).toEqual({
      kind: "feature_maps",
      arguments: {
        feature: 41,
        rows: [
          [100, 101],
          [200, 201],
        ],
      },
    });
    pixels.draw.mockClear();
    await model.answer(maps());
    await settle();
    expect(pixels.decode).toHaveBeenCalledTimes(4);
    const over = pixels.bitmaps.slice(2);
    const drawnOver = () => pixels.draw.mock.calls.filter(([bitmap]) => over.includes(bitmap));
    expect(drawnOver()).toHaveLength(4);
    expect(texts(el, ".imbxai-feature-controls [role=status]")).toEqual(["Light."]);
    pixels.draw.mockClear();
    one(el, "[type=checkbox]").click();
    expect(pixels.draw).toHaveBeenCalledTimes(4);
    expect(drawnOver()).toHaveLength(0);
  });

  it("says why there is no light, and where contributions are not known", async () => {
    open();
    const told = answer();
    told.head = false;
    told.sides[0] = { ...side(0, "cat", 100), contributions: [null, null] };
    await model.answer(told);
    await settle();
    await model.answer(maps([], "Needs the model."));
    await settle();
    expect(texts(el, ".imbxai-feature-controls [role=status]")).toEqual(["Needs the model."]);
    expect(one(el, ".imbxai-feature-controls label:has([type=checkbox])").hidden).toBe(true);
    expect(el.textContent).toContain("the training images in which it is largest");
    expect(texts(sides()[0] as Element, ".imbxai-thumb-caption")).toEqual(["4.00", "3.00"]);
  });

  it("changes the class beside it, in place of what came before", async () => {
    open(5);
    expect(model.asked[0]?.arguments).toEqual({ feature: 41, index: 0, other: 5 });
    await model.answer(answer());
    const select = one<HTMLSelectElement>(el, "select");
    expect([select.value, texts(select, "option")]).toEqual(["3", ["dog", EVIL]]);
    await settle();
    const late = model.messages.length - 1; // maps of what is open no more
    select.value = "5";
    select.dispatchEvent(new Event("change"));
    expect(model.asked.at(-1)?.arguments).toEqual({ feature: 41, index: 0, other: 5 });
    await model.answer(maps(), late);
    await settle();
    expect(texts(el, ".imbxai-feature-controls [role=status]")).not.toContain("Light.");
  });

  it("shows a class alone where no other shares the feature", async () => {
    open();
    await model.answer({ ...answer(), sides: [side(0, "cat", 100)], sharing: [], apart: null });
    expect(sides()).toHaveLength(1);
    expect(el.textContent).toContain("No other class has it among its strongest features.");
    expect(one(el, ".imbxai-feature-controls label:has(select)").hidden).toBe(true);
  });

  it("marks an image, opens it, and selects a class", async () => {
    open();
    await model.answer(answer());
    one(el, '[data-image="101"]').dispatchEvent(
      new KeyboardEvent("keydown", { key: "m", bubbles: true }),
    );
    expect(model.state.marked).toEqual(["training:101"]);
    expect(one(el, '[data-image="101"]').dataset.marked).toBe("true");
    one(sides()[1] as Element, "h4 button").click();
    expect(model.state.selected).toBe(3);
    expect(one<HTMLDialogElement>(el, "dialog").open).toBe(false);
    open();
    await model.answer(answer());
    one(el, '[data-image="101"]').click();
    expect(one(el, ".imbxai-dialog-title").textContent).toBe("Training image 101");
  });

  it("says what went wrong, and what it waits for", async () => {
    open();
    await model.refuse("ValueError: no");
    expect(one(el, "[role=alert]").textContent).toBe("ValueError: no");
    vi.useFakeTimers();
    open();
    vi.advanceTimersByTime(PATIENCE + 1);
    expect(one(el, "[role=alert]").textContent).toContain(
      "come from the kernel; none has answered",
    );
    vi.useRealTimers();
  });

  it("lets go of its pictures, and of the figure that it took", async () => {
    const box = document.createElement("div");
    box.className = "widget-vbox";
    const figure = document.createElement("div");
    figure.className = "imbxai-chart";
    document.body.append(box);
    box.append(el, figure);
    open();
    await model.answer(answer());
    await settle();
    expect(one(el, ".imbxai-chart")).toBe(figure);
    const { bitmaps } = pixels;
    one<HTMLDialogElement>(el, "dialog").close();
    expect(figure.parentElement).toBe(box);
    expect(bitmaps.map(({ close }) => vi.mocked(close).mock.calls.length)).toEqual([1, 1]);
    open();
    await model.answer(answer());
    expect(box.removeChild(figure)).toBe(figure); // as ipywidgets does, when the panels go
    expect(figure.isConnected).toBe(false);
    await dispose();
    expect(box.contains(figure)).toBe(false);
  });
});
