// The decision map: what it counts against Python's counts, what it asks for, opens and says.
import { beforeEach, describe, expect, it, vi } from "vitest";
import panel, { type State } from "../src/panels/decision_map";
import { DecisionData, GROUPS, inWords, sampled } from "../src/parts/decision_data";
import * as sent from "./contract";
import { all, mount, one, PanelModel, settle, stubSight, texts } from "./panel_model";

const { pair } = sent.decision_map.decision_map;
if (!pair) throw new Error("the card has no images");
const NAMES = ["cat", "<b>dog</b>", "owl"];
const SPLITS = ["training", "validation"] as const;
const AGAINST = pair.adversary;

const dataOf = () => new DecisionData(1, pair, sent.decision_map.decision_map_data, NAMES);

const state = (changed: Partial<State> = {}): State => ({
  card: { index: 1, name: "<b>dog</b>", ...sent.decision_map },
  class_names: NAMES,
  shifts: {},
  opens: {},
  held: {},
  ...changed,
});

const asked = (): State["card"] => ({
  index: 1,
  name: "<b>dog</b>",
  decision_map: { adversaries: [AGAINST, 0], missing: "", pair: null },
  decision_map_data: new DataView(new ArrayBuffer(0)),
});

async function open(changed: Partial<State> = {}) {
  const see = stubSight();
  const model = new PanelModel<State>(state(changed));
  const { el, dispose } = await mount(panel, model);
  return { model, el, dispose, see };
}

const slider = (el: HTMLElement) => one<HTMLInputElement>(el, "input[type=range]");

function slide(el: HTMLElement, value: number) {
  slider(el).value = String(value);
  slider(el).dispatchEvent(new Event("input"));
}

/** The numbers of the table, row by row: right, won, lost; of others the last two. */
const numbers = (el: HTMLElement) =>
  all(el, "tbody tr:has(td)").map((row) => texts(row, "button").map(Number));

const wanted = (counts: (typeof sent.decision_counts)[number]) =>
  [...SPLITS].reverse().flatMap((split) =>
    GROUPS.map((group) => {
      const { right, won, lost } = counts[split][group];
      return group === "others" ? [won, lost] : [right, won, lost];
    }),
  );

/** The last picture, call by call. */
const drawn: [string, ...unknown[]][] = [];
const context = new Proxy(
  {},
  {
    get:
      (_, name: string) =>
      (...given: unknown[]) => {
        if (name === "clearRect") drawn.length = 0;
        if (name === "scale") disks.length = 0; // the images are painted anew
        if (name === "arc") disks.push(given as number[]);
        drawn.push([name, ...given]);
      },
    set: () => true,
  },
);

/** Disks of the last time that all images were painted, and those painted over them since. */
const disks: number[][] = [];

/** A pointer over the canvas, by its place in CSS pixels. */
function pointer(el: HTMLElement, type: string, offsetX: number, offsetY: number) {
  const canvas = one<HTMLCanvasElement>(el, ".imbxai-decision-plot canvas");
  canvas.setPointerCapture = () => {};
  const event = new MouseEvent(type, { bubbles: true, cancelable: true });
  for (const [name, value] of Object.entries({ offsetX, offsetY, pointerId: 1 })) {
    Object.defineProperty(event, name, { value });
  }
  canvas.dispatchEvent(event);
}

beforeEach(() => {
  document.body.replaceChildren();
  drawn.length = 0;
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as never);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(600);
  vi.stubGlobal("requestAnimationFrame", (draw: (time: number) => void) => {
    draw(0);
    return 0;
  });
});

