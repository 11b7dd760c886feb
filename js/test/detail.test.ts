// The dialog in which one image is looked at closer.
import { beforeEach, describe, expect, it } from "vitest";
import detail, { type State } from "../src/panels/detail";
import { type AskedOpening, openImage } from "../src/parts/open";
import { keyOf, type Tile } from "../src/parts/thumbnail_grid";
import {
  EVIL,
  fakePixels,
  mount,
  one,
  PanelModel,
  press,
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
  new PanelModel<State>({ opened, selected: 0, marked: [], ...UNDRAWN, ...UNEDITED });

describe("an image in the dialog", () => {
  let model: PanelModel<State>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  const dialog = () => one<HTMLDialogElement>(el, "dialog");
  const title = () => one(el, ".imbxai-dialog-title").textContent;
  const place = () => one(el, ".imbxai-dialog-place").textContent;
  const button = (label: string) => one<HTMLButtonElement>(el, `button[aria-label^="${label}"]`);

  beforeEach(async () => {
    document.body.replaceChildren();
    fakePixels();
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
  });

  it("hears nothing once it is gone", async () => {
    await dispose();
    expect(model.listeners).toBe(0);
    expect(el.children).toHaveLength(0);
  });
});

describe("what is decided of the image in the dialog", () => {
  const names = ["cat", "dog", "emu"];
  const editing = { why: "", undo: false, redo: false, names, kept: "" };
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
    press(dialog(), "s");
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
