// Classes by size and accuracy, a point each: where the small ones stand.
import { at } from "./confusions";
import { h } from "./dom";
import { count, counted, percent } from "./format";
import { Surface } from "./surface";
import type { Tooltip } from "./tooltip";

const HEIGHT = 240;
const LEFT = 44;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 40;
const RADIUS = 3;
/** Pixels from a point within which a pointer means it. */
const REACH = 14;
const MOVES: Record<string, number> = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
  PageUp: 10,
  PageDown: -10,
};

export interface Sized {
  names: readonly string[];
  /** Training images of each class. */
  sizes: ArrayLike<number>;
  /** Images that its accuracy is of, and how many of them are wrong. */
  images: ArrayLike<number>;
  errors: ArrayLike<number>;
  split: "validation" | "training";
}

export class SizeChart {
  readonly element: HTMLElement;
  readonly #plot: HTMLElement;
  readonly #cursor = h("div", "imbxai-point-cursor", { hidden: true });
  readonly #surface = new Surface((context) => this.#paint(context));
  /** Classes with images of both kinds, from the smallest up: keys go through them in this order. */
  readonly #classes: number[];
  /** Ends of the axis of sizes, as logarithms of ten. */
  readonly #least: number;
  readonly #most: number;
  #at = 0;
  #selected = -1;
  #width = 0;

  constructor(
    private readonly data: Sized,
    private readonly select: (index: number) => void,
    private readonly tooltip: Tooltip,
  ) {
    const known = (index: number) => at(data.sizes, index) > 0 && at(data.images, index) > 0;
    this.#classes = [...data.names.keys()].filter(known);
    this.#classes.sort((a, b) => at(data.sizes, a) - at(data.sizes, b) || a - b);
    const sizeOf = (index: number | undefined) => Math.max(1, at(data.sizes, index ?? -1));
    this.#least = Math.floor(Math.log10(sizeOf(this.#classes[0])));
    this.#most = Math.max(Math.log10(sizeOf(this.#classes.at(-1))), this.#least + 1);
    // A slider: its value is a class, in words, and a step leads to the next larger one.
    this.#plot = h(
      "div",
      "imbxai-points",
      {
        role: "slider",
        tabindex: 0,
        "aria-label": "Classes by size; Enter selects one",
        "aria-valuemin": 1,
        "aria-valuemax": Math.max(1, this.#classes.length),
        "data-lm-suppress-shortcuts": "true",
      },
      this.#surface.canvas,
      this.#cursor,
    );
    this.element = h("div", "imbxai-size-chart", {}, this.#plot);
    this.#tell();
    this.#listen();
  }

  mark(selected: number): void {
    this.#selected = selected;
    const place = this.#classes.indexOf(selected);
    if (place >= 0) this.#at = place;
    this.#tell();
    this.#surface.draw();
  }

  resize(): void {
    this.#width = this.#plot.clientWidth;
    this.#surface.resize(this.#width, HEIGHT);
  }

  #accuracy(index: number): number {
    return 1 - at(this.data.errors, index) / at(this.data.images, index);
  }

