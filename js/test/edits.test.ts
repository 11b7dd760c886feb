// Edits on images of a panel, the line that counts them, and the review.
import { beforeEach, describe, expect, it, vi } from "vitest";
import edits, { type State as EditsState } from "../src/panels/edits";
import failures, { type State as FailuresState } from "../src/panels/failures";
import review, { type State as ReviewState, type Suspect } from "../src/panels/review";
import {
  all,
  EVIL,
  fakePixels,
  mount,
  one,
  PanelModel,
  press,
  settle,
  stubSight,
  texts,
  thumbnails,
  UNEDITED,
} from "./panel_model";

const names = ["cat", "dog", EVIL];
const editing = { why: "", undo: false, redo: false, busy: false, names, kept: "" };
const sprite = { width: 32, height: 32, columns: 4, type: "image/png" };
const bytes = new DataView(new ArrayBuffer(1));

beforeEach(() => {
  document.body.replaceChildren();
  fakePixels();
});

describe("an image", () => {
  let model: PanelModel<FailuresState>;
  let el: HTMLElement;
  const tile = (image: number) => one(el, `[data-image="${image}"]`);
  const corner = (image: number) =>
    one(el, `.imbxai-thumb-place:has([data-image="${image}"]) .imbxai-thumb-edit`);
  const menu = () => one(el, ".imbxai-edit-menu");
  const button = (action: string) => one(menu(), `[data-action="${action}"]`);
  const requests = () => model.changes.flatMap(({ edit }) => (edit ? [edit] : []));

  beforeEach(async () => {
    const part = {
      failures: {
        split: "training" as const,
        images: 4,
        errors: 3,
        note: "",
        missing: "",
        groups: [{ index: 1, name: "dog", images: 3, thumbnails: thumbnails(3, 0, 10) }],
        sprite,
      },
      failures_data: bytes,
    };
    model = new PanelModel<FailuresState>({
      card: { index: 0, name: "cat", ...part },
      ahead: {},
      selected: 0,
      filter: {},
      marked: [],
      opens: {},
      ...UNEDITED,
      editing,
    });
    ({ el } = await mount(failures, model));
    await settle();
  });

  it("has a corner that opens a small menu, and each of its words acts once", () => {
    corner(11).click();
    expect(menu().getAttribute("aria-label")).toBe("Edit: Training image 11");
    button("exclude").click();
    button("exclude").click();
    expect(requests()).toMatchObject([
      { do: "edit", images: ["training:11"], edit: { action: "exclude" } },
    ]);
    expect(model.changes).toHaveLength(1); // it is neither opened nor marked
  });

  it("is edited by keys: e, and then that of the menu", () => {
    press(tile(10), "e");
    press(button("keep"), "k");
    expect(requests()).toMatchObject([{ images: ["training:10"], edit: { action: "keep" } }]);
    press(tile(10), "e");
    expect(press(button("keep"), "Escape").defaultPrevented).toBe(true);
    press(button("keep"), "k");
    expect(requests()).toHaveLength(1);
  });

  it("offers the predicted class first, where it is another", () => {
    corner(11).click();
    button("relabel").click();
    expect(texts(menu(), ".imbxai-finder-option")).toEqual(["dog", "cat", EVIL]);
    expect(el.querySelector("img")).toBeNull();
    one(menu(), `.imbxai-finder-option[data-index="2"]`).click();
    expect(requests()).toMatchObject([{ edit: { action: "relabel", label: 2 } }]);
  });

  it("says what is decided of it, also to a screen reader, and takes it back", () => {
    model.receive("edits", {
      "training:10": { action: "relabel", label: 2 },
      "training:11": { action: "exclude" },
      "validation:12": { action: "keep" },
    });
    expect([10, 11, 12].map((image) => corner(image).textContent)).toEqual([
      `→ ${EVIL}`,
      "out",
      "✎",
    ]);
    expect(tile(10).getAttribute("aria-label")).toContain(`relabeled as ${EVIL}`);
    expect(tile(11).dataset.edit).toBe("exclude");
    corner(11).click();
    expect(one(menu(), ".imbxai-menu-now").textContent).toBe("Now: left out");
    one(menu(), ".imbxai-menu-button:not([data-action])").click();
    expect(requests()).toMatchObject([{ images: ["training:11"], edit: null }]);
    model.receive("edits", {});
    expect([corner(11).textContent, tile(11).dataset.edit]).toEqual(["✎", undefined]);
  });

  it("cannot be edited without a kernel: the menu says so", () => {
    model.receive("editing", { ...editing, why: "Editing needs a running kernel." });
    corner(11).click();
    expect(all(menu(), "button").every((each) => (each as HTMLButtonElement).disabled)).toBe(true);
    expect(one(menu(), ".imbxai-note").textContent).toBe("Editing needs a running kernel.");
  });

  it("is neither opened nor marked by the second click of a double click", () => {
    tile(10).dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 2 }));
    expect(model.changes).toEqual([]);
  });
});

