// The decision map: the images around the decision between a class and its adversary, and whom a bias
// of the class wins and loses. Nothing is asked of the kernel while it moves.
import { type CardIdentity, hasCard, type MaybeCard, type Model, type Render } from "../model";
import { AskError, Asker } from "../parts/ask";
import { DecisionControls, onScale, signed } from "../parts/decision_controls";
import { DecisionCounts, isSame } from "../parts/decision_counts";
import {
  type Counted,
  DecisionData,
  type DecisionPair,
  type Group,
  inWords,
  type Offsets,
  sampled,
} from "../parts/decision_data";
import { DecisionLegend } from "../parts/decision_legend";
import { DecisionPlot } from "../parts/decision_plot";
import { Cleanup, h, panel, TextView } from "../parts/dom";
import { count, counted } from "../parts/format";
import { Newest } from "../parts/newest";
import { type AskedOpening, openImage } from "../parts/open";
import { PointHint } from "../parts/point_hint";
import type { Shifts } from "../parts/remedies";

export interface DecisionMap {
  /** That can be chosen, what the class is mistaken for most first. */
  adversaries: number[];
  /** Why there is no map, or "". */
  missing: string;
  /** The class and the first of them; null where it is asked for. */
  pair: DecisionPair | null;
}

export interface Part {
  decision_map: DecisionMap;
  decision_map_data: DataView;
}

export interface State {
  card: MaybeCard<Part>;
  class_names: string[];
  shifts: Shifts;
  opens: AskedOpening;
  /** What a page without a kernel has of classes whose cards hold no images, by their numbers. */
  held: Readonly<Record<string, Answer>>;
}

type Answer = DecisionPair & { data: DataView };

/** Points that are drawn, at most. */
export const MOST = 5_000;
/** Beside them, of other classes that the line takes in. */
const TAKEN = 1_000;
/** Pairs that are kept of those that were asked for. */
const KEPT = 8;

const NOTE =
  "Each point is an image, placed by the logits that decide. Drag the line, or move the slider: it " +
  "adds to the logits of the class, as the offset above does, and the numbers tell at once whom that " +
  "wins and loses. Other remedies do not move it.";
const CHOSEN =
  "A bias that is chosen by these numbers is chosen on the very images that they count: they do not " +
  "tell what it gains on others.";
const NO_KERNEL = "This pair needs a running, idle kernel; none has answered.";

class DecisionView {
  readonly frame = panel("decision_map", "Decision map", NOTE);
  readonly #controls: DecisionControls;
  readonly #plot: DecisionPlot;
  readonly #counts: DecisionCounts;
  readonly #legend = new DecisionLegend();
  readonly #words = new TextView(h("p", "imbxai-decision-words"));
  readonly #sample = new TextView(h("p", "imbxai-note"));
  readonly #problem = new TextView(h("p", "imbxai-notice", { role: "alert" }));
  readonly #single = new TextView(h("span", ""));
  readonly #singled = h("div", "imbxai-decision-single", { role: "status", hidden: true });
  readonly #parts: HTMLElement;
  readonly #asker: Asker;
  readonly #newest: Newest;
  readonly #hint: PointHint;
  readonly #known = new Map<string, DecisionData>();
  #data: DecisionData | undefined;
  #adversary: number | undefined;
  #picked: Counted | undefined;
  /** Of the two classes, and taken for them before: those that are drawn. */
  #drawn: readonly number[] = [];
  #inSight = false;
  #gone = false;

