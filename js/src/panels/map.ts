// All images on a map: which lie together there, and how much of that is true.
import { hasCard, type MaybeCard, type Model, type Render } from "../model";
import { AskError, Asker } from "../parts/ask";
import { Cleanup, h, panel, TextView } from "../parts/dom";
import type { Edits } from "../parts/edits";
import { count, counted } from "../parts/format";
import { COLORING_NAMES, type Highlight, highlightsOf, legendOf } from "../parts/map_colors";
import { MapControls, MapLegend } from "../parts/map_controls";
import { MapData, type MapPlaces, type MapTrust } from "../parts/map_data";
import { MapNames } from "../parts/map_names";
import { type Create, hasWebGL, load, MapPlot } from "../parts/map_plot";
import { TrustView } from "../parts/map_trust";
import { type AskedOpening, openImage } from "../parts/open";
import { PointHint } from "../parts/point_hint";

export interface MapClass {
  /** The classes that the selected one is mistaken for most, most first. */
  adversaries: number[];
}

export interface Part {
  map: MapClass;
}

/** What a page without a kernel has of the map. */
export type Held =
  | { places: MapPlaces; trust: MapTrust; library: DataView }
  | Record<string, never>;

export interface State {
  card: MaybeCard<Part>;
  selected: number;
  marked: string[];
  opens: AskedOpening;
  edits: Edits;
  held: Held;
}

/** Images that a lasso marks, at most: all panels, the tray and Python follow at once. */
export const MARKED = 10_000;

/** Which part of the panel is in sight when the map is made: of a tab that is not open none is. */
const SEEN = 0.01;

/** Milliseconds after the last change of a theme until the map takes up its colors. */
const THEMED = 100;

const NO_WEBGL =
  "This browser draws no WebGL, which the map needs. How much of the neighborhoods is kept stands " +
  "here, and Analysis.map_table() tells where each image lies; everything else works.";
const NO_KERNEL = "The map needs a running, idle kernel; none has answered.";

/** What draws is loaded once for all maps of a page. */
let library: Promise<Create> | undefined;

class MapView {
  readonly frame = panel("map", "Map", "");
  readonly #controls: MapControls;
  readonly #legend: MapLegend;
  readonly #trust: TrustView;
  readonly #place = h("div", "imbxai-map-place", { role: "img" });
  readonly #names = new MapNames();
  readonly #told = new TextView(h("p", "imbxai-note imbxai-map-told", { role: "status" }));
  readonly #problem = new TextView(h("p", "imbxai-notice", { role: "alert" }));
  readonly #again = h("button", "imbxai-quiet-button", { type: "button" }, "Draw it again");
  readonly #asker: Asker;
  readonly #hint: PointHint;
  #data: MapData | undefined;
  #known: MapTrust | undefined;
  #create: Create | undefined;
  #plot: MapPlot | undefined;
  #middles = new Map<number, number>();
  #selected = 0;
  #adversaries: readonly number[] = [];
  #themed: ReturnType<typeof setTimeout> | undefined;
  /** Whether what colors tell has changed since the points were drawn. */
  #stale = false;
  #begun = false;
  #gone = false;

