// The points of the decision map and the line between the decisions, which can be dragged.
import { ARCHETYPES } from "./archetype_style";
import { type DecisionData, GROUPS, type Group, type Offsets } from "./decision_data";
import { h, TextView } from "./dom";
import { Surface } from "./surface";

const HEIGHT = 420;
/** Room in CSS pixels for the numbers at the axes, and around the points. */
const LEFT = 40;
const BOTTOM = 36;
const EDGE = 10;
/** Radius of a validation image; of a training image; of one that is won or lost, more by this. */
const LARGE = 5;
const SMALL = 3.4;
const CHANGED = 1.8;
/** Pixels within which a pointer means a point; or the line. */
const REACH = 10;
const GRIP = 7;
/** How far a pointer may move in pixels for a click to be one. */
const STEADY = 4;
const FADED = 0.12;

export interface PlotEvents {
  /** An image is pointed at, or none. */
  point(at: number | undefined): void;
  open(at: number): void;
  /** The line is dragged to this place. */
  drag(x: number): void;
}

interface Ends {
  low: number;
  high: number;
}

const OUTLINES = ["var(--imbxai-text)", "var(--imbxai-wrong)"] as const;
const REST = ["var(--imbxai-soft)", "var(--imbxai-line)", "var(--imbxai-accent)"] as const;

