// The linker with stand-ins for the widgets of one Explorer, whose panels it knows by no name.
import { beforeEach, describe, expect, it, vi } from "vitest";
import linkerModule from "../src/linker/linker";
import type { ClassCard } from "../src/model";
import { h } from "../src/parts/dom";
import { askEdit, type Edit } from "../src/parts/edits";
import { askFor, type ImageFilter } from "../src/parts/filter";
import { openFeature, openImage } from "../src/parts/open";
import { askRemedy } from "../src/parts/remedies";
import { mount, PanelModel } from "./panel_model";

/** A widget model that the linker can set, and that finds other models. */
class FakeModel extends PanelModel<Record<string, unknown>> {
  widget_manager = { get_model: (_id: string): Promise<unknown> => Promise.resolve(null) };

  constructor(state: Record<string, unknown> = {}) {
    super(state);
  }

  set_state(state: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(state)) this.receive(name, value);
  }
}

const NAMES = ["ant", "bee", "cat", "dog"];

/** Panels of every kind, in the order in which a click sets them. */
const PANELS = {
  list: { traits: { selected: -1, likely: [] }, keys: [], waits: false, tab: null },
  late: { traits: { selected: -1 }, keys: [], waits: true, tab: null },
  pictures: {
    traits: { card: {}, ahead: {} },
    keys: ["pictures", "bytes"],
    waits: false,
    tab: null,
  },
  table: { traits: { card: {}, selected: -1 }, keys: ["table"], waits: false, tab: null },
  words: { traits: { card: {} }, keys: ["words"], waits: false, tab: 0 },
  closed: { traits: { card: {}, selected: -1 }, keys: ["words"], waits: false, tab: 1 },
  behind: { traits: { selected: -1 }, keys: [], waits: true, tab: 1 },
  bars: { traits: { filter: {} }, keys: [], waits: false, tab: null },
  images: { traits: { wanted: {}, marked: [] }, keys: [], waits: false, tab: null },
  strip: {
    traits: { marked: [], filter: {}, opens: {}, edits: {}, editing: {}, edit: {} },
    keys: [],
    waits: false,
    tab: null,
  },
  dialog: { traits: { opened: {}, edits: {} }, keys: [], waits: false, tab: null },
  advice: { traits: { remedy: {} }, keys: [], waits: false, tab: null },
  remedies: { traits: { tried: {}, shifts: {} }, keys: [], waits: false, tab: null },
  boundary: { traits: { shifts: {} }, keys: [], waits: false, tab: null },
};

type PanelName = keyof typeof PANELS;

const makeCard = (index: number): ClassCard & { bytes: DataView } => ({
  index,
  name: NAMES[index] ?? "",
  notice: "",
  pictures: [index],
  bytes: new DataView(new ArrayBuffer(index + 1)),
  table: { rows: index },
  words: `words ${index}`,
});

interface Page {
  linker: FakeModel;
  tabs: FakeModel;
  message: FakeModel;
  to: Record<PanelName, FakeModel>;
  /** Names of the panels, in the order in which their cards were set. */
  order: string[];
  cleanup: () => void;
}

const said = (page: Page) => page.message.get("value");

async function open(options: { cards?: ClassCard[]; selected?: number } = {}): Promise<Page> {
  const entries = Object.entries(PANELS);
  const models = entries.map(([name, { traits }]) => [name, new FakeModel({ ...traits })]);
  const to = Object.fromEntries(models) as Record<PanelName, FakeModel>;
  const message = new FakeModel({ value: "" });
  const tabs = new FakeModel({ current: 0 });
  const order: string[] = [];
  for (const [name, model] of Object.entries(to)) model.on("change:card", () => order.push(name));
  const linker = new FakeModel({
    panels: entries.map(([name, { keys, waits, tab }]) => ({
      model: `IPY_MODEL_${name}`,
      keys,
      waits,
      tab,
    })),
    tabs: "IPY_MODEL_tabs",
    message: "IPY_MODEL_message",
    class_names: NAMES,
    cards: options.cards ?? NAMES.map((_, index) => makeCard(index)),
    selected: options.selected ?? 1,
    marked: ["training:7"],
    edits: {},
    history: { undo: false, redo: false, kept: "" },
  });
  linker.widget_manager.get_model = async (id) => ({ ...to, tabs, message })[id as PanelName];
  const cleanup = linkerModule.initialize({ model: linker } as never) as () => void;
  await settle();
  return { linker, tabs, message, to, order, cleanup };
}

