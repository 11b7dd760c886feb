// The points of the map, drawn by regl-scatterplot, which the kernel hands over when they are shown.
import type createScatterplot from "regl-scatterplot";
import { Cleanup, h } from "./dom";
import type { Coloring, Highlight } from "./map_colors";
import { colorsOf } from "./map_colors";
import type { MapData } from "./map_data";

export type Create = typeof createScatterplot;
type Scatterplot = ReturnType<Create>;

export interface PlotEvents {
  /** An image is pointed at, or none. */
  point(at: number | undefined): void;
  open(at: number): void;
  /** Images that a lasso encloses, with those marked before where it adds to them. */
  lasso(images: readonly number[]): void;
  /** What is seen of the map has changed, or its size. */
  moved(): void;
  lost(): void;
}

/** How far a pointer may move in pixels for a click to be one. */
const STEADY = 5;
/** Points are drawn in this order: those that stand out last. */
const FADED = 0;
const HEIGHT = 440;

/** What draws, of its code as the kernel or the page has it. */
export async function load(code: DataView): Promise<Create> {
  const bytes = new Uint8Array(code.buffer, code.byteOffset, code.byteLength).slice();
  const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
  try {
    return ((await import(url)) as { default: Create }).default;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Whether this browser draws what the map needs. */
export function hasWebGL(): boolean {
  try {
    const context = h("canvas", "").getContext("webgl");
    const found = !!context?.getExtension("OES_texture_float");
    context?.getExtension("WEBGL_lose_context")?.loseContext(); // a page has but a few
    return found;
  } catch {
    return false;
  }
}

/** The size of points in pixels, and how opaque those are that do not stand out. */
export const sizesOf = (points: number): { size: number; faded: number } =>
  points > 300_000
    ? { size: 1.5, faded: 0.12 }
    : points > 30_000
      ? { size: 2.5, faded: 0.25 }
      : points > 5_000
        ? { size: 3.5, faded: 0.4 }
        : { size: 5, faded: 0.6 };

export class MapPlot {
  readonly canvas = h("canvas", "imbxai-map-canvas", { "aria-hidden": "true" });
  readonly #cleanup = new Cleanup();
  readonly #plot: Scatterplot;
  readonly #data: MapData;
  #hovered: number | undefined;
  #pressed = [0, 0];
  #lassoing = false;
  #marked: number[] = [];
  #drawn = false;
  #gone = false;

  /** Draws into `place`, which gives the width. */
  constructor(
    create: Create,
    data: MapData,
    private readonly place: HTMLElement,
    private readonly events: PlotEvents,
  ) {
    this.#data = data;
    place.prepend(this.canvas);
    this.#plot = create({
      canvas: this.canvas,
      width: Math.max(1, place.clientWidth),
      height: HEIGHT,
      lassoInitiator: false,
      deselectOnDblClick: false,
      deselectOnEscape: false,
      pointOutlineWidth: 1.5,
      pointSizeSelected: 1,
      opacityBy: "valueA",
      sizeBy: "valueA",
      lassoMinDelay: 5,
      syncEvents: true, // or the click that ends a lasso is heard before it
    });
    this.#listen();
  }

  /** Draws all points, from the whole map. */
  async draw(coloring: Coloring, highlights: readonly Highlight[]): Promise<void> {
    await this.#restyle(coloring, highlights);
    await this.#plot.draw(this.#points(), { zDataType: "categorical", wDataType: "categorical" });
    if (this.#gone) return;
    this.#drawn = true;
    await this.whole();
    this.mark(this.#marked);
  }

  /** Draws the points anew where what their colors tell has changed. */
  async refill(): Promise<void> {
    if (!this.#drawn) return;
    const spatialIndex = this.#plot.get("spatialIndex");
    await this.#plot.draw(this.#points(), {
      zDataType: "categorical",
      wDataType: "categorical",
      preventFilterReset: true,
      ...(spatialIndex ? { spatialIndex } : {}),
    });
    if (!this.#gone) this.mark(this.#marked);
  }

  async restyle(coloring: Coloring, highlights: readonly Highlight[]): Promise<void> {
    if (this.#drawn) await this.#restyle(coloring, highlights);
  }

  /** Shows some images alone, or all. */
  async filter(images: number[] | undefined): Promise<void> {
    if (!this.#drawn) return;
    if (images) await this.#plot.filter(images);
    else await this.#plot.unfilter();
    if (!this.#gone) this.mark(this.#marked);
  }

  /** Rings around the marked images. */
  mark(images: number[]): void {
    this.#marked = images;
    if (!this.#drawn) return;
    if (images.length) this.#plot.select([...images], { preventEvent: true });
    else this.#plot.deselect({ preventEvent: true });
  }

  set lassoing(on: boolean) {
    this.#plot.set({ mouseMode: on ? "lasso" : "panZoom" });
  }

  async zoom(factor: number): Promise<void> {
    if (!this.#drawn) return;
    const [x = 0, y = 0] = this.#plot.get("cameraTarget");
    const distance = Number(this.#plot.get("cameraDistance")) / factor;
    await this.#plot.zoomToLocation([x, y], distance);
  }

  async whole(): Promise<void> {
    if (this.#drawn) await this.#plot.zoomToArea(this.#data.bounds);
  }

  async zoomTo(images: number[]): Promise<void> {
    if (this.#drawn && images.length) await this.#plot.zoomToPoints(images, { padding: 0.2 });
  }

  /** Where an image is in the canvas, in CSS pixels; undefined out of sight. */
  positionOf(at: number): [number, number] | undefined {
    const found = this.#drawn ? this.#plot.getScreenPosition(at) : undefined;
    if (!found) return undefined;
    const [x, y] = found;
    return x >= 0 && y >= 0 && x <= this.canvas.clientWidth && y <= HEIGHT ? [x, y] : undefined;
  }

  resize(): void {
    const width = this.place.clientWidth;
    if (width) this.#plot.set({ width }).then(() => this.events.moved());
  }

  dispose(): void {
    this.#gone = true;
    this.#cleanup.run();
    this.#plot.destroy();
    this.canvas.remove();
  }

  #listen(): void {
    const plot = this.#plot;
    plot.subscribe("pointOver", (at) => this.#point(at));
    plot.subscribe("pointOut", () => this.#point(undefined));
    plot.subscribe("view", () => this.events.moved());
    plot.subscribe("lassoStart", () => {
      this.#lassoing = true;
    });
    plot.subscribe("lassoEnd", () => {
      const images = [...plot.get("selectedPoints")];
      this.events.lasso(images);
      setTimeout(() => {
        this.#lassoing = false; // after the click that ends it
      });
    });
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      hear: (event: HTMLElementEventMap[K]) => void,
    ) => {
      this.canvas.addEventListener(type, hear);
      this.#cleanup.add(() => this.canvas.removeEventListener(type, hear));
    };
    on("pointerdown", ({ clientX, clientY }) => {
      this.#pressed = [clientX, clientY];
    });
    on("click", ({ clientX, clientY }) => {
      const [x = 0, y = 0] = this.#pressed;
      const at = this.#hovered;
      this.mark(this.#marked); // a click selects no point here
      if (this.#lassoing || Math.hypot(clientX - x, clientY - y) > STEADY) return;
      if (at !== undefined) this.events.open(at);
    });
    const { canvas } = plot.get("renderer");
    const lost = (event: Event) => {
      event.preventDefault();
      this.events.lost();
    };
    canvas.addEventListener("webglcontextlost", lost);
    this.#cleanup.add(() => canvas.removeEventListener("webglcontextlost", lost));
  }

  #point(at: number | undefined): void {
    this.#hovered = at;
    this.events.point(at);
  }

  #points() {
    const { x, y, labels } = this.#data;
    return { x, y, z: labels, w: this.#data.codes() };
  }

  async #restyle(coloring: Coloring, highlights: readonly Highlight[]): Promise<void> {
    const { classes, size: points } = this.#data;
    const { size, faded } = sizesOf(points);
    const own = new Map(highlights.map(({ index }, rank) => [index, rank]));
    const each = <T>(value: (rank: number | undefined) => T): T[] =>
      Array.from({ length: classes }, (_, index) => value(own.get(index)));
    const strings = colorsOf(coloring, classes, highlights);
    const rgba = toRgba([...strings, "var(--imbxai-ground)"], this.place);
    const ground = rgba.pop();
    await this.#plot.set({
      colorBy: coloring === "class" ? "valueA" : "valueB",
      pointColor: rgba,
      opacity: each((rank) => (rank === undefined ? faded : 1)),
      pointSize: each((rank) => (rank === 0 ? size + 1.5 : rank === undefined ? size : size + 0.5)),
      pointOrder: this.#order(own),
      ...(ground ? { backgroundColor: ground } : {}),
    });
  }

  /** The points in the order in which they are drawn: the selected class over all others. */
  #order(own: ReadonlyMap<number, number>): number[] {
    const layers: number[][] = Array.from({ length: own.size + 1 }, () => []);
    for (let at = 0; at < this.#data.size; at++) {
      const rank = own.get(this.#data.labels[at] ?? -1);
      layers[rank === undefined ? FADED : own.size - rank]?.push(at);
    }
    return layers.flat();
  }
}

type Rgba = [number, number, number, number];

/** What colors of the style sheets are within an element, as numbers. */
function toRgba(names: readonly string[], place: HTMLElement): Rgba[] {
  const probe = h("span", "");
  place.append(probe);
  const canvas = h("canvas", "");
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map<string, Rgba>();
  const found = names.map((name) => {
    const there = known.get(name);
    if (there) return there;
    probe.style.color = name;
    let rgba: Rgba = [0.5, 0.5, 0.5, 1];
    if (context) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = getComputedStyle(probe).color;
      context.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0, a = 255] = context.getImageData(0, 0, 1, 1).data;
      rgba = [r / 255, g / 255, b / 255, a / 255];
    }
    known.set(name, rgba);
    return rgba;
  });
  probe.remove();
  return found;
}
