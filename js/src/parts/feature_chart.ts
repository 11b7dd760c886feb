// How large a feature is in a class, in another and in all others. bqplot draws the bars beside the
// dialog; while a feature is open, its figure stands in it.

import type { Reference, WidgetModel } from "../model";
import { setBars, setTicks } from "./chart";
import { h, TextView } from "./dom";
import { binNames, chartWords, type FeatureHistogram } from "./feature_answer";

export const MARKS = ["bars", "sizeAxis", "shareAxis"] as const;

export type Marks = Record<(typeof MARKS)[number], Reference>;

/** What is drawn; empty until a feature is opened. */
export type MaybeHistogram = FeatureHistogram | Record<string, never>;

const shares = (counts: readonly number[]): Float64Array => {
  const total = counts.reduce((sum, each) => sum + each, 0);
  return Float64Array.from(counts, (each) => (total ? each / total : 0));
};

/** Puts a histogram on the marks: of each group of images, the share in each bin. */
export function draw(
  marks: Record<(typeof MARKS)[number], WidgetModel>,
  histogram: MaybeHistogram,
): void {
  if (!("edges" in histogram)) return;
  const { bars, sizeAxis, shareAxis } = marks;
  const { here, there, elsewhere, ticks } = histogram as FeatureHistogram;
  const names = binNames(histogram as FeatureHistogram);
  setTicks(bars, shareAxis, ticks);
  sizeAxis.set_state({ tick_labels: Object.fromEntries(names.entries()) });
  setBars(bars, { y: [here, there, elsewhere].map(shares) });
}

export class FeatureChart {
  readonly #words = new TextView(h("p", "imbxai-alternative"));
  readonly #place = h("div", "imbxai-feature-figure");
  readonly #legend = h("p", "imbxai-note imbxai-feature-legend");
  readonly element = h(
    "section",
    "imbxai-feature-chart",
    {},
    h("h4", "imbxai-title", {}, "How large it is"),
    this.#legend,
    this.#place,
    this.#words.element,
  );
  #figure: Element | undefined;
  /** Where the figure stands while nothing is open. */
  #home: Element | undefined;

  show(histogram: FeatureHistogram, groups: readonly string[]): void {
    const keys = groups.map((name, at) =>
      h("span", "", {}, h("span", `imbxai-feature-key imbxai-feature-key-${at}`), name),
    );
    this.#legend.replaceChildren(...keys.filter((_, at) => groups[at]));
    this.#words.show(chartWords(histogram, groups));
    this.#take();
  }

  /** Puts the figure back where ipywidgets put it. */
  close(): void {
    const [home, figure] = [this.#home, this.#figure];
    this.#home = this.#figure = undefined;
    if (!home || !figure) return;
    Reflect.deleteProperty(home, "removeChild");
    if (figure.isConnected) home.append(figure);
  }

  #take(): void {
    if (this.#figure) return;
    const home = this.element.closest(".imbxai-panel")?.closest(".widget-vbox");
    const figure = home?.querySelector(":scope > .imbxai-chart");
    if (!home || !figure) return;
    [this.#home, this.#figure] = [home, figure];
    this.#place.append(figure);
    // ipywidgets takes it out where it put it, which fails where the panels go while it is here.
    home.removeChild = <T extends Node>(child: T): T => {
      if (child.parentNode !== home && child === (figure as Node))
        (child as Node as Element).remove();
      else Node.prototype.removeChild.call(home, child);
      return child;
    };
  }
}
