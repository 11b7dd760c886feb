import { beforeEach, describe, expect, it } from "vitest";
import type { CardIdentity } from "../src/model";
import strip, { type Part, type State } from "../src/panels/archetypes";
import {
  all,
  corner,
  EVIL,
  fakePixels,
  mount,
  one,
  PanelModel,
  press,
  settle,
  stubSizes,
  texts,
  thumbnails,
  UNEDITED,
} from "./panel_model";

const SPRITE = { width: 32, height: 32, columns: 4, type: "image/png" };

const card = (changes: Partial<Part> = {}, index = 0): CardIdentity & Part => ({
  index,
  name: "cat",
  archetypes: {
    groups: [
      { meaning: "4 or 5", images: 1200, wrong: 0, thumbnails: thumbnails(3, 0, 100) },
      { meaning: "2 or 3", images: 6, wrong: 2, thumbnails: thumbnails(3, 3, 200) },
      { meaning: "1", images: 1, wrong: 1, thumbnails: thumbnails(1, 6, 300) },
      { meaning: "none", images: 0, wrong: 0, thumbnails: [] },
    ],
    note: "With few images, none can be safe.",
  },
  balanced_archetypes: {
    groups: [1198, 7, 2, 0].map((images, number) => ({
      meaning: `share ${number}`,
      images,
      wrong: number,
      thumbnails: [],
    })),
    note: "Classes count alike.",
  },
  prototype_sprite: SPRITE,
  prototype_data: new DataView(new Uint8Array([1, 2, 3]).buffer),
  reach: [
    { text: "11", filter: { index, split: "validation", covered: true } },
    { text: " of its 18 validation images lie within reach." },
  ],
  ...changes,
});

const fresh = (value: State["card"], marked: string[] = []) =>
  new PanelModel<State>({
    card: value,
    marked,
    opens: {},
    ...UNEDITED,
    ahead: {},
    filter: {},
    balanced: false,
  });

describe("how far training images reach", () => {
  it("is a sentence of which the counts filter", async () => {
    document.body.replaceChildren();
    fakePixels();
    const model = fresh(card());
    const { el } = await mount(strip, model);
    const sentence = one(el, ".imbxai-archetype-reach");
    expect(sentence.textContent).toBe("11 of its 18 validation images lie within reach.");
    one(sentence, "button").click();
    expect(model.changes.at(-1)?.filter).toMatchObject({
      index: 0,
      split: "validation",
      covered: true,
    });
    model.receive("card", card({ reach: [] }));
    expect(sentence.textContent).toBe("");
  });
});

