// Class names are text: whatever they hold, no panel makes an element of it.
import { beforeEach, describe, expect, it } from "vitest";
import archetypes from "../src/panels/archetypes";
import picker from "../src/panels/class_picker";
import comparison from "../src/panels/comparison";
import header from "../src/panels/header";
import overlap from "../src/panels/overlap";
import overview, { type State as OverviewState } from "../src/panels/overview";
import { fakeCanvas, overviewOf, sent } from "./confusion_cases";
import {
  all,
  EVIL,
  fakePixels,
  mount,
  one,
  PanelModel,
  settle,
  stubSight,
  texts,
  thumbnails,
  UNEDITED,
} from "./panel_model";

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
    expect(one(el, ".imbxai-summary-worst").textContent).toBe(`worst: ${name} 50%`);
    const search = one<HTMLInputElement>(el, "input");
    search.value = name;
    search.dispatchEvent(new Event("input"));
    expect(all(el, "[role=option]")).toHaveLength(1);
    expect(injected(el)).toEqual([]);
  });

  it("is text in the header", async () => {
    const text = [{ text: "taken for " }, { text: name, select: 3 }];
    const answer = { score: text, verdict: text, sure: [text], advice: [text] };
    const rest = { poor: false, accuracy: null, size: "" };
    const card = { index: 0, name, header: { ...answer, ...rest } };
    const told = { title: name, statement: name, advice: text, images: [], more: 0 };
    const whys = [{ state: name, causes: [told], others: [name] }];
    const { el } = await mount(header as never, new PanelModel({ card, whys }));
    expect(one(el, "h2").textContent).toBe(name);
    expect(one(el, ".imbxai-why").textContent).toBe(`${name}: ${name}.`);
    expect(texts(el, ".imbxai-text-button")).toEqual(Array(6).fill(name));
    expect(one(el, "section").getAttribute("aria-label")).toBe(`Class ${name}`);
    expect(injected(el)).toEqual([]);
  });

  it("is text in the comparison", async () => {
    const row = { index: 1, name, lost: [1, 2], gained: [0, 0], shared: [1, 0] };
    const errors = { split: "training", largest: 2, first: 0, classes: 1, rows: [row] };
    const flow = { counts: [], shares: [], note: "" };
    const card = (rows: unknown[]) => {
      const shared = { topK: [3, 3], sharing: 1, rows };
      return { index: 0, name, comparison: { accuracies: [], errors, flow, shared } };
    };
    const model = new PanelModel({ card: card([row]), selected: 0 });
    const { el } = await mount(comparison as never, model);
    expect(texts(el, "[data-class] .imbxai-link")).toEqual([name, name]);
    expect(injected(el)).toEqual([]);
    model.receive("card", card([]));
    expect(one(el, ".imbxai-empty").textContent).toContain(name);
    expect(injected(el)).toEqual([]);
  });

  it("is text in the overlap table, with rows and without", async () => {
    const row = { index: 1, name, shared: [7], shareHere: 1, shareThere: 1, shareApart: 0.5 };
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

  it("is text in the overview, of few classes and of many", async () => {
    fakeCanvas(600, 400);
    const names = [name, "dog"];
    const confusions = [
      sent(
        "validation",
        [
          [0, 1],
          [1, 0],
        ],
        [2, 2],
      ),
    ];
    const groups = { starts: [0], ends: [2], parents: [-1] };
    for (const given of [{ groups: null }, { groups }]) {
      const appear = stubSight();
      const state = overviewOf(names, confusions, given);
      const model = new PanelModel<OverviewState>({ overview: state, selected: 0, filter: {} });
      const { el } = await mount(overview, model);
      appear(true);
      expect(one(el, ".imbxai-name-link").textContent).toBe("dog");
      const labels = given.groups ? ".imbxai-pair-class" : "[role=rowheader]";
      expect(texts(one(el, ".imbxai-overview-content"), labels)).toContain(name);
      expect(injected(el)).toEqual([]);
      if (!given.groups) continue;
      expect(one(el, "[role=treeitem]").title).toBe(`${name} and 1 more`);
    }
  });

  it("is text in the labels and tooltips of images", async () => {
    fakePixels();
    const [thumbnail] = thumbnails(1, 0, 100);
    const own = [{ ...thumbnail, label: name, prediction: name }];
    const group = (images: number) => ({ meaning: "", images, wrong: 0, thumbnails: own });
    const archetypes_part = { groups: [1, 0, 0, 0].map(group), note: "" };
    const prototype_sprite = { width: 32, height: 32, columns: 1, type: "image/png" };
    const prototype_data = new DataView(new ArrayBuffer(1));
    const part = { archetypes: archetypes_part, prototype_sprite, prototype_data, reach: [] };
    const card = { index: 0, name, ...part };
    const { el } = await mount(
      archetypes as never,
      new PanelModel({ card, marked: [], ...UNEDITED }),
    );
    await settle();
    const thumb = one(el, ".imbxai-thumb");
    expect(thumb.getAttribute("aria-label")).toContain(`Prediction: ${name}`);
    thumb.dispatchEvent(new Event("pointerover", { bubbles: true }));
    expect(one(el, ".imbxai-tooltip").textContent).toContain(`Label: ${name}`);
    expect(injected(el)).toEqual([]);
  });
});
