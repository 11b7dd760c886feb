import { expect, it, vi } from "vitest";
import { drawFigure } from "../src/anywhere/bars";
import { LocalModel, type Message, type Told } from "../src/anywhere/local_model";

/** The models of these widgets, and what they tell Python. */
function family(told: Record<string, Told>) {
  const sent: [string, Message][] = [];
  const models = new Map<string, LocalModel>();
  for (const [id, each] of Object.entries(told)) {
    models.set(id, new LocalModel(each, models, (message) => sent.push([id, message])));
  }
  const model = (id: string) => {
    const found = models.get(id);
    if (!found) throw new Error(`no model ${id}`);
    return found;
  };
  return { model, sent };
}

it("tells Python what was set and saved, not what was only set in the page", () => {
  const { model, sent } = family({ a: { view: "AnyView", state: { selected: 0, card: {} } } });
  const a = model("a");
  const changed = vi.fn();
  a.on("change:selected", changed);
  a.set_state({ selected: 1, card: { index: 1 } });
  a.save_changes();
  expect(sent).toEqual([]);
  expect(changed).toHaveBeenCalledTimes(1);
  a.set("selected", 2);
  a.set("selected", 2);
  a.save_changes();
  a.save_changes();
  expect(changed).toHaveBeenCalledTimes(2);
  expect(sent).toEqual([["a", { method: "update", state: { selected: 2 }, buffer_paths: [] }]]);
  a.off("change:selected", changed);
  a.set("selected", 0);
  expect(changed).toHaveBeenCalledTimes(2);
});

it("knows what says the same, however deep", () => {
  const { model } = family({ a: { view: "AnyView", state: { filter: { of: [1, { k: "x" }] } } } });
  const changed = vi.fn();
  model("a").on("change", changed);
  model("a").set("filter", { of: [1, { k: "x" }] });
  expect(changed).not.toHaveBeenCalled();
  model("a").set("filter", { of: [1, { k: "y" }] });
  expect(changed).toHaveBeenCalledTimes(1);
});

it("hears updates and messages with their bytes", () => {
  const { model, sent } = family({ a: { view: "AnyView", state: { cards: [] } } });
  const bytes = new DataView(new ArrayBuffer(3));
  const paths = [["cards", 0, "sprite"]];
  const state = { cards: [{ index: 0, sprite: null }] };
  model("a").receive({ method: "update", state, buffer_paths: paths }, [bytes]);
  expect(model("a").get("cards")).toEqual([{ index: 0, sprite: bytes }]);
  const heard = vi.fn();
  model("a").on("msg:custom", heard);
  model("a").receive({ method: "custom", content: { type: "answer" } }, [bytes]);
  expect(heard).toHaveBeenCalledWith({ type: "answer" }, [bytes]);
  model("a").receive({ method: "echo_update", state: { cards: [] } }, []);
  expect(model("a").get("cards")).toHaveLength(1);
  model("a").send({ type: "ask" });
  expect(sent).toEqual([["a", { method: "custom", content: { type: "ask" } }]]);
});

it("names other widgets in anywidgets, and holds them in all others", async () => {
  const { model } = family({
    a: { view: "AnyView", state: { layout: "IPY_MODEL_b" } },
    b: { view: null, state: { of: { x: ["IPY_MODEL_a"] } } },
  });
  expect(model("a").get("layout")).toBe("IPY_MODEL_b");
  expect(model("a").resolved("layout")).toBe(model("b"));
  expect(model("b").get("of")).toEqual({ x: [model("a")] });
  expect(await model("a").widget_manager.get_model("b")).toBe(model("b"));
});

const floats = (...values: number[]) => {
  const value = new DataView(Float64Array.from(values).buffer);
  return { value, dtype: "float64", shape: [values.length] };
};

/** Two rows of bars 200 px long for 100%, 20 px high. */
function figure() {
  return family({
    figure: {
      view: "Figure",
      state: {
        layout: "IPY_MODEL_layout",
        fig_margin: { top: 0, bottom: 40, left: 50, right: 10 },
        marks: ["IPY_MODEL_bars", "IPY_MODEL_average"],
        axes: ["IPY_MODEL_ranks_axis", "IPY_MODEL_lengths_axis"],
      },
    },
    layout: { view: null, state: { height: "80px" } },
    ranks: { view: null, state: { domain: [1, 0] } },
    lengths: { view: null, state: { max: 1 } },
    bars: {
      view: "Bars",
      state: {
        y: floats(0.5, 0),
        colors: ["red", "green"],
        padding: 0,
        scales: { x: "IPY_MODEL_ranks", y: "IPY_MODEL_lengths" },
      },
    },
    average: {
      view: "Scatter",
      state: {
        x: floats(0.25, 1),
        y: floats(0, 1),
        marker: "diamond",
        colors: ["white"],
        scales: { x: "IPY_MODEL_lengths", y: "IPY_MODEL_ranks" },
      },
    },
    ranks_axis: {
      view: "Axis",
      state: { side: "left", scale: "IPY_MODEL_ranks", tick_labels: { 0: "cat", 1: "<b>" } },
    },
    lengths_axis: {
      view: "Axis",
      state: { side: "bottom", scale: "IPY_MODEL_lengths", tick_values: floats(0, 1), label: "of" },
    },
  });
}

it("draws bars, marks and axes where bqplot would, and anew when they change", () => {
  const { model } = figure();
  const { element, undo } = drawFigure(model("figure"));
  Object.defineProperty(element, "clientWidth", { value: 260 });
  const values = (tag: string, ...names: string[]) =>
    [...element.querySelectorAll(tag)].map((each) => names.map((name) => each.getAttribute(name)));
  model("bars").set_state({ padding: 0.5 }); // 40 px for 2.5 steps, as in d3's band scale
  expect(values("rect", "x", "y", "width", "height", "style")).toEqual([
    ["50", "8", "100", "8", "fill: red"],
  ]);
  expect(values("path", "transform")).toEqual([["translate(100 12)"], ["translate(250 28)"]]);
  const texts = () => [...element.querySelectorAll("text")].map((text) => text.textContent);
  expect(texts()).toEqual(["cat", "<b>", "0%", "100%", "of"]);
  model("lengths").set_state({ max: 0.5 });
  model("bars").set_state({ y: [Float64Array.of(0.25, 0.5), Float64Array.of(0.1, 0)] });
  expect(values("rect", "y", "width", "height", "style")).toEqual([
    ["8", "100", "4", "fill: red"],
    ["24", "200", "4", "fill: red"],
    ["12", "40", "4", "fill: green"],
  ]);
  undo();
  model("bars").set_state({ y: Float64Array.of(0, 0) });
  expect(values("rect", "y")).toHaveLength(3);
});
