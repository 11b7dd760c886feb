// The colors of a class's salient pixels, beside those of all its pixels.
import { hasCard, type Initialize, type MaybeCard, type Reference, type Render } from "../model";
import { setBars, setTicks, steer } from "../parts/chart";
import { Cleanup, h, panel, TextView, type View, Views } from "../parts/dom";
import { type AskedFilter, askFor } from "../parts/filter";
import { count, counted } from "../parts/format";
import { textButton } from "../parts/sentence";

export interface ColorRow {
  name: string;
  /** Of the bin, hexadecimal. */
  color: string;
  /** Of the class that have salient pixels of it. */
  images: number;
  /** Its share of the pixels that count most, and of all. */
  salient: string;
  all: string;
  /** How the one compares with the other. */
  words: string;
}

export interface Part {
  colors: {
    /** One for each color bin; none where there is nothing to draw. */
    shares: number[];
    /** The same of all pixels; none where they are not known. */
    all: number[];
    /** Of the colors that are there, the most salient first. */
    rows: ColorRow[];
    /** Why colors of images and of all pixels are not known, if so. */
    missing: string;
    /** What the bars rest on, or why there are none. */
    note: string;
    /** The bars in words, for screen readers. */
    text: string;
    /** Of the axis, from zero. */
    ticks: number[];
  };
}

const MARKS = ["bars", "pixels", "shareAxis"] as const;

export interface State {
  card: MaybeCard<Part>;
  filter: AskedFilter;
  marks: Record<(typeof MARKS)[number], Reference>;
}

const initialize: Initialize<State> = ({ model }) =>
  steer(model, MARKS, ({ bars, pixels, shareAxis }) => {
    const card = model.get("card");
    if (!hasCard(card) || !card.colors.shares.length) return;
    const { ticks, shares, all } = card.colors;
    setTicks(bars, shareAxis, ticks);
    setBars(bars, { y: Float64Array.from(shares) });
    pixels.set_state({ x: Float64Array.from(all), y: Float64Array.from(all.keys()) });
  });

/** One color: its name and how many images have it, which show these images, and its shares. */
class Row implements View<ColorRow> {
  readonly #swatch = h("span", "imbxai-color-swatch", { "aria-hidden": "true" });
  readonly #name = h("th", "", { scope: "row" });
  readonly #cells = ["images", "salient", "all", "words"].map((name) =>
    h("td", `imbxai-color-${name}`),
  );
  readonly element = h("tr", "", {}, this.#name, ...this.#cells);

  constructor(private readonly ask: (color: string) => void) {}

  show({ name, color, images, salient, all, words }: ColorRow): void {
    this.#swatch.style.background = color;
    const hint = `Show the ${counted(images, "image")} of which ${name} pixels count`;
    const button = (text: string) => textButton(text, hint, () => this.ask(name));
    this.#name.replaceChildren(this.#swatch, images ? button(name) : name);
    const shown = [images ? button(count(images)) : "0", salient, all, words];
    for (const [at, cell] of this.#cells.entries()) cell.replaceChildren(shown[at] ?? "");
  }
}

const HEADS = ["Color", "Images", "Of these", "Of all", "Looked at"];

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const frame = panel("color-words", "Colors of the pixels that count most", "");
  const note = new TextView(frame.explanation);
  const words = new TextView(h("p", "imbxai-alternative"));
  const key = (shape: string) => h("span", `imbxai-key-${shape}`, { "aria-hidden": "true" });
  const pixels = h("span", "", {}, key("pixels"), "share of all its pixels");
  const legend = h(
    "p",
    "imbxai-note",
    {},
    pixels,
    key("average"),
    "average of all classes, each counting the same",
  );
  const body = h("tbody", "");
  const heads = HEADS.map((head) => h("th", "", { scope: "col" }, head));
  const list = h(
    "table",
    "imbxai-color-rows",
    {},
    h("thead", "", {}, h("tr", "", {}, ...heads)),
    body,
  );
  const rows = new Views(
    body,
    () =>
      new Row((color) => {
        const { index } = model.get("card");
        if (index !== undefined) model.set("filter", askFor({ index, split: "training", color }));
      }),
  );
  const missing = new TextView(h("p", "imbxai-note"));
  frame.body.append(legend, words.element, list, missing.element);
  const show = () => {
    const card = model.get("card");
    const colors = hasCard(card) ? card.colors : undefined;
    const drawn = !!colors?.shares.length;
    note.show(colors?.note ?? "No class is selected yet.");
    words.show(colors?.text ?? "");
    rows.show(colors?.rows ?? []);
    missing.show(colors?.missing ?? "");
    legend.hidden = !drawn;
    pixels.hidden = !colors?.all.length;
    list.hidden = !colors?.rows.length;
    frame.root.classList.toggle("imbxai-no-chart", !drawn);
  };
  cleanup.on(model, "change:card", show);
  el.append(frame.root);
  cleanup.add(() => frame.root.remove());
  show();
  return () => cleanup.run();
};

export default { initialize, render };