  constructor(
    private readonly model: Model<State>,
    cleanup: Cleanup,
  ) {
    const select = (index: number) => this.model.set("selected", index);
    this.#asker = new Asker(model);
    this.#controls = new MapControls({
      color: () => this.#restyle(),
      show: () => this.#filter(),
      lasso: (on) => {
        if (this.#plot) this.#plot.lassoing = on;
        this.#told.show(
          on ? "Draw around images to mark them; with Ctrl, beside those marked." : "",
        );
      },
      zoom: (factor) => this.#plot?.zoom(factor),
      whole: () => this.#plot?.whole(),
      toClass: () => this.#plot?.zoomTo(this.#imagesOf(this.#selected)),
    });
    this.#legend = new MapLegend(select);
    this.#trust = new TrustView(select);
    this.#hint = new PointHint(this.frame.root, this.#place, this.#asker);
    this.#place.append(this.#names.element);
    this.#again.hidden = true;
    this.#again.addEventListener("click", () => this.#draw());
    // JupyterLab changes its theme in steps, of which each takes back the transition of the last.
    for (const type of ["transitionend", "transitioncancel"] as const) {
      this.#place.addEventListener(type, ({ target }) => {
        if (target !== this.#place) return;
        clearTimeout(this.#themed);
        this.#themed = setTimeout(() => this.#restyle(), THEMED);
      });
    }
    this.frame.head.hidden = true; // the tab has the same title
    const map = h(
      "div",
      "imbxai-map-side",
      {},
      this.#place,
      this.#told.element,
      this.#legend.element,
    );
    this.frame.body.append(
      this.#controls.element,
      this.#problem.element,
      this.#again,
      h("div", "imbxai-map-parts", {}, map, this.#trust.element),
    );
    this.#showChrome(false);
    const seen = (inSight: boolean) => {
      if (inSight && !this.#begun) this.#begin();
    };
    cleanup.onSight(this.frame.root, seen, SEEN);
    cleanup.onResize([this.#place], () => this.#plot?.resize());
  }

  showClass(): void {
    const card = this.model.get("card");
    if (hasCard(card)) {
      this.#selected = card.index;
      this.#adversaries = card.map.adversaries;
    }
    if (this.#data) this.#choose();
  }

  showMarks(): void {
    const data = this.#data;
    if (!data || !this.#plot) return;
    const images = this.model.get("marked").map((key) => data.indexOf(key));
    this.#plot.mark(images.filter((at) => at !== undefined));
  }

  showEdits(): void {
    this.#data?.edit(this.model.get("edits"));
    this.#stale = true;
    if (this.#controls.coloring === "edit") this.#restyle();
  }

  dispose(): void {
    this.#gone = true;
    clearTimeout(this.#themed);
    this.#plot?.dispose();
    this.#hint.dispose();
    this.#asker.dispose();
    this.frame.root.remove();
  }

  /** Asks for the places, then for what draws them and how much they keep. */
  async #begin(): Promise<void> {
    this.#begun = true;
    this.#told.show("Placing all images …");
    try {
      const places = await this.#ask<MapPlaces>("places");
      if (this.#gone) return;
      this.#data = new MapData(places);
      this.#data.edit(this.model.get("edits"));
      this.#controls.offer(this.#data.size > places.training);
      this.#choose();
      this.#told.show("");
      await Promise.all([this.#beginDrawing(), this.#learn()]);
    } catch (error) {
      if (this.#gone) return;
      this.#begun = false; // when it comes into sight again
      this.#told.show("");
      this.#problem.show(said(error, "The map could not be made"));
    }
  }

  async #beginDrawing(): Promise<void> {
    if (!hasWebGL()) {
      this.#problem.show(NO_WEBGL);
      return;
    }
    library ??= this.#ask<{ library: DataView }>("library").then(({ library: code }) => load(code));
    try {
      this.#create = await library;
    } catch (error) {
      library = undefined;
      throw error;
    }
    if (!this.#gone) await this.#draw();
  }

  async #learn(): Promise<void> {
    this.#trust.wait("How much of the neighborhoods it keeps is being counted …");
    this.#known = await this.#ask<MapTrust>("trust");
    const data = this.#data;
    if (this.#gone || !data) return;
    const { buffer, byteOffset, byteLength } = this.#known.levels;
    data.levels = new Uint8Array(buffer, byteOffset, byteLength).slice();
    this.#stale = true;
    this.#showTrust();
    await this.#restyle();
  }

  async #draw(): Promise<void> {
    const [data, create] = [this.#data, this.#create];
    if (!data || !create) return;
    this.#plot?.dispose();
    this.#problem.show("");
    this.#again.hidden = true;
    this.#showChrome(true);
    try {
      this.#plot = new MapPlot(create, data, this.#place, {
        point: (at) => this.#point(at),
        open: (at) => this.#open(at),
        lasso: (images) => this.#lasso(images),
        moved: () => this.#moved(),
        lost: () => this.#lost(),
      });
      this.#plot.lassoing = this.#controls.lassoing;
      this.#stale = false;
      await this.#plot.draw(this.#controls.coloring, this.#highlights);
      if (this.#gone) return;
      await this.#filter();
      this.showMarks();
      this.#moved();
    } catch (error) {
      this.#showChrome(false);
      this.#problem.show(`The map could not be drawn: ${String(error)}. Everything else works.`);
    }
  }

  #lost(): void {
    this.#hint.hide();
    this.#problem.show("The browser has taken back what draws the map, as for other pages.");
    this.#again.hidden = false;
  }

  /** What a page without a kernel holds, or the kernel tells. */
  async #ask<T>(kind: "places" | "trust" | "library"): Promise<T> {
    const held = this.model.get("held");
    if ("places" in held) return (kind === "library" ? held : held[kind]) as T;
    return this.#asker.ask<T>(kind, {}, { late: () => this.#told.show(NO_KERNEL) });
  }

  get #highlights(): Highlight[] {
    return highlightsOf(this.#selected, this.#adversaries);
  }

  #choose(): void {
    const data = this.#data;
    if (!data) return;
    const classes = [...Array(data.classes).keys()];
    const wanted = data.classes > 20 ? this.#highlights.map(({ index }) => index) : classes;
    const missing = wanted.filter((index) => !this.#middles.has(index));
    for (const [index, at] of data.middles(missing)) this.#middles.set(index, at);
    this.#place.setAttribute(
      "aria-label",
      `${counted(data.size, "image")} as points, placed by ${data.places.projection}; ` +
        "how much of their neighborhoods is kept stands beside it",
    );
    this.#showTrust();
    this.#restyle();
  }

  #showTrust(): void {
    if (this.#data && this.#known) {
      this.#trust.show(this.#data.places, this.#known, this.#selected);
    }
  }

  async #restyle(): Promise<void> {
    const data = this.#data;
    if (!data) return;
    const { coloring } = this.#controls;
    this.#legend.show(COLORING_NAMES[coloring], legendOf(coloring, data, this.#highlights));
    if (this.#stale && (coloring === "kept" || coloring === "edit")) {
      this.#stale = false;
      await this.#plot?.refill();
    }
    this.#names.choose(data, this.#highlights, this.#middles, coloring === "class");
    await this.#plot?.restyle(coloring, this.#highlights);
    this.#moved();
  }

  async #filter(): Promise<void> {
    const data = this.#data;
    const { shown } = this.#controls;
    if (!data) return;
    const { training } = data.places;
    const [from, to] = shown === "validation" ? [training, data.size] : [0, training];
    const images = Array.from({ length: to - from }, (_, at) => from + at);
    await this.#plot?.filter(shown === "all" ? undefined : images);
  }

  #imagesOf(index: number): number[] {
    const images: number[] = [];
    for (const [at, label] of this.#data?.labels.entries() ?? []) {
      if (label === index) images.push(at);
    }
    return images;
  }

  #point(at: number | undefined): void {
    const position = at === undefined ? undefined : this.#plot?.positionOf(at);
    if (at === undefined || !position || !this.#data) this.#hint.hide();
    else this.#hint.show(this.#data, at, position);
  }

  /** Opens an image among the marked ones, or among those nearest to it on the map. */
  #open(at: number): void {
    const data = this.#data;
    if (!data) return;
    this.#hint.hide();
    const [key, marked] = [data.keyOf(at), this.model.get("marked")];
    const group = marked.includes(key)
      ? marked
      : data.nearest(at).map((other) => data.keyOf(other));
    const tile = this.#hint.tileOf(at);
    this.model.set("opens", openImage(key, group, tile ? [tile] : []));
  }

  #lasso(images: readonly number[]): void {
    const data = this.#data;
    if (!data) return;
    if (!images.length || images.length > MARKED) {
      this.#told.show(images.length ? tooMany(images.length) : "No image lies in it.");
      this.showMarks();
      return;
    }
    const before = this.model.get("marked");
    const keys = new Set(images.map((at) => data.keyOf(at)));
    const kept = before.filter((key) => keys.delete(key)); // in the order they were marked
    this.model.set("marked", [...kept, ...keys]);
    this.#told.show(`${counted(images.length, "image")} marked.`);
    this.showMarks();
  }

  #moved(): void {
    this.#hint.hide();
    const plot = this.#plot;
    if (plot) this.#names.place((at) => plot.positionOf(at));
  }

  /** Shows what serves a map that is drawn. */
  #showChrome(drawn: boolean): void {
    this.#place.hidden = !drawn;
    this.#legend.element.hidden = !drawn;
    this.#controls.element.hidden = !drawn;
  }
}

const tooMany = (images: number): string =>
  `${count(images)} images lie in it, more than the ${count(MARKED)} that can be marked: none of ` +
  "them is. Draw around fewer.";

const said = (error: unknown, what: string): string => {
  if (!(error instanceof AskError)) return `${what}: ${String(error)}.`;
  return error.unsent ? NO_KERNEL : `${what}: ${error.message}.`;
};

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const view = new MapView(model, cleanup);
  cleanup.on(model, "change:card", () => view.showClass());
  cleanup.on(model, "change:marked", () => view.showMarks());
  cleanup.on(model, "change:edits", () => view.showEdits());
  el.append(view.frame.root);
  cleanup.add(() => view.dispose());
  view.showClass();
  return () => cleanup.run();
};

export default { render };
