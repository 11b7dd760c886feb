// The panels show what Python sends; tsc holds it to their types.
import { beforeEach, describe, expect, it } from "vitest";
import type { Render } from "../src/model";
import adversaries from "../src/panels/adversaries";
import archetypes from "../src/panels/archetypes";
import picker from "../src/panels/class_picker";
import colors from "../src/panels/colors";
import comparison from "../src/panels/comparison";
import failures from "../src/panels/failures";
import header from "../src/panels/header";
import images from "../src/panels/images";
import overlap from "../src/panels/overlap";
import overview from "../src/panels/overview";
import { plain } from "../src/parts/sentence";
import { uint32, ValidationData } from "../src/parts/validation_data";
import * as sent from "./contract";
import { all, fakePixels, mount, one, PanelModel, stubSight, texts, UNEDITED } from "./panel_model";

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
    const el = await show(header, {
      card: card(sent.header),
      selected: 1,
      filter: {},
      remedy: {},
      whys: [],
      opens: {},
    });
    expect(one(el, "h2").textContent).toBe("c1");
    expect(one(el, ".imbxai-verdict").textContent).toBe(plain(sent.header.header.verdict));
  });

  it("is beside the bars of its mistakes", async () => {
    const { name_width, by_lower_end } = sent.adversaries_state;
    const marks = { bars: "", ticks: "" };
    const given = { selected: 1, filter: {}, name_width, by_lower_end, marks };
    const state = { card: card(sent.adversaries), ...given };
    const el = await show(adversaries, state);
    const { rows } = sent.adversaries.adversaries;
    expect(texts(el, ".imbxai-adversary-name")).toEqual(rows.map((row) => row.name));
  });

  it("is in the words of its colors", async () => {
    const marks = { bars: "", pixels: "", shareAxis: "" };
    const el = await show(colors, { card: card(sent.colors), filter: {}, marks });
    expect(one(el, ".imbxai-alternative").textContent).toBe(sent.colors.colors.text);
  });

  it("is in the strip of archetypes", async () => {
    const state = {
      card: card(sent.archetypes),
      marked: [],
      opens: {},
      ...UNEDITED,
      ahead: {},
      filter: {},
      balanced: false,
    };
    const el = await show(archetypes, state);
    const { groups } = sent.archetypes.archetypes;
    const prototypes = groups.map((group) => group.thumbnails.length);
    expect(all(el, ".imbxai-thumb")).toHaveLength(prototypes.reduce((sum, each) => sum + each));
    const images = groups.map((group) => String(group.images));
    expect(all(el, ".imbxai-archetype-part").map((part) => part.style.flexGrow)).toEqual(images);
  });

  it("is beside what its images are taken for", async () => {
    const state = {
      card: card(sent.failures),
      marked: [],
      opens: {},
      ...UNEDITED,
      ahead: {},
      filter: {},
      selected: 1,
    };
    const el = await show(failures, state);
    const { groups } = sent.failures.failures;
    expect(groups.length).toBeGreaterThan(0);
    expect(texts(el, "h4 .imbxai-link")).toEqual(groups.map((group) => group.name));
  });

  it("is among all images, those of the card and those that are asked for", async () => {
    const see = stubSight();
    const state = {
      card: card(sent.images),
      selected: 1,
      wanted: {},
      marked: [],
      opens: {},
      ...UNEDITED,
    };
    const el = await show(images, state);
    see(true);
    const held = [sent.images.training_images, sent.images.validation_images];
    const groups = held.flatMap((each) => each?.groups ?? []);
    expect(texts(el, "h5 .imbxai-soft")).toEqual(groups.map((group) => String(group.images)));
    const shown = groups.flatMap((group) => group.thumbnails);
    expect(all(el, ".imbxai-thumb")).toHaveLength(shown.length);
    expect(sent.images_answer.groups.length).toBeGreaterThan(0);
  });

  it("is in the overlap table", async () => {
    const el = await show(overlap, { card: card(sent.overlap), selected: 1, opens: {} });
    expect(all(el, "[data-feature]")).toHaveLength(sent.overlap.overlap.features.length);
    const names = sent.overlap.overlap.rows.map((row) => row.name);
    expect(texts(el, "tbody th")).toEqual(names);
  });

  it("is in the comparison", async () => {
    const el = await show(comparison, { card: card(sent.comparison), selected: 1, filter: {} });
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

  it("is predicted in the page as in the kernel, once logits are shifted", () => {
    const data = new ValidationData(sent.unsure_images);
    const unchanged = [...data.predictions];
    for (const { remedies, moved } of sent.shifted) {
      expect(data.doesInPage(remedies)).toBe(true);
      const after = [...data.after(remedies)];
      expect(after).toEqual([...uint32(moved.after)]);
      expect(after).not.toEqual(unchanged);
    }
  });

  it("is in the overview", async () => {
    const appear = stubSight();
    const el = await show(overview, { ...sent.overview_state, selected: 1, filter: {} });
    appear(true);
    const { names, order, confusions } = sent.overview_state.overview;
    expect(texts(el, "[role=rowheader]")).toEqual(order.map((index) => names[index]));
    const counts = new Int32Array(confusions[0]?.counts.buffer as ArrayBuffer);
    const shown = texts(el, ".imbxai-heat-count:not(.imbxai-heat-own)").map(Number);
    expect(counts.length).toBeGreaterThan(0);
    expect(shown.filter(Boolean).sort()).toEqual([...counts].sort());
  });
});