async function settle(): Promise<void> {
  await new Promise((go) => setTimeout(go, 40)); // longer than a frame
}

beforeEach(() => {
  vi.stubGlobal("reportError", vi.fn());
});

function expectShown({ linker, to }: Page, index: number): void {
  const name = NAMES[index];
  expect(linker.get("selected")).toBe(index);
  for (const model of [to.list, to.late, to.table]) expect(model.get("selected")).toBe(index);
  expect(to.table.get("card")).toEqual({ index, name, table: { rows: index } });
  expect(to.words.get("card")).toEqual({ index, name, words: `words ${index}` });
  expect(to.pictures.get("card")).toMatchObject({ name, bytes: { byteLength: index + 1 } });
}

describe("remedies", () => {
  it("that a panel asks for are tried by those that try them, again if asked again", async () => {
    const page = await open();
    const seen: unknown[] = [];
    page.to.remedies.on("change:tried", () => seen.push(page.to.remedies.get("tried")));
    const remedy = { name: "LogitAdjustment", parameters: { tau: 1 } };
    page.to.advice.set("remedy", askRemedy(remedy));
    page.to.advice.set("remedy", askRemedy(remedy));
    expect(seen).toEqual([
      { ...remedy, asked: expect.any(Number) },
      { ...remedy, asked: expect.any(Number) },
    ]);
    expect(page.linker.saved).toEqual([]);
    page.cleanup();
  });

  it("shift logits alike in all panels, in the page alone", async () => {
    const page = await open();
    page.to.remedies.set("shifts", { 2: 0.5 });
    expect(page.to.boundary.get("shifts")).toEqual({ 2: 0.5 });
    page.to.boundary.set("shifts", { 2: 0.5, 0: -1 });
    expect(page.to.remedies.get("shifts")).toEqual({ 2: 0.5, 0: -1 });
    const heard = vi.fn();
    page.to.remedies.on("change:shifts", heard);
    page.to.boundary.set("shifts", { 0: -1, 2: 0.5 }); // the same
    expect(heard).not.toHaveBeenCalled();
    page.to.boundary.set("shifts", {});
    expect(page.to.remedies.get("shifts")).toEqual({});
    expect(page.linker.saved).toEqual([]);
    page.cleanup();
  });
});

describe("images that a panel asks for", () => {
  it("are wanted of those that show images, again if asked again, and never told Python", async () => {
    const page = await open();
    const seen: unknown[] = [];
    page.to.images.on("change:wanted", () => seen.push(page.to.images.get("wanted")));
    const filter: ImageFilter = { index: 1, split: "validation", predicted: 3 };
    page.to.bars.set("filter", askFor(filter));
    page.to.strip.set("filter", askFor(filter));
    expect(seen).toMatchObject([filter, filter]);
    expect(page.linker.saved).toEqual([]);
  });

  it("select their class", async () => {
    const page = await open();
    page.to.bars.set("filter", askFor({ index: 2, split: "training", right: false }));
    await settle();
    expectShown(page, 2);
    expect(page.linker.saved).toEqual([{ selected: 2 }]);
    expect(page.to.images.get("wanted")).toMatchObject({ index: 2 });
  });

  it("are none until a panel asks", async () => {
    const page = await open();
    page.to.bars.set("filter", {});
    expect(page.to.images.get("wanted")).toEqual({});
  });
});

