// The panel of remedies: what the page computes itself, what it asks the kernel, and what it shows.
import { beforeEach, describe, expect, it, vi } from "vitest";
import whatIf, { type State } from "../src/panels/what_if";
import { changeText, verdictOf } from "../src/parts/class_changes";
import { groupsOf } from "../src/parts/moved_images";
import type { Moved } from "../src/parts/mover";
import { askRemedy, type Remedy } from "../src/parts/remedies";
import { ValidationData, type ValidationImages } from "../src/parts/validation_data";
import {
  all,
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

const view = (array: ArrayBufferView): DataView =>
  new DataView(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);

/** Six images of three classes, the last of which fails. */
const LOGITS = [
  [3, 1, 0],
  [2, 1.5, 0],
  [0, 2, 1],
  [0, 1, 0.5],
  [2, 0, 1],
  [0, 0, 4],
];
const images = (changes: Partial<ValidationImages> = {}): ValidationImages => ({
  class_names: ["many", "some", "few"],
  sizes: [60, 24, 6],
  tail: [2],
  unit: [-1, 0, 1],
  labels: view(Uint32Array.of(0, 0, 1, 1, 2, 2)),
  predictions: view(Uint32Array.of(0, 0, 1, 1, 0, 2)),
  logits: view(Float32Array.from(LOGITS.flat())),
  ...changes,
});

const adjusted = (tau: number): Remedy => ({ name: "LogitAdjustment", parameters: { tau } });

describe("what is predicted once logits are shifted", () => {
  const data = new ValidationData(images());
  const predicted = (...remedies: Remedy[]) => [...data.after(remedies)];

  it("follows each remedy", () => {
    expect(predicted()).toEqual([0, 0, 1, 1, 0, 2]);
    expect(predicted(adjusted(0.4))).toEqual([0, 0, 1, 1, 0, 2]);
    expect(predicted(adjusted(0.6))).toEqual([0, 1, 1, 2, 2, 2]);
    expect(predicted({ name: "LogitOffset", parameters: { offsets: { 2: 1.1 } } })).toEqual([
      0, 0, 2, 2, 2, 2,
    ]);
    const thresholds = { 0: 0.5, 1: 0.25, 2: 0.25 };
    expect(predicted({ name: "Threshold", parameters: { thresholds } })).toEqual([
      0, 1, 1, 1, 0, 2,
    ]);
    expect(predicted({ name: "Temperature", parameters: { value: 3 } })).toEqual([
      0, 0, 1, 1, 0, 2,
    ]);
  });

  it("shares what thresholds leave among the classes without one", () => {
    const { shifts } = data.shiftsOf([
      { name: "Threshold", parameters: { thresholds: { 2: 0.5 } } },
    ]);
    expect([...shifts].map((shift) => Math.exp(-shift))).toEqual([
      expect.closeTo(0.25),
      expect.closeTo(0.25),
      expect.closeTo(0.5),
    ]);
    const alike = { name: "Threshold", parameters: { thresholds: { 0: 1 / 3 } } };
    expect([...data.shiftsOf([alike]).shifts]).toEqual([0, 0, 0]);
    const much = { name: "Threshold", parameters: { thresholds: { 0: 0.6, 1: 0.5 } } };
    expect(() => data.after([much])).toThrow("the thresholds add up to 1.1, which leaves nothing");
  });

  it("divides by a temperature what was added before it", () => {
    const divided = { name: "Temperature", parameters: { value: 2 } };
    expect(data.shiftsOf([adjusted(1), divided])).toEqual({
      factor: 0.5,
      shifts: Float64Array.of(-0.5, 0, 0.5),
    });
    expect(data.shiftsOf([divided, adjusted(1)]).shifts).toEqual(Float64Array.of(-1, 0, 1));
  });

  it("keeps predictions of the pass that logits of the head do not give", () => {
    const other = new ValidationData(
      images({ predictions: view(Uint32Array.of(1, 0, 1, 1, 0, 2)) }),
    );
    expect([...other.after([])]).toEqual([1, 0, 1, 1, 0, 2]);
    expect([...other.after([adjusted(0.6)])]).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it("is told by class, and of all together", () => {
    const figures = data.figures(data.after([adjusted(0.6)]));
    expect([...data.before.classes]).toEqual([1, 1, 0.5]);
    expect([...figures.classes]).toEqual([0.5, 0.5, 1]);
    expect(figures.summary).toEqual([4 / 6, expect.closeTo(2 / 3), 0.5, 1]);
  });

  it("knows a class without images as unknown", () => {
    const without = new ValidationData(images({ labels: view(Uint32Array.of(0, 0, 1, 1, 1, 1)) }));
    expect(without.before.classes[2]).toBeNaN();
    expect(without.before.summary.slice(0, 3)).toEqual([4 / 6, 0.75, 0.5]);
  });

  it("is the kernel's to tell where a head is fitted, something is to be found, or logits lack", () => {
    expect(data.doesInPage([adjusted(1)])).toBe(true);
    expect(data.doesInPage([{ name: "LogitAdjustment", parameters: { tau: "best" } }])).toBe(false);
    expect(data.doesInPage([adjusted(1), { name: "Reweight", parameters: {} }])).toBe(false);
    const without = new ValidationData(images({ logits: view(new Float32Array()) }));
    expect(without.doesInPage([adjusted(1)])).toBe(false);
  });
});

it("sorts the images that move by how the selected class sees them", () => {
  const data = new ValidationData(images());
  const after = data.after([adjusted(0.6)]);
  const of = (index: number) =>
    groupsOf(data, after, index).map(({ title, rows, note }) => [title, rows, rows.map(note)]);
  expect(of(2)).toEqual([
    ["few won, by what they were taken for", [4], ["many"]],
    ["Others newly taken for few, by what they were before", [3], ["some"]],
  ]);
  expect(of(0)).toEqual([
    ["many lost, by what they are taken for now", [1], ["some"]],
    ["Others no longer taken for many, by what they are now", [4], ["few"]],
  ]);
});

it("marks changes beyond their interval", () => {
  expect([verdictOf(0.1, 0.2), verdictOf(-0.2, -0.1), verdictOf(-0.1, 0.1)]).toEqual([1, -1, 0]);
  expect([verdictOf(0, 0), verdictOf(undefined, 1), verdictOf(Number.NaN, 1)]).toEqual([
    0,
    undefined,
    undefined,
  ]);
  expect(changeText(0.28, 0.03, 0.48)).toBe("+28 (+3 to +48)");
  expect(changeText(-0.04)).toBe("\u22124");
});

const moved = (after: number[], changes: Partial<Moved> = {}): Moved => ({
  after: view(Uint32Array.from(after)),
  low: view(Float64Array.of(-1, -0.8, 0.1)),
  high: view(Float64Array.of(-0.1, 0.1, 0.9)),
  summary_low: [-0.5, -0.3, -0.2, 0.1],
  summary_high: [0.2, 0.2, 0.4, 0.9],
  refit: [null, null, null, null],
  chosen: "",
  found: {},
  caution: "",
  ...changes,
});
const EDITABLE = { why: "", undo: false, redo: false, busy: false, names: [], kept: "" };
const OFFERS = { why: {}, lifted: [], missing: "", suspects: 2, most: 9 };

describe("the panel", () => {
  let model: PanelModel<State>;
  let el: HTMLElement;
  const box = (name: string) => one<HTMLInputElement>(el, `[data-remedy=${name}] [type=checkbox]`);
  const slider = (name: string) => one<HTMLInputElement>(el, `[data-remedy=${name}] [type=range]`);
  const set = (input: HTMLInputElement, value: number) => {
    input.value = String(value);
    input.dispatchEvent(new Event("input"));
  };
  const changes = () => texts(el, ".imbxai-change-by");
  const shares = () => texts(el, ".imbxai-change-shares");
  const asked = (kind: string) => model.asked.filter((each) => each.kind === kind);
  const last = (kind: string) => model.asked.map((each) => each.kind).lastIndexOf(kind);
  const later = (milliseconds = 60) => new Promise((done) => setTimeout(done, milliseconds));

  async function show(state: Partial<State> = {}) {
    const see = stubSight();
    model = new PanelModel<State>({
      selected: 2,
      missing: "",
      held: images(),
      shifts: {},
      tried: {},
      marked: [],
      opens: {},
      ...UNEDITED,
      ...state,
    });
    ({ el } = await mount(whatIf, model));
    return see;
  }

  beforeEach(async () => {
    document.body.replaceChildren();
    fakePixels();
    const see = await show();
    see(true);
    await settle();
    await model.answer(OFFERS, last("begin"));
  });

  it("asks for nothing before it is in sight, and then for what it does not hold", async () => {
    document.body.replaceChildren();
    const see = await show({ held: {} });
    expect(model.asked).toEqual([]);
    see(true);
    expect(model.asked.map(({ kind }) => kind)).toEqual(["data"]);
    await model.answer(images());
    await settle();
    expect(shares()).toEqual(["100% → 100%", "100% → 100%", "50% → 50%"]);
    expect(model.asked.map(({ kind }) => kind)).toEqual(["data", "begin"]);
  });

  it("says why there is nothing to show", async () => {
    document.body.replaceChildren();
    const see = await show({ missing: "No validation images." });
    see(true);
    expect(one(el, ".imbxai-note").textContent).toBe("No validation images.");
    expect(model.asked).toEqual([]);
  });

  it("shows a shift at once, and how sure it is when the kernel has told", async () => {
    set(slider("LogitAdjustment"), 0.6);
    expect(box("LogitAdjustment").checked).toBe(true);
    expect(shares()).toEqual(["100% → 50%", "100% → 50%", "50% → 100%"]);
    expect(changes()).toEqual(["\u221250", "\u221250", "+50"]);
    await later();
    expect(asked("move").at(-1)?.arguments).toEqual({ remedies: [adjusted(0.6)] });
    await model.answer(moved([0, 1, 1, 2, 2, 2]), last("move"));
    expect(changes()).toEqual([
      "▼ \u221250 (\u2212100 to \u221210)",
      "\u221250 (\u221280 to +10)",
      "▲ +50 (+10 to +90)",
    ]);
    expect(texts(el, ".imbxai-overall tbody td:nth-child(3)")).toEqual([
      "67%",
      "67%",
      "50%",
      "100%",
    ]);
    expect(one(el, ".imbxai-what-if-chosen").textContent).toContain("nothing is chosen");
  });

  it("does not show intervals of a move that is past", async () => {
    set(slider("LogitAdjustment"), 0.6);
    await later();
    set(slider("LogitAdjustment"), 0.4);
    await model.answer(moved([0, 1, 1, 2, 2, 2]), last("move"));
    expect(changes()).toEqual(["0", "0", "0"]);
    await later();
    expect(asked("move").at(-1)?.arguments).toEqual({ remedies: [adjusted(0.4)] });
  });

  it("waits for a refit, which the next move gives up", async () => {
    box("ClassifierRetraining").click();
    expect(one(el, ".imbxai-what-if-told").getAttribute("aria-busy")).toBe("true");
    await later();
    const first = last("move");
    box("Reweight").click();
    await later();
    expect(asked("move")).toHaveLength(2);
    await model.answer(moved([2, 2, 2, 2, 2, 2]), first);
    expect(shares()).toEqual(["100% → 100%", "100% → 100%", "50% → 50%"]);
    const refit = [0.5, 0.5, 0.25, 0.25];
    await model.answer(moved([0, 0, 1, 1, 2, 2], { refit, caution: "beware" }), last("move"));
    expect(shares()[2]).toBe("50% → 100%");
    expect(one(el, ".imbxai-what-if-told").hasAttribute("aria-busy")).toBe(false);
    expect(texts(el, ".imbxai-overall tbody td:nth-child(5)")).toEqual([
      "50%",
      "50%",
      "25%",
      "25%",
    ]);
    expect(one(el, ".imbxai-what-if-state").textContent).toBe("Beware.");
  });

  it("keeps one of two heads", () => {
    box("ClassifierRetraining").click();
    box("NearestClassMean").click();
    expect([box("ClassifierRetraining").checked, box("NearestClassMean").checked]).toEqual([
      false,
      true,
    ]);
  });

  it("tells what was found, and on what", async () => {
    const [, best] = all(el, "[data-remedy=LogitAdjustment] [type=checkbox]");
    best?.click();
    await later();
    const remedies = [{ name: "LogitAdjustment", parameters: { tau: "best" } }];
    expect(asked("move").at(-1)?.arguments).toEqual({ remedies });
    const found = { found: { LogitAdjustment: 0.7 }, chosen: "Each half." };
    await model.answer(moved([0, 0, 1, 1, 2, 2], found), last("move"));
    expect(one(el, "[data-remedy=LogitAdjustment] output").textContent).toBe("0.7");
    expect(one(el, ".imbxai-what-if-chosen").textContent).toBe("Each half.");
  });

  it("shares what it adds to the logits of classes with other panels", () => {
    set(slider("LogitOffset"), 1.1);
    expect(model.get("shifts")).toEqual({ 2: 1.1 });
    expect(shares()[2]).toBe("50% → 100%");
    model.receive("selected", 0);
    expect(one(el, "[data-remedy=LogitOffset] .imbxai-remedy-others").textContent).toContain(
      "Also few +1.1",
    );
    model.receive("shifts", { 0: -3 });
    expect(shares()[0]).toBe("100% → 0%");
    expect(slider("LogitOffset").value).toBe("-3");
    model.receive("shifts", {});
    expect(box("LogitOffset").checked).toBe(false);
    expect(shares()[0]).toBe("100% → 100%");
  });

  it("tries what another panel asks for, and that alone", () => {
    set(slider("LogitOffset"), 1.1);
    model.receive("tried", askRemedy(adjusted(0.6)));
    expect(box("LogitOffset").checked).toBe(false);
    expect(model.get("shifts")).toEqual({});
    expect(slider("LogitAdjustment").value).toBe("0.6");
    expect(shares()).toEqual(["100% → 50%", "100% → 50%", "50% → 100%"]);
  });

  it("says what the kernel refuses", async () => {
    box("DropSuspects").click();
    await later();
    await model.refuse("ValueError: this leaves no training image of class 'few'", last("move"));
    expect(one(el, ".imbxai-notice").textContent).toContain("leaves no training image");
    set(slider("LogitAdjustment"), 0.6);
    expect(one(el, ".imbxai-notice").textContent).toBe("");
  });

  it("offers what can be done, and says why the rest cannot", async () => {
    document.body.replaceChildren();
    const see = await show({ edits: { "training:1": { action: "keep" } } });
    see(true);
    await settle();
    const why = { LogitAdjustment: "No logits.", TauNormalization: "Normalized." };
    await model.answer({ ...OFFERS, why, lifted: ["LogitAdjustment"] }, last("begin"));
    await settle();
    expect(box("LogitAdjustment").disabled).toBe(true);
    expect(one(el, "[data-remedy=LogitAdjustment] .imbxai-remedy-why").textContent).toBe(
      "No logits.",
    );
    expect(box("ApplyEdits").disabled).toBe(false);
    model.receive("edits", {});
    expect(box("ApplyEdits").disabled).toBe(true);
    box("ClassifierRetraining").click();
    expect(box("LogitAdjustment").disabled).toBe(false);
    expect(box("TauNormalization").disabled).toBe(true);
  });

  it("shifts without a kernel, and says what it cannot do", async () => {
    document.body.replaceChildren();
    const see = await show();
    model.send = () => {
      throw new Error("no kernel");
    };
    see(true);
    await settle();
    expect(box("LogitAdjustment").disabled).toBe(false);
    expect(box("ClassifierRetraining").disabled).toBe(true);
    expect(one(el, "[data-remedy=ClassifierRetraining] .imbxai-remedy-why").textContent).toBe(
      "Needs a running kernel; this page has none.",
    );
    set(slider("LogitAdjustment"), 0.6);
    expect(shares()[2]).toBe("50% → 100%");
    await later();
    expect(one(el, ".imbxai-what-if-state").textContent).toBe(
      "How sure the changes are takes a running kernel; this page has none.",
    );
  });

  it("hears of the page that there is no kernel, where questions go nowhere", async () => {
    set(slider("LogitAdjustment"), 0.6);
    await later();
    const before = model.asked.length;
    model.receive("editing", { ...EDITABLE, why: "This page has none." });
    expect(box("ClassifierRetraining").disabled).toBe(true);
    expect(one(el, ".imbxai-what-if-state").textContent).toContain("this page has none");
    set(slider("LogitAdjustment"), 0.4);
    await later(300);
    expect(shares()[2]).toBe("50% → 50%");
    expect(model.asked).toHaveLength(before);
  });

  it("asks for nothing anew where images are marked", async () => {
    box("ClassifierRetraining").click();
    await later();
    const before = model.asked.length;
    model.receive("marked", ["validation:1"]);
    await later();
    expect(model.asked).toHaveLength(before);
  });

  it("shows the images that move", async () => {
    set(slider("LogitAdjustment"), 0.6);
    await later(300);
    expect(asked("tiles").at(-1)?.arguments).toEqual({ rows: [4, 3] });
    const [first, second] = thumbnails(2, 0, 3);
    const found = [
      { ...first, split: "validation", image: 4 },
      { ...second, split: "validation", image: 3 },
    ];
    const answer = { thumbnails: found, sprite: null, notice: "", missing: "No images." };
    await model.answer({ ...answer, sprite_data: view(new Uint8Array()) }, last("tiles"));
    await settle();
    expect(texts(el, ".imbxai-moved-title")).toEqual([
      "few won, by what they were taken for (1)",
      "Others newly taken for few, by what they were before (1)",
    ]);
    expect(all(el, ".imbxai-moved [data-image]").map((each) => each.dataset.image)).toEqual([
      "4",
      "3",
    ]);
    one(el, ".imbxai-moved [data-image='4']").click();
    expect(model.get("opens")).toMatchObject({ kind: "image", key: "validation:4" });
  });

  it("copies the recipe", async () => {
    const write = vi.fn(async (_text: string) => {});
    vi.stubGlobal("navigator", { clipboard: { writeText: write } });
    set(slider("LogitAdjustment"), 0.6);
    const button = all(el, "button").find(({ textContent }) => textContent === "Copy recipe");
    button?.click();
    expect(asked("recipe").at(-1)?.arguments).toEqual({ remedies: [adjusted(0.6)] });
    await model.answer({ code: "import torch" }, last("recipe"));
    await settle();
    expect(write).toHaveBeenCalledWith("import torch");
    expect(one(el, "pre").textContent).toBe("import torch");
    set(slider("LogitAdjustment"), 0.4);
    expect(one(el, ".imbxai-recipe").hidden).toBe(true);
  });
});