  constructor(
    private readonly model: Model<State>,
    cleanup: Cleanup,
  ) {
    this.#asker = new Asker(model);
    this.#newest = new Newest(this.#asker);
    this.#controls = new DecisionControls({
      adversary: (index) => this.#choose(index),
      show: () => this.#draw(),
      bias: (value) => this.#shift(value),
    });
    this.#plot = new DecisionPlot({
      point: (at) => this.#point(at),
      open: (at) => this.#open(at),
      drag: (x) => this.#shift(onScale((this.#offsets?.adversary ?? 0) - x)),
    });
    this.#counts = new DecisionCounts((of) =>
      this.#pick(isSame(of, this.#picked) ? undefined : of),
    );
    this.#hint = new PointHint(this.frame.root, this.#plot.element, this.#asker);
    this.#arrange();
    const chart = h("div", "", {}, this.#plot.element, this.#legend.element, this.#sample.element);
    const told = h("div", "imbxai-decision-told", {}, this.#words.element, this.#counts.element);
    told.append(this.#singled, h("p", "imbxai-note imbxai-decision-chosen", {}, CHOSEN));
    this.#parts = h("div", "imbxai-decision-parts", {}, chart, told);
    this.frame.body.append(this.#controls.element, this.#problem.element, this.#parts);
    cleanup.onResize([this.#plot.element], () => this.#plot.resize());
    cleanup.onSight(this.frame.root, (inSight) => {
      this.#inSight = inSight;
      if (inSight && !this.#data) this.#load();
    });
  }

  showClass(): void {
    const card = this.model.get("card");
    this.#adversary = undefined;
    if (hasCard(card)) {
      const { adversaries } = card.decision_map;
      this.#controls.offer(
        card.name,
        adversaries.map((index) => [index, this.#names[index] ?? ""] as const),
      );
    }
    this.#load();
  }

  /** Takes up what is added to logits. */
  showShifts(): void {
    if (this.#data && this.#isOf(this.#data)) this.#move();
    else this.#load();
  }

  dispose(): void {
    this.#gone = true;
    this.#newest.stop();
    this.#hint.dispose();
    this.#asker.dispose();
    this.#plot.dispose();
    this.frame.root.remove();
  }

  #arrange(): void {
    const open = h("button", "imbxai-quiet-button", { type: "button" }, "Open them");
    const all = h("button", "imbxai-quiet-button", { type: "button" }, "Show all");
    this.#singled.append(this.#single.element, open, all);
    all.addEventListener("click", () => this.#pick(undefined));
    open.addEventListener("click", () => {
      const keys = this.#alone?.map((at) => this.#data?.keyOf(at) ?? "") ?? [];
      if (keys[0] !== undefined) this.model.set("opens", openImage(keys[0], keys));
    });
  }

  get #card(): (CardIdentity & Part) | undefined {
    const card = this.model.get("card");
    return hasCard(card) ? card : undefined;
  }

  /** The adversary that is looked at. */
  get #against(): number | undefined {
    return this.#adversary ?? this.#card?.decision_map.adversaries[0];
  }

  /** What is added to the logits of the two classes; nothing while no class is shown. */
  get #offsets(): Offsets | undefined {
    const [card, against] = [this.#card, this.#against];
    if (!card || against === undefined) return undefined;
    const shifts = this.model.get("shifts");
    return { own: shifts[card.index] ?? 0, adversary: shifts[against] ?? 0 };
  }

  /** What is added to the logits of other classes. */
  get #others(): Record<string, number> {
    const pair = [String(this.#card?.index), String(this.#against)];
    const entries = Object.entries(this.model.get("shifts"));
    return Object.fromEntries(entries.filter(([index, by]) => by && !pair.includes(index)));
  }

  /** What tells the images of this pair, with this added to the logits of others, from others. */
  #nameOf(index: number, against: number): string {
    return JSON.stringify([index, against, this.#others]);
  }

  #farther(offsets: Offsets): number {
    return Math.max(Math.abs(offsets.own), Math.abs(offsets.adversary));
  }

  /** Whether images are those of what is shown, all of them. */
  #isOf(data: DecisionData): boolean {
    const [card, against, offsets] = [this.#card, this.#against, this.#offsets];
    if (!card || against === undefined || !offsets) return false;
    const known = this.#known.get(this.#nameOf(card.index, against));
    return known === data && this.#farther(offsets) <= data.pair.reach;
  }

  #choose(adversary: number): void {
    this.#adversary = adversary;
    this.#load();
  }

  #shift(value: number): void {
    const card = this.#card;
    if (!card) return;
    const { [card.index]: before = 0, ...shifts } = this.model.get("shifts");
    if (value === before) return;
    this.model.set("shifts", value ? { ...shifts, [card.index]: value } : shifts);
  }

  /** Shows the pair: of the card, known before, or asked for once it can be seen. */
  #load(): void {
    const [card, against, offsets] = [this.#card, this.#against, this.#offsets];
    this.#problem.show(card?.decision_map.missing ?? "");
    const missing = !card || !offsets || card.decision_map.missing !== "";
    this.#parts.hidden = missing;
    this.#controls.element.hidden = missing;
    if (missing || against === undefined || !offsets || !card) return;
    this.#newest.stop();
    const name = this.#nameOf(card.index, against);
    let data = this.#known.get(name);
    const held = Object.keys(this.#others).length ? undefined : this.#held(card, against);
    if (!data && held) {
      data = new DecisionData(card.index, held, held.data, this.#names);
      this.#keep(name, data);
    }
    if (data && this.#farther(offsets) <= data.pair.reach) this.#show(data);
    else this.#ask(card, against, offsets);
  }

  /** What the page has of a pair: on the card, or beside it. */
  #held({ index, decision_map, decision_map_data }: CardIdentity & Part, against: number) {
    const { pair } = decision_map;
    const found = pair ? { ...pair, data: decision_map_data } : this.model.get("held")[index];
    return found?.adversary === against ? found : undefined;
  }

  async #ask(card: CardIdentity & Part, adversary: number, offsets: Offsets): Promise<void> {
    this.#data = undefined;
    this.#parts.hidden = true;
    if (!this.#inSight) return;
    const name = this.#nameOf(card.index, adversary);
    const reach = this.#farther(offsets);
    const given = { index: card.index, adversary, offsets: this.#others, reach };
    const late = () => this.#problem.show(NO_KERNEL);
    try {
      const answer = await this.#newest.ask<Answer>("pair", given, { late });
      if (!answer || this.#gone) return;
      this.#keep(name, new DecisionData(card.index, answer, answer.data, this.#names));
      this.#load();
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this.#problem.show(error.unsent ? NO_KERNEL : error.message);
    }
  }

  get #names(): readonly string[] {
    return this.model.get("class_names");
  }

  #keep(name: string, data: DecisionData): void {
    this.#known.delete(name);
    this.#known.set(name, data);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KEPT) break;
      this.#known.delete(oldest);
    }
  }

  #show(data: DecisionData): void {
    this.#data = data;
    this.#parts.hidden = false;
    this.#picked = undefined;
    this.#hint.hide();
    this.#legend.show(data.nameOf(data.label), data.nameOf(data.pair.adversary));
    this.#draw();
    this.#move();
    this.#plot.resize();
  }

  /** Tells whom the line wins and loses where it is. */
  #move(): void {
    const [data, offsets, card] = [this.#data, this.#offsets, this.#card];
    if (!data || !offsets || !card) return;
    const tallies = data.move(offsets);
    const names = this.#groupNames(data);
    const words = inWords(tallies, names);
    this.#controls.tell(data.pair.adversary, offsets.own, words);
    const others = offsets.adversary
      ? ` ${names.adversary} has ${signed(offsets.adversary)} of its own.`
      : "";
    this.#words.show(`${words}${others}`);
    this.#counts.show(tallies, names);
    this.#plot.move(offsets, sampled(data, data.taken(this.#controls.shown), TAKEN));
    this.#pick(this.#picked);
  }

  #draw(): void {
    const data = this.#data;
    if (!data) return;
    const all = data.ofPair(this.#controls.shown);
    this.#drawn = sampled(data, all, MOST);
    this.#plot.show(data, this.#drawn, this.#inWords(data, this.#drawn.length));
    this.#sample.show(
      this.#drawn.length < all.length
        ? `${count(this.#drawn.length)} of ${count(all.length)} images are drawn, of each class, ` +
            "split and outcome as many as is their share; the numbers are of all."
        : "",
    );
  }

  #inWords(data: DecisionData, images: number): string {
    const [own, adversary] = [data.nameOf(data.label), data.nameOf(data.pair.adversary)];
    return (
      `${counted(images, "image")} as points: to the right those nearer to ${own}, to the left ` +
      `those nearer to ${adversary}, below the line those taken for other classes; the table has ` +
      "the numbers"
    );
  }

  #groupNames(data: DecisionData): Record<Group, string> {
    const [own, adversary] = [data.nameOf(data.label), data.nameOf(data.pair.adversary)];
    return { class: own, adversary, others: "other classes" };
  }

  /** The images that stand out alone. */
  get #alone(): number[] | undefined {
    return this.#picked && this.#data?.counted(this.#picked);
  }

  /** Shows the images of one number alone, or all. */
  #pick(of: Counted | undefined): void {
    const data = this.#data;
    this.#picked = of;
    const alone = this.#alone;
    this.#plot.single(alone);
    this.#counts.mark(of);
    this.#singled.hidden = !alone;
    if (!of || !alone || !data) return;
    const name = this.#groupNames(data)[of.group];
    this.#single.show(
      `Alone: ${counted(alone.length, `${of.split} image`)} of ${name}, ${of.outcome}.`,
    );
  }

  #point(at: number | undefined): void {
    if (at === undefined || !this.#data) this.#hint.hide();
    else this.#hint.show(this.#data, at, this.#plot.placeOf(at));
  }

  /** Opens an image among those of its class, split and outcome, or among those that are alone. */
  #open(at: number): void {
    const data = this.#data;
    if (!data) return;
    this.#hint.hide();
    const alike = (other: number) =>
      data.splitOf(other) === data.splitOf(at) &&
      data.groupOf(other) === data.groupOf(at) &&
      data.isRight(other) === data.isRight(at);
    const group = this.#alone ?? [...data.ofPair("all"), ...data.taken("all")].filter(alike);
    const tile = this.#hint.tileOf(at);
    const keys = group.map((other) => data.keyOf(other));
    this.model.set("opens", openImage(data.keyOf(at), keys, tile ? [tile] : []));
  }
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const view = new DecisionView(model, cleanup);
  cleanup.on(model, "change:card", () => view.showClass());
  cleanup.on(model, "change:shifts", () => view.showShifts());
  el.append(view.frame.root);
  cleanup.add(() => view.dispose());
  view.showClass();
  return () => cleanup.run();
};

export default { render };