describe("what a panel asks to look at closer", () => {
  it("is opened in the dialog, again if asked again, and never told Python", async () => {
    const page = await open();
    const seen: unknown[] = [];
    page.to.dialog.on("change:opened", () => seen.push(page.to.dialog.get("opened")));
    page.to.strip.set("opens", {});
    page.to.strip.set("opens", openImage("training:7", ["training:6", "training:7"]));
    page.to.strip.set("opens", openFeature(41, 2));
    page.to.strip.set("opens", openFeature(41, 2));
    expect(seen).toMatchObject([
      { kind: "image", key: "training:7", group: ["training:6", "training:7"] },
      { kind: "feature", feature: 41, index: 2 },
      { kind: "feature", feature: 41, index: 2 },
    ]);
    expect(page.linker.saved).toEqual([]);
    expect(page.linker.get("selected")).toBe(1);
  });
});

describe("marked images", () => {
  it("are those of Python when the page opens", async () => {
    const page = await open();
    expect(page.to.images.get("marked")).toEqual(["training:7"]);
    expect(page.to.strip.get("marked")).toEqual(["training:7"]);
    expect(page.linker.saved).toEqual([]);
  });

  it("are the same on every panel, and told Python once", async () => {
    const page = await open();
    page.to.strip.set("marked", ["training:7", "validation:2"]);
    expect(page.to.images.get("marked")).toEqual(["training:7", "validation:2"]);
    expect(page.linker.saved).toEqual([{ marked: ["training:7", "validation:2"] }]);
  });

  it("follow Python", async () => {
    const page = await open();
    page.linker.set_state({ marked: [] });
    expect(page.to.images.get("marked")).toEqual([]);
    expect(page.linker.saved).toEqual([]);
  });
});

