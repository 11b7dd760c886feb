// The panel of the map, without what draws it: this page has no WebGL.
import { beforeEach, describe, expect, it, vi } from "vitest";
import map, { type State } from "../src/panels/map";
import { PLACES, mapState as state, TRUST } from "./map_cases";
import { all, mount, one, PanelModel, settle, stubSight, texts } from "./panel_model";

describe("the map", () => {
  beforeEach(() => {
    document.body.replaceChildren();
    vi.restoreAllMocks();
  });

  it("asks for nothing until it is in sight", async () => {
    const see = stubSight();
    const model = new PanelModel<State>(state());
    await mount(map, model);
    expect(model.asked).toEqual([]);
    see(true);
    see(true);
    expect(model.asked).toEqual([{ kind: "places", arguments: {} }]);
  });

  it("says in one line that there is no WebGL, and tells its figures all the same", async () => {
    const see = stubSight();
    const model = new PanelModel<State>(state());
    const { el } = await mount(map, model);
    see(true);
    await model.answer(PLACES);
    expect(one(el, "[role=alert]").textContent).toContain("draws no WebGL");
    expect(model.asked.map(({ kind }) => kind)).toEqual(["places", "trust"]);
    expect(one(el, ".imbxai-map-place").hidden).toBe(true);
    await model.answer(TRUST);
    expect(one(el, ".imbxai-map-words").textContent).toContain("(UMAP), 30% of the neighborhoods");
    expect(one(el, ".imbxai-map-misleads").textContent).toContain("misleads");
    expect(texts(el, ".imbxai-map-class")).toEqual(["cat", "<b>dog</b>"]);
    expect(texts(el, ".imbxai-map-kept")).toEqual(["30%", "70%"]);
  });

  it("follows the selected class, and a click on another selects it", async () => {
    const see = stubSight();
    const model = new PanelModel<State>(state());
    const { el } = await mount(map, model);
    see(true);
    await model.answer(PLACES);
    await model.answer(TRUST);
    all(el, ".imbxai-map-class")[1]?.click();
    expect(model.changes).toEqual([{ selected: 1 }]);
    model.receive("card", { index: 1, name: "dog", map: { adversaries: [] } });
    expect(one(el, ".imbxai-map-words").textContent).toContain("70% of the neighborhoods");
    expect(one(el, ".imbxai-map-misleads").textContent).toBe("");
    const current = all(el, ".imbxai-map-class").map((name) => name.getAttribute("aria-current"));
    expect(current).toEqual(["false", "true"]);
  });

  it("says why there is no map, and asks again when it comes into sight again", async () => {
    const see = stubSight();
    const model = new PanelModel<State>(state());
    const { el } = await mount(map, model);
    see(true);
    await model.refuse("ValueError: validation images cannot be placed");
    expect(one(el, "[role=alert]").textContent).toContain("validation images cannot be placed");
    see(false);
    see(true);
    expect(model.asked).toHaveLength(2);
  });

  it("asks for nothing that the page holds", async () => {
    const see = stubSight();
    const library = new DataView(new ArrayBuffer(1));
    const held = { places: PLACES, trust: TRUST, library };
    const model = new PanelModel<State>({ ...state(), held });
    const { el } = await mount(map, model);
    see(true);
    await settle();
    expect(model.asked).toEqual([]);
    expect(texts(el, ".imbxai-map-kept")).toEqual(["30%", "70%"]);
  });

  it("hears nothing more once it is gone", async () => {
    const see = stubSight();
    const model = new PanelModel<State>(state());
    const { dispose } = await mount(map, model);
    see(true);
    await dispose();
    await model.answer(PLACES);
    expect(model.listeners).toBe(0);
    expect(model.asked).toHaveLength(1);
  });
});