describe("the images of a decision", () => {
  it("count as Python counts, wherever the line is", () => {
    const data = dataOf();
    const kinds = SPLITS.flatMap((split) => GROUPS.map((group) => [split, group] as const));
    for (const counts of sent.decision_counts) {
      const tallies = data.move(counts);
      for (const [split, group] of kinds) {
        const { before, right, won, lost } = tallies[split][group];
        const told = counts[split][group];
        expect([won, lost]).toEqual([told.won, told.lost]);
        // Of other classes, those that cannot change are not here.
        expect(right).toBe(group === "others" ? before + won - lost : told.right);
      }
    }
    expect(sent.decision_counts.some(({ training }) => training.class.won > 0)).toBe(true);
  });

  it("are found again by their numbers", () => {
    const data = dataOf();
    const tallies = data.move({ own: 1.5, adversary: 0 });
    for (const split of SPLITS) {
      for (const group of GROUPS) {
        for (const outcome of ["right", "won", "lost"] as const) {
          const found = data.counted({ split, group, outcome });
          expect(found).toHaveLength(tallies[split][group][outcome]);
          expect(found.every((at) => data.splitOf(at) === split)).toBe(true);
        }
      }
    }
  });

  it("are drawn as they are of the pair, and those of other classes once they are taken in", () => {
    const data = dataOf();
    data.move({ own: 0, adversary: 0 });
    const own = data.ofPair("all");
    expect(data.taken("all")).toEqual([]);
    expect(
      own.every((at) =>
        [1, AGAINST].some((c) => c === data.labels[at] || c === data.predictions[at]),
      ),
    ).toBe(true);
    data.move({ own: 6, adversary: 6 });
    const taken = data.taken("all");
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.every((at) => data.groupOf(at) === "others" && !own.includes(at))).toBe(true);
    expect(data.ofPair("validation").length + data.ofPair("training").length).toBe(own.length);
  });

  it("stand apart where there are but two classes", () => {
    // Two images of two classes: own, adversary, outside, rival, largest, label, prediction, row.
    const bytes = new ArrayBuffer(66);
    new Float32Array(bytes, 0, 6).set([2, 0, 1, 1, -Infinity, -Infinity]);
    new Int32Array(bytes, 24, 2).set([-1, -1]);
    new Uint32Array(bytes, 32, 8).set([0, 1, 0, 0, 0, 1, 4, 5]);
    const two = new DecisionData(
      0,
      { adversary: 1, reach: 6, training: 1 },
      new DataView(bytes),
      NAMES,
    );
    expect(two.hasOthers).toBe(false);
    expect([...two.x]).toEqual([1, -1]);
    expect([...two.y].every((y) => y >= 0 && y < 1)).toBe(true);
    const { training, validation } = two.move({ own: 1, adversary: 0 });
    // At a tie, the lower class is predicted.
    expect(validation.class).toEqual({ images: 1, before: 0, right: 1, won: 1, lost: 0 });
    expect(training.class).toEqual({ images: 1, before: 1, right: 1, won: 0, lost: 0 });
    expect(two.keyOf(1)).toBe("validation:5");
  });
});

describe("a sample", () => {
  it("keeps the shares of its kinds and a few of each", () => {
    const data = dataOf();
    const images = Array.from({ length: 10_000 }, (_, at) => at % data.size);
    const kinds = (list: number[]) => {
      const found = new Map<string, number>();
      for (const at of list) {
        const kind = `${data.splitOf(at)} ${data.groupOf(at)} ${data.wasRight(at)}`;
        found.set(kind, (found.get(kind) ?? 0) + 1);
      }
      return found;
    };
    const kept = sampled(data, images, 1000);
    expect(kept.length).toBeGreaterThan(900);
    expect(kept.length).toBeLessThanOrEqual(1000);
    for (const [kind, number] of kinds(images)) {
      const share = (kinds(kept).get(kind) ?? 0) / kept.length;
      expect(Math.abs(share - number / images.length)).toBeLessThan(0.06);
    }
    expect(sampled(data, [3, 1], 2)).toEqual([3, 1]);
  });
});

