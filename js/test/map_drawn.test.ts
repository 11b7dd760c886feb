// The panel of the map over points that are drawn by nothing, and tell what they would.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PlotEvents } from "../src/parts/map_plot";

const plots: FakePlot[] = [];

class FakePlot {
  lassoing = false;
  marked: number[] = [];
  filtered: (number[] | undefined)[] = [];
  styles: unknown[][] = [];
  zoomed: unknown[] = [];
  disposed = false;
  constructor(
    readonly create: unknown,
    readonly data: unknown,
    readonly place: HTMLElement,
    readonly events: PlotEvents,
  ) {
    plots.push(this);
  }
  async draw(...style: unknown[]) {
    this.styles.push(style);
  }
  async restyle(...style: unknown[]) {
    this.styles.push(style);
  }
  refills = 0;
  async refill() {
    this.refills += 1;
  }
  async filter(images: number[] | undefined) {
    this.filtered.push(images);
  }
  mark(images: number[]) {
    this.marked = images;
  }
  zoomTo(images: number[]) {
    this.zoomed.push(images);
  }
  zoom(factor: number) {
    this.zoomed.push(factor);
  }
  whole() {
    this.zoomed.push("whole");
  }
  positionOf = (at: number): [number, number] => [10 * at, 5];
  resize() {}
  dispose() {
    this.disposed = true;
  }
}

const create = () => {};
vi.mock("../src/parts/map_plot", () => ({
  MapPlot: FakePlot,
  hasWebGL: () => true,
  load: async () => create,
}));

const { default: map, MARKED } = await import("../src/panels/map");
type State = import("../src/panels/map").State;
const { mapState, PLACES, TRUST } = await import("./map_cases");
const { all, mount, one, PanelModel, settle, stubSight, texts, thumbnails } = await import(
  "./panel_model"
);

async function drawn(changed: Partial<State> = {}) {
  const see = stubSight();
  const library = new DataView(new ArrayBuffer(1));
  const held = { places: PLACES, trust: TRUST, library };
  const model = new PanelModel<State>({ ...mapState(), held, ...changed });
  const { el, dispose } = await mount(map, model);
  see(true);
  await settle();
  const plot = plots.at(-1);
  if (!plot) throw new Error("nothing is drawn");
  return { model, el, plot, dispose };
}

const button = (el: HTMLElement, name: string) => one(el, `button[aria-label="${name}"]`);

function choose(el: HTMLElement, at: number, value: string) {
  const field = all(el, "select")[at] as HTMLSelectElement;
  field.value = value;
  field.dispatchEvent(new Event("change"));
}

