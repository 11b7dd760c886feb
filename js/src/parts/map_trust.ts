// How far the map can be trusted: in words for the selected class, and as a list of all classes.
import { floats } from "./bytes";
import { bar, fill, h, TextView, type View, Views } from "./dom";
import { count, percent } from "./format";
import type { MapPlaces, MapTrust } from "./map_data";

/** Below this share of kept neighborhoods most of what is alike lies elsewhere. */
const MISLEADING = 0.5;
/** A map that keeps less than so many times as much as chance tells next to nothing. */
const CHANCE = 2;
/** Classes that are listed, those of which least is kept. */
const LISTED = 12;

/** What is said of a class, and whether the map misleads there. */
export function trustOf(
  { k, space, projection }: Pick<MapPlaces, "k" | "space" | "projection">,
  { kept, by_chance }: Pick<MapTrust, "kept" | "by_chance">,
  name: string,
  own: number,
): { words: string; warning: string } {
  if (Number.isNaN(own)) return { words: `No images of ${name} are known.`, warning: "" };
  const words =
    `On this map (${projection}), ${percent(own)} of the neighborhoods of ${name} are kept: ` +
    `of the ${k} training images nearest to each, so many are among the ${space} nearest here. ` +
    `Over all images it is ${percent(kept)}; on a map of images placed anywhere, ${small(by_chance)}.`;
  let warning = "";
  if (own < CHANCE * by_chance && by_chance < 1 / CHANCE) {
    warning = `Here it says nothing of ${name}: little more is kept than by chance.`;
  } else if (own < MISLEADING) {
    warning = `Here it misleads: most of the nearest to images of ${name} lie elsewhere on it.`;
  }
  return { words, warning };
}

/** A share with one more digit where it is small: 0.8%. */
const small = (share: number): string =>
  share < 0.1 ? `${(100 * share).toFixed(share < 0.001 ? 2 : 1)}%` : percent(share);

interface Row {
  index: number;
  name: string;
  kept: number;
  selected: boolean;
}

class RowView implements View<Row> {
  readonly #name = new TextView(h("button", "imbxai-map-class", { type: "button" }));
  readonly #kept = new TextView(h("span", "imbxai-map-kept"));
  readonly #bar = bar();
  readonly element = h("li", "", {}, this.#name.element, this.#kept.element, this.#bar);
  #index = 0;

  constructor(select: (index: number) => void) {
    this.#name.element.addEventListener("click", () => select(this.#index));
  }

  show({ index, name, kept, selected }: Row): void {
    this.#index = index;
    this.#name.show(name);
    this.#kept.show(percent(kept));
    fill(this.#bar, kept);
    this.#name.element.setAttribute("aria-current", String(selected));
  }
}

export class TrustView {
  readonly #words = new TextView(h("p", "imbxai-map-words", { role: "status" }));
  readonly #warning = new TextView(h("p", "imbxai-notice imbxai-map-misleads"));
  readonly #title = h("h4", "imbxai-map-title", {}, "Neighborhoods kept, least first");
  readonly #list = h("ol", "imbxai-map-list");
  readonly #rest = new TextView(h("p", "imbxai-note"));
  readonly #rows: Views<Row, RowView>;
  readonly element = h(
    "div",
    "imbxai-map-trust",
    {},
    this.#words.element,
    this.#warning.element,
    this.#title,
    this.#list,
    this.#rest.element,
  );

  constructor(select: (index: number) => void) {
    this.#rows = new Views(this.#list, () => new RowView(select));
    this.wait("");
  }

  /** Says what is waited for, or what went wrong, in place of figures. */
  wait(text: string): void {
    this.#words.show(text);
    this.#warning.show("");
    this.#title.hidden = true;
    this.#rows.show([]);
    this.#rest.show("");
  }

  show(places: MapPlaces, trust: MapTrust, selected: number): void {
    const shares = [...floats(trust.classes)];
    const { class_names: names } = places;
    const own = shares[selected] ?? Number.NaN;
    const { words, warning } = trustOf(places, trust, names[selected] ?? "", own);
    this.#words.show(words);
    this.#warning.show(warning);
    const ranked = shares
      .map((kept, index) => ({
        index,
        name: names[index] ?? "",
        kept,
        selected: index === selected,
      }))
      .filter(({ kept }) => !Number.isNaN(kept))
      .sort((one, other) => one.kept - other.kept || one.index - other.index);
    this.#title.hidden = !ranked.length;
    this.#rows.show(ranked.slice(0, LISTED));
    const left = ranked.length - LISTED;
    this.#rest.show(left > 0 ? `Of ${count(left)} other classes more is kept.` : "");
  }
}
