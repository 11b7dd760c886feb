// The dialog in which one image is looked at closer.
import { beforeEach, describe, expect, it, vi } from "vitest";
import detail, { type State } from "../src/panels/detail";
import { PATIENCE } from "../src/parts/ask";
import type { ImageAnswer } from "../src/parts/image_answer";
import { type AskedOpening, openImage } from "../src/parts/open";
import { keyOf, type Tile } from "../src/parts/thumbnail_grid";
import {
  all,
  EVIL,
  fakePixels,
  mount,
  one,
  PanelModel,
  press,
  settle,
  texts,
  thumbnails,
  UNDRAWN,
  UNEDITED,
} from "./panel_model";

const tiles = (number: number): Tile[] =>
  thumbnails(number, 0, 100).map((thumbnail) => ({ thumbnail, prototype: false }));

/** Image 101, among 100 to 102. */
function opening(key = "training:101", group = tiles(3)): AskedOpening {
  return openImage(
    key,
    group.map(({ thumbnail }) => keyOf(thumbnail)),
    group,
  );
}

const fresh = (opened: AskedOpening) =>
  new PanelModel<State>({ opened, selected: 0, marked: [], held: {}, ...UNDRAWN, ...UNEDITED });
const PNG = new DataView(Uint8Array.of(1, 2, 3).buffer);

/** What Python answers of image 101. */
function answer(): ImageAnswer {
  const [thumbnail] = thumbnails(2, 0, 100).slice(1);
  if (!thumbnail) throw new Error("a thumbnail");
  const near = thumbnails(2, 0, 7);
  const class_of = (index: number, name: string, probability: number) => ({
    index,
    name,
    probability,
  });
  return {
    thumbnail,
    label: 0,
    picture: { width: 32, height: 16, type: "image/png" },
    picture_data: PNG,
    missing: "",
    probabilities: [class_of(1, "dog", 0.7), class_of(2, "owl", 0.29), class_of(0, "cat", 0.002)],
    certain: "",
    archetype: "1 of 2 neighbors is of cat, so rare.",
    neighbors: near.map((thumbnail, at) => ({
      index: at,
      distance: at ? 4.567 : 0.1234,
      thumbnail,
    })),
    neighbor_sprite: { width: 32, height: 32, columns: 2, type: "image/png" },
    neighbor_data: PNG,
    features: {
      rows: [{ feature: 41, value: 2, predicted: 1.5, label: -0.25 }],
      others: 62,
      rest: [-0.5, 0.75],
      logits: [1, 0.5],
      note: "",
    },
  };
}