export class DecisionPlot {
  readonly #surface = new Surface(
    (context) => this.#paint(context),
    () => {
      this.#colors = [];
      this.#stale = true;
    },
  );
  /** All images as they were before; those that change lie over them, larger. */
  readonly #before = h("canvas", "");
  #stale = true;
  readonly #names = ["class", "adversary", "others"].map(
    (group) => new TextView(h("span", `imbxai-decision-region imbxai-decision-${group}`)),
  );
  readonly element = h(
    "div",
    "imbxai-decision-plot",
    { role: "img" },
    this.#surface.canvas,
    ...this.#names.map((name) => name.element),
  );
  #data: DecisionData | undefined;
  #images: readonly number[] = [];
  /** Of other classes, taken in by the line. */
  #taken: readonly number[] = [];
  #alone: ReadonlySet<number> | undefined;
  #offsets: Offsets = { own: 0, adversary: 0 };
  #x: Ends = { low: -1, high: 1 };
  #y: Ends = { low: -1, high: 1 };
  #width = 0;
  #frame = 0;
  #colors: string[] = [];
  #pressed: [number, number] | undefined;
  #dragging = false;

  constructor(private readonly events: PlotEvents) {
    this.#listen();
  }

  /** Draws other images; what they are named is told in words. */
  show(data: DecisionData, images: readonly number[], words: string): void {
    this.#data = data;
    this.#images = images;
    this.#stale = true;
    this.#x = endsOf(data.x, images);
    this.#y = endsOf(data.y, images);
    this.element.setAttribute("aria-label", words);
    const names = [data.nameOf(data.label), data.nameOf(data.pair.adversary), "another class"];
    for (const [at, view] of this.#names.entries()) view.show(`predicted ${names[at]}`);
    this.draw();
  }

  /** Moves the line, which takes in images of other classes. */
  move(offsets: Offsets, taken: readonly number[]): void {
    this.#offsets = offsets;
    this.#taken = taken;
    this.draw();
  }

  /** Lets some images stand out, or all. */
  single(images: readonly number[] | undefined): void {
    if (!images && !this.#alone) return;
    this.#alone = images && new Set(images);
    this.#stale = true;
    this.draw();
  }

  resize(): void {
    this.#width = this.element.clientWidth;
    this.#stale = true;
    this.#surface.resize(this.#width, HEIGHT);
  }

  /** Draws before the next frame, once. */
  draw(): void {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#surface.draw();
    });
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.element.remove();
  }

  /** Where an image stands, in CSS pixels. */
  placeOf(at: number): [x: number, y: number] {
    return [this.#across(this.#data?.x[at] ?? 0), this.#down(this.#data?.y[at] ?? 0)];
  }

  /** Where the three decisions meet. */
  get corner(): [x: number, y: number] {
    const { own, adversary } = this.#offsets;
    return [this.#across(adversary - own), this.#down(-own)];
  }

  #across(x: number): number {
    const { low, high } = this.#x;
    return LEFT + EDGE + ((x - low) / (high - low)) * (this.#width - LEFT - 2 * EDGE);
  }

  #down(y: number): number {
    const { low, high } = this.#y;
    return EDGE + ((high - y) / (high - low)) * (HEIGHT - BOTTOM - 2 * EDGE);
  }

  #from(px: number): number {
    const { low, high } = this.#x;
    return low + ((px - LEFT - EDGE) / (this.#width - LEFT - 2 * EDGE)) * (high - low);
  }

  #paint(context: CanvasRenderingContext2D): void {
    const data = this.#data;
    if (!data || !this.#width) return;
    const names = [...ARCHETYPES.map(({ color }) => color), ...OUTLINES, ...REST];
    if (!this.#colors.length) this.#colors = this.#surface.colors(...names);
    const [soft = "", line = "", accent = ""] = this.#colors.slice(-REST.length);
    this.#paintAxes(context, soft, line);
    this.#paintLine(context, { own: 0, adversary: 0 }, soft, [4, 4], 1);
    if (this.#stale) this.#paintBefore();
    context.drawImage(this.#before, 0, 0, this.#width, HEIGHT);
    const changes = (at: number) => data.isRight(at) !== data.wasRight(at);
    this.#paintPoints(context, [...this.#images.filter(changes), ...this.#taken], true);
    this.#paintLine(context, this.#offsets, accent, [], 2);
  }

  #paintBefore(): void {
    this.#stale = false;
    const ratio = window.devicePixelRatio || 1;
    this.#before.width = Math.round(this.#width * ratio);
    this.#before.height = Math.round(HEIGHT * ratio);
    const context = this.#before.getContext("2d");
    context?.scale(ratio, ratio);
    if (context) this.#paintPoints(context, this.#images, false);
  }

  /** Paints images as they are now, or as they were before. */
  #paintPoints(context: CanvasRenderingContext2D, images: readonly number[], now: boolean): void {
    const layers = new Map<string, number[]>();
    for (const at of images) {
      const key = this.#styleOf(at, now);
      const layer = layers.get(key);
      if (layer) layer.push(at);
      else layers.set(key, [at]);
    }
    // Training images below, then those that are wrong.
    for (const key of [...layers.keys()].sort()) {
      this.#paintLayer(context, layers.get(key) ?? [], now);
    }
    context.globalAlpha = 1;
  }

  /** Images of one style are painted at once; styles sort by what lies over what. */
  #styleOf(at: number, now: boolean): string {
    const data = this.#data as DecisionData;
    const shown = !this.#alone || this.#alone.has(at);
    const right = now ? data.isRight(at) : data.wasRight(at);
    const changed = now && right !== data.wasRight(at);
    const flags = [shown, data.splitOf(at) === "validation", changed, !right].map(Number).join("");
    return `${flags}${data.archetypes[at] ?? 0}`;
  }

  #paintLayer(context: CanvasRenderingContext2D, images: readonly number[], now: boolean): void {
    const data = this.#data as DecisionData;
    const [first] = images;
    if (first === undefined) return;
    const was = data.wasRight(first);
    const right = now ? data.isRight(first) : was;
    const size = data.splitOf(first) === "validation" ? LARGE : SMALL;
    const radius = size + (right === was ? 0 : CHANGED);
    context.globalAlpha = !this.#alone || this.#alone.has(first) ? 1 : FADED;
    context.fillStyle = this.#colors[data.archetypes[first] ?? 0] ?? "";
    context.strokeStyle = this.#colors[ARCHETYPES.length + Number(!right)] ?? "";
    context.lineWidth = right ? 0.8 : 1.8;
    context.beginPath();
    for (const at of images) shape(context, data.groupOf(at), this.placeOf(at), radius);
    context.fill();
    context.stroke();
  }

  /** The vertical part lies between the two classes, the others between each and all others. */
  #paintLine(
    context: CanvasRenderingContext2D,
    { own, adversary }: Offsets,
    color: string,
    dashes: number[],
    width: number,
  ): void {
    const data = this.#data as DecisionData;
    const [x, y] = [this.#across(adversary - own), this.#down(-own)];
    context.save();
    context.beginPath();
    context.rect(LEFT, 0, this.#width - LEFT, HEIGHT - BOTTOM);
    context.clip();
    context.strokeStyle = color;
    context.setLineDash(dashes);
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, data.hasOthers ? y : HEIGHT);
    if (data.hasOthers) {
      context.lineTo(this.#width, y);
      const left = Math.min(this.#x.low, adversary - own) - (this.#x.high - this.#x.low);
      context.moveTo(x, y);
      context.lineTo(this.#across(left), this.#down(left - adversary));
    }
    context.stroke();
    context.restore();
  }

  #paintAxes(context: CanvasRenderingContext2D, soft: string, line: string): void {
    const bottom = HEIGHT - BOTTOM;
    context.strokeStyle = line;
    context.fillStyle = soft;
    context.lineWidth = 1;
    context.strokeRect(LEFT + 0.5, 0.5, this.#width - LEFT - 1, bottom - 1);
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const tick of ticksOf(this.#x)) {
      context.fillText(numberOf(tick), this.#across(tick), bottom + 4);
    }
    const data = this.#data as DecisionData;
    const [own, adversary] = [data.nameOf(data.label), data.nameOf(data.pair.adversary)];
    const [from, to] = [LEFT + EDGE, this.#width - EDGE];
    context.fillText(
      `logit of ${own} less that of ${adversary}`,
      (from + to) / 2,
      HEIGHT - 15,
      to - from,
    );
    if (!data.hasOthers) return;
    context.textBaseline = "middle";
    context.textAlign = "end";
    for (const tick of ticksOf(this.#y)) {
      context.fillText(numberOf(tick), LEFT - 5, this.#down(tick));
    }
    context.save();
    context.translate(8, bottom / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(`logit of ${own} less the largest of all others`, 0, 0, bottom);
    context.restore();
  }

  #listen(): void {
    const canvas = this.#surface.canvas;
    canvas.addEventListener("pointermove", (event) => this.#onMove(event));
    canvas.addEventListener("pointerleave", () => this.events.point(undefined));
    canvas.addEventListener("pointerdown", (event) => {
      this.#pressed = [event.offsetX, event.offsetY];
      this.#dragging = this.#nearest(event) === undefined && this.#isOnLine(event);
      if (!this.#dragging) return;
      canvas.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    const end = () => {
      this.#dragging = false;
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("click", (event) => {
      const [x, y] = this.#pressed ?? [event.offsetX, event.offsetY];
      const at = this.#nearest(event);
      if (at === undefined || Math.hypot(event.offsetX - x, event.offsetY - y) > STEADY) return;
      this.events.open(at);
    });
  }

  #onMove(event: PointerEvent): void {
    if (this.#dragging) {
      this.events.point(undefined);
      this.events.drag(this.#from(event.offsetX));
      return;
    }
    const at = this.#nearest(event);
    const grips = at === undefined && this.#isOnLine(event);
    this.element.classList.toggle("imbxai-decision-grips", grips);
    this.element.classList.toggle("imbxai-decision-points-at", at !== undefined);
    this.events.point(at);
  }

  #isOnLine({ offsetX, offsetY }: MouseEvent): boolean {
    const [x, y] = this.corner;
    return Math.abs(offsetX - x) <= GRIP && (offsetY <= y + GRIP || !this.#data?.hasOthers);
  }

  #nearest({ offsetX, offsetY }: MouseEvent): number | undefined {
    let found: number | undefined;
    let best = REACH ** 2;
    for (const at of [...this.#images, ...this.#taken]) {
      if (this.#alone && !this.#alone.has(at)) continue;
      const [x, y] = this.placeOf(at);
      const distance = (x - offsetX) ** 2 + (y - offsetY) ** 2;
      if (distance < best) [found, best] = [at, distance];
    }
    return found;
  }
}

/** The shape says which class an image is of: a disk, a triangle, or a diamond for all others. */
function shape(
  context: CanvasRenderingContext2D,
  group: Group,
  [x, y]: readonly [number, number],
  radius: number,
): void {
  if (group === GROUPS[0]) {
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  const r = 1.25 * radius;
  const corners: [number, number][] =
    group === GROUPS[1]
      ? [
          [0, -r],
          [r, 0.8 * r],
          [-r, 0.8 * r],
        ]
      : [
          [0, -r],
          [r, 0],
          [0, r],
          [-r, 0],
        ];
  for (const [at, [dx, dy]] of corners.entries()) {
    if (at) context.lineTo(x + dx, y + dy);
    else context.moveTo(x + dx, y + dy);
  }
  context.closePath();
}

/** From the least to the largest value; zero, where the decision is, lies within. */
function endsOf(values: ArrayLike<number>, images: readonly number[]): Ends {
  let [low, high] = [-1, 1];
  for (const at of images) {
    const value = values[at] ?? 0;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

/** Round numbers, five at most. */
function ticksOf({ low, high }: Ends): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const first = Math.ceil(low / step);
  const number = Math.floor(high / step) - first + 1;
  return Array.from({ length: number }, (_, at) => (first + at) * step);
}

const numberOf = (value: number): string =>
  String(Number(value.toPrecision(3))).replace("-", "\u2212");
