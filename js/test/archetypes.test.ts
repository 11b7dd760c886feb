import { beforeEach, describe, expect, it, vi } from "vitest";
import type { CardIdentity } from "../src/model";
import gallery, { type Part, type State } from "../src/panels/archetypes";
import type { MoreImages } from "../src/parts/archetype_column";
import {
  all,
  EVIL,
  fakePixels,
  group,
  mount,
  one,
  PanelModel,
  press,
  settle,
  texts,
  thumbnails,
} from "./panel_model";

const PNG = new DataView(Uint8Array.from([0, 1, 2, 3, 4, 5]).buffer, 2, 3);

const card = (index = 0): CardIdentity & Part => ({
  index,
  name: "cat",
  archetypes: [
    group("safe", 30, 5, 2, 0),
    group("border", 6, 6, 3, 5),
    group("rare", 1, 1, 1, 11),
    group("outlier", 0, 0, 0, 12),
  ],
  sprite: { width: 32, height: 32, columns: 4, type: "image/png" },
  sprite_data: new DataView(new Uint8Array([1, 2, 3]).buffer),
});

const fresh = (value: State["card"], marked: number[] = []) =>
  new PanelModel<State>({ card: value, marked, ahead: {} });

const answer = (held: number, notice = ""): MoreImages => ({
  thumbnails: thumbnails(held, 0, 500),
  sprite: { width: 32, height: 32, columns: 12, type: "image/png" },
  sprite_data: PNG,
  notice,
});

const question = (index: number, archetype: number, offset: number) => ({
  kind: "more",
  arguments: { index, archetype, offset },
});

