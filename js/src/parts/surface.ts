// A canvas that is drawn anew when its size or the colors of the page change.
import { h } from "./dom";

export type Draw = (context: CanvasRenderingContext2D, width: number, height: number) => void;

export class Surface {
  readonly canvas = h("canvas", "imbxai-surface", { "aria-hidden": "true" });
  #width = 0;
  #height = 0;

  constructor(private readonly paint: Draw) {
    // Its text color, which it does not use, changes with every theme of every host.
    this.canvas.addEventListener("transitionend", () => this.draw());
  }

  /** Takes a size in CSS pixels, and draws. */
  resize(width: number, height: number): void {
    this.#width = Math.max(0, Math.round(width));
    this.#height = Math.max(0, Math.round(height));
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = this.#width * ratio;
    this.canvas.height = this.#height * ratio;
    this.canvas.style.inlineSize = `${this.#width}px`;
    this.canvas.style.blockSize = `${this.#height}px`;
    this.draw();
  }

  draw(): void {
    const context = this.canvas.getContext("2d");
    if (!context || !this.#width || !this.#height) return;
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.#width, this.#height);
    context.font = `13px ${getComputedStyle(this.canvas).fontFamily}`;
    this.paint(context, this.#width, this.#height);
  }

  /** What colors of the style sheets are here, such as "var(--imbxai-text)". */
  colors(...names: string[]): string[] {
    const probe = h("span", "");
    this.canvas.after(probe);
    const found = names.map((name) => {
      probe.style.color = name;
      return getComputedStyle(probe).color;
    });
    probe.remove();
    return found;
  }
}
