// The colors of a class's salient pixels.
import { hasCard, type Initialize, type MaybeCard, type Reference, type Render } from "../model";
import { setBars, setTicks, steer } from "../parts/chart";
import { Cleanup, h, panel, TextView } from "../parts/dom";

export interface Part {
  colors: {
    /** One for each color bin; none where there is nothing to draw. */
    shares: number[];
    /** What the bars rest on, or why there are none. */
    note: string;
    /** The bars in words, for screen readers. */
    text: string;
    /** Of the axis, from zero. */
    ticks: number[];
  };
}

const MARKS = ["bars", "shareAxis"] as const;

export interface State {
  card: MaybeCard<Part>;
  marks: Record<(typeof MARKS)[number], Reference>;
}

const initialize: Initialize<State> = ({ model }) =>
  steer(model, MARKS, ({ bars, shareAxis }) => {
    const card = model.get("card");
    if (!hasCard(card) || !card.colors.shares.length) return;
    setTicks(bars, shareAxis, card.colors.ticks);
    setBars(bars, { y: Float64Array.from(card.colors.shares) });
  });

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const frame = panel("color-words", "Colors of the pixels that count most", "");
  const note = new TextView(frame.explanation);
  const words = new TextView(h("p", "imbxai-alternative"));
  const diamond = h("span", "imbxai-key-average", { "aria-hidden": "true" });
  const legend = h(
    "p",
    "imbxai-note",
    {},
    diamond,
    "average of all classes, each counting the same",
  );
  frame.body.append(legend, words.element);
  const show = () => {
    const card = model.get("card");
    const colors = hasCard(card) ? card.colors : undefined;
    const drawn = !!colors?.shares.length;
    note.show(colors?.note ?? "No class is selected yet.");
    words.show(colors?.text ?? "");
    legend.hidden = !drawn;
    frame.root.classList.toggle("imbxai-no-chart", !drawn);
  };
  cleanup.on(model, "change:card", show);
  el.append(frame.root);
  cleanup.add(() => frame.root.remove());
  show();
  return () => cleanup.run();
};

export default { initialize, render };