describe("the line of edits", () => {
  let model: PanelModel<EditsState>;
  let el: HTMLElement;
  const line = () => one(el, "[role=status]").textContent;
  const button = (words: string) =>
    all(el, "button").find((each) => each.textContent === words) as HTMLButtonElement;
  const requests = () => model.changes.flatMap(({ edit }) => (edit ? [edit] : []));

  beforeEach(async () => {
    model = new PanelModel<EditsState>({ selected: 0, ...UNEDITED, editing });
    ({ el } = await mount(edits, model));
  });

  it("takes no room before the first edit, and stays while one can be done again", () => {
    expect(one(el, ".imbxai-edits").hidden).toBe(true);
    model.receive("editing", { ...editing, redo: true });
    expect(one(el, ".imbxai-edits").hidden).toBe(false);
    expect(line()).toBe("No image is edited.");
  });

  it("counts each kind, and says that the panels do not show them", () => {
    model.receive("edits", {
      "training:1": { action: "exclude" },
      "training:2": { action: "relabel", label: 1 },
      "validation:2": { action: "relabel", label: 1 },
    });
    expect(line()).toContain("3 images edited: 2 relabeled, 1 left out.");
    expect(line()).toContain("analysis.with_edits(explorer.edits)");
    expect(line()).toContain("They end with the kernel");
    model.receive("editing", { ...editing, undo: true, kept: "/home/me/edits.jsonl" });
    expect(line()).toContain("They are kept in /home/me/edits.jsonl.");
  });

  it("undoes and redoes what can be, a double click once", () => {
    button("Undo").click();
    expect(requests()).toEqual([]); // there is nothing
    model.receive("editing", { ...editing, undo: true, redo: true });
    button("Undo").click();
    button("Undo").dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 2 }));
    button("Redo").click();
    expect(requests()).toMatchObject([{ do: "undo" }, { do: "redo" }]);
    model.receive("editing", { ...editing, undo: true, busy: true });
    button("Undo").click(); // the kernel is at work on the first
    expect(requests()).toHaveLength(2);
  });

  it("shows the effect that Python counts, until the edits change", async () => {
    const one_edit = { "training:1": { action: "exclude" } } as const;
    model.receive("edits", one_edit);
    button("Show the effect").click();
    expect(model.asked).toEqual([{ kind: "effect", arguments: {} }]);
    const row = {
      index: 1,
      name: EVIL,
      images: [12, 11],
      wrong: [3, 3],
      archetypes: [
        [6, 5],
        [4, 4],
        [1, 2],
        [1, 0],
      ],
      failing: null,
    };
    await model.answer({ rows: [row], classes: 1, moved: 1 });
    const cells = texts(el, ".imbxai-effect tbody td");
    expect(cells).toEqual(["12 → 11", "3", "6 → 5", "4", "1 → 2", "1 → 0", "–"]);
    expect(el.querySelector("img")).toBeNull();
    const note = all(el, ".imbxai-effect .imbxai-note").at(-1)?.textContent;
    expect(note).toContain("1 image changed its archetype");
    expect(note).toContain("The network is the same");
    one(el, ".imbxai-effect .imbxai-link").click();
    expect(model.get("selected")).toBe(1);
    model.receive("edits", { ...one_edit });
    expect(one(el, ".imbxai-effect").childElementCount).toBe(0);
  });
});

