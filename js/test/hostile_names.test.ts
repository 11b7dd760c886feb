// Class names are text: whatever they hold, no panel makes an element of it.
import { beforeEach, describe, expect, it } from "vitest";
import archetypes from "../src/panels/archetypes";
import picker from "../src/panels/class_picker";
import comparison from "../src/panels/comparison";
import header from "../src/panels/header";
import overlap from "../src/panels/overlap";
import overview from "../src/panels/overview";
import { all, EVIL, fakePixels, group, mount, one, PanelModel, settle, texts } from "./panel_model";

const NAMES = [
  EVIL,
  "</script><script>alert(1)</script>",
  "<!-- <script>",
  `"quoted" & 'quoted' \`\${alert(1)}\``,
  "\u2068שלום עולם 7\u2069",
  "👩‍👩‍👧‍👦 🦊",
  "long ".repeat(60),
  "&lt;b&gt; &#60;",
];

beforeEach(() => document.body.replaceChildren());

/** What the panels have no use for, and markup in a name would bring. */
const injected = (root: ParentNode) => all(root, "img, script, b, iframe, svg, style, a");

describe.each(NAMES)("the name %s", (name) => {
  it("is text in the picker, also in attributes and when searched for", async () => {
    const entry = {
      index: 0,
      name,
      images: 3,
      accuracy: 0.5,
      change: null,
      archetypes: [1, 0, 0, 0],
    };
    const summary = { images: [0.5], classes: [0.5], worst: [0], lowest: [0.5] };
    const state = { classes: [entry], accuracy_label: "training", summary, selected: 0 };
    const model = new PanelModel(state);
    const { el } = await mount(picker as never, model);
    const row = one(el, "[role=option]");
    expect(one(row, ".imbxai-picker-name").textContent).toBe(name);
    expect(row.dataset.class).toBe(name);
    expect(row.title).toBe(name);
    expect(one(el, ".imbxai-picker-worst").textContent).toBe(`worst: ${name} 50%`);
    const search = one<HTMLInputElement>(el, "input");
    search.value = name;
    search.dispatchEvent(new Event("input"));
    expect(all(el, "[role=option]")).toHaveLength(1);
    expect(injected(el)).toEqual([]);
  });

  it("is text in the header", async () => {
    const facts = { images: 1, imbalance: 1, trainingAccuracy: 1, trainingErrors: 0 };
    const validation = { validationImages: null, validationAccuracy: null };
    const card = { index: 0, name, header: { ...facts, ...validation } };
    const { el } = await mount(header as never, new PanelModel({ card }));
    expect(one(el, "h3").textContent).toBe(name);
    expect(one(el, "section").getAttribute("aria-label")).toBe(`Class ${name}`);
    expect(injected(el)).toEqual([]);
  });

  it("is text in the comparison", async () => {
    const row = { index: 1, name, lost: [1, 2], gained: [0, 0], shared: [1, 0] };
    const errors = { split: "training", note: "", largest: 2, first: 0, classes: 1, rows: [row] };
    const flow = { counts: [], shares: [], note: "" };
    const card = (rows: unknown[]) => {
      const shared = { topK: [3, 3], sharing: 1, rows };
      return { index: 0, name, comparison: { accuracies: [], errors, flow, shared } };
    };
    const model = new PanelModel({ card: card([row]), selected: 0 });
    const { el } = await mount(comparison as never, model);
    expect(texts(el, "[data-class] button")).toEqual([name, name]);
    expect(injected(el)).toEqual([]);
    model.receive("card", card([]));
    expect(one(el, ".imbxai-empty").textContent).toContain(name);
    expect(injected(el)).toEqual([]);
  });

  it("is text in the overlap table, with rows and without", async () => {
    const row = { index: 1, name, shared: [7], jaccard: 1, shareHere: 1, shareThere: 1 };
    const card = (rows: unknown[], features: unknown[]) => ({
      index: 0,
      name,
      overlap: { features, rows, topK: 3 },
    });
    const features = [{ feature: 7, share: 1, classes: 1 }];
    const model = new PanelModel({ card: card([row], features), selected: 0 });
    const { el } = await mount(overlap as never, model);
    expect(one(el, "tbody th").textContent).toBe(name);
    model.receive("card", card([], features));
    expect(el.textContent).toContain(name);
    model.receive("card", card([], []));
    expect(el.textContent).toContain(`${name} has no training images`);
    expect(injected(el)).toEqual([]);
  });

  it("is text in the overview, as a label and as an adversary", async () => {
    const words = [`${name}: none`];
    const chart = { title: "", axis: "", note: "", labels: [name], words, faint: [false] };
    const page = { first: 0, segments: [name], colors: ["#332288"], shares: [[[1]]] };
    const state = { order: [0], labelWidth: 16, charts: [chart], pages: [page] };
    const { el } = await mount(overview, new PanelModel({ overview: state, selected: 0 }));
    expect(one(el, ".imbxai-overview-name").textContent).toBe(name);
    expect(one(el, ".imbxai-overview-legend").textContent).toBe(name);
    expect(one(el, ".imbxai-pick button").title).toBe(`${name}: none`);
    expect(injected(el)).toEqual([]);
  });

  it("is text in the labels and tooltips of images", async () => {
    fakePixels();
    const safe = group("safe", 1, 1, 1, 0);
    Object.assign(safe.thumbnails[0] ?? {}, { label: name, prediction: name });
    const rest = ["border", "rare", "outlier"].map((other) => group(other, 0, 0, 0, 1));
    const sprite = { width: 32, height: 32, columns: 1, type: "image/png" };
    const sprite_data = new DataView(new ArrayBuffer(1));
    const card = { index: 0, name, archetypes: [safe, ...rest], sprite, sprite_data };
    const { el } = await mount(archetypes as never, new PanelModel({ card, marked: [] }));
    await settle();
    const thumb = one(el, ".imbxai-thumb");
    expect(thumb.getAttribute("aria-label")).toContain(`Prediction: ${name}`);
    thumb.dispatchEvent(new Event("pointerover", { bubbles: true }));
    expect(one(el, ".imbxai-tooltip").textContent).toContain(`Label: ${name}`);
    expect(injected(el)).toEqual([]);
  });
});
