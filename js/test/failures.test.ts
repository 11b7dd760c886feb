import { beforeEach, describe, expect, it } from "vitest";
import type { CardIdentity } from "../src/model";
import failures, { type Failures, type Part, type State, share } from "../src/panels/failures";
import {
  all,
  corner,
  EVIL,
  fakePixels,
  mount,
  one,
  PanelModel,
  settle,
  texts,
  thumbnails,
  UNEDITED,
} from "./panel_model";

const fails = (images: number, held: number, index: number, name: string, tile: number) => ({
  index,
  name,
  images,
  thumbnails: thumbnails(held, tile, 10 * index).map((thumbnail) => ({
    ...thumbnail,
    split: "validation" as const,
    correct: false,
    predicted: index,
    prediction: name,
    archetype: 3,
  })),
});

const card = (index = 0, changes: Partial<Failures> = {}): CardIdentity & Part => ({
  index,
  name: "cat",
  failures: {
    split: "validation",
    images: 40,
    errors: 33,
    note: "",
    missing: "",
    groups: [fails(30, 20, 4, "dog", 0), fails(2, 2, 2, EVIL, 20), fails(1, 1, 7, "owl", 22)],
    sprite: { width: 32, height: 32, columns: 12, type: "image/png" },
    ...changes,
  },
  failures_data: new DataView(new Uint8Array([index]).buffer),
});

const fresh = (value: State["card"]) =>
  new PanelModel<State>({
    card: value,
    ahead: {},
    selected: 0,
    filter: {},
    marked: [],
    opens: {},
    ...UNEDITED,
  });

