// The linker with stand-ins for the widgets of one Explorer.
import { beforeEach, describe, expect, it, vi } from "vitest";
import linkerModule from "../src/linker";
import type { LinkedCard } from "../src/linker_targets";
import { PanelModel } from "./panel_model";

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

const ROLES = [
  "picker header archetypes overlap overview comparison message adversaryTitle adversaryNote adversaryText adversaryBars",
  "adversaryRanks adversaryShares",
  "colorTitle colorNote colorText colorBars colorShares",
]
  .join(" ")
  .split(" ");

function makeCard(index: number): LinkedCard {
  const name = NAMES[index] ?? "";
  return {
    index,
    name,
    notice: "",
    header: {
      images: 10 + index,
      imbalance: 1,
      trainingAccuracy: 1,
      trainingErrors: 0,
      validationImages: null,
      validationAccuracy: null,
    },
    archetypes: [],
    overlap: { features: [], rows: [], sharing: 0, topK: 3 },
    adversaries: {
      title: `Adversaries of ${name}`,
      note: `note ${index}`,
      text: `text ${index}`,
      classes: [0, 1, 2, 3].filter((other) => other !== index).reverse(),
      shares: [
        [0.5, 0.3, 0.2],
        [index / 10, 0, 1 - index / 10],
      ],
      colors: index === 2 ? [] : ["blue", "orange"],
      ticks: [0, 0.5, 1],
    },
    colors: {
      title: `Colors of ${name}`,
      note: "",
      text: `colors ${index}`,
      shares: [index / 10, 1 - index / 10],
      ticks: [0, 0.1],
    },
    comparison: {
      accuracies: [{ split: "training", images: 10 + index, before: 0.5, after: 1 }],
      errors: { split: "training", note: "", largest: 0, first: 0, classes: 4, rows: [] },
      flow: { counts: [], shares: [], note: `flow ${index}` },
      shared: { topK: [3, 3], sharing: 0, rows: [] },
    },
    sprite: { width: 32, height: 32, columns: 1, type: "image/png" },
    sprite_data: new DataView(new ArrayBuffer(index + 1)),
  };
}

/** A card of a class that nothing is known of. */
const bare = (card: LinkedCard): LinkedCard => ({
  ...card,
  adversaries: { ...card.adversaries, classes: [], shares: [[0, 0, 0]], colors: [] },
});

interface Page {
  linker: FakeModel;
  to: Record<string, FakeModel>;
  cleanup: () => void;
}

/** What TypeScript cannot know: the target of this role is there. */
function role(page: Page, name: string): FakeModel {
  const found = page.to[name];
  if (!found) throw new Error(`no widget plays ${name}`);
  return found;
}

async function open(
  options: { cards?: LinkedCard[]; selected?: number; without?: string[] } = {},
): Promise<Page> {
  const used = ROLES.filter((name) => !options.without?.includes(name));
  const to = Object.fromEntries(used.map((name) => [name, new FakeModel()]));
  for (const bars of ["adversaryBars", "colorBars"]) {
    to[bars]?.set_state({ scales: { y: new FakeModel() }, selected: null });
  }
  const linker = new FakeModel({
    targets: Object.fromEntries(used.map((name) => [name, `IPY_MODEL_${name}`])),
    class_names: NAMES,
    labels: NAMES.map((name) => name.toUpperCase()),
    cards: options.cards ?? NAMES.map((_, index) => makeCard(index)),
    selected: options.selected ?? 1,
  });
  linker.widget_manager.get_model = async (id) => to[id];
  const cleanup = linkerModule.initialize({ model: linker } as never) as () => void;
  await settle();
  return { linker, to, cleanup };
}

async function settle(): Promise<void> {
  await new Promise((go) => setTimeout(go, 40)); // longer than a frame
}

/** As bqplot does on a click: set, then touch. */
async function clickBar(bars: FakeModel, rank: number): Promise<void> {
  bars.set("selected", new Uint32Array([rank]));
  bars.save_changes();
  await settle();
}

beforeEach(() => {
  vi.stubGlobal("reportError", vi.fn());
});

