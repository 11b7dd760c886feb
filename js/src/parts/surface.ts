// A canvas that is drawn anew when its size or the colors of the page change.
import { h } from "./dom";

export type Draw = (context: CanvasRenderingContext2D, width: number, height: number) => void;

/** Milliseconds after the last change of a theme until its colors stand still. */
const THEMED = 100;

export class Surface {
  readonly canvas = h("canvas", "imbxai-surface", { "aria-hidden": "true" });
  #width = 0;
  #height = 0;

  #themed: ReturnType<typeof setTimeout> | undefined;

  /** `retheme` hears before it is drawn in other colors. */
  constructor(
    private readonly paint: Draw,
    private readonly retheme: () => void = () => {},
  ) {
    // Its text color, which it does not use, changes with every theme of every host: in JupyterLab
    // in steps, of which each takes back the transition of the last.
    for (const type of ["transitionend", "transitioncancel"] as const) {
      this.canvas.addEventListener(type, () => this.#recolor());
    }
  }

  #recolor(): void {
    const again = () => {
      this.retheme();
      this.draw();
    };
    again();
    clearTimeout(this.#themed);
    this.#themed = setTimeout(again, THEMED);
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
