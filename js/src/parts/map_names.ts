// Names of classes over the map, each at the image in the middle of its class.
import { h } from "./dom";
import type { Highlight } from "./map_colors";
import type { MapData } from "./map_data";

/** Up to so many classes are all named; of more, those that stand out. */
const ALL = 12;

export class MapNames {
  readonly element = h("div", "imbxai-map-names", { "aria-hidden": "true" });
  #names: { at: number; element: HTMLElement }[] = [];

  /**
   * Chooses what is named: the selected class first, which keeps its place. Names are `colored`
   * where the points have the colors of classes.
   */
  choose(
    data: MapData,
    highlights: readonly Highlight[],
    middles: ReadonlyMap<number, number>,
    colored: boolean,
  ): void {
    const strong = new Map(highlights.map(({ index, color }) => [index, color]));
    const rest = data.classes > ALL ? [] : [...Array(data.classes).keys()];
    const wanted = [...strong.keys(), ...rest.filter((index) => !strong.has(index))];
    this.#names = wanted.flatMap((index) => {
      const at = middles.get(index);
      if (at === undefined) return [];
      const color = strong.get(index);
      const element = h("span", "imbxai-map-name", {}, data.nameOf(index));
      element.classList.toggle("imbxai-map-strong", color !== undefined);
      if (color && colored) element.style.setProperty("--imbxai-map-color", color);
      return [{ at, element }];
    });
    this.element.replaceChildren(...this.#names.map(({ element }) => element));
  }

  /** Puts the names where their images are; of two that meet, the first stays. */
  place(positionOf: (at: number) => [number, number] | undefined): void {
    const taken: DOMRect[] = [];
    const [right, bottom] = [this.element.clientWidth, this.element.clientHeight];
    for (const { at, element } of this.#names) {
      const position = positionOf(at);
      element.hidden = !position;
      if (!position) continue;
      const [width, height] = [element.offsetWidth, element.offsetHeight];
      const x = clamp(position[0] - width / 2, right - width);
      const y = clamp(position[1] - height / 2, bottom - height);
      const box = new DOMRect(x, y, width, height);
      element.hidden = taken.some((other) => meet(box, other));
      if (element.hidden) continue;
      taken.push(box);
      element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
    }
  }
}

const clamp = (value: number, most: number): number => Math.max(0, Math.min(value, most));

const meet = (one: DOMRect, other: DOMRect): boolean =>
  one.left < other.right &&
  other.left < one.right &&
  one.top < other.bottom &&
  other.top < one.bottom;
