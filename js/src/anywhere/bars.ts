// Draws what the Explorer draws with bqplot, where there is no bqplot: horizontal bars at ranks,
// marks beside them, and two axes.
import type { LocalModel } from "./local_model";

const SVG = "http://www.w3.org/2000/svg";

type Attributes = Record<string, string | number>;

function s(tag: string, attributes: Attributes, text = ""): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = text;
  return element;
}

/** An array as bqplot's Python sends it, or as the front end sets it. */
function numbers(value: unknown): number[] {
  if (value === null || value === undefined) return [];
  const { dtype, value: bytes } = value as { dtype?: string; value?: DataView };
  if (!bytes) return Array.from(value as ArrayLike<number>, Number);
  const { buffer, byteOffset, byteLength } = bytes;
  const copy = buffer.slice(byteOffset, byteOffset + byteLength);
  if (dtype === "int64") return Array.from(new BigInt64Array(copy), Number);
  return Array.from(dtype === "int32" ? new Int32Array(copy) : new Float64Array(copy));
}

/** One row of numbers for each series of bars. */
function series(value: unknown): number[][] {
  const { shape } = value as { shape?: number[] };
  const nested = Array.isArray(value) && value.some((part) => typeof part === "object");
  if (nested) return value.map(numbers);
  const flat = numbers(value);
  const length = shape?.length === 2 ? (shape[1] ?? 0) : flat.length;
  return Array.from({ length: length ? flat.length / length : 0 }, (_, at) =>
    flat.slice(at * length, (at + 1) * length),
  );
}

class Drawing {
  readonly element = s("svg", { class: "imbxai-svg-chart", "aria-hidden": "true" });
  readonly #margin: Record<"top" | "bottom" | "left" | "right", number>;
  readonly #height: number;
  #width = 0;

  constructor(private readonly figure: LocalModel) {
    this.#margin = figure.get("fig_margin") as typeof this.margin;
    const layout = figure.get("layout") as LocalModel;
    this.#height = Number.parseFloat(String(layout.get("height")));
    this.element.setAttribute("height", String(this.#height));
  }

  get margin() {
    return this.#margin;
  }

  /** All widgets whose change changes the drawing. */
  get parts(): LocalModel[] {
    const marks = this.figure.get("marks") as LocalModel[];
    const scales = marks.flatMap((mark) => Object.values(mark.get("scales") as object));
    return [...marks, ...(this.figure.get("axes") as LocalModel[]), ...scales];
  }

  draw(): void {
    this.#width = this.element.clientWidth - this.#margin.left - this.#margin.right;
    if (this.#width <= 0) return;
    this.element.replaceChildren();
    for (const axis of this.figure.get("axes") as LocalModel[]) this.#axis(axis);
    for (const mark of this.figure.get("marks") as LocalModel[]) {
      if (mark.view === "Bars") this.#bars(mark);
      else this.#marks(mark);
    }
  }

  #scale(owner: LocalModel, name: string): LocalModel {
    return (owner.get("scales") as Record<string, LocalModel>)[name] as LocalModel;
  }

  get #padding(): number {
    const bars = (this.figure.get("marks") as LocalModel[]).find((mark) => mark.view === "Bars");
    return Number(bars?.get("padding") ?? 0);
  }

  #length(scale: LocalModel, value: number): number {
    return this.#margin.left + (this.#width * value) / (Number(scale.get("max")) || 1);
  }

  /** Where the bars of a rank begin, and how high they are: the padding is at both ends as well. */
  #row(scale: LocalModel, rank: number): { top: number; high: number } {
    const domain = scale.get("domain") as number[];
    const all = this.#height - this.#margin.top - this.#margin.bottom;
    const step = all / (domain.length + this.#padding);
    const before = domain.length - 1 - domain.indexOf(rank);
    return {
      top: this.#margin.top + (before + this.#padding) * step,
      high: step * (1 - this.#padding),
    };
  }

  #bars(mark: LocalModel): void {
    const [ranks, lengths] = [this.#scale(mark, "x"), this.#scale(mark, "y")];
    const rows = series(mark.get("y"));
    const colors = mark.get("colors") as string[];
    const stroke = { stroke: String(mark.get("stroke") ?? "none"), "stroke-width": 1 };
    for (const [at, values] of rows.entries()) {
      for (const [rank, value] of values.entries()) {
        const { top, high } = this.#row(ranks, rank);
        const bar = high / rows.length;
        const color = colors[(rows.length > 1 ? at : rank) % colors.length] ?? "currentColor";
        const box = { x: this.#margin.left, y: top + at * bar, height: bar };
        const wide = this.#length(lengths, value) - this.#margin.left;
        if (wide > 0) {
          this.element.append(
            s("rect", { ...box, ...stroke, width: wide, style: `fill: ${color}` }),
          );
        }
      }
    }
  }

  /** Diamonds, or a line across the row. */
  #marks(mark: LocalModel): void {
    const [lengths, ranks] = [this.#scale(mark, "x"), this.#scale(mark, "y")];
    const [xs, ys] = [numbers(mark.get("x")), numbers(mark.get("y"))];
    const [fill] = mark.get("colors") as string[];
    const stroke = String(mark.get("stroke") ?? "none");
    const shape = mark.get("marker") === "diamond" ? "M0-5L4 0L0 5L-4 0Z" : "M-1-9H1V9H-1Z";
    for (const [at, x] of xs.entries()) {
      const { top, high } = this.#row(ranks, ys[at] ?? 0);
      const transform = `translate(${this.#length(lengths, x)} ${top + high / 2})`;
      this.element.append(s("path", { d: shape, transform, style: `fill: ${fill}`, stroke }));
    }
  }

  #axis(axis: LocalModel): void {
    const scale = axis.get("scale") as LocalModel;
    const [bottom, left] = [this.#height - this.#margin.bottom, this.#margin.left];
    const text = { "font-size": 12, style: "fill: var(--imbxai-text, currentColor)" };
    if (axis.get("side") === "left") {
      for (const [rank, label] of Object.entries(axis.get("tick_labels") as object)) {
        const { top, high } = this.#row(scale, Number(rank));
        const place = { x: left - 8, y: top + high / 2, "text-anchor": "end" };
        this.element.append(
          s("text", { ...text, ...place, "dominant-baseline": "central" }, label),
        );
      }
      return;
    }
    for (const tick of numbers(axis.get("tick_values"))) {
      const x = this.#length(scale, tick);
      const line = { x1: x, x2: x, y1: this.#margin.top, y2: bottom };
      this.element.append(
        s("line", { ...line, style: "stroke: var(--imbxai-line, #ccc)" }),
        s(
          "text",
          { ...text, x, y: bottom + 16, "text-anchor": "middle" },
          `${Math.round(100 * tick)}%`,
        ),
      );
    }
    const label = String(axis.get("label") ?? "");
    const middle = { x: left + this.#width / 2, y: bottom + 34, "text-anchor": "middle" };
    this.element.append(s("text", { ...text, ...middle }, label));
  }
}

/** A figure as an element, and what undoes it. */
export function drawFigure(figure: LocalModel): { element: Element; undo: () => void } {
  const drawing = new Drawing(figure);
  const { parts } = drawing;
  const draw = () => drawing.draw();
  const resized = new ResizeObserver(draw);
  resized.observe(drawing.element);
  for (const part of parts) part.on("change", draw);
  return {
    element: drawing.element,
    undo: () => {
      resized.disconnect();
      for (const part of parts) part.off("change", draw);
    },
  };
}