describe("edits", () => {
  const exclude = { action: "exclude" } as const;
  const ask = (page: Page, images: string[], edit: Edit | null) =>
    page.to.strip.set("edit", askEdit({ do: "edit", images, edit }));
  const step = (page: Page, what: "undo" | "redo") =>
    page.to.strip.set("edit", askEdit({ do: what }));
  const edits = (page: Page) => page.to.dialog.get("edits");
  const asked = (page: Page) => page.linker.asked.filter(({ kind }) => kind === "edit");

  it("are those of Python, with what can be done", async () => {
    const page = await open();
    page.linker.set_state({ edits: { "training:1": exclude } });
    page.linker.set_state({ history: { undo: true, redo: false, kept: "edits.jsonl" } });
    expect(edits(page)).toEqual({ "training:1": exclude });
    const able = { why: "", undo: true, redo: false, busy: false };
    const editing = { ...able, names: NAMES, kept: "edits.jsonl" };
    expect(page.to.strip.get("editing")).toEqual(editing);
    expect(page.linker.saved).toEqual([]);
  });

  it("show at once, and act once however often and fast they are asked for", async () => {
    const page = await open();
    ask(page, ["training:1", "training:2"], exclude);
    ask(page, ["training:1", "training:2"], exclude);
    ask(page, ["training:2"], exclude);
    expect(edits(page)).toEqual({ "training:1": exclude, "training:2": exclude });
    expect(asked(page)).toHaveLength(1);
    const given = { do: "edit", images: ["training:1", "training:2"], edit: exclude };
    expect(asked(page)[0]?.arguments).toMatchObject(given);
    ask(page, ["training:1"], null); // taken back before Python has heard of it
    expect(edits(page)).toEqual({ "training:2": exclude });
    expect(asked(page)).toHaveLength(2);
    page.linker.set_state({ edits: { "training:1": exclude, "training:2": exclude } });
    await page.linker.answer({ changed: true }, 0);
    expect(edits(page)).toEqual({ "training:2": exclude }); // the second is still on its way
    page.linker.set_state({ edits: { "training:2": exclude } });
    await page.linker.answer({ changed: true }, 1);
    expect(edits(page)).toEqual({ "training:2": exclude });
  });

  it("have ids of their own, by which Python knows one that comes twice", async () => {
    const page = await open();
    const other = await open();
    for (const each of [page, page, other]) ask(each, [`training:${Math.random()}`], exclude);
    const all = [...asked(page), ...asked(other)];
    expect(new Set(all.map(({ arguments: given }) => given.id)).size).toBe(3);
  });

  it("are undone in the order of the keys, and say while a step is on its way", async () => {
    const page = await open();
    page.linker.set_state({ edits: { "training:1": exclude } });
    page.linker.set_state({ history: { undo: true, redo: true, kept: "" } });
    step(page, "undo");
    step(page, "undo");
    step(page, "redo");
    expect(asked(page).map(({ arguments: given }) => given.do)).toEqual(["undo", "undo", "redo"]);
    page.linker.set_state({ edits: {} });
    for (const at of [0, 1, 2]) {
      expect(page.to.strip.get("editing")).toMatchObject({ busy: true });
      await page.linker.answer({ changed: true }, at);
    }
    expect(edits(page)).toEqual({});
    expect(page.to.strip.get("editing")).toMatchObject({ busy: false });
  });

  it("can be undone before Python has heard of them", async () => {
    const page = await open();
    page.linker.set_state({ history: { undo: false, redo: true, kept: "" } });
    ask(page, ["training:1"], exclude);
    expect(page.to.strip.get("editing")).toMatchObject({ undo: true, redo: false });
    step(page, "undo");
    expect(asked(page).map(({ arguments: given }) => given.do)).toEqual(["edit", "undo"]);
    await page.linker.answer({ changed: true }, 0);
    await page.linker.answer({ changed: true }, 1);
    expect(page.to.strip.get("editing")).toMatchObject({ undo: false, redo: true });
    expect(edits(page)).toEqual({});
  });

  it("go back where Python refuses them, and say why", async () => {
    const page = await open();
    ask(page, ["training:1"], exclude);
    await page.linker.refuse("OSError: disk is full");
    expect(edits(page)).toEqual({});
    expect(said(page)).toBe("Nothing was edited: OSError: disk is full.");
    expect(reportError).not.toHaveBeenCalled();
  });

  it("cannot be made where there is no kernel", async () => {
    const page = await open();
    Object.assign(page.message, { comm_live: false });
    page.message.emit("comm_live_update");
    expect(page.to.strip.get("editing")).toMatchObject({
      why: "Editing needs a running kernel; this page has none.",
    });
    ask(page, ["training:1"], exclude);
    expect([edits(page), asked(page)]).toEqual([{}, []]);
  });

  it("wait for a slow kernel, and say so", async () => {
    const page = await open();
    vi.useFakeTimers();
    ask(page, ["training:1"], exclude);
    vi.advanceTimersByTime(4500);
    expect(said(page)).toBe("The kernel is busy: edits wait for it, and are not kept yet.");
    await page.linker.answer({ changed: true });
    expect(said(page)).toBe("");
    vi.useRealTimers();
  });
});

describe("a selection", () => {
  it("is shown on every panel when the page opens", async () => {
    const page = await open({ selected: 2 });
    expectShown(page, 2);
    expect(page.linker.saved).toEqual([]);
  });

  it.each(["list", "late", "table"] as const)("from a %s changes every panel", async (panel) => {
    const page = await open();
    page.to[panel].set("selected", 3);
    page.to[panel].save_changes();
    expect(page.linker.saved).toEqual([]); // the page shows the class first
    await settle();
    expectShown(page, 3);
    expect(page.linker.saved).toEqual([{ selected: 3 }]);
  });

  it("sets the cards in the order of the panels", async () => {
    const page = await open();
    expect(page.order).toEqual(["pictures", "table", "words", "closed"]);
  });

  it("from Python changes every panel", async () => {
    const page = await open();
    page.linker.set_state({ selected: 0 });
    await settle();
    expectShown(page, 0);
    expect(page.linker.saved).toEqual([]);
  });

  it("follows the last of several in a row, without swinging back", async () => {
    const page = await open();
    page.linker.set_state({ selected: 2 });
    page.linker.set_state({ selected: 3 });
    await settle();
    expectShown(page, 3);
    expect(page.linker.saved).toEqual([]);
  });

  it("of the class shown, or of none, is none", async () => {
    const page = await open();
    for (const index of [1, 4, -1, 0.5, 1]) {
      page.to.list.set("selected", index);
      await settle();
    }
    expect(page.linker.saved).toEqual([]);
    page.to.list.set("selected", 1);
    expectShown(page, 1);
  });
});