describe("the review", () => {
  let model: PanelModel<ReviewState>;
  let el: HTMLElement;
  const body = () => one(el, ".imbxai-body");
  const progress = () => one(el, "[role=status]").textContent;
  const title = () => one(el, ".imbxai-review-title").textContent;
  const requests = () => model.changes.flatMap(({ edit }) => (edit ? [edit] : []));
  const keys = Array.from({ length: 8 }, (_, at) => `training:${at}`);

  const suspect = (row: number): Suspect => ({
    thumbnail: { ...(thumbnails(1, 0, row)[0] as Suspect["thumbnail"]), label: "cat" },
    neighbors: thumbnails(5, 1, 100),
    score: 0.9,
    index: 0,
    suggested: 1,
    suggested_name: "dog",
    same: 1,
    other: 3,
    confidence: 0.2,
    suggested_confidence: 0.7,
  });
  const page = (first: number) => ({
    suspects: [0, 1, 2, 3, 4, 5].map((at) => suspect(first + at)).slice(0, 8 - first),
    sprite,
    sprite_data: bytes,
    missing: "",
    notice: "",
  });
  /** What Python would make of the last request. */
  const decide = () => {
    const { images = [], edit } = requests().at(-1) as { images?: string[]; edit?: never };
    model.receive("edits", { ...model.get("edits"), [images[0] ?? ""]: edit as never });
  };

  beforeEach(async () => {
    model = new PanelModel<ReviewState>({
      selected: 0,
      marked: [],
      opens: {},
      ...UNEDITED,
      editing,
    });
    const see = stubSight();
    ({ el } = await mount(review, model));
    expect(model.asked).toEqual([]); // it costs nothing until it is looked at
    see(true);
    await model.answer({ keys });
    expect(model.asked.at(-1)).toEqual({ kind: "suspects", arguments: { first: 0 } });
    await model.answer(page(0));
    await settle();
  });

  it("says why, and how many are left", () => {
    expect(title()).toBe("Training image 0 is labeled cat, rather dog?");
    expect(texts(el, ".imbxai-review-why p")).toEqual([
      "Of its 5 neighbors, 3 are dog and 1 cat.",
      "The network gives cat 20%, and dog 70%.",
      "90% of the evidence for the two is for dog.",
    ]);
    expect(progress()).toBe("0 of 8 suspects decided, 8 left. This is number 1.");
    expect(one(el, ".imbxai-review .imbxai-note").textContent).toContain("likeliest wrong first");
    expect(model.asked.at(-1)).toEqual({ kind: "suspects", arguments: { first: 6 } }); // ahead
  });

  it("moves on with each decision, and back with each that is undone", async () => {
    press(body(), "s");
    expect(requests()).toMatchObject([
      { images: ["training:0"], edit: { action: "relabel", label: 1 } },
    ]);
    decide();
    await settle();
    expect(title()).toContain("Training image 1 ");
    press(body(), "k");
    decide();
    await settle();
    expect(title()).toContain("Training image 2 ");
    expect(progress()).toBe("2 of 8 suspects decided, 6 left. This is number 3.");
    model.receive("edits", { "training:0": { action: "relabel", label: 1 } });
    await settle();
    expect(title()).toContain("Training image 1 ");
    expect(progress()).toBe("1 of 8 suspects decided, 7 left. This is number 2.");
  });

  it("decides nothing of an image that is not there yet", async () => {
    for (let step = 0; step < 6; step++) press(body(), "ArrowRight");
    await settle();
    press(body(), "x"); // the seventh has been asked for, no more
    expect(requests()).toEqual([]);
    await model.answer(page(6));
    await settle();
    expect(title()).toContain("Training image 6 ");
    press(body(), "x");
    expect(requests()).toMatchObject([{ images: ["training:6"] }]);
  });

  it("passes over what is decided, wherever that was", async () => {
    model.receive("edits", { "training:1": { action: "keep" }, "training:2": { action: "keep" } });
    press(body(), "k");
    decide();
    await settle();
    expect(title()).toContain("Training image 3 ");
    press(body(), "ArrowLeft");
    await settle();
    expect(title()).toContain("Training image 2 ");
    expect(one(el, ".imbxai-edit-now").textContent).toBe("label is right");
  });

  it("shows the suspects of the selected class alone, and follows the selection", async () => {
    const alone = one(el, ".imbxai-review-head input") as HTMLInputElement;
    alone.click();
    expect(model.asked.at(-1)).toEqual({ kind: "order", arguments: { index: 0 } });
    await model.answer({ keys: ["training:1", "training:4"] });
    expect(model.asked.at(-1)).toEqual({ kind: "suspects", arguments: { first: 0, index: 0 } });
    const filed = suspect(1);
    filed.thumbnail.file = "cells/1.png";
    await model.answer({ ...page(0), suspects: [filed, suspect(4)] });
    await settle();
    expect(title()).toContain("Training image 1 ");
    expect(texts(el, ".imbxai-review-why p").at(-1)).toBe("File: cells/1.png");
    expect(progress()).toBe("0 of 2 suspects decided, 2 left. This is number 1.");
    model.receive("selected", 2);
    expect(model.asked.at(-1)).toEqual({ kind: "order", arguments: { index: 2 } });
    await model.answer({ keys: [] });
    expect(one(el, ".imbxai-body > .imbxai-note").textContent).toBe(
      "No training image of the selected class has more evidence for another label.",
    );
    expect(progress()).toBe("");
    alone.click();
    expect(model.asked.at(-1)).toEqual({ kind: "order", arguments: {} });
  });

  it("says where nothing is suspect, and where no kernel answers", async () => {
    const see = stubSight();
    const other = new PanelModel<ReviewState>({
      selected: 0,
      marked: [],
      opens: {},
      ...UNEDITED,
    });
    const { el: second } = await mount(review, other);
    see(true);
    await other.answer({ keys: [] });
    expect(texts(second, ".imbxai-body > .imbxai-note")).toEqual([
      "No training image has more evidence for another label.",
    ]);
    const gone = stubSight();
    const none = new PanelModel<ReviewState>({ selected: 0, marked: [], opens: {}, ...UNEDITED });
    Object.assign(none, {
      send: vi.fn(() => {
        throw new Error("gone");
      }),
    });
    const { el: third } = await mount(review, none);
    gone(true);
    await settle();
    expect(texts(third, ".imbxai-body > .imbxai-note")).toEqual([
      "The review needs a running kernel; this page has none.",
    ]);
  });
});