describe("a map that is drawn", () => {
  beforeEach(() => {
    document.body.replaceChildren();
    plots.length = 0;
  });
  afterEach(() => vi.useRealTimers());

  it("marks exactly the images of a lasso, those marked before first", async () => {
    const { model, plot, el } = await drawn({ marked: ["validation:0", "training:2"] });
    expect(plot.marked).toEqual([3, 2]);
    plot.events.lasso([0, 1, 2]);
    expect(model.state.marked).toEqual(["training:2", "training:0", "training:1"]);
    expect(one(el, ".imbxai-map-told").textContent).toBe("3 images marked.");
    plot.events.lasso([]);
    expect(model.state.marked).toHaveLength(3);
    expect(one(el, ".imbxai-map-told").textContent).toBe("No image lies in it.");
  });

  it("marks none of more images than can be marked, and says so", async () => {
    const { model, plot, el } = await drawn({ marked: ["training:1"] });
    plot.events.lasso(Array.from({ length: MARKED + 1 }, (_, at) => at));
    expect(model.changes).toEqual([]);
    expect(one(el, ".imbxai-map-told").textContent).toContain("10,001 images lie in it");
    expect(plot.marked).toEqual([1]);
  });

  it("rings what is marked elsewhere", async () => {
    const { model, plot } = await drawn();
    model.receive("marked", ["validation:0", "training:1"]);
    expect(plot.marked).toEqual([3, 1]);
  });

  it("opens an image among those nearest to it, or among the marked ones", async () => {
    const { model, plot } = await drawn();
    plot.events.open(3);
    const nearest = ["validation:0", "training:2", "training:1", "training:0"];
    expect(model.state.opens).toMatchObject({ kind: "image", key: "validation:0", group: nearest });
    model.receive("marked", ["training:1", "validation:0"]);
    plot.events.open(3);
    expect(model.state.opens).toMatchObject({ group: ["training:1", "validation:0"] });
  });

  it("colors by what is chosen, and says so in the legend", async () => {
    const { el, plot } = await drawn();
    expect(texts(el, ".imbxai-map-legend li")).toEqual(["cat", "<b>dog</b>"]);
    choose(el, 0, "archetype");
    expect(texts(el, ".imbxai-map-legend li")).toEqual(["safe", "border", "rare", "outlier"]);
    expect(plot.styles.at(-1)?.[0]).toBe("archetype");
    choose(el, 0, "class");
    all(el, ".imbxai-map-legend button")[1]?.click();
  });

  it("takes up edits once its colors tell them", async () => {
    const { el, model, plot } = await drawn();
    model.receive("edits", { "training:1": { action: "exclude" } });
    expect(plot.refills).toBe(0);
    choose(el, 0, "edit");
    await settle();
    expect(plot.refills).toBe(1);
    choose(el, 0, "archetype");
    choose(el, 0, "kept");
    await settle();
    expect(plot.refills).toBe(1);
  });

  it("selects a class by the legend, and is styled anew when a class is selected", async () => {
    const { el, model, plot } = await drawn();
    all(el, ".imbxai-map-legend button")[1]?.click();
    expect(model.state.selected).toBe(1);
    model.receive("card", { index: 1, name: "dog", map: { adversaries: [0] } });
    const [, highlights] = plot.styles.at(-1) ?? [];
    expect((highlights as { index: number }[]).map(({ index }) => index)).toEqual([1, 0]);
  });

  it("shows either split alone, and moves by its buttons", async () => {
    const { el, plot } = await drawn();
    choose(el, 1, "validation");
    choose(el, 1, "training");
    choose(el, 1, "all");
    expect(plot.filtered).toEqual([undefined, [3], [0, 1, 2], undefined]);
    for (const name of ["Zoom in", "Zoom out", "Whole map"]) button(el, name).click();
    button(el, "This class: zoom to its images").click();
    expect(plot.zoomed).toEqual([1.5, 1 / 1.5, "whole", [0, 2]]);
    const lasso = button(el, "Lasso: draw around images to mark them");
    lasso.click();
    expect([plot.lassoing, lasso.getAttribute("aria-pressed")]).toEqual([true, "true"]);
  });

  it("writes beside a point what it knows, and asks for the image of one that is rested on", async () => {
    vi.useFakeTimers();
    const see = stubSight();
    const library = new DataView(new ArrayBuffer(1));
    const held = { places: PLACES, trust: TRUST, library };
    const model = new PanelModel<State>({ ...mapState(), held });
    const { el } = await mount(map, model);
    see(true);
    await vi.advanceTimersByTimeAsync(1);
    const plot = plots.at(-1);
    plot?.events.point(0);
    await vi.advanceTimersByTimeAsync(30);
    plot?.events.point(1);
    expect(texts(el, ".imbxai-tooltip div")).toEqual([
      "Training image, row 1",
      "Label: <b>dog</b>",
      "Prediction: cat (wrong)",
      "Archetype: outlier",
      "Neighborhood kept here: 20%",
    ]);
    await vi.advanceTimersByTimeAsync(100);
    expect(model.asked).toEqual([{ kind: "image", arguments: { split: "training", row: 1 } }]);
    await model.answer({
      thumbnails: thumbnails(1, 0, 7),
      sprite: null,
      sprite_data: new DataView(new ArrayBuffer(0)),
    });
    expect(texts(el, ".imbxai-tooltip div")[0]).toBe("Training image 7");
    plot?.events.point(undefined);
    expect(one(el, ".imbxai-tooltip").hidden).toBe(true);
    plot?.events.point(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(model.asked).toHaveLength(1);
  });

  it("drops the answer of a point that is left", async () => {
    vi.useFakeTimers();
    const see = stubSight();
    const held = { places: PLACES, trust: TRUST, library: new DataView(new ArrayBuffer(1)) };
    const model = new PanelModel<State>({ ...mapState(), held });
    const { el } = await mount(map, model);
    see(true);
    await vi.advanceTimersByTimeAsync(1);
    plots.at(-1)?.events.point(0);
    await vi.advanceTimersByTimeAsync(100);
    plots.at(-1)?.events.point(undefined);
    await model.answer({ thumbnails: thumbnails(1, 0, 7), sprite: null });
    expect(one(el, ".imbxai-tooltip").hidden).toBe(true);
  });

  it("takes up the colors of another theme, once it stands still", async () => {
    const { el, plot } = await drawn();
    vi.useFakeTimers();
    const place = one(el, ".imbxai-map-place");
    const before = plot.styles.length;
    place.dispatchEvent(new Event("transitioncancel"));
    place.dispatchEvent(new Event("transitionend"));
    expect(plot.styles).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(200);
    expect(plot.styles).toHaveLength(before + 1);
  });

  it("names classes in their colors where these are the colors of points", async () => {
    const { el } = await drawn();
    const colors = () =>
      all(el, ".imbxai-map-name").map(({ style }) => style.getPropertyValue("--imbxai-map-color"));
    expect(texts(el, ".imbxai-map-name")).toEqual(["cat", "<b>dog</b>"]);
    expect(colors()).toEqual(["var(--imbxai-accent)", "var(--imbxai-map-1)"]);
    choose(el, 0, "error");
    expect(colors()).toEqual(["", ""]);
  });

  it("draws anew on request when the browser takes back what draws", async () => {
    const { el, plot } = await drawn();
    plot.events.lost();
    expect(one(el, "[role=alert]").textContent).toContain("taken back");
    const again = all(el, "button").find(({ textContent }) => textContent === "Draw it again");
    again?.click();
    await settle();
    expect([plots.length, plot.disposed]).toEqual([2, true]);
    expect(one(el, "[role=alert]").textContent).toBe("");
  });

  it("is drawn in each view of its own", async () => {
    const { model, plot } = await drawn();
    const see = stubSight();
    const { el } = await mount(map, model);
    see(true);
    await settle();
    expect(plots).toHaveLength(2);
    choose(el, 0, "error");
    expect(plot.styles.at(-1)?.[0]).toBe("class");
    expect(plots.at(-1)?.styles.at(-1)?.[0]).toBe("error");
    model.receive("marked", ["training:1"]);
    expect(plots.map(({ marked }) => marked)).toEqual([[1], [1]]);
  });

  it("takes what draws along when it goes", async () => {
    const { model, plot, dispose } = await drawn();
    await dispose();
    expect([plot.disposed, model.listeners]).toEqual([true, 0]);
  });
});