describe("archetype gallery", () => {
  let model: ReturnType<typeof fresh>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  let pixels: ReturnType<typeof fakePixels>;

  const column = (name: string) => one(el, `[data-archetype="${name}"]`);
  const thumbs = (name: string) => all(column(name), ".imbxai-thumb");
  const images = (name: string) => thumbs(name).map((thumb) => Number(thumb.dataset.image));
  const more = (name: string) => one<HTMLButtonElement>(column(name), "[data-action=more]");
  const thumb = (image: number) => one(el, `[data-image="${image}"]`);

  beforeEach(async () => {
    vi.useRealTimers();
    document.body.replaceChildren();
    pixels = fakePixels();
    model = fresh(card());
    ({ el, dispose } = await mount(gallery, model));
    await settle();
  });

  it("shows each archetype's count, share and rates, and what they are of", () => {
    expect(texts(el, "h4")).toEqual(["safe", "border", "rare", "outlier"]);
    expect(texts(el, ".imbxai-archetype-meaning")[1]).toBe("what border means");
    expect(texts(column("safe"), ".imbxai-rate-value")).toEqual(["30", "50%", "25%"]);
    expect(texts(column("safe"), ".imbxai-rate-detail")).toEqual([
      "75% of the class",
      "of 30 training images",
      "of 7 validation images",
    ]);
    expect(texts(column("rare"), "dt")[0]).toBe("image");
    expect(texts(column("outlier"), ".imbxai-rate-value")).toEqual(["0", "–", "–"]);
    expect(one(column("outlier"), ".imbxai-empty")).toMatchObject({
      hidden: false,
      textContent: "No outlier images.",
    });
    expect(one(column("rare"), ".imbxai-empty").hidden).toBe(true);
  });

  it("leaves the validation rate out when there is no validation", () => {
    const value = card();
    for (const each of value.archetypes) each.validationImages = null;
    model.receive("card", value);
    expect(el.textContent).not.toContain("validation");
  });

  it("draws the prototypes first, from one decoded sprite, in whole multiples", () => {
    expect(images("safe")).toEqual([100, 101]);
    expect(thumbs("safe").every((each) => each.classList.contains("imbxai-prototype"))).toBe(true);
    expect(pixels.decode).toHaveBeenCalledTimes(1);
    expect(pixels.decode.mock.calls[0]?.[0]).toMatchObject({ size: 3, type: "image/png" });
    // tile 5 of 4 columns: second row, second column; twice as large
    expect(pixels.draw).toHaveBeenCalledWith(pixels.bitmaps[0], 32, 32, 32, 32, 0, 20, 64, 64);
    expect(thumb(105).style).toMatchObject({ left: "0px", top: "20px", width: "64px" });
  });

  it("draws for the pixels of the screen", async () => {
    vi.stubGlobal("devicePixelRatio", 3);
    pixels.draw.mockClear();
    model.receive("card", card(1));
    await settle();
    expect(pixels.draw).toHaveBeenCalledWith(pixels.bitmaps[1], 32, 32, 32, 32, 0, 60, 192, 192);
    expect(thumb(105).style.width).toBe("64px");
    expect(one<HTMLCanvasElement>(el, "canvas").width).toBe(660);
  });

  it("says in words what an image is, and marks wrong predictions by more than color", () => {
    expect(thumb(101).getAttribute("aria-label")).toBe(
      "Image 101 (prototype), Label: cat, Prediction: dog (wrong)",
    );
    expect(thumb(101).classList.contains("imbxai-wrong")).toBe(true);
    expect(thumb(100).classList.contains("imbxai-wrong")).toBe(false);
  });

  it("shows label, prediction and index on hover and on focus, as text", () => {
    const value = card();
    Object.assign(value.archetypes[0]?.thumbnails[0] ?? {}, { label: EVIL });
    model.receive("card", value);
    const tooltip = one(el, ".imbxai-tooltip");
    expect(tooltip.hidden).toBe(true);
    thumb(100).dispatchEvent(new Event("pointerover", { bubbles: true }));
    expect(texts(tooltip, "div")).toEqual([
      "Image 100 (prototype)",
      `Label: ${EVIL}`,
      "Prediction: cat",
    ]);
    thumb(100).dispatchEvent(new Event("pointerout", { bubbles: true }));
    expect(tooltip.hidden).toBe(true);
    thumb(101).dispatchEvent(new Event("focusin", { bubbles: true }));
    expect(tooltip.hidden).toBe(false);
    press(thumb(101), "Escape");
    expect(tooltip.hidden).toBe(true);
    expect(el.querySelector("img")).toBeNull();
  });

  it("marks and unmarks by click, in the order of the clicks", () => {
    thumb(101).click();
    thumb(100).click();
    thumb(101).click();
    expect(model.saved).toEqual([{ marked: [101] }, { marked: [101, 100] }, { marked: [100] }]);
    expect(thumb(100).getAttribute("aria-pressed")).toBe("true");
    expect(thumb(101).getAttribute("aria-pressed")).toBe("false");
    expect(one(el, ".imbxai-marks").textContent).toContain("1 image marked");
  });

  it("shows marks made elsewhere, keeps them through classes, and clears them", () => {
    model.receive("marked", [105, 999]);
    model.receive("card", card(1));
    expect(thumb(105).getAttribute("aria-pressed")).toBe("true");
    expect(model.saved).toEqual([]);
    one(el, ".imbxai-marks button").click();
    expect(model.saved).toEqual([{ marked: [] }]);
    expect(thumb(105).getAttribute("aria-pressed")).toBe("false");
  });

  it("moves between a column's images by arrow keys", () => {
    more("border").click();
    const order = thumbs("border");
    order[0]?.focus();
    press(thumb(105), "ArrowRight");
    expect(document.activeElement).toBe(thumb(106));
    press(thumb(106), "End");
    expect(document.activeElement).toBe(thumb(110));
    press(thumb(110), "ArrowLeft");
    expect(document.activeElement).toBe(thumb(109));
    expect(order.filter((each) => each.tabIndex === 0)).toEqual([thumb(109)]);
  });

  it("goes down by rows", () => {
    more("border").click();
    // 220 pixels hold three prototypes in the first row, three further images in the second
    press(thumb(106), "ArrowDown");
    expect(document.activeElement).toBe(thumb(109));
  });

  it("reveals what the card holds before asking the kernel", () => {
    expect(more("safe").textContent).toBe("More (28 left)");
    more("safe").click();
    expect(images("safe")).toEqual([100, 101, 102, 103, 104]);
    expect(model.messages).toEqual([]);
    more("safe").click();
    expect(model.asked).toEqual([question(0, 0, 5)]);
    expect(more("safe")).toMatchObject({ disabled: true, textContent: "Loading …" });
  });

  it("stays expanded for a card that brings prototypes alone, and asks for more", () => {
    more("border").click();
    const { archetypes, ...rest } = card(1);
    const fetched = archetypes.map((each) => ({
      ...each,
      thumbnails: each.thumbnails.slice(0, each.prototypes),
    }));
    model.receive("card", { ...rest, archetypes: fetched });
    expect(model.asked).toEqual([question(1, 1, 3)]);
    expect(more("border").textContent).toBe("Loading …");
    expect(more("safe").textContent).toBe("More (28 left)");
    more("safe").click();
    expect(model.asked[1]).toEqual(question(1, 0, 2));
  });

  it("appends the kernel's answer with its own sprite, and only its own", async () => {
    more("safe").click();
    more("safe").click();
    pixels.draw.mockClear();
    const other = { type: "answer", id: "of-another-view", content: answer(2), binary: [] };
    model.emit("msg:custom", other, []);
    expect(thumbs("safe").length).toBe(5);
    await model.answer(answer(2));
    await settle();
    expect(images("safe").slice(5)).toEqual([500, 501]);
    expect(more("safe")).toMatchObject({ disabled: false, textContent: "More (23 left)" });
    expect(pixels.draw.mock.calls.some(([bitmap]) => bitmap === pixels.bitmaps[1])).toBe(true);
    expect(pixels.decode).toHaveBeenCalledTimes(2);
  });

  it("takes a question back when another class is shown", async () => {
    more("safe").click();
    more("safe").click();
    model.receive("card", card(1));
    await model.answer(answer(2));
    expect(thumbs("safe").length).toBe(5);
    expect(one(column("safe"), "[role=alert]").textContent).toBe("");
  });

  it("says why the kernel failed, and asks again", async () => {
    more("safe").click();
    more("safe").click();
    expect(more("safe").disabled).toBe(true);
    await model.refuse(EVIL);
    const why = `No more images could be shown: ${EVIL}`;
    expect(one(column("safe"), "[role=alert]").textContent).toBe(why);
    expect(more("safe")).toMatchObject({ disabled: false, textContent: "More (25 left)" });
    more("safe").click();
    expect(model.messages).toHaveLength(2);
    expect(one(column("safe"), "[role=alert]").textContent).toBe("");
    await model.answer(answer(2, "1 image could not be read"));
    expect(one(column("safe"), "[role=alert]").textContent).toBe("1 image could not be read");
    model.receive("card", card(1));
    expect(one(column("safe"), "[role=alert]").textContent).toBe("");
  });

  it("ends where no kernel answers, yet takes a late answer", async () => {
    more("safe").click();
    vi.useFakeTimers();
    more("safe").click();
    vi.advanceTimersByTime(10_000);
    expect(more("safe")).toMatchObject({
      disabled: true,
      textContent: "More need a running kernel",
    });
    await model.answer(answer(2));
    expect(more("safe").disabled).toBe(false);
  });

  it("has no more to offer when all are shown, and folds back to the prototypes", () => {
    expect(more("rare").hidden).toBe(true);
    more("border").click();
    expect(more("border").hidden).toBe(true);
    one(column("border"), "[data-action=fewer]").click();
    expect(images("border")).toEqual([105, 106, 107]);
  });

  it("stays unfolded from class to class", () => {
    more("border").click();
    model.receive("card", card(1));
    expect(thumbs("border").length).toBe(6);
  });

  it("draws the images of a class shown again at once, without decoding them", async () => {
    const first = model.get("card");
    model.receive("card", card(1));
    await settle();
    pixels.draw.mockClear();
    model.receive("card", first);
    expect(pixels.draw).toHaveBeenCalledWith(pixels.bitmaps[0], 32, 32, 32, 32, 0, 20, 64, 64);
    await settle();
    expect(pixels.decode).toHaveBeenCalledTimes(2);
  });

  it("lets go of images that there is no room for, and of all further ones", async () => {
    const closed = () => pixels.bitmaps.map(({ close }) => vi.mocked(close).mock.calls.length);
    pixels = fakePixels(220, 1800);
    model.receive("card", card(1));
    await settle();
    more("safe").click();
    more("safe").click();
    await model.answer(answer(2));
    await settle();
    expect(closed()).toEqual([0, 0]);
    model.receive("card", card(2));
    await settle();
    expect(closed()).toEqual([1, 1, 0]);
  });

  it("decodes images ahead, and lets go of those on the page for none", async () => {
    pixels = fakePixels(220, 1800);
    const [second, third] = [card(1), card(2)];
    model.receive("card", second);
    await settle();
    model.receive("ahead", third);
    await settle();
    expect(pixels.bitmaps[0]?.close).not.toHaveBeenCalled();
    pixels.draw.mockClear();
    model.receive("card", third);
    expect(pixels.draw.mock.calls[0]?.[0]).toBe(pixels.bitmaps[1]);
    expect(pixels.decode).toHaveBeenCalledTimes(2);
  });

  it("says nothing of images ahead that cannot be decoded", async () => {
    pixels.decode.mockRejectedValueOnce(new Error("broken"));
    model.receive("ahead", card(1));
    await settle();
    expect(one(el, ".imbxai-marks").textContent).not.toContain("decoded");
  });

  it("does not draw images that come late over those of another class", async () => {
    model.receive("card", card(1));
    model.receive("card", card(2));
    pixels.draw.mockClear();
    await settle();
    const drawn = new Set(pixels.draw.mock.calls.map(([bitmap]) => pixels.bitmaps.indexOf(bitmap)));
    expect([...drawn]).toEqual([2]);
  });

  it("says when images cannot be decoded", async () => {
    pixels.decode.mockRejectedValueOnce(new Error("broken"));
    model.receive("card", card(1));
    await settle();
    expect(one(el, ".imbxai-marks").textContent).toContain("could not be decoded");
  });

  it("waits for a card", async () => {
    const { el: waiting } = await mount(gallery, fresh({}));
    const visible = [".imbxai-empty", ".imbxai-archetypes-grid"].map(
      (selector) => !one(waiting, selector).hidden,
    );
    expect(visible).toEqual([true, false]);
  });

  it("stands twice on a page, in step", async () => {
    const second = await mount(gallery, model);
    thumb(100).click();
    expect(one(second.el, '[data-image="100"]').getAttribute("aria-pressed")).toBe("true");
  });

  it("leaves nothing behind", async () => {
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
    expect(pixels.bitmaps[0]?.close).toHaveBeenCalledTimes(1);
  });
});