function expectShown(page: Page, index: number): void {
  const name = NAMES[index];
  expect(page.linker.get("selected")).toBe(index);
  expect(role(page, "picker").get("selected")).toBe(index);
  expect(role(page, "overlap").get("selected")).toBe(index);
  expect(role(page, "overview").get("selected")).toBe(index);
  expect(role(page, "header").get("card")).toMatchObject({ name, header: { images: 10 + index } });
  expect(role(page, "overlap").get("card")).toMatchObject({ name, overlap: { topK: 3 } });
  expect(role(page, "comparison").get("selected")).toBe(index);
  expect(role(page, "comparison").get("card")).toMatchObject({
    name,
    comparison: { flow: { note: `flow ${index}` } },
  });
  expect(role(page, "archetypes").get("card")).toMatchObject({
    name,
    sprite_data: { byteLength: index + 1 },
  });
  expect(role(page, "adversaryTitle").get("value")).toBe(`Adversaries of ${name}`);
  expect(role(page, "adversaryBars").get("y")).toEqual([
    Float64Array.of(0.5, 0.3, 0.2),
    Float64Array.of(index / 10, 0, 1 - index / 10),
  ]);
  expect(role(page, "colorBars").get("y")).toEqual(Float64Array.of(index / 10, 1 - index / 10));
}

