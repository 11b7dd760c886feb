import { beforeEach, describe, expect, it } from "vitest";
import type { CardIdentity } from "../src/model";
import duplicates, { type Duplicates, type Part, type State } from "../src/panels/duplicates";
import {
  all,
  fakePixels,
  mount,
  one,
  PanelModel,
  settle,
  texts,
  thumbnails,
  UNEDITED,
} from "./panel_model";

const SPRITE = { width: 32, height: 32, columns: 4, type: "image/png" };
const unseen = thumbnails(1, 0, 7).map((each) => ({ ...each, split: "validation" as const }));

const card = (changes: Partial<Duplicates> = {}): CardIdentity & Part => ({
  index: 3,
  name: "cat",
  duplicates: {
    sentence: [
      { text: "4 training images", filter: { index: 3, split: "training", copies: "any" } },
      { text: " occur more than once; " },
      { text: "1 validation image", filter: { index: 3, split: "validation", copies: "leak" } },
      { text: " with copies in both training and validation." },
    ],
    groups: [
      {
        images: 9,
        words: "8 training and 1 validation, labeled cat: the same pixels",
        wrong: true,
        thumbnails: [...thumbnails(2, 0, 40), ...unseen],
      },
      {
        images: 2,
        words: "2 training, labeled cat: the same features",
        wrong: false,
        thumbnails: thumbnails(2, 2, 60),
      },
    ],
    more: 2,
    missing: "",
    training: SPRITE,
    validation: SPRITE,
    ...changes,
  },
  duplicates_training: new DataView(new Uint8Array([1]).buffer),
  duplicates_validation: new DataView(new Uint8Array([2]).buffer),
});

describe("images that occur more than once", () => {
  let model: PanelModel<State>;
  let el: HTMLElement;
  let pixels: ReturnType<typeof fakePixels>;
  const root = () => one(el, ".imbxai-duplicates");

  beforeEach(async () => {
    document.body.replaceChildren();
    pixels = fakePixels();
    const given = { filter: {}, marked: [], opens: {}, ...UNEDITED };
    model = new PanelModel<State>({ card: card(), ...given });
    ({ el } = await mount(duplicates, model));
    await settle();
  });

  it("are counted, and each count filters its images", () => {
    const buttons = all(el, ".imbxai-copies-sentence button");
    expect(buttons.map(({ textContent }) => textContent)).toEqual([
      "4 training images",
      "1 validation image",
    ]);
    buttons[0]?.click();
    expect(model.changes.at(-1)?.filter).toMatchObject({
      index: 3,
      split: "training",
      copies: "any",
    });
    buttons[1]?.click();
    expect(model.changes.at(-1)?.filter).toMatchObject({ split: "validation", copies: "leak" });
  });

  it("stand beside each other, of both splits, with their labels", () => {
    const groups = all(el, ".imbxai-copies");
    expect(texts(el, ".imbxai-copies-words")).toEqual([
      "8 training and 1 validation, labeled cat: the same pixels",
      "2 training, labeled cat: the same features",
    ]);
    const keys = all(groups[0] as HTMLElement, ".imbxai-thumb").map(
      ({ dataset }) => `${dataset.split}:${dataset.image}`,
    );
    expect(keys).toEqual(["training:40", "training:41", "validation:7"]);
    expect(texts(groups[0] as HTMLElement, ".imbxai-thumb-caption")).toEqual(["cat", "cat", "cat"]);
    expect(groups.map(({ classList }) => classList.contains("imbxai-copies-wrong"))).toEqual([
      true,
      false,
    ]);
    expect(texts(el, ".imbxai-body .imbxai-note").filter(Boolean)).toEqual([
      "6 more images",
      "2 more groups: Analysis.duplicates() lists them.",
    ]);
    expect(pixels.decode).toHaveBeenCalledTimes(2); // a picture for each split
  });

  it("are opened by a click, among those of their group", () => {
    all(el, ".imbxai-thumb")[1]?.click();
    expect(model.changes.at(-1)?.opens).toMatchObject({
      kind: "image",
      key: "training:41",
      group: ["training:40", "training:41", "validation:7"],
    });
  });

  it("take no room where there are none", () => {
    expect(root().hidden).toBe(false);
    model.receive("card", card({ sentence: [], groups: [], more: 0 }));
    expect(root().hidden).toBe(true);
    model.receive("card", {});
    expect(root().hidden).toBe(true);
  });
});
