// The charts of bqplot, with stand-ins for their marks.
import { beforeEach, describe, expect, it, vi } from "vitest";
import adversaries, { type Adversaries } from "../src/panels/adversaries";
import colors from "../src/panels/colors";
import { PanelModel } from "./panel_model";

class FakeModel extends PanelModel<Record<string, unknown>> {
  set_state(state: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(state)) this.receive(name, value);
  }
}

const LABELS = ["ANT", "BEE", "CAT", "DOG"];
const MARKS = ["title", "note", "text", "bars", "rankAxis", "shareAxis"];

const COLORS = { title: "Colors", note: "", text: "red", shares: [0.1, 0.9] };

const adversariesOf = (index: number, changes: Partial<Adversaries> = {}): Adversaries => ({
  title: `Adversaries of ${index}`,
  note: `note ${index}`,
  text: `text ${index}`,
  classes: [0, 1, 2, 3].filter((other) => other !== index).reverse(),
  shares: [
    [0.5, 0.3, 0.2],
    [index / 10, 0, 1 - index / 10],
  ],
  colors: ["blue", "orange"],
  ticks: [0, 0.5, 1],
  ...changes,
});

interface Page {
  model: FakeModel & { widget_manager: unknown };
  marks: Record<string, FakeModel>;
  show: (part: object) => void;
  cleanup: () => void;
}

async function open(panel: { initialize: unknown }, part: object | null): Promise<Page> {
  const marks = Object.fromEntries(MARKS.map((name) => [name, new FakeModel({})]));
  marks.bars?.set_state({ scales: { y: new FakeModel({}) }, selected: null });
  const references = Object.fromEntries(MARKS.map((name) => [name, `IPY_MODEL_${name}`]));
  const card = part ? { index: 1, name: "bee", ...part } : {};
  const state = { card, marks: references, labels: LABELS };
  const model = Object.assign(new FakeModel({ ...state, selected: 1 }), {
    widget_manager: { get_model: async (id: string) => marks[id] },
  });
  const initialize = panel.initialize as (props: object) => () => void;
  const cleanup = initialize({ model });
  await settle();
  const show = (next: object) => model.receive("card", { index: 2, name: "cat", ...next });
  return { model, marks, show, cleanup };
}

const settle = () => new Promise((go) => setTimeout(go));

/** As bqplot does on a click: set, then touch. */
async function clickBar(bars: FakeModel, rank: number): Promise<void> {
  bars.set("selected", new Uint32Array([rank]));
  bars.save_changes();
  await settle();
}

const openAdversaries = (changes: Partial<Adversaries> = {}) =>
  open(adversaries, { adversaries: adversariesOf(1, changes) });

beforeEach(() => {
  vi.stubGlobal("reportError", vi.fn());
});

describe("the adversaries of a class", () => {
  it("are on bars, axes and in words", async () => {
    const { marks } = await openAdversaries();
    expect(marks.bars?.get("y")).toEqual([
      Float64Array.of(0.5, 0.3, 0.2),
      Float64Array.of(0.1, 0, 0.9),
    ]);
    expect(marks.rankAxis?.get("tick_labels")).toEqual({ 0: "DOG", 1: "CAT", 2: "ANT" });
    const words = ["title", "note", "text"].map((name) => marks[name]?.get("value"));
    expect(words).toEqual(["Adversaries of 1", "note 1", "text 1"]);
  });

  it("follow the card", async () => {
    const { marks, show } = await openAdversaries();
    show({ adversaries: adversariesOf(2) });
    expect(marks.title?.get("value")).toBe("Adversaries of 2");
    expect(marks.rankAxis?.get("tick_labels")).toEqual({ 0: "DOG", 1: "BEE", 2: "ANT" });
  });

  it("are each a button that selects the class, again and again", async () => {
    const { model, marks } = await openAdversaries();
    for (const selected of [0, 1]) {
      await clickBar(marks.bars as FakeModel, 2);
      expect(model.get("selected")).toBe(0); // the rows of bee are dog, cat, ant
      expect(marks.bars?.get("selected")).toBeNull();
      model.receive("selected", selected);
    }
  });

  it("select nothing before the bars have sent their own change, and stay in the page", async () => {
    const { model, marks } = await openAdversaries();
    marks.bars?.set("selected", new Uint32Array([0]));
    expect(model.get("selected")).toBe(1);
    await settle();
    expect(model.get("selected")).toBe(3);
    expect(model.saved).toEqual([]);
  });

  it("of which nothing is known have no numbers and no names", async () => {
    const { marks, show } = await openAdversaries();
    expect(marks.bars?.get("label_display")).toBe(true);
    const nothing = { classes: [], shares: [[0, 0, 0]], colors: [] };
    show({ adversaries: adversariesOf(2, nothing) });
    expect(marks.bars?.get("label_display")).toBe(false);
    expect(marks.rankAxis?.get("tick_labels")).toEqual({ 0: "", 1: "", 2: "" });
    expect(marks.bars?.get("colors")).toEqual(["blue", "orange"]);
    show({ adversaries: adversariesOf(3) });
    expect(marks.bars?.get("label_display")).toBe(true);
  });

  it("are drawn in the colors of the series there are", async () => {
    const { marks, show } = await openAdversaries();
    show({ adversaries: adversariesOf(2, { shares: [[0.7, 0.2, 0.1]], colors: ["orange"] }) });
    expect(marks.bars?.get("colors")).toEqual(["orange"]);
    expect(marks.bars?.get("y")).toEqual([Float64Array.of(0.7, 0.2, 0.1)]);
  });
});

describe("the colors of a class", () => {
  const part = (top: number) => ({ colors: { ...COLORS, ticks: [0, top] } });

  it("are on bars whose axis fits them", async () => {
    const { marks, show } = await open(colors, part(0.1));
    const scales = marks.bars?.get("scales") as { y: FakeModel };
    expect(marks.bars?.get("y")).toEqual(Float64Array.of(0.1, 0.9));
    expect(scales.y.get("max")).toBe(0.1);
    const ticks = marks.shareAxis?.get("tick_values");
    expect(ticks).toEqual(Float64Array.of(0, 0.1));
    show(part(0.1));
    expect(marks.shareAxis?.get("tick_values")).toBe(ticks); // set anew, bqplot would draw all
    show(part(0.5));
    expect(scales.y.get("max")).toBe(0.5);
    expect(marks.rankAxis?.get("tick_labels")).toBeUndefined();
  });
});

describe("a chart", () => {
  it("of no class yet is left as it is", async () => {
    const { model, marks } = await open(colors, null);
    expect(marks.bars?.get("y")).toBeUndefined();
    model.receive("card", { index: 0, name: "ant", colors: { ...COLORS, ticks: [0, 1] } });
    expect(marks.title?.get("value")).toBe("Colors");
  });

  it("that goes stops listening", async () => {
    const { model, marks, cleanup } = await openAdversaries();
    cleanup();
    expect([model, ...Object.values(marks)].map((each) => each.listeners)).toEqual(
      Array(1 + MARKS.length).fill(0),
    );
  });
});