describe("an image in the dialog", () => {
  let model: PanelModel<State>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  let pixels: ReturnType<typeof fakePixels>;
  const dialog = () => one<HTMLDialogElement>(el, "dialog");
  const title = () => one(el, ".imbxai-dialog-title").textContent;
  const place = () => one(el, ".imbxai-dialog-place").textContent;
  const button = (label: string) => one<HTMLButtonElement>(el, `button[aria-label^="${label}"]`);

  const openAnswered = async () => {
    model.receive("opened", opening());
    await settle();
    await model.answer(answer());
    await settle();
  };

  beforeEach(async () => {
    document.body.replaceChildren();
    pixels = fakePixels();
    model = fresh({});
    ({ el, dispose } = await mount(detail, model));
  });

  it("is closed until something is opened, also where a page is made of a saved state", async () => {
    expect(dialog().open).toBe(false);
    const saved = fresh(opening());
    const again = await mount(detail, saved);
    expect(one<HTMLDialogElement>(again.el, "dialog").open).toBe(false);
  });

  it("has a name, says its place, and what is known of it, as text", () => {
    const group = tiles(3);
    Object.assign(group[1]?.thumbnail ?? {}, { prediction: EVIL });
    model.receive("opened", opening("training:101", group));
    expect(dialog().open).toBe(true);
    expect(dialog().getAttribute("aria-labelledby")).toBe(one(el, ".imbxai-dialog-title").id);
    expect([title(), place()]).toEqual(["Training image 101", "2 of 3"]);
    expect(texts(el, ".imbxai-detail-facts p")).toContain(
      `Prediction: ${EVIL} (wrong), confidence 75%`,
    );
    expect(el.querySelector("img")).toBeNull();
  });

  it("walks through its group by arrow keys and buttons, up to the ends", () => {
    model.receive("opened", opening());
    expect(press(dialog(), "ArrowRight").defaultPrevented).toBe(true);
    expect([title(), place()]).toEqual(["Training image 102", "3 of 3"]);
    press(dialog(), "ArrowDown");
    expect(place()).toBe("3 of 3");
    expect(button("Next").disabled).toBe(true);
    button("Previous").click();
    press(dialog(), "ArrowUp");
    expect(place()).toBe("1 of 3");
    expect(button("Previous").disabled).toBe(true);
    expect(dialog().contains(document.activeElement)).toBe(true);
  });

  it("leaves keys to fields, and keys with others held to the page", () => {
    model.receive("opened", opening());
    const field = document.createElement("input");
    one(el, ".imbxai-dialog-body").append(field);
    expect(press(field, "ArrowRight").defaultPrevented).toBe(false);
    dialog().dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", ctrlKey: true }));
    expect(place()).toBe("2 of 3");
  });

  it("closes on Escape, which goes no further, and gives the focus back", () => {
    const heard: string[] = [];
    document.body.addEventListener("keydown", ({ key }) => heard.push(key));
    const from = document.createElement("button");
    const explorer = document.createElement("div");
    explorer.className = "imbxai-explorer";
    document.body.append(explorer);
    explorer.append(from, el);
    from.focus();
    model.receive("opened", opening());
    expect(dialog().contains(document.activeElement)).toBe(true);
    press(dialog(), "Escape");
    expect([dialog().open, document.activeElement, heard]).toEqual([false, from, []]);
    model.receive("opened", opening());
    button("Close").click();
    expect([dialog().open, document.activeElement]).toEqual([false, from]);
  });

  it("opens in that view alone in which the reader acts", async () => {
    const other = document.createElement("div");
    other.className = "imbxai-explorer";
    const from = document.createElement("button");
    other.append(from);
    document.body.append(other);
    const own = document.createElement("div");
    own.className = "imbxai-explorer";
    document.body.append(own);
    own.append(el);
    from.focus();
    model.receive("opened", opening());
    expect(dialog().open).toBe(false);
  });

  it("is marked by m and by a button, as anywhere", () => {
    model.receive("opened", opening());
    press(dialog(), "m");
    expect(model.get("marked")).toEqual(["training:101"]);
    const mark = one(el, ".imbxai-detail-image [aria-pressed]");
    expect([mark.getAttribute("aria-pressed"), mark.textContent]).toEqual(["true", "Marked"]);
    mark.click();
    expect([model.get("marked"), model.saved]).toEqual([[], []]);
    model.receive("marked", ["training:101"]);
    expect(mark.textContent).toBe("Marked");
  });

  it("names the keys that work", () => {
    model.receive("opened", opening());
    const keys = () => texts(el, ".imbxai-dialog-keys kbd");
    expect([keys()[0], keys()[1], keys().at(-1)]).toEqual(["← →", "m", "Esc"]);
    model.receive("opened", opening("training:101", []));
    expect(keys()[0]).toBe("m");
    expect(keys()).toContain("w");
  });

  it("asks for the rest, and shows what comes: probabilities, neighbors, features", async () => {
    model.receive("opened", opening());
    await settle();
    expect(model.asked).toEqual([{ kind: "image", arguments: { key: "training:101" } }]);
    await model.answer(answer());
    await settle();
    expect(texts(el, ".imbxai-detail-probability")).toEqual([
      "dog predicted70%",
      "owl 29%",
      "cat label<1%",
    ]);
    expect(one(el, ".imbxai-detail-words").textContent).toBe(
      "1 of 2 neighbors is of cat, so rare.",
    );
    expect(texts(el, ".imbxai-detail-neighbor")).toEqual(["catdistance 0.123", "catdistance 4.57"]);
    expect(all(el, ".imbxai-detail-own")).toHaveLength(1);
    expect(texts(el, ".imbxai-detail-features tr")).toEqual([
      "FeatureIts valuedogcat",
      "412.00+1.50\u22120.25",
      "62 other features and the bias\u22120.50+0.75",
      "Logit+1.00+0.50",
    ]);
    expect(pixels.draw).toHaveBeenCalled();
  });

  it("opens a neighbor among the neighbors, from which Backspace leads back", async () => {
    await openAnswered();
    all(el, ".imbxai-detail-neighbor-open")[1]?.click();
    expect([title(), place()]).toEqual(["training:8", "2 of 2"]);
    expect(texts(el, "kbd")).toContain("Backspace");
    press(dialog(), "Backspace");
    expect([title(), place()]).toEqual(["Training image 101", "2 of 3"]);
    press(dialog(), "Backspace");
    expect(title()).toBe("Training image 101");
  });

  it("selects the class of a neighbor, or of a probability, and closes", async () => {
    await openAnswered();
    all(el, ".imbxai-detail-neighbor .imbxai-link")[0]?.click();
    expect([dialog().open, model.get("selected")]).toEqual([false, 0]);
    await openAnswered();
    all(el, ".imbxai-detail-probability .imbxai-link")[1]?.click();
    expect([dialog().open, model.get("selected")]).toEqual([false, 2]);
  });

  it("shows nothing of an image that the reader has walked past", async () => {
    model.receive("opened", opening());
    await settle();
    press(dialog(), "ArrowRight");
    await model.answer(answer(), 0);
    await settle();
    expect(all(el, ".imbxai-detail-probability")).toEqual([]);
    expect(model.asked.map(({ arguments: given }) => given.key)).toEqual([
      "training:101",
      "training:102",
    ]);
  });

  describe("where the network looks", () => {
    const MASK = new DataView(Uint8Array.of(255, 0, 0, 51).buffer);
    const veil = () => one<HTMLCanvasElement>(el, ".imbxai-detail-veil");
    const put = vi.fn();

    beforeEach(async () => {
      put.mockReset();
      const context = {
        drawImage: vi.fn(),
        createImageData: (width: number, height: number) => ({
          data: new Uint8ClampedArray(4 * width * height),
        }),
        putImageData: put,
      };
      vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as never);
      await openAnswered();
    });

    it("is asked for once it is wanted, and left uncovered by a veil", async () => {
      expect(veil().hidden).toBe(true);
      press(dialog(), "w");
      await settle();
      expect(model.asked.at(-1)).toEqual({ kind: "look", arguments: { key: "training:101" } });
      await model.answer({ width: 2, height: 2, note: "4 pixels", mask: MASK });
      await settle();
      const [{ data }] = put.mock.calls[0] ?? [{ data: [] }];
      expect([...data]).toEqual(
        [
          [128, 128, 128, 0],
          [128, 128, 128, 255],
          [128, 128, 128, 255],
          [128, 128, 128, 204],
        ].flat(),
      );
      expect([veil().hidden, veil().style.opacity]).toEqual([false, "0.75"]);
      const opacity = one<HTMLInputElement>(el, "input[type=range]");
      opacity.value = "40";
      opacity.dispatchEvent(new Event("input"));
      expect(veil().style.opacity).toBe("0.4");
      press(dialog(), "w");
      expect(veil().hidden).toBe(true);
      press(dialog(), "w");
      await settle();
      expect(veil().hidden).toBe(false);
      expect(model.asked.filter(({ kind }) => kind === "look")).toHaveLength(1);
    });

    it("says why it is not shown", async () => {
      press(dialog(), "w");
      await settle();
      const note = "The model has changed since the analysis, so that nothing is shown of it.";
      await model.answer({ width: 0, height: 0, note, mask: new DataView(new ArrayBuffer(0)) });
      await settle();
      expect(texts(el, ".imbxai-detail-picture .imbxai-note")).toContain(note);
      expect([veil().hidden, put.mock.calls.length]).toEqual([true, 0]);
    });

    it("is asked of the next image too, and of the one shown alone", async () => {
      press(dialog(), "w");
      await settle();
      press(dialog(), "ArrowRight");
      await model.answer({ width: 2, height: 2, note: "of 101", mask: MASK });
      await settle();
      expect([veil().hidden, put.mock.calls.length]).toEqual([true, 0]);
    });
  });

  it("says what is missing where there is no kernel, and shows what the page holds", async () => {
    vi.useFakeTimers();
    model.receive("opened", opening());
    await vi.advanceTimersByTimeAsync(PATIENCE);
    expect(texts(el, ".imbxai-notice")).toEqual([
      "This page holds no more of this image; the rest needs a running, idle kernel.",
    ]);
    vi.useRealTimers();
    model.receive("held", { "training:102": answer() });
    const before = model.asked.length;
    press(dialog(), "ArrowRight");
    await settle();
    expect(texts(el, ".imbxai-detail-probability")).toHaveLength(3);
    expect(texts(el, ".imbxai-notice")).toEqual([""]);
    expect(model.asked).toHaveLength(before);
  });

  it("hears nothing once it is gone", async () => {
    await dispose();
    expect(model.listeners).toBe(0);
    expect(el.children).toHaveLength(0);
  });
});