describe("the panel", () => {
  it("shows Python's counts while the slider moves, and asks nothing", async () => {
    const { el, model } = await open();
    for (const counts of sent.decision_counts) {
      model.receive("shifts", { [AGAINST]: counts.adversary });
      slide(el, counts.own);
      expect(numbers(el)).toEqual(wanted(counts));
    }
    expect(model.messages).toEqual([]);
    expect(model.saved).toEqual([]);
    expect(model.state.shifts).toEqual({ 1: 1.5, [AGAINST]: 1 });
    one(el, ".imbxai-controls button").click();
    expect(model.state.shifts).toEqual({ [AGAINST]: 1 });
  });

  it("takes up a bias that is set elsewhere, also one beyond the slider", async () => {
    const { el, model } = await open();
    model.receive("shifts", { 1: 1.5 });
    expect(slider(el).value).toBe("1.5");
    const told = sent.decision_counts.find(({ own, adversary }) => own === 1.5 && !adversary);
    expect(numbers(el)).toEqual(told && wanted(told));
    expect(slider(el).getAttribute("aria-valuetext")).toMatch(/^\+1\.5\. Validation: /);
    model.receive("shifts", { 1: 7.5 });
    await settle();
    // The card's images are all that matter up to 6.
    expect(model.asked).toEqual([]); // out of sight
  });

  it("asks for images that it does not hold, once it can be seen", async () => {
    const { el, model, see } = await open({ card: asked() });
    await settle();
    expect(model.asked).toEqual([]);
    see(true);
    await settle();
    const given = { index: 1, adversary: AGAINST, offsets: {}, reach: 0 };
    expect(model.asked).toEqual([{ kind: "pair", arguments: given }]);
    expect(one(el, ".imbxai-decision-parts").hidden).toBe(true);
    await model.answer({ ...pair, data: sent.decision_map.decision_map_data });
    await settle();
    expect(one(el, ".imbxai-decision-parts").hidden).toBe(false);
    slide(el, 1.5);
    const told = sent.decision_counts.find(({ own, adversary }) => own === 1.5 && !adversary);
    expect(numbers(el)).toEqual(told && wanted(told));
    model.receive("shifts", { 0: 2, 1: 7.5 });
    await settle();
    expect(model.asked.at(-1)?.arguments).toEqual({ ...given, offsets: { 0: 2 }, reach: 7.5 });
    expect(one(el, ".imbxai-decision-parts").hidden).toBe(true);
    await model.refuse("ValueError: no");
    await settle();
    expect(one(el, "[role=alert]").textContent).toBe("ValueError: no");
  });

  it("asks for nothing that a page without a kernel holds", async () => {
    const held = { 1: { ...pair, data: sent.decision_map.decision_map_data } };
    const { el, model, see } = await open({ card: asked(), held });
    see(true);
    slide(el, 1.5);
    const told = sent.decision_counts.find(({ own, adversary }) => own === 1.5 && !adversary);
    expect(numbers(el)).toEqual(told && wanted(told));
    expect(model.asked).toEqual([]);
  });

  it("says why there is no map", async () => {
    const decision_map = { adversaries: [], missing: "No validation images.", pair: null };
    const empty = new DataView(new ArrayBuffer(0));
    const card = { index: 1, name: "dog", decision_map, decision_map_data: empty };
    const { el, see, model } = await open({ card });
    see(true);
    await settle();
    expect(one(el, "[role=alert]").textContent).toBe("No validation images.");
    expect(one(el, ".imbxai-controls").hidden).toBe(true);
    expect(model.asked).toEqual([]);
    model.receive("card", state().card);
    expect(one(el, "[role=alert]").textContent).toBe("");
    expect(one(el, ".imbxai-controls").hidden).toBe(false);
  });

  it("offers other adversaries by their names, as text", async () => {
    const { el, model, see } = await open();
    const { adversaries } = sent.decision_map.decision_map;
    expect(texts(el, "select:first-of-type option").slice(0, 2)).toEqual(
      adversaries.map((index) => NAMES[index]),
    );
    expect(texts(el, ".imbxai-control").at(-1)).toContain("Bias of <b>dog</b>");
    see(true);
    const field = one<HTMLSelectElement>(el, "select");
    field.value = "0";
    field.dispatchEvent(new Event("change"));
    await settle();
    expect(model.asked.at(-1)?.arguments).toMatchObject({ index: 1, adversary: 0 });
  });

  it("shows the images of a number alone, and opens exactly them", async () => {
    const { el, model, see } = await open();
    slide(el, 1.5);
    const data = dataOf();
    data.move({ own: 1.5, adversary: 0 });
    const won = all(el, "[aria-label]").find((each) =>
      /^[1-9].* training images of <b>dog<\/b> won$/.test(each.getAttribute("aria-label") ?? ""),
    );
    expect(won).toBeDefined();
    won?.click();
    expect(won?.getAttribute("aria-pressed")).toBe("true");
    const rows = data.counted({ split: "training", group: "class", outcome: "won" });
    const keys = rows.map((at) => data.keyOf(at));
    expect(one(el, ".imbxai-decision-single").textContent).toContain(
      `training image${keys.length > 1 ? "s" : ""} of <b>dog</b>, won.`,
    );
    const [open_] = all(el, ".imbxai-decision-single button");
    open_?.click();
    expect(model.state.opens).toMatchObject({ kind: "image", key: keys[0], group: keys });
    see(true); // scrolled away and back
    expect(one(el, ".imbxai-decision-single").hidden).toBe(false);
    won?.click();
    expect(one(el, ".imbxai-decision-single").hidden).toBe(true);
  });

  it("draws a disk for each image of the class, and follows a pointer that drags the line", async () => {
    const { el, model } = await open();
    const data = dataOf();
    const own = data.ofPair("all").filter((at) => data.groupOf(at) === "class");
    expect(disks).toHaveLength(own.length);
    const corner = () => {
      const lines = drawn.filter(([name]) => name === "lineTo");
      return lines.at(-3)?.slice(1) as [number, number];
    };
    const [x, y] = corner();
    pointer(el, "pointerdown", x, 2);
    pointer(el, "pointermove", x - 40, 2);
    pointer(el, "pointerup", x - 40, 2);
    const bias = model.state.shifts[1] ?? 0;
    expect(bias).toBeGreaterThan(0);
    const [movedX, movedY] = corner();
    expect(movedX).toBeGreaterThan(x - 42);
    expect(movedX).toBeLessThan(x - 38);
    expect(movedY).toBeGreaterThan(y);
    pointer(el, "pointermove", x, 2);
    expect(model.state.shifts[1]).toBe(bias);
  });

  it("opens an image that is clicked among those like it, and names it when pointed at", async () => {
    const { el, model } = await open();
    const data = dataOf();
    const own = data.ofPair("all").filter((at) => data.groupOf(at) === "class");
    const [x = 0, y = 0] = disks.at(-1) ?? [];
    pointer(el, "pointermove", x, y);
    expect(texts(el, ".imbxai-tooltip div")[1]).toBe("Label: <b>dog</b>");
    pointer(el, "pointerdown", x, y);
    pointer(el, "click", x, y);
    const { key, group } = model.state.opens as { key: string; group: string[] };
    expect(own.map((at) => data.keyOf(at))).toContain(key);
    expect(group).toContain(key);
    const split = key.split(":")[0];
    expect(group.every((other) => other.startsWith(`${split}:`))).toBe(true);
    pointer(el, "pointerdown", x - 30, y);
    pointer(el, "click", x, y);
    expect((model.state.opens as { key: string }).key).toBe(key);
  });

  it("goes without a trace", async () => {
    const { model, dispose, el } = await open();
    await dispose();
    expect(model.listeners).toBe(0);
    expect(el.children).toHaveLength(0);
  });
});

describe("the words", () => {
  it("tell who is won and who pays", () => {
    const none = { images: 9, before: 5, right: 5, won: 0, lost: 0 };
    const names = { class: "cat", adversary: "dog", others: "other classes" };
    const still = { class: none, adversary: none, others: none };
    const moved = {
      class: { ...none, won: 1200 },
      adversary: { ...none, lost: 5 },
      others: { ...none, won: 1, lost: 2 },
    };
    expect(inWords({ training: still, validation: moved }, names)).toBe(
      "Validation: won 1,200 of cat, 1 of other classes; lost 5 of dog, 2 of other classes. " +
        "Training: none won, none lost.",
    );
  });
});