describe("panels in a closed tab", () => {
  const shown = ({ to }: Page) => [
    to.closed.get("card"),
    to.closed.get("selected"),
    to.behind.get("selected"),
  ];
  const card = (index: number) => ({ index, name: NAMES[index], words: `words ${index}` });

  /** Longer than they wait. */
  const rested = () => new Promise((go) => setTimeout(go, 120));

  it("follow when it is opened", async () => {
    const page = await open();
    expect(shown(page)).toEqual([card(1), 1, 1]); // the first class is shown everywhere
    page.linker.set_state({ selected: 3 });
    expect(shown(page)).toEqual([card(1), 1, 1]);
    expect(page.to.words.get("card")).toEqual(card(3));
    page.tabs.set_state({ current: 1 });
    expect(shown(page)).toEqual([card(3), 3, 3]);
    page.linker.set_state({ selected: 0 });
    expect(shown(page)).toEqual([card(0), 0, 0]);
    expect(page.to.words.get("card")).toEqual(card(3)); // its tab is closed now
    page.tabs.set_state({ current: 0 });
    expect(page.to.words.get("card")).toEqual(card(0));
  });

  it("follow while the card of another class is on its way", async () => {
    const page = await open({ cards: [] });
    await page.linker.answer(makeCard(1));
    page.linker.set_state({ selected: 2 });
    page.tabs.set_state({ current: 1 });
    expect(shown(page)).toEqual([card(1), 2, 2]); // as those that could be seen
    expect(page.linker.get("selected")).toBe(2);
    await page.linker.answer(makeCard(2));
    expect(shown(page)).toEqual([card(2), 2, 2]);
  });

  it("follow where all is printed", async () => {
    const page = await open();
    page.linker.set_state({ selected: 2 });
    expect(shown(page)).toEqual([card(1), 1, 1]);
    window.dispatchEvent(new Event("beforeprint"));
    expect(shown(page)).toEqual([card(2), 2, 2]);
    page.linker.set_state({ selected: 3 });
    page.cleanup();
    window.dispatchEvent(new Event("beforeprint"));
    expect(shown(page)).toEqual([card(2), 2, 2]);
  });

  it("follow the last of several selections, once those in sight have been drawn", async () => {
    const page = await open();
    const heard = vi.fn();
    page.to.closed.on("change:card", heard);
    for (const selected of [2, 3, 0]) page.linker.set_state({ selected });
    expect(heard).not.toHaveBeenCalled();
    await rested();
    expect(shown(page)).toEqual([card(0), 0, 0]);
    expect(heard).toHaveBeenCalledOnce();
  });

  it("are not drawn anew for the class before, while another's card is on its way", async () => {
    const page = await open({ cards: [] });
    await page.linker.answer(makeCard(1));
    const heard = vi.fn();
    page.to.closed.on("change:card", heard);
    page.linker.set_state({ selected: 2 });
    await rested();
    expect(heard).not.toHaveBeenCalled();
    await page.linker.answer(makeCard(2));
    await rested();
    expect([shown(page), heard.mock.calls.length]).toEqual([[card(2), 2, 2], 1]);
  });

  it("wait no more once the page is left", async () => {
    const page = await open();
    page.linker.set_state({ selected: 2 });
    page.cleanup();
    await rested();
    expect(shown(page)).toEqual([card(1), 1, 1]);
  });
});