describe("where training images stand", () => {
  let model: ReturnType<typeof fresh>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  let pixels: ReturnType<typeof fakePixels>;
  const column = (name: string) => one(el, `[data-archetype="${name}"]`);
  const images = (name: string) =>
    all(column(name), ".imbxai-thumb").map((thumb) => Number(thumb.dataset.image));
  const parts = () => all(el, ".imbxai-archetype-part");

  let resized: () => void;

  beforeEach(async () => {
    document.body.replaceChildren();
    pixels = fakePixels(170);
    resized = stubSizes();
    model = fresh(card());
    ({ el, dispose } = await mount(strip, model));
    await settle();
  });

  it("is told in a heading, counts and prototypes", () => {
    expect(one(el, "h3").textContent).toBe("Where its 1,207 training images stand");
    expect(texts(el, "h4")).toEqual([
      "Safe among its own",
      "Border at the edge",
      "Rare nearly alone",
      "Outlier among others",
    ]);
    expect(texts(el, ".imbxai-archetype-counts")).toEqual([
      "1,200 images, 0 wrong",
      "6 images, 2 wrong",
      "1 image, 1 wrong",
      "0 images",
    ]);
    expect([images("safe"), images("rare"), images("outlier")]).toEqual([
      [100, 101, 102],
      [300],
      [],
    ]);
    expect(texts(el, ".imbxai-note")).toEqual(["With few images, none can be safe."]);
    expect(texts(column("border"), ".imbxai-thumb-caption")).toEqual(["", "dog", ""]);
  });

  it("is a bar whose parts are as long as their counts", () => {
    expect(parts().map((part) => [part.style.flexGrow, part.hidden])).toEqual([
      ["1200", false],
      ["6", false],
      ["1", false],
      ["0", true],
    ]);
    expect(parts().map((part) => part.getAttribute("aria-label"))).toEqual([
      "1,200 images are safe: 4 or 5",
      "6 images are border: 2 or 3",
      "1 image is rare: 1",
      "0 images are outlier: none",
    ]);
  });

  it("filters by parts of the bar and by counts", () => {
    parts()[1]?.click();
    const border = { index: 0, split: "training", archetype: 1 };
    expect(model.changes.at(-1)?.filter).toMatchObject(border);
    expect(model.changes.at(-1)?.filter).not.toHaveProperty("right");
    const [all_of_them, wrong] = all(column("border"), ".imbxai-archetype-counts button");
    wrong?.click();
    expect(model.changes.at(-1)?.filter).toMatchObject({ ...border, right: false });
    all_of_them?.click();
    expect(model.changes.at(-1)?.filter).toMatchObject(border);
    expect(all(column("outlier"), "button")).toEqual([]); // nothing to be shown
    expect(all(column("safe"), ".imbxai-archetype-counts button")).toHaveLength(1);
    expect(model.saved).toEqual([]);
  });

  it("can be walked along the bar by arrow keys", () => {
    const shown = parts().filter((part) => !part.hidden);
    expect(shown.map((part) => part.tabIndex)).toEqual([0, -1, -1]);
    shown[0]?.focus();
    press(shown[0] as Element, "ArrowRight");
    expect(document.activeElement).toBe(shown[1]);
    expect(shown.map((part) => part.tabIndex)).toEqual([-1, 0, -1]);
  });

  it("shows as many prototypes as stand side by side, photographs larger", async () => {
    const photographs = { ...SPRITE, width: 96, height: 64 };
    model.receive("card", card({ prototype_sprite: photographs }));
    await settle();
    expect(images("safe")).toEqual([100, 101]); // two of 72 pixels in 170
    const width = one(column("safe"), ".imbxai-thumb-place").style.width;
    expect(width).toBe("72px");
    fakePixels(20);
    resized();
    model.receive("card", card());
    expect(images("safe")).toEqual([100]);
  });

  it("draws the prototypes once they are decoded, and a class seen before at once", async () => {
    expect(pixels.draw).toHaveBeenCalledTimes(7);
    const first = model.get("card") as Part;
    model.receive("card", card({}, 1));
    await settle();
    pixels.draw.mockClear();
    model.receive("card", { index: 0, name: "cat", ...first });
    expect(pixels.draw).toHaveBeenCalledTimes(7);
    expect(pixels.decode).toHaveBeenCalledTimes(2);
  });

  it("decodes ahead what may be shown next", async () => {
    const next = card({}, 2);
    model.receive("ahead", next);
    await settle();
    expect(pixels.decode).toHaveBeenCalledTimes(2);
    model.receive("card", next);
    await settle();
    expect(pixels.decode).toHaveBeenCalledTimes(2);
  });

  it("says so when the images cannot be decoded", async () => {
    pixels.decode.mockRejectedValueOnce(new Error("broken"));
    model.receive("card", card({}, 3));
    await settle();
    expect(texts(el, ".imbxai-note")).toEqual(["The images could not be decoded."]);
  });

  it("shows the numbers of images where no images were given", () => {
    model.receive("card", card({ prototype_sprite: null }));
    expect(images("rare")).toEqual([300]);
    expect(texts(column("rare"), ".imbxai-thumb-number")).toEqual(["300"]);
    expect(pixels.decode).toHaveBeenCalledTimes(1);
  });

  it("marks a prototype, and shows which are marked", () => {
    corner(el, '[data-image="300"]').click();
    expect(model.changes).toEqual([{ marked: ["training:300"] }]);
    expect(one(el, '[data-image="300"]').dataset.marked).toBe("true");
    model.receive("marked", []);
    expect(all(el, '[data-marked="true"], [aria-pressed="true"]')).toEqual([]);
    expect(model.saved).toEqual([]);
  });

  it("opens a prototype, among those of its archetype", () => {
    one(el, '[data-image="300"]').click();
    expect(model.get("opens")).toMatchObject({
      kind: "image",
      key: "training:300",
      group: images("rare").map((image) => `training:${image}`),
    });
    expect([model.get("marked"), model.saved]).toEqual([[], []]);
  });

  it("says why there is nothing to be shown", () => {
    const groups = card().archetypes.groups.map((group) => ({
      ...group,
      images: 0,
      wrong: 0,
      thumbnails: [],
    }));
    model.receive("card", { ...card({ archetypes: { groups, note: "" } }), name: EVIL });
    expect(texts(el, ".imbxai-empty")).toEqual([`${EVIL} has no training images.`]);
    expect(one(el, ".imbxai-archetype-bar").hidden).toBe(true);
    expect(el.querySelector("img")).toBeNull();
    model.receive("card", {});
    expect(texts(el, ".imbxai-empty")).toEqual(["No class is selected yet."]);
    expect(one(el, "h3").textContent).toBe("Where its training images stand");
  });

  it("of one image speaks of one", () => {
    const [safe, border, rare, outlier] = card().archetypes.groups;
    const none = { wrong: 0, images: 0, thumbnails: [] };
    const groups = [safe, border, outlier].map((group) => ({ ...group, meaning: "", ...none }));
    const one_image = [...groups.slice(0, 2), rare ?? groups[0], groups[2]];
    const archetypes = { groups: one_image as Part["archetypes"]["groups"], note: "" };
    model.receive("card", card({ archetypes }));
    expect(one(el, "h3").textContent).toBe("Where its training image stands");
  });

  it("leaves nothing behind", async () => {
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
    expect(pixels.bitmaps.every((bitmap) => bitmap.close)).toBe(true);
    for (const { close } of pixels.bitmaps) expect(close).toHaveBeenCalledTimes(1);
  });

  describe("with classes counting alike", () => {
    const balanced = () => ({
      archetypes: {
        groups: card().balanced_archetypes?.groups.map((group, number) => ({
          ...group,
          thumbnails: thumbnails(number ? 1 : 2, 2 * number, 500 + 10 * number).map((each) => ({
            ...each,
            balanced: number,
          })),
        })),
        note: "Classes count alike.",
      },
      sprite: SPRITE,
      sprite_data: new DataView(new Uint8Array([4]).buffer),
      notice: "",
    });
    const toggle = () => one<HTMLInputElement>(el, "input[type=checkbox]").click();

    it("shows their counts at once, and prototypes when they have come", async () => {
      toggle();
      expect(model.saved.at(-1)).toMatchObject({ balanced: true });
      expect(model.asked).toEqual([{ kind: "balanced", arguments: { index: 0 } }]);
      expect(texts(el, ".imbxai-archetype-counts")).toEqual([
        "1,198 images, 0 wrong",
        "7 images, 1 wrong",
        "2 images, 2 wrong",
        "0 images",
      ]);
      expect(images("safe")).toEqual([]);
      expect(texts(el, ".imbxai-note")).toEqual(["Classes count alike."]);
      await model.answer(balanced());
      await settle();
      expect([images("safe"), images("border")]).toEqual([[500, 501], [510]]);
      const [tile] = all(column("border"), ".imbxai-thumb");
      expect(tile?.className).toContain("imbxai-is-border");
      expect(tile?.getAttribute("aria-label")).toContain("With classes alike: border, prototype");
      toggle();
      expect(texts(el, ".imbxai-archetype-counts")[0]).toBe("1,200 images, 0 wrong");
      expect(images("safe")).toEqual([100, 101, 102]);
      toggle();
      expect(images("safe")).toEqual([500, 501]); // asked for once
      expect(model.asked).toHaveLength(1);
    });

    it("filters by them, and stays on for the next class", async () => {
      toggle();
      await model.answer(balanced());
      parts()[1]?.click();
      expect(model.changes.at(-1)?.filter).toMatchObject({ index: 0, balanced: 1 });
      expect(model.changes.at(-1)?.filter).not.toHaveProperty("archetype");
      all(column("rare"), ".imbxai-archetype-wrong")[0]?.click();
      expect(model.changes.at(-1)?.filter).toMatchObject({ balanced: 2, right: false });
      model.receive("card", card({}, 3));
      expect(model.asked.at(-1)).toEqual({ kind: "balanced", arguments: { index: 3 } });
    });

    it("says what it waits for where they take a search, and what went wrong", async () => {
      model.receive("card", card({ balanced_archetypes: null }));
      toggle();
      expect(one(el, ".imbxai-empty").textContent).toContain("Searching");
      expect(one(el, ".imbxai-archetype-bar").hidden).toBe(true);
      await model.refuse("out of memory");
      await settle();
      const said = "Class-balanced archetypes could not be shown: out of memory.";
      expect(one(el, ".imbxai-empty").textContent).toBe(said);
    });
  });
});
