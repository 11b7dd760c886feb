import { beforeEach, describe, expect, it, vi } from "vitest";
import type { CardIdentity } from "../src/model";
import images, { type ClassImages, type Part, type State } from "../src/panels/images";
import { askFor, type ImageFilter } from "../src/parts/filter";
import type { ImageGroup, ImagePage } from "../src/parts/image_section";
import type { Thumbnail } from "../src/parts/thumbnail_grid";
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
  stubSight,
  stubSizes,
  texts,
  thumbnails,
  UNEDITED,
} from "./panel_model";

const SPRITE = { width: 32, height: 32, columns: 12, type: "image/png" };
const bytes = (value: number) => new DataView(new Uint8Array([value]).buffer);

const group = (
  name: string,
  total: number,
  shown: Thumbnail[],
  tells: Partial<ImageGroup> = {},
): ImageGroup => ({
  name,
  archetype: null,
  predicted: null,
  images: total,
  prototypes: 0,
  thumbnails: shown,
  ...tells,
});

const failing = (number: number, image: number, predicted: number, name: string) =>
  thumbnails(number, 0, image).map((each) => ({
    ...each,
    split: "validation" as const,
    correct: false,
    predicted,
    prediction: name,
    archetype: 3,
  }));

const rare = (number: number, image: number) =>
  thumbnails(number, 2, image).map((each) => ({ ...each, archetype: 2 }));

/** Of 40 training images the card holds four, of ten failures two. */
const card = (index = 0, changes: Partial<ClassImages> = {}): CardIdentity & Part => ({
  index,
  name: "cat",
  training_images: {
    total: 40,
    missing: "",
    groups: [
      group("Safe", 30, thumbnails(2, 0, 100), { archetype: 0, prototypes: 1 }),
      group("Rare", 10, rare(2, 200), { archetype: 2 }),
    ],
    sprite: SPRITE,
    notice: "",
    counts: [
      [0, index, 28],
      [0, 5, 2],
      [2, 5, 10],
    ],
    predicted: [
      { index, name: "cat" },
      { index: 5, name: EVIL },
    ],
    near: [{ index: 7, name: "owl" }],
    ...changes,
  },
  training_images_data: bytes(10 + index),
  validation_images: {
    total: 18,
    missing: "",
    groups: [group("dog", 10, failing(2, 300, 4, "dog"), { predicted: 4 })],
    sprite: SPRITE,
    notice: "",
    counts: [
      [3, index, 8],
      [3, 4, 10],
    ],
    predicted: [{ index: 4, name: "dog" }],
    near: [],
  },
  validation_images_data: bytes(20 + index),
});

/** A card as the kernel sends it where it can be asked for images. */
const bare = (index = 0): CardIdentity & Part => {
  const value = card(index);
  for (const held of [value.training_images, value.validation_images]) {
    for (const each of held?.groups ?? []) each.thumbnails = [];
  }
  return value;
};

const page = (
  count: number,
  total: number,
  groups: ImageGroup[],
  notice = "",
  note = "",
): ImagePage => ({
  images: count,
  total,
  groups,
  sprite: { ...SPRITE, width: 192, height: 192 },
  sprite_data: bytes(1),
  notice,
  note,
});

const fresh = (value: State["card"], marked: string[] = []) =>
  new PanelModel<State>({ card: value, selected: 0, wanted: {}, marked, opens: {}, ...UNEDITED });