describe("what the linker sets", () => {
  it("stays in the front end", async () => {
    const page = await open();
    page.to.list.set("selected", 3);
    await settle();
    for (const model of Object.values(page.to)) model.save_changes();
    const sent = Object.values(page.to).flatMap((model) => model.saved.flatMap(Object.keys));
    expect(sent).toEqual(["selected"]);
  });

  it("on a panel is what it takes, and nothing it has no trait for", async () => {
    const { to } = await open();
    expect(to.list.get("card")).toBeUndefined();
    expect(to.words.get("selected")).toBeUndefined();
    expect(to.pictures.get("ahead")).toEqual({});
  });
});

describe("cards that are fetched", () => {
  const asked = ({ linker }: Page) => linker.asked.map(({ arguments: { index } }) => index);

  /** Where the last question for the card of a class stands among all. */
  const at = (page: Page, index: number) => asked(page).lastIndexOf(index);

  const answer = async (page: Page, index: number, card: object = makeCard(index)) => {
    await page.linker.answer(card, at(page, index));
    await settle();
  };

  /** Longer than the page is left to itself after a selection. */
  const rested = () => new Promise((go) => setTimeout(go, 200));

  it("are asked for ahead, one at a time, without showing them", async () => {
    const page = await open({ cards: [] });
    await answer(page, 1);
    page.to.list.set("likely", [1, 2, 0, 3]);
    expect(asked(page)).toEqual([1]); // the page shows the class first
    await rested();
    expect(asked(page)).toEqual([1, 2]);
    await answer(page, 2);
    expect(asked(page)).toEqual([1, 2, 0]);
    await page.linker.refuse("unread");
    expect(asked(page)).toEqual([1, 2, 0, 3]);
    expectShown(page, 1);
    expect(said(page)).toBe("");
    expect(page.to.pictures.get("ahead")).toMatchObject({ index: 2 });
    page.to.list.set("selected", 2);
    expectShown(page, 2);
    await answer(page, 3);
    await rested();
    expect(asked(page)).toEqual([1, 2, 0, 3]);
  });

  it("that come ahead do not take the place of those shown", async () => {
    const page = await open({ cards: [] });
    await answer(page, 1);
    const others = Array.from({ length: 200 }, (_, index) => index + 4);
    page.to.list.set("likely", others);
    await rested();
    for (const index of others) await page.linker.answer({ ...makeCard(2), index });
    page.linker.set_state({ selected: 2 });
    page.linker.set_state({ selected: 1 });
    expect(asked(page)).toEqual([1, ...others, 2]);
    expectShown(page, 1);
  });

  it("are not asked for ahead where all came along", async () => {
    const page = await open();
    page.to.list.set("likely", [7, 8]);
    await rested();
    expect(page.linker.messages).toEqual([]);
  });

  it("are not missed where the kernel is gone before they are wanted", async () => {
    const page = await open({ cards: [] });
    await answer(page, 1);
    page.linker.send = () => {
      throw new Error("Kernel is dead");
    };
    page.to.list.set("likely", [2, 3]);
    await rested();
    expect(said(page)).toBe("");
    page.to.list.set("selected", 2);
    await settle();
    expect(said(page)).toContain("cat needs a running, idle kernel");
    expect(reportError).not.toHaveBeenCalled();
  });

  it("are asked for once, shown when they come, and kept", async () => {
    const page = await open({ cards: [] });
    expect(page.linker.asked).toEqual([{ kind: "card", arguments: { index: 1 } }]);
    expect(said(page)).toBe("Loading bee …");
    await answer(page, 1);
    expectShown(page, 1);
    expect(said(page)).toBe("");
    page.linker.set_state({ selected: 2 });
    page.linker.set_state({ selected: 1 });
    page.linker.set_state({ selected: 2 });
    expect(page.linker.messages).toHaveLength(2);
    await answer(page, 2);
    expectShown(page, 2);
  });

  it("are not shown when another class has been selected since", async () => {
    const page = await open({ cards: [] });
    await answer(page, 1);
    page.linker.set_state({ selected: 2 });
    page.linker.set_state({ selected: 3 });
    await answer(page, 2);
    expect(page.to.list.get("selected")).toBe(3);
    expect(page.to.late.get("selected")).toBe(1);
    expect(page.to.words.get("card")).toMatchObject({ name: "bee" });
    await answer(page, 3);
    expectShown(page, 3);
  });

  it("that do not come leave a word, and may come yet", async () => {
    const page = await open({ cards: [] });
    await answer(page, 1);
    vi.useFakeTimers();
    page.linker.set_state({ selected: 2 });
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    expect(said(page)).toBe(
      "cat needs a running, idle kernel; none has answered. The panels still show bee.",
    );
    await answer(page, 2);
    expectShown(page, 2);
    expect(said(page)).toBe("");
  });

  it("leave a word at once where the kernel is gone", async () => {
    const page = await open({ cards: [] });
    await answer(page, 1);
    page.linker.send = () => {
      throw new Error("Cannot send");
    };
    page.linker.set_state({ selected: 2 });
    await settle();
    expect(said(page)).toContain("cat needs a running, idle kernel");
    expect(reportError).not.toHaveBeenCalled();
  });

  it("say what went wrong, and are asked for again", async () => {
    const page = await open({ cards: [], selected: 2 });
    vi.useFakeTimers();
    page.linker.set_state({ selected: 1 });
    await page.linker.refuse("of a class left", at(page, 2));
    expect(said(page)).toBe("Loading bee …");
    await page.linker.refuse("OSError: no such file", at(page, 1));
    const why = "This class could not be shown: OSError: no such file.";
    expect(said(page)).toBe(why);
    vi.advanceTimersByTime(60_000);
    expect(said(page)).toBe(why);
    vi.useRealTimers();
    page.linker.set_state({ selected: 0 });
    page.linker.set_state({ selected: 1 });
    expect(asked(page).filter((index) => index === 1)).toHaveLength(2);
  });
});

