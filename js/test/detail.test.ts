// The dialog in which one image is looked at closer.
import { beforeEach, describe, expect, it } from "vitest";
import detail, { type State } from "../src/panels/detail";
import { type AskedOpening, openImage } from "../src/parts/open";
import { keyOf, type Tile } from "../src/parts/thumbnail_grid";
import { EVIL, fakePixels, mount, one, PanelModel, press, texts, thumbnails } from "./panel_model";

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
    model = new PanelModel<State>({ opened: {}, selected: 0, marked: [] });
    ({ el, dispose } = await mount(detail, model));
  });

  it("is closed until something is opened, also where a page is made of a saved state", async () => {
    expect(dialog().open).toBe(false);
    const saved = new PanelModel<State>({ opened: opening(), selected: 0, marked: [] });
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
    expect(texts(el, "kbd")).toEqual(["← →", "m", "Esc"]);
    model.receive("opened", opening("training:101", []));
    expect(texts(el, "kbd")).toEqual(["m", "Esc"]);
  });

  it("hears nothing once it is gone", async () => {
    await dispose();
    expect(model.listeners).toBe(0);
    expect(el.children).toHaveLength(0);
  });
});
