// The panels show what Python sends; tsc holds it to their types.
import { beforeEach, describe, expect, it } from "vitest";
import type { Render } from "../src/model";
import archetypes from "../src/panels/archetypes";
import picker from "../src/panels/class_picker";
import comparison from "../src/panels/comparison";
import header from "../src/panels/header";
import overlap from "../src/panels/overlap";
import overview from "../src/panels/overview";
import * as sent from "./contract";
import { all, fakePixels, mount, one, PanelModel, texts } from "./panel_model";

const card = <Part extends object>(part: Part) => ({ ...sent.identity, ...part });

async function show<S extends object>(panel: { render: Render<S> }, state: S) {
  return (await mount(panel, new PanelModel<S>(state))).el;
}

describe("what Python sends of a class", () => {
  beforeEach(() => {
    document.body.replaceChildren();
    fakePixels();
  });

  it("is in the header", async () => {
    const el = await show(header, { card: card(sent.header) });
    expect(one(el, "h3").textContent).toBe("c1");
    expect(texts(el, ".imbxai-fact-value")[0]).toBe(String(sent.header.header.images));
  });

  it("is in the gallery", async () => {
    const state = { card: card(sent.archetypes), marked: [], ahead: {} };
    const el = await show(archetypes, state);
    const prototypes = sent.archetypes.archetypes.map((group) => group.prototypes);
    expect(all(el, ".imbxai-thumb")).toHaveLength(prototypes.reduce((sum, each) => sum + each));
    const meanings = sent.archetypes.archetypes.map((group) => group.meaning);
    expect(texts(el, ".imbxai-archetype-meaning")).toEqual(meanings);
  });

  it("is in the overlap table", async () => {
    const el = await show(overlap, { card: card(sent.overlap), selected: 1 });
    expect(all(el, "[data-feature]")).toHaveLength(sent.overlap.overlap.features.length);
    const names = sent.overlap.overlap.rows.map((row) => row.name);
    expect(texts(el, ".imbxai-overlap-rows tbody th")).toEqual(names);
  });

  it("is in the comparison", async () => {
    const el = await show(comparison, { card: card(sent.comparison), selected: 1 });
    const names = sent.comparison.comparison.errors.rows.map((row) => row.name);
    expect(texts(el, ".imbxai-compared-errors tbody th")).toEqual(names);
  });

  it("is in the class list", async () => {
    const el = await show(picker, { ...sent.class_picker_state, selected: 1, likely: [] });
    const changed = [...sent.class_picker_state.classes].sort(
      (a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0),
    );
    expect(texts(el, ".imbxai-picker-name")).toEqual(changed.map((entry) => entry.name));
    expect(texts(el, ".imbxai-picker-summary p")).toHaveLength(2);
  });

  it("is in the overview", async () => {
    const el = await show(overview, { ...sent.overview_state, selected: 1 });
    const { charts } = sent.overview_state.overview;
    expect(texts(el, "h4")).toEqual(charts.map((chart) => chart.title));
    const labels = charts.flatMap((chart) => chart.labels);
    expect(texts(el, ".imbxai-overview-name")).toEqual(labels);
  });
});