describe("the images that fail", () => {
  let model: ReturnType<typeof fresh>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  let pixels: ReturnType<typeof fakePixels>;
  const groups = () => all(el, ".imbxai-failure-group");
  const button = (at: number, selector: string) =>
    one<HTMLButtonElement>(groups()[at] as HTMLElement, selector);
  const asked = () => {
    const { asked: _, ...filter } = model.get("filter") as Record<string, unknown>;
    return filter;
  };

  beforeEach(async () => {
    document.body.replaceChildren();
    pixels = fakePixels();
    model = fresh(card());
    ({ el, dispose } = await mount(failures, model));
    await settle();
  });

  it("says how many they are, and groups them by what they are taken for, as text", () => {
    expect(one(el, "h3").textContent).toBe("The 33 that fail");
    expect(texts(el, "h4")).toEqual(["dog 30", `${EVIL} 2`, "owl 1"]);
    expect(el.querySelector("img")).toBeNull();
  });

  it("shows as many of each as there is room for, and the number of the others", () => {
    const shown = groups().map((group) => all(group, ".imbxai-thumb").length);
    expect(shown).toEqual([18, 2, 1]); // three rows of seven
    expect(button(0, ".imbxai-failure-tiles > button")).toMatchObject({
      hidden: false,
      textContent: "+12",
    });
    expect(button(1, ".imbxai-failure-tiles > button").hidden).toBe(true);
    model.receive("card", card(1, { sprite: { width: 96, height: 72, columns: 12, type: "x" } }));
    const larger = groups().map((group) => all(group, ".imbxai-thumb").length);
    expect(larger).toEqual([7, 2, 1]); // of photographs two rows of five
  });

  it("draws them from one picture, which is decoded once", async () => {
    expect(pixels.decode).toHaveBeenCalledTimes(1);
    // tile 22 of 12 in a row: second row, eleventh column
    expect(pixels.draw).toHaveBeenCalledWith(pixels.bitmaps[0], 320, 32, 32, 32, 0, 0, 48, 48);
    const first = model.get("card");
    model.receive("card", card(1));
    await settle();
    model.receive("card", first);
    await settle();
    expect(pixels.decode).toHaveBeenCalledTimes(2);
  });

  it("decodes the images ahead of a class that may be chosen next", async () => {
    const next = card(1);
    model.receive("ahead", next);
    await settle();
    model.receive("card", next);
    await settle();
    expect(pixels.decode).toHaveBeenCalledTimes(2);
  });

  it("selects a class by its name, and filters by counts", () => {
    button(0, ".imbxai-link").click();
    expect(model.changes).toEqual([{ selected: 4 }]);
    button(1, "h4 .imbxai-count").click();
    const failing = { index: 0, split: "validation", right: false };
    expect(asked()).toEqual({ ...failing, predicted: 2 });
    button(0, ".imbxai-failure-tiles > button").click();
    expect(asked()).toEqual({ ...failing, predicted: 4 });
    one(el, "h3 button").click();
    expect(asked()).toEqual(failing);
    const first = model.get("filter");
    one(el, "h3 button").click();
    expect(model.get("filter")).not.toEqual(first); // so that the same can be asked again
    expect(model.saved).toEqual([]);
  });

  it("puts classes without room into one number that filters", () => {
    const many = Array.from({ length: 12 }, (_, at) => fails(1, 1, at + 1, `c${at}`, at));
    model.receive("card", card(1, { groups: many, errors: 12 }));
    const rest = one(el, ".imbxai-body > .imbxai-count");
    expect([groups().length, rest.textContent]).toEqual([8, "+4 taken for 4 other classes"]);
    rest.click();
    expect(asked()).toEqual({ index: 1, split: "validation", right: false });
    model.receive("card", card());
    expect(rest.hidden).toBe(true);
  });

  it("marks, and shows marks made elsewhere", () => {
    corner(el, '[data-image="20"]').click();
    expect(model.get("marked")).toEqual(["validation:20"]);
    model.receive("marked", ["validation:70", "training:20"]);
    const marked = all(el, '[data-marked="true"]').map((thumb) => thumb.dataset.image);
    expect(marked).toEqual(["70"]);
    expect(model.saved).toEqual([]);
  });

  it("says that they are training images, where there are no others", () => {
    const note = "No validation images were given: these are training images.";
    model.receive("card", card(1, { split: "training", errors: 1, note }));
    expect(one(el, "h3").textContent).toBe("The 1 that fails in training");
    expect(one(el, ".imbxai-head .imbxai-note").textContent).toBe(note);
    one(el, "h3 button").click();
    expect(asked()).toEqual({ index: 1, split: "training", right: false });
  });

  it("is a sentence where nothing fails", () => {
    const note = "All 18 validation images are right.";
    model.receive("card", card(1, { errors: 0, groups: [], note }));
    expect([one(el, "h3").textContent, groups().length]).toEqual(["None fails", 0]);
    expect(one(el, ".imbxai-head .imbxai-note").textContent).toBe(note);
  });

  it("keeps the counts, and says so once, where images were not given", () => {
    const missing = "No images were given: pass images= or dataset=.";
    model.receive("card", card(1, { missing, sprite: null }));
    expect(el.textContent?.split(missing).length).toBe(2);
    expect([all(el, ".imbxai-thumb").length, texts(el, "h4")[0]]).toEqual([0, "dog 30"]);
    expect(button(0, ".imbxai-failure-tiles > button").hidden).toBe(true);
  });

  it("says when images cannot be decoded, of the class that is shown", async () => {
    pixels.decode.mockRejectedValueOnce(new Error("broken"));
    model.receive("card", card(1));
    await settle();
    expect(one(el, "[role=alert]").textContent).toContain("could not be decoded");
    model.receive("card", card(2));
    expect(one(el, "[role=alert]").textContent).toBe("");
  });

  it("waits for a card, and leaves nothing behind", async () => {
    const { el: waiting } = await mount(failures, fresh({}));
    expect(one(waiting, ".imbxai-empty").hidden).toBe(false);
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
    expect(pixels.bitmaps[0]?.close).toHaveBeenCalledTimes(1);
  });

  it("shares room evenly, and what is left in order", () => {
    expect(share([50, 9, 2, 1], 15)).toEqual([6, 6, 2, 1]);
    expect(share([8, 3], 24)).toEqual([8, 3]);
    expect(share([5, 5], 3)).toEqual([2, 1]);
    expect(share([], 3)).toEqual([]);
  });
});
