// One feature, looked at closer: in a class, and in another that shares it, side by side.
import { AskError } from "./ask";
import type { DetailContext, Kind } from "./detail_kind";
import { h, placeholder, put, TextView } from "./dom";
import { type FeatureAnswer, type FeatureMaps, likeness } from "./feature_answer";
import { FeatureChart } from "./feature_chart";
import { FeatureSideView } from "./feature_side";
import { counted } from "./format";
import { toggledKey } from "./marks";
import { type FeatureOpening, openImage } from "./open";
import { keyOf, type TileEvents } from "./thumbnail_grid";
import { showTileState } from "./tile_events";

const NO_KERNEL = "The images and numbers of a feature come from the kernel; none has answered.";

export class FeatureDetail implements Kind<FeatureOpening> {
  readonly title = h("span", "");
  readonly keys = [];
  readonly #likeness = new TextView(h("p", "imbxai-feature-likeness"));
  readonly #what = new TextView(h("p", "imbxai-note"));
  readonly #others = h("select", "imbxai-select", { "aria-label": "Beside" });
  readonly #beside = h("label", "", {}, "Beside ", this.#others);
  readonly #lit = h("input", "", { type: "checkbox", checked: true });
  readonly #maps = h("label", "", {}, this.#lit, " Light up where it responds");
  readonly #note = new TextView(h("span", "imbxai-soft", { role: "status" }));
  readonly #controls = h(
    "p",
    "imbxai-feature-controls",
    {},
    this.#beside,
    this.#maps,
    this.#note.element,
  );
  readonly #sides: FeatureSideView[];
  readonly #pair = h("div", "imbxai-feature-sides");
  readonly #chart = new FeatureChart();
  readonly #problem = new TextView(h("p", "imbxai-notice", { role: "alert" }));
  readonly element = h("div", "imbxai-detail-feature");
  #opening: FeatureOpening | undefined;
  #request = new AbortController();

  constructor(private readonly context: DetailContext) {
    const events: TileEvents = {
      mark: (thumbnail) => {
        const { model } = this.context;
        model.set("marked", toggledKey(model.get("marked"), keyOf(thumbnail)));
      },
      open: ({ thumbnail }, group) => {
        const keys = group.map((tile) => keyOf(tile.thumbnail));
        // Without their pixels: these are let go of when something else is open.
        const tiles = group.map(({ thumbnail, prototype }) => ({ thumbnail, prototype }));
        const opening = openImage(keyOf(thumbnail), keys, tiles);
        if (opening.kind === "image") this.context.open(opening);
      },
    };
    this.#sides = [0, 1].map(() => new FeatureSideView((index) => context.select(index), events));
    this.#lit.addEventListener("change", () => {
      for (const side of this.#sides) side.cover(this.#lit.checked);
    });
    this.#others.addEventListener("change", () => {
      if (this.#opening) this.context.open({ ...this.#opening, other: Number(this.#others.value) });
    });
  }

  show(opening: FeatureOpening): void {
    this.#stop();
    this.#opening = opening;
    this.title.textContent = `Feature ${opening.feature}`;
    put(this.element, placeholder("Loading …"));
    this.#ask(opening, this.#request.signal).catch((error) => this.#fail(error));
  }

  beside(): undefined {
    return undefined;
  }

  place(): string {
    return "";
  }

  press(): boolean {
    return false;
  }

  refresh(): void {
    const grids = this.#sides.map(({ grid }) => grid);
    showTileState(this.context.model, grids);
  }

  close(): void {
    this.#stop();
    this.#chart.close();
    this.#opening = undefined;
  }

  #stop(): void {
    this.#request.abort();
    this.#request = new AbortController();
    for (const side of this.#sides) side.close();
  }

  async #ask({ feature, index, other }: FeatureOpening, signal: AbortSignal): Promise<void> {
    const given = { feature, index, other: other ?? null };
    const late = () => this.#tell(NO_KERNEL);
    const { asker } = this.context;
    const answer = await asker.ask<FeatureAnswer>("feature", given, { signal, late });
    if (signal.aborted) return;
    this.#put(answer);
    await this.#dress(answer);
    if (signal.aborted || answer.missing) return;
    this.#note.show("Looking where it responds …");
    const rows = answer.sides.map(({ thumbnails }) => thumbnails.map(({ image }) => image));
    const maps = await asker.ask<FeatureMaps>("feature_maps", { feature, rows }, { signal });
    if (!signal.aborted) await this.#light(maps);
  }

  #put(answer: FeatureAnswer): void {
    const { feature, features, sides, sharing, missing, notice, head, histogram } = answer;
    const [here, there] = sides;
    this.title.textContent = `Feature ${feature}: ${sides.map(({ name }) => name).join(" and ")}`;
    this.#likeness.show(likeness(answer) || alone(answer));
    this.#what.show(head ? CONTRIBUTIONS(features) : VALUES(features));
    this.#others.replaceChildren(
      ...sharing.map(({ index, name }) =>
        h("option", "", { value: String(index), selected: index === there?.index }, name),
      ),
    );
    this.#beside.hidden = sharing.length < 2;
    this.#maps.hidden = true;
    this.#note.show("");
    this.#problem.show([missing, notice].filter(Boolean).join(" "));
    for (const [at, side] of sides.entries()) this.#sides[at]?.show(side);
    put(this.#pair, ...sides.flatMap((_, at) => this.#sides[at]?.element ?? []));
    put(
      this.element,
      this.#likeness.element,
      this.#what.element,
      this.#controls,
      this.#pair,
      this.#chart.element,
      this.#problem.element,
    );
    this.context.model.set("histogram", histogram);
    this.#chart.show(histogram, [here?.name ?? "", there?.name ?? "", "all other classes"]);
    for (const side of this.#sides) side.grid.resize();
    this.refresh();
  }

  async #dress({ first_data, second_data, sides }: FeatureAnswer): Promise<void> {
    const pictures = [first_data, second_data].slice(0, sides.length);
    await Promise.all(pictures.map((picture, at) => this.#sides[at]?.dress(picture)));
  }

  async #light({ sprites, note, first_data, second_data }: FeatureMaps): Promise<void> {
    const pictures = [first_data, second_data] as const;
    const { checked } = this.#lit;
    const lit = sprites.map((sprite, at) => {
      const picture = pictures[at];
      return sprite && picture && this.#sides[at]?.chart(sprite, picture, checked);
    });
    await Promise.all(lit);
    this.#note.show(note);
    this.#maps.hidden = !sprites.some(Boolean);
  }

  #fail(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") return;
    this.#tell(error instanceof AskError && !error.unsent ? error.message : NO_KERNEL);
  }

  /** Says what is wrong, below what is there. */
  #tell(problem: string): void {
    if (!this.element.contains(this.#pair)) put(this.element, this.#problem.element);
    this.#note.show("");
    this.#problem.show(problem);
  }
}

const CONTRIBUTIONS = (features: number) =>
  `One of ${counted(features, "feature")}. Shown are the training images in which it adds most to the logit of their class, and how much.`;

const VALUES = (features: number) =>
  `One of ${counted(features, "feature")}. What it adds to logits is not known, as the analysis has no linear head. Shown are the training images in which it is largest, and how large.`;

const alone = ({ sides: [, there], sharing }: FeatureAnswer): string =>
  there || sharing.length ? "" : "No other class has it among its strongest features.";