describe("a selection", () => {
  it("is shown on every panel when the page opens", async () => {
    const page = await open({ selected: 2 });
    expectShown(page, 2);
    expect(page.linker.saved).toEqual([]);
  });

  it.each(["picker", "overlap", "overview", "comparison"])(
    "from the %s changes every panel",
    async (panel) => {
      const page = await open();
      role(page, panel).set("selected", 3);
      role(page, panel).save_changes();
      await settle();
      expectShown(page, 3);
      expect(page.linker.saved).toEqual([{ selected: 3 }]);
    },
  );

  it("from an adversary bar selects the class that stands there", async () => {
    const page = await open();
    await clickBar(role(page, "adversaryBars"), 2);
    expectShown(page, 0); // the rows of bee are dog, cat, ant
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

  it("lets go of the bar, so that it can be clicked again", async () => {
    const page = await open();
    const bars = role(page, "adversaryBars");
    await clickBar(bars, 0);
    expect(bars.get("selected")).toBeNull();
    role(page, "picker").set("selected", 1);
    await settle();
    await clickBar(bars, 0);
    expectShown(page, 3);
  });

  it("of the class shown, or of none, is none", async () => {
    const page = await open();
    for (const index of [1, 4, -1, 0.5, 1]) {
      role(page, "picker").set("selected", index);
      await settle();
    }
    expect(page.linker.saved).toEqual([]);
    expectShown(page, 1);
  });
});

describe("what the linker sets", () => {
  it("stays in the front end", async () => {
    const page = await open();
    role(page, "picker").set("selected", 3);
    await settle();
    for (const model of Object.values(page.to)) model.save_changes();
    const sent = Object.values(page.to).flatMap((model) => model.saved.flatMap(Object.keys));
    expect(sent).toEqual(["selected"]);
  });

  it("is not on the bars before they have sent their own change", async () => {
    const page = await open();
    const bars = role(page, "adversaryBars");
    const before = bars.get("y");
    bars.set("selected", new Uint32Array([0]));
    expect(bars.get("y")).toBe(before);
    await settle();
    expect(bars.get("y")).not.toBe(before);
  });

  it("fits the axes to the card", async () => {
    const page = await open();
    const scales = role(page, "colorBars").get("scales") as { y: FakeModel };
    expect(scales.y.get("max")).toBe(0.1);
    expect(role(page, "colorShares").get("tick_values")).toEqual(Float64Array.of(0, 0.1));
    expect(role(page, "adversaryRanks").get("tick_labels")).toEqual({
      0: "DOG",
      1: "CAT",
      2: "ANT",
    });
  });

  it("writes no number beside a bar of which nothing is known", async () => {
    const page = await open();
    expect(role(page, "adversaryBars").get("label_display")).toBe(true);
    page.linker.set_state({ selected: 2 });
    expect(role(page, "adversaryBars").get("label_display")).toBe(false);
    page.linker.set_state({ selected: 3 });
    expect(role(page, "adversaryBars").get("label_display")).toBe(true);
  });

  it("of nothing known has no names beside its rows", async () => {
    const page = await open({ cards: NAMES.map((_, index) => bare(makeCard(index))) });
    page.linker.set_state({ selected: 2 });
    expect(role(page, "adversaryRanks").get("tick_labels")).toEqual({ 0: "", 1: "", 2: "" });
  });

  it("draws the series there are in their own colors", async () => {
    const cards = NAMES.map((_, index) => makeCard(index));
    const second = cards[2]?.adversaries;
    if (second) Object.assign(second, { shares: [[0.7, 0.2, 0.1]], colors: ["orange"] });
    const page = await open({ cards });
    expect(role(page, "adversaryBars").get("colors")).toEqual(["blue", "orange"]);
    page.linker.set_state({ selected: 2 });
    expect(role(page, "adversaryBars").get("colors")).toEqual(["orange"]);
    expect(role(page, "adversaryBars").get("y")).toEqual([Float64Array.of(0.7, 0.2, 0.1)]);
  });

  it("is told in words to those who can't see bars", async () => {
    const page = await open();
    page.linker.set_state({ selected: 3 });
    expect(role(page, "adversaryText").get("value")).toBe("text 3");
    expect(role(page, "colorText").get("value")).toBe("colors 3");
  });

  it("may lack colors", async () => {
    const without = ["colorTitle", "colorNote", "colorText"];
    const cards = NAMES.map((_, index) => ({ ...makeCard(index), colors: null }));
    const page = await open({ cards, without: [...without, "colorBars", "colorShares"] });
    role(page, "picker").set("selected", 2);
    await settle();
    expect(role(page, "adversaryTitle").get("value")).toBe("Adversaries of cat");
    expect(reportError).not.toHaveBeenCalled();
  });
});

describe("cards that are fetched", () => {
  const answer = (page: Page, index: number) => {
    const { sprite_data, ...card } = makeCard(index);
    page.linker.emit("msg:custom", { type: "card", card }, [sprite_data]);
    return settle();
  };

  /** Longer than the page is left to itself after a selection. */
  const rested = () => new Promise((go) => setTimeout(go, 200));

  it("are asked for ahead, one at a time, without showing them", async () => {
    const page = await open({ cards: [] });
    const asked = () => page.linker.messages.map((sent) => (sent as { index: number }).index);
    await answer(page, 1);
    role(page, "picker").set("likely", [1, 2, 0, 3]);
    expect(asked()).toEqual([1]); // the page shows the class first
    await rested();
    expect(asked()).toEqual([1, 2]);
    await answer(page, 2);
    expect(asked()).toEqual([1, 2, 0]);
    page.linker.emit("msg:custom", { type: "error", index: 0, message: "unread" }, []);
    expect(asked()).toEqual([1, 2, 0, 3]);
    expectShown(page, 1);
    expect(role(page, "message").get("value")).toBe("");
    expect(role(page, "archetypes").get("ahead")).toMatchObject({ index: 2 });
    role(page, "picker").set("selected", 2);
    expectShown(page, 2);
    await answer(page, 3);
    await rested();
    expect(asked()).toEqual([1, 2, 0, 3]);
  });

  it("that come ahead do not take the place of those shown", async () => {
    const page = await open({ cards: [] });
    await answer(page, 1);
    for (let index = 4; index < 200; index++) {
      const { sprite_data, ...card } = { ...makeCard(2), index };
      page.linker.emit("msg:custom", { type: "card", card }, [sprite_data]);
    }
    page.linker.set_state({ selected: 2 });
    page.linker.set_state({ selected: 1 });
    expect(page.linker.messages).toHaveLength(2);
    expectShown(page, 1);
  });

  it("are not asked for ahead where all came along", async () => {
    const page = await open();
    role(page, "picker").set("likely", [7, 8]);
    await rested();
    expect(page.linker.messages).toEqual([]);
  });

  it("are not missed where the kernel is gone before they are wanted", async () => {
    const page = await open({ cards: [] });
    await answer(page, 1);
    page.linker.send = () => {
      throw new Error("Kernel is dead");
    };
    role(page, "picker").set("likely", [2, 3]);
    await rested();
    expect(role(page, "message").get("value")).toBe("");
    role(page, "picker").set("selected", 2);
    expect(role(page, "message").get("value")).toContain("cat needs a running, idle kernel");
    expect(reportError).not.toHaveBeenCalled();
  });

  it("are asked for once, shown when they come, and kept", async () => {
    const page = await open({ cards: [] });
    expect(page.linker.messages).toEqual([{ type: "card", index: 1 }]);
    expect(role(page, "message").get("value")).toBe("Loading bee …");
    await answer(page, 1);
    expectShown(page, 1);
    expect(role(page, "message").get("value")).toBe("");
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
    expect(role(page, "picker").get("selected")).toBe(3);
    expect(role(page, "overview").get("selected")).toBe(1);
    expect(role(page, "adversaryTitle").get("value")).toBe("Adversaries of bee");
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
    expect(role(page, "message").get("value")).toBe(
      "cat needs a running, idle kernel; none has answered. The panels still show bee.",
    );
    await answer(page, 2);
    expectShown(page, 2);
    expect(role(page, "message").get("value")).toBe("");
  });

  it("leave a word at once where the kernel is gone", async () => {
    const page = await open({ cards: [] });
    await answer(page, 1);
    page.linker.send = () => {
      throw new Error("Cannot send");
    };
    page.linker.set_state({ selected: 2 });
    expect(role(page, "message").get("value")).toContain("cat needs a running, idle kernel");
    expect(reportError).not.toHaveBeenCalled();
  });

  it("say what went wrong, and are asked for again", async () => {
    const page = await open({ cards: [], selected: 2 });
    vi.useFakeTimers();
    page.linker.set_state({ selected: 1 });
    page.linker.emit("msg:custom", { type: "error", index: 2, message: "of a class left" }, []);
    expect(role(page, "message").get("value")).toBe("Loading bee …");
    page.linker.emit("msg:custom", { type: "error", index: 1, message: "no such file" }, []);
    expect(role(page, "message").get("value")).toBe("no such file");
    vi.advanceTimersByTime(60_000);
    expect(role(page, "message").get("value")).toBe("no such file");
    vi.useRealTimers();
    page.linker.set_state({ selected: 0 });
    page.linker.set_state({ selected: 1 });
    expect(
      page.linker.messages.filter((sent) => (sent as { index: number }).index === 1),
    ).toHaveLength(2);
  });
});

describe("an error", () => {
  it("of a callback in the kernel shows until another class is selected", async () => {
    const page = await open();
    for (const message of ["it failed", "", "it failed"]) {
      page.linker.emit("msg:custom", { type: "notice", message }, []);
      expect(role(page, "message").get("value")).toBe(message);
    }
    page.linker.set_state({ selected: 2 });
    expect(role(page, "message").get("value")).toBe("");
  });

  it("in reading a class's images shows with the class", async () => {
    const cards = NAMES.map((_, index) => ({ ...makeCard(index), notice: index ? "" : "unread" }));
    const page = await open({ cards });
    page.linker.set_state({ selected: 0 });
    expect(role(page, "message").get("value")).toBe("unread");
    page.linker.set_state({ selected: 1 });
    expect(role(page, "message").get("value")).toBe("");
  });

  it("shows on the page and in the console", async () => {
    const page = await open();
    page.linker.set_state({ cards: [] });
    role(page, "colorBars").set_state({ scales: undefined });
    role(page, "colorShares").set_state({ tick_values: null });
    page.linker.set_state({ selected: 3 });
    expect(role(page, "message").get("value")).toContain("could not be updated");
    expect(reportError).toHaveBeenCalledOnce();
  });
});

describe("an Explorer that goes", () => {
  it("stops listening", async () => {
    const page = await open();
    page.cleanup();
    const models = [page.linker, ...Object.values(page.to)];
    expect(models.map((model) => model.listeners)).toEqual(models.map(() => 0));
  });
});