describe("an error", () => {
  it("of a callback in the kernel shows until another class is selected", async () => {
    const page = await open();
    for (const message of ["it failed", "", "it failed"]) {
      page.linker.emit("msg:custom", { type: "notice", message }, []);
      expect(said(page)).toBe(message);
    }
    page.linker.set_state({ selected: 2 });
    expect(said(page)).toBe("");
  });

  it("in reading a class's images shows with the class", async () => {
    const cards = NAMES.map((_, index) => ({ ...makeCard(index), notice: index ? "" : "unread" }));
    const page = await open({ cards });
    page.linker.set_state({ selected: 0 });
    expect(said(page)).toBe("unread");
    page.linker.set_state({ selected: 1 });
    expect(said(page)).toBe("");
  });

  it("of a panel shows on the page and in the console", async () => {
    const page = await open();
    page.to.words.on("change:card", () => {
      throw new Error("no bars");
    });
    page.linker.set_state({ selected: 3 });
    expect(said(page)).toBe("The panels could not be updated: Error: no bars");
    expect(reportError).toHaveBeenCalledOnce();
  });
});

describe("an Explorer that goes", () => {
  it("stops listening", async () => {
    const page = await open();
    page.cleanup();
    const models = [page.linker, ...Object.values(page.to)];
    const order = Object.keys(PANELS).map(() => 1); // the listener of `open`
    expect(models.map((model) => model.listeners)).toEqual([0, ...order]);
  });
});

describe("a line that says how to come by panels", () => {
  it("is hidden where panels of its process are, for as long as they are", async () => {
    const line = (session: string) => h("p", "imbxai-left-behind", { "data-session": session });
    const [own, other] = [line("a1"), line("b2")];
    document.body.append(own, other);
    const { dispose } = await mount(linkerModule, new PanelModel({ session: "a1" }) as never);
    const shown = (element: Element) => getComputedStyle(element).display;
    expect([own, other].map(shown)).toEqual(["none", "block"]);
    await dispose();
    expect([own, other].map(shown)).toEqual(["block", "block"]);
  });
});