  #words(index: number): string[] {
    const { names, sizes, images, errors, split } = this.data;
    const right = at(images, index) - at(errors, index);
    const all = counted(at(images, index), `${split} image`);
    const size = counted(at(sizes, index), "training image");
    return [
      names[index] ?? "",
      split === "training"
        ? `${count(right)} of ${all} right`
        : `${size}; ${count(right)} of ${all} right (${percent(this.#accuracy(index))})`,
    ];
  }

  /** Sizes stand by their logarithm: classes are often a hundred times as large as others. */
  #placeOf(index: number): [x: number, y: number] {
    const x = this.#across(Math.log10(at(this.data.sizes, index)));
    return [x, this.#heightOf(this.#accuracy(index))];
  }

  #across(logarithm: number): number {
    const room = this.#width - LEFT - RIGHT;
    return LEFT + ((logarithm - this.#least) / (this.#most - this.#least)) * room;
  }

  #heightOf(accuracy: number): number {
    return TOP + (1 - accuracy) * (HEIGHT - TOP - BOTTOM);
  }

  #paint(context: CanvasRenderingContext2D): void {
    const [text = "", soft = "", line = "", accent = ""] = this.#surface.colors(
      "var(--imbxai-text)",
      "var(--imbxai-soft)",
      "var(--imbxai-line)",
      "var(--imbxai-accent)",
    );
    this.#paintAxes(context, soft, line);
    context.fillStyle = text;
    context.globalAlpha = this.#classes.length > 300 ? 0.35 : 0.55;
    for (const index of this.#classes) {
      if (index !== this.#selected) this.#dot(context, index, RADIUS);
    }
    context.globalAlpha = 1;
    if (!this.#classes.includes(this.#selected)) return;
    context.fillStyle = accent;
    this.#dot(context, this.#selected, RADIUS + 2);
  }

  #dot(context: CanvasRenderingContext2D, index: number, radius: number): void {
    context.beginPath();
    context.arc(...this.#placeOf(index), radius, 0, 2 * Math.PI);
    context.fill();
  }

  #paintAxes(context: CanvasRenderingContext2D, soft: string, line: string): void {
    context.strokeStyle = line;
    context.lineWidth = 1;
    context.fillStyle = soft;
    context.textBaseline = "middle";
    context.textAlign = "end";
    for (const share of [0, 0.5, 1]) {
      const y = Math.round(this.#heightOf(share)) + 0.5;
      context.beginPath();
      context.moveTo(LEFT, y);
      context.lineTo(this.#width - RIGHT, y);
      context.stroke();
      context.fillText(percent(share), LEFT - 6, y);
    }
    context.textAlign = "center";
    for (let power = this.#least; power <= this.#most; power++) {
      context.fillText(count(10 ** power), this.#across(power), HEIGHT - BOTTOM + 14);
    }
    context.textAlign = "end";
    context.fillText("training images", this.#width - RIGHT, HEIGHT - 8);
  }

  #listen(): void {
    this.#plot.addEventListener("pointermove", (event) => this.#point(this.#nearest(event)));
    this.#plot.addEventListener("pointerleave", () => this.#point(undefined));
    this.#plot.addEventListener("blur", () => this.#point(undefined));
    this.#plot.addEventListener("focus", () => this.#point(this.#classes[this.#at]));
    this.#plot.addEventListener("click", (event) => {
      const index = this.#nearest(event);
      if (index !== undefined) this.select(index);
    });
    this.#plot.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #nearest({ offsetX, offsetY, target }: MouseEvent): number | undefined {
    if (target !== this.#surface.canvas) return undefined;
    let found: number | undefined;
    let best = REACH ** 2;
    for (const index of this.#classes) {
      const [x, y] = this.#placeOf(index);
      const distance = (x - offsetX) ** 2 + (y - offsetY) ** 2;
      if (distance < best) [found, best] = [index, distance];
    }
    return found;
  }

  /** Rings a point and says what it stands for. */
  #point(index: number | undefined): void {
    this.#cursor.hidden = index === undefined;
    this.#plot.classList.toggle("imbxai-points-at", index !== undefined);
    if (index === undefined) {
      this.tooltip.hide();
      return;
    }
    const [x, y] = this.#placeOf(index);
    this.#cursor.style.insetInlineStart = `${x}px`;
    this.#cursor.style.insetBlockStart = `${y}px`;
    this.tooltip.show(this.#cursor, this.#words(index));
  }

  #tell(): void {
    const index = this.#classes[this.#at];
    const words = index === undefined ? "" : this.#words(index).join(": ");
    this.#plot.setAttribute("aria-valuenow", String(this.#at + 1));
    this.#plot.setAttribute("aria-valuetext", words);
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#classes.length - 1;
    const ends: Record<string, number> = { Home: 0, End: last };
    const index = this.#classes[this.#at];
    if (event.key === "Enter" || event.key === " ") {
      if (index !== undefined) this.select(index);
    } else {
      const move = MOVES[event.key];
      const target = ends[event.key] ?? (move && Math.min(Math.max(this.#at + move, 0), last));
      if (target === undefined) return;
      this.#at = target;
      this.#tell();
      this.#point(this.#classes[target]);
    }
    event.preventDefault();
  }
}