describe("all images", () => {
  let model: ReturnType<typeof fresh>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  let pixels: ReturnType<typeof fakePixels>;
  let see: (inSight: boolean) => void;

  const sections = () => all(el, ".imbxai-image-section").filter((section) => !section.hidden);
  const titles = () => sections().map((each) => one(each, "h4").textContent);
  const notes = () => sections().map((each) => one(each, ".imbxai-note").textContent);
  const shown = (at = 0) =>
    all(sections()[at] as HTMLElement, ".imbxai-thumb").map((each) => Number(each.dataset.image));
  const field = <E extends HTMLElement>(label: string): E => {
    const named = all(el, ".imbxai-control").find((each) => each.textContent?.startsWith(label));
    return one<E>(named as HTMLElement, "select, input");
  };
  const choose = (label: string, value: string) => {
    const select = field<HTMLSelectElement>(label);
    select.value = value;
    select.dispatchEvent(new Event("change"));
  };
  const want = (filter: ImageFilter) => model.receive("wanted", askFor(filter));
  const filters = () => model.asked.map(({ arguments: given }) => given.filter);
  const button = (text: string) =>
    all(el, "button").find((each) => each.textContent === text && !each.hidden) as HTMLElement;

  async function open(value: State["card"], inSight = true, marked: string[] = []) {
    document.body.replaceChildren();
    pixels = fakePixels();
    see = stubSight();
    model = fresh(value, marked);
    ({ el, dispose } = await mount(images, model));
    see(inSight);
    await settle();
  }

  beforeEach(async () => {
    vi.useRealTimers();
    await open(card());
  });

  describe("that a card holds", () => {
    it("stand by archetype, beside those that fail by what they are taken for", () => {
      expect(titles()).toEqual([
        "40 training images of cat",
        "10 of 18 validation images of cat: wrong",
      ]);
      expect(texts(el, "h5")).toEqual(["Safe 30", "Rare 10", "dog 10"]);
      expect([shown(0), shown(1)]).toEqual([
        [100, 101, 200, 201],
        [300, 301],
      ]);
      expect(one(el, '[data-image="100"]').classList.contains("imbxai-prototype")).toBe(true);
      expect(texts(sections()[1] as HTMLElement, ".imbxai-thumb-caption")).toEqual([
        "outlier",
        "outlier",
      ]);
      expect(model.messages).toEqual([]);
    });

    it("are drawn from two pictures, each decoded once", async () => {
      expect(pixels.decode).toHaveBeenCalledTimes(2);
      const first = model.get("card");
      model.receive("card", card(1));
      await settle();
      model.receive("card", first);
      await settle();
      expect(pixels.decode).toHaveBeenCalledTimes(4);
      // 32 pixels are drawn as 64; the third tile is the first of its group
      expect(pixels.draw).toHaveBeenCalledWith(pixels.bitmaps[0], 64, 0, 32, 32, 0, 0, 64, 64);
    });

    it("are followed by more of a group, which the kernel is asked for", async () => {
      all(el, "[data-action=more]")[1]?.click();
      expect(model.asked).toEqual([
        {
          kind: "images",
          arguments: { filter: { index: 0, split: "training", archetype: 2 }, offset: 2 },
        },
      ]);
      expect(all(el, "[data-action=more]")[1]).toMatchObject({
        disabled: true,
        textContent: "Loading …",
      });
      const more = group("Rare", 10, rare(3, 210), { archetype: 2 });
      await model.answer(page(10, 40, [more], "1 image could not be read"));
      await settle();
      expect(shown()).toEqual([100, 101, 200, 201, 210, 211, 212]);
      expect(all(el, "[data-action=more]")[1]?.textContent).toBe("More (5 left)");
      expect(one(el, "[role=alert]").textContent).toBe("1 image could not be read");
      expect(pixels.decode).toHaveBeenCalledTimes(3);
    });

    it("are all that a page without a kernel has, which it says", async () => {
      vi.useFakeTimers();
      const more = all(el, "[data-action=more]")[0] as HTMLButtonElement;
      more.click();
      vi.advanceTimersByTime(10_000);
      expect(more.hidden).toBe(true);
      expect(notes()[0]).toBe("This page holds 4 of 40; more need a running kernel.");
      want({ index: 0, split: "training", archetype: 2 });
      vi.advanceTimersByTime(10_000);
      expect([titles(), shown()]).toEqual([["10 of 40 training images of cat: rare"], [200, 201]]);
      expect(notes()).toEqual(["This page holds 2 of 10; more need a running kernel."]);
      want({ index: 0, split: "training", votes: 1 });
      vi.advanceTimersByTime(10_000);
      expect(shown()).toEqual([101, 201]);
      expect(titles()[0]).toBe("… of 40 training images of cat: wrong, with neighbors of class 1");
      expect(notes()[0]).toBe(
        "This page holds 2 of them; a running kernel tells how many there are.",
      );
    });

    it("say once how to give images that were not given, and show their numbers", async () => {
      const missing = "No images were given: pass images= or dataset=.";
      const value = card(0, { sprite: null, missing });
      value.training_images_data = bytes(0);
      await open(value);
      expect(notes()).toEqual([missing, ""]);
      expect(texts(sections()[0] as HTMLElement, ".imbxai-thumb-number")[0]).toBe("100");
      expect(pixels.decode).toHaveBeenCalledTimes(1);
    });
  });

  describe("that are asked for", () => {
    beforeEach(() => open(bare()));

    it("come in two pages when the tab is in sight, not before", async () => {
      await open(bare(), false);
      expect(model.messages).toEqual([]);
      model.receive("card", bare(1));
      see(true);
      expect(model.asked).toEqual([
        { kind: "images", arguments: { filter: { index: 1, split: "training" }, offset: 0 } },
        {
          kind: "images",
          arguments: { filter: { index: 1, split: "validation", right: false }, offset: 0 },
        },
      ]);
      const safe = group("Safe", 30, thumbnails(3, 0, 100), { archetype: 0, prototypes: 3 });
      await model.answer(page(40, 40, [safe]), 0);
      await settle();
      expect(shown()).toEqual([100, 101, 102]);
      expect(titles()[0]).toBe("40 training images of cat");
      expect(pixels.decode).toHaveBeenCalledTimes(1);
    });

    it("show as many as the count that was clicked", async () => {
      want({ index: 0, split: "validation", right: false, predicted: 4, archetype: 3 });
      const { asked: _, ...filter } = model.get("wanted") as Record<string, unknown>;
      expect(filters().at(-1)).toEqual(filter);
      const dogs = group("dog", 8, failing(8, 300, 4, "dog"), { predicted: 4 });
      await model.answer(page(8, 18, [dogs]));
      expect(titles()).toEqual(["8 of 18 validation images of cat: taken for dog, outlier"]);
      expect(shown()).toHaveLength(8);
      expect([
        field<HTMLSelectElement>("Images").value,
        field<HTMLSelectElement>("Taken for").value,
      ]).toEqual(["validation", "4"]);
      expect(field<HTMLInputElement>("Wrong only").checked).toBe(true);
    });

    it("show those that cast votes, and the neighbors that they point to", async () => {
      want({ index: 0, split: "training", votes: 7 });
      const filter = { index: 0, split: "training", votes: 7 };
      expect(model.asked.slice(-2)).toEqual([
        { kind: "images", arguments: { filter, offset: 0 } },
        { kind: "neighbors", arguments: { filter, offset: 0 } },
      ]);
      await model.answer(page(1, 40, [group("Safe", 1, thumbnails(1, 0, 9), { archetype: 0 })]), 2);
      await model.answer(page(30, 90, [group("", 30, thumbnails(2, 0, 70))]), 3);
      expect(titles()).toEqual([
        "1 of 40 training images of cat: wrong, with neighbors of owl",
        "30 of 90 training images of owl that they have as neighbors, those of most first",
      ]);
      all(sections()[1] as HTMLElement, "[data-action=more]")[0]?.click();
      expect(model.asked.at(-1)).toEqual({
        kind: "neighbors",
        arguments: { filter, offset: 2 },
      });
      button("wrong, with neighbors of owl ✕").click();
      expect(titles()).toEqual(["40 training images of cat"]);
    });

    it("are those of a color, each with its share, and tell what is lit", async () => {
      want({ index: 0, split: "training", color: "red" });
      const filter = { index: 0, split: "training", color: "red" };
      expect(model.asked.at(-1)).toEqual({ kind: "images", arguments: { filter, offset: 0 } });
      const red = thumbnails(2, 0, 50).map((each, at) => ({
        ...each,
        colors: { red: 0.9 - at / 2 },
      }));
      await model.answer(page(2, 40, [group("", 2, red)], "", "Lit."));
      expect(titles()).toEqual([
        "2 of 40 training images of cat: red among the pixels that count most",
      ]);
      expect(texts(el, ".imbxai-thumb-caption")).toEqual(["90%", "40%"]);
      expect(texts(el, ".imbxai-image-section .imbxai-note")[0]).toBe("Lit.");
      expect(one(el, "[role=alert]").textContent).toBe("");
      button("red among the pixels that count most ✕").click();
      expect(titles()).toEqual(["40 training images of cat"]);
    });

    it("wait for the card of their class", async () => {
      want({ index: 3, split: "training", archetype: 2 });
      expect(model.messages).toHaveLength(2); // those of the class that is shown
      model.receive("card", bare(3));
      expect(filters().at(-1)).toEqual({ index: 3, split: "training", archetype: 2 });
      model.receive("card", bare(4)); // what was asked for holds for one class
      expect(filters().slice(-2)).toEqual([
        { index: 4, split: "training" },
        { index: 4, split: "validation", right: false },
      ]);
    });

    it("are asked for again by the same filter", async () => {
      const filter: ImageFilter = { index: 0, split: "training", archetype: 2 };
      want(filter);
      button("Show all").click();
      want(filter);
      expect(filters().at(-1)).toEqual(filter);
      expect(titles()[0]).toContain(": rare");
    });

    it("drop answers that come too late", async () => {
      want({ index: 0, split: "training", archetype: 2 });
      await model.answer(page(40, 40, [group("Safe", 30, thumbnails(3, 0, 100))]), 0);
      expect(shown()).toEqual([]);
    });

    it("say what went wrong", async () => {
      await model.refuse(EVIL, 0);
      expect(one(el, "[role=alert]").textContent).toBe(`The images could not be shown: ${EVIL}`);
      model.receive("card", bare(1));
      expect(one(el, "[role=alert]").textContent).toBe("");
    });

    it("say right before and wrong after, and what they are taken for", async () => {
      want({ index: 0, split: "validation", before: true, after: false });
      const [changed] = thumbnails(1, 0, 5);
      if (!changed) throw new Error("a thumbnail");
      changed.after = { prediction: "dog", correct: false, archetype: 1 };
      await model.answer(page(1, 18, [group("Right", 1, [changed], { predicted: 0 })]));
      expect(titles()).toEqual(["1 of 18 validation images of cat: right before, wrong after"]);
      expect(texts(el, ".imbxai-thumb-caption")).toEqual(["after: dog"]);
      expect(texts(el, "h5")).toEqual(["Right 1"]);
    });
  });

  describe("are chosen by controls", () => {
    beforeEach(() => open(bare()));

    it("of split, errors, prediction, archetype and confidence", () => {
      choose("Images", "validation");
      expect(filters().at(-1)).toEqual({ index: 0, split: "validation" });
      choose("Taken for", "4");
      choose("Archetype", "3");
      const wrong = field<HTMLInputElement>("Wrong only");
      wrong.checked = true;
      wrong.dispatchEvent(new Event("change"));
      const [low, high] = all(el, "input[type=number]") as HTMLInputElement[];
      if (!low || !high) throw new Error("two fields");
      low.value = "50";
      low.dispatchEvent(new Event("change"));
      high.value = "150";
      high.dispatchEvent(new Event("change"));
      expect(filters().at(-1)).toEqual({
        index: 0,
        split: "validation",
        right: false,
        predicted: 4,
        archetype: 3,
        confidence: [0.5, 1],
      });
      button("Show all").click();
      expect(filters().slice(-2)).toEqual([
        { index: 0, split: "training" },
        { index: 0, split: "validation", right: false },
      ]);
      expect(button("Show all")).toBeUndefined();
    });

    it("that stay for the next class, but for the class that images are taken for", () => {
      choose("Images", "training");
      choose("Archetype", "3");
      choose("Taken for", "5");
      model.receive("card", bare(1));
      expect(filters().at(-1)).toEqual({ index: 1, split: "training", archetype: 3 });
    });

    it("offers the names of classes as text, and no validation where there is none", async () => {
      const names = [...field<HTMLSelectElement>("Taken for").options].map((each) => each.text);
      expect(names).toEqual(["Any class", "cat", "dog", EVIL]);
      expect(el.querySelector("img")).toBeNull();
      await open({ ...bare(), validation_images: null });
      expect(one(el, ".imbxai-control").hidden).toBe(true);
      expect(filters()).toEqual([{ index: 0, split: "training" }]);
    });

    it("of the size: tiny images at first twice as large, photographs at 128 pixels", async () => {
      const size = () => field<HTMLInputElement>("Size");
      expect(size().value).toBe("64");
      await open(card(0, { sprite: { ...SPRITE, width: 128, height: 96 } }));
      expect([size().value, one(el, ".imbxai-thumb-place").style.width]).toEqual(["128", "128px"]);
      size().value = "64";
      size().dispatchEvent(new Event("input"));
      expect(one(el, ".imbxai-thumb-place").style.width).toBe("64px");
      expect(model.messages).toEqual([]);
      size().value = "192"; // more pixels than the card holds
      size().dispatchEvent(new Event("input"));
      expect(filters()).toEqual([{ index: 0, split: "training" }]);
    });
  });

  it("selects the class in whose group failures stand", () => {
    all(el, ".imbxai-link").at(-1)?.click();
    expect(model.get("selected")).toBe(4);
  });

  describe("the tray of marked images", () => {
    const tray = () => one(el, ".imbxai-tray");

    it("is there once something is marked, and says what", () => {
      expect(tray().hidden).toBe(true);
      corner(el, '[data-image="101"]').click();
      corner(el, '[data-image="300"]').click();
      expect(model.get("marked")).toEqual(["training:101", "validation:300"]);
      expect(tray().hidden).toBe(false);
      expect(one(tray(), "b").textContent).toBe("2 images marked");
      expect(one(tray(), ".imbxai-tray-names").textContent).toBe(
        "training 101 (cat, taken for dog), validation 300 (cat, taken for dog)",
      );
      expect(one(el, '[data-image="300"]').dataset.marked).toBe("true");
      button("Clear").click();
      expect([model.get("marked"), tray().hidden]).toEqual([[], true]);
      expect(model.saved).toEqual([]);
    });

    it("copies and exports a table, in the order of marking", async () => {
      const copied = vi.fn(async (_: string) => {});
      vi.stubGlobal("navigator", { clipboard: { writeText: copied } });
      const exported: Blob[] = [];
      vi.stubGlobal(
        "URL",
        Object.assign(URL, {
          createObjectURL: (blob: Blob) => `blob:${exported.push(blob)}`,
          revokeObjectURL: () => {},
        }),
      );
      const value = card();
      const [first] = value.validation_images?.groups[0]?.thumbnails ?? [];
      Object.assign(first ?? {}, { file: '/a,"b".png', number: 7 });
      await open(value);
      corner(el, '[data-image="300"]').click();
      corner(el, '[data-image="100"]').click();
      button("Copy").click();
      await settle();
      const head = [
        "split",
        "row",
        "image",
        "file",
        "label",
        "prediction",
        "archetype",
        "confidence",
      ];
      const rows = [
        ["validation", "300", "7", '/a,"b".png', "cat", "dog", "outlier", "0.75"],
        ["training", "100", "100", "", "cat", "cat", "safe", "0.75"],
      ];
      const lines = [head, ...rows].map((row) => row.join("\t"));
      expect(copied).toHaveBeenCalledWith(lines.join("\n"));
      expect(one(el, ".imbxai-tray").textContent).toContain("Copied");
      button("Export CSV").click();
      expect(await exported[0]?.text()).toBe(
        [
          head.join(","),
          'validation,300,7,"/a,""b"".png",cat,dog,outlier,0.75',
          "training,100,100,,cat,cat,safe,0.75",
        ].join("\r\n"),
      );
      vi.unstubAllGlobals();
    });

    it("asks the kernel for what it does not know, and keeps it through classes", async () => {
      await open(bare(), false, ["training:101", "validation:9"]);
      const keys = ["training:101", "validation:9"];
      expect(model.asked).toEqual([{ kind: "known", arguments: { keys } }]);
      expect(one(el, ".imbxai-tray-names").textContent).toBe("training row 101, validation row 9");
      const known = [...thumbnails(1, 0, 101), ...failing(1, 9, 4, "dog")];
      await model.answer({ thumbnails: known });
      expect(one(el, ".imbxai-tray-names").textContent).toBe(
        "training 101 (cat), validation 9 (cat, taken for dog)",
      );
      model.receive("card", bare(1));
      model.receive("marked", [...keys, "training:5"]);
      expect(model.asked.at(-1)?.arguments).toEqual({ keys: ["training:5"] });
    });
  });

  it("shows what is known of an image, larger, while it is pointed at", () => {
    const thumb = one(el, '[data-image="101"]');
    thumb.dispatchEvent(new Event("pointerover", { bubbles: true }));
    expect(one(el, ".imbxai-tooltip").textContent).toContain("Prediction: dog (wrong)");
    press(thumb, "Escape");
    expect(one(el, ".imbxai-tooltip").hidden).toBe(true);
  });

  it("draws nothing of pictures that it has let go, out of sight, when its size changes", async () => {
    const resized = stubSizes();
    await open(bare());
    await model.answer(page(10, 40, [group("Rare", 10, rare(3, 210), { archetype: 2 })]));
    await settle();
    const [picture] = pixels.bitmaps;
    expect(pixels.draw).toHaveBeenCalledWith(picture, ...Array(8).fill(expect.anything()));
    see(false);
    model.receive("card", bare(1));
    expect(picture?.close).toHaveBeenCalledTimes(1);
    pixels.draw.mockClear();
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(400);
    resized();
    expect([pixels.draw.mock.calls, shown(1)]).toEqual([[], [210, 211, 212]]);
  });

  it("leaves nothing behind", async () => {
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
    for (const { close } of pixels.bitmaps) expect(close).toHaveBeenCalledTimes(1);
  });
});