describe("what is decided of the image in the dialog", () => {
  const names = ["cat", "dog", "emu"];
  const editing = { why: "", undo: false, redo: false, busy: false, names, kept: "" };
  let model: PanelModel<State>;
  let el: HTMLElement;
  const dialog = () => one<HTMLDialogElement>(el, "dialog");
  const requests = () => model.changes.flatMap(({ edit }) => (edit ? [edit] : []));

  beforeEach(async () => {
    document.body.replaceChildren();
    fakePixels();
    model = new PanelModel<State>({
      opened: {},
      selected: 0,
      held: {},
      marked: [],
      ...UNDRAWN,
      ...UNEDITED,
      editing,
    });
    ({ el } = await mount(detail, model));
    model.receive("opened", opening());
  });

  it("goes by keys that it shows", () => {
    expect(texts(el, ".imbxai-dialog-keys kbd")).toEqual(
      expect.arrayContaining(["k", "x", "l", "s", "Ctrl Z"]),
    );
    for (const key of ["k", "x", "s"]) press(dialog(), key);
    const images = ["training:101"];
    expect(requests()).toMatchObject([
      { do: "edit", images, edit: { action: "keep" } },
      { do: "edit", images, edit: { action: "exclude" } },
      { do: "edit", images, edit: { action: "relabel", label: 1 } }, // what it is predicted as
    ]);
    press(dialog(), "ArrowRight"); // an image that is predicted right
    press(dialog(), "w");
    expect(requests()).toHaveLength(3);
  });

  it("is said there, and can be taken back", () => {
    model.receive("edits", { "training:101": { action: "relabel", label: 2 } });
    expect(one(el, ".imbxai-edit-now").textContent).toBe("relabeled as emu");
    one(el, ".imbxai-edit-tools button:nth-of-type(5)").click();
    expect(requests()).toMatchObject([{ images: ["training:101"], edit: null }]);
    model.receive("edits", {});
    expect(one(el, ".imbxai-edit-now").textContent).toBe("");
  });

  it("may be any class, found by a part of its name", () => {
    press(dialog(), "l");
    const field = one<HTMLInputElement>(el, ".imbxai-finder-field");
    field.value = "M";
    field.dispatchEvent(new Event("input"));
    expect(texts(el, ".imbxai-finder-option")).toEqual(["emu"]);
    press(field, "Enter");
    press(field, "Enter"); // the menu is gone
    expect(requests()).toMatchObject([{ edit: { action: "relabel", label: 2 } }]);
    field.value = "zebra";
    field.dispatchEvent(new Event("input"));
    expect(one(el, ".imbxai-finder p").textContent).toBe("No class has “zebra” in its name.");
  });

  it("cannot be decided without a kernel, and says so", () => {
    model.receive("editing", { ...editing, why: "Editing needs a running kernel." });
    const buttons = [...el.querySelectorAll<HTMLButtonElement>(".imbxai-edit-tools > button")];
    expect(buttons.every((button) => button.disabled)).toBe(true);
    expect(one(el, ".imbxai-edit-tools .imbxai-soft").textContent).toContain("running kernel");
    press(dialog(), "x");
    expect(requests()).toEqual([]);
  });
});
