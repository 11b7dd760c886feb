// Which images the tab of all images shows, as conditions, in words, and of what a card holds.
import { ARCHETYPES } from "./archetype_style";
import type { ImageFilter } from "./filter";
import type { SplitName, Thumbnail } from "./thumbnail_grid";

/** The conditions of a filter, without the class. */
export type Conditions = Omit<ImageFilter, "index" | "split">;

/** Conditions that no control of the tab sets: other panels ask for them. */
const FURTHER = ["balanced", "votes", "near", "before", "after"] as const;

/** The conditions of a view that no control stands for. */
export function furtherOf(view: Conditions): Conditions {
  const given = Object.entries(view) as [keyof Conditions, unknown][];
  const further = given.filter(([name]) => (FURTHER as readonly string[]).includes(name));
  return Object.fromEntries(further.filter(([, condition]) => condition !== undefined));
}

/** A view without the conditions that no control stands for. */
export function withoutFurther(view: View): View {
  const { ...rest } = view;
  for (const name of FURTHER) delete rest[name];
  return rest;
}

/** A view as it is kept for the next class: without conditions that are of one class. */
export function viewOfNext({ predicted, ...view }: View): View {
  return withoutFurther(view);
}

/** Images of one split, or of both: then validation images are those that fail. */
export interface View extends Conditions {
  split: SplitName | "both";
}

/** Archetype, predicted class and number of images that share both. */
export type Count = [number, number, number];

export const wholeView = (): View => ({ split: "both" });

/** The filters that a view consists of, one for each split. */
export function filtersOf(view: View, index: number, validation: boolean): ImageFilter[] {
  const { split, ...conditions } = view;
  const both = split === "both";
  const filters: ImageFilter[] = [];
  if (both || split === "training") filters.push({ index, split: "training", ...conditions });
  // Votes are those of training images.
  if (validation && conditions.votes === undefined && (both || split === "validation")) {
    const right = both ? { right: false } : {};
    filters.push({ index, split: "validation", ...right, ...conditions });
  }
  return filters;
}

/** Whether a view has conditions beyond its split. */
export const isNarrow = ({ split, ...conditions }: View): boolean =>
  Object.values(conditions).some((condition) => condition !== undefined);

/** Whether a condition holds; one that is not given always does. */
const fits = <T>(value: T, wanted: T | undefined): boolean =>
  wanted === undefined || value === wanted;

/** Whether an image of the filter's class and split meets its conditions. */
export function meets(image: Thumbnail, filter: ImageFilter): boolean {
  const { index, archetype, balanced, predicted, right, votes } = filter;
  const { near, confidence, before, after } = filter;
  const sure = image.confidence ?? Number.NaN;
  return (
    fits(image.archetype, archetype) &&
    fits(image.balanced, balanced) &&
    fits(image.predicted, predicted) &&
    fits(image.correct, right) &&
    fits(image.correct, before) &&
    fits(image.after?.correct, after) &&
    (votes === undefined || (!image.correct && votes !== index && image.near.includes(votes))) &&
    (near === undefined || image.near.includes(near)) &&
    (confidence === undefined || (confidence[0] <= sure && sure <= confidence[1]))
  );
}

/** How many images meet a filter, by what a card counts; undefined where it does not tell. */
export function countOf(counts: readonly Count[], filter: ImageFilter): number | undefined {
  const { index, archetype, predicted, right, before } = filter;
  const { balanced, votes, near, confidence, after } = filter;
  const beyond = [balanced, votes, near, confidence, after];
  if (beyond.some((condition) => condition !== undefined)) return undefined;
  const counted = counts.filter(
    ([kind, taken]) =>
      fits(kind, archetype) &&
      fits(taken, predicted) &&
      fits(taken === index, right) &&
      fits(taken === index, before),
  );
  return counted.reduce((sum, [, , images]) => sum + images, 0);
}

const judged = (right: boolean): string => (right ? "right" : "wrong");

/** The conditions of a filter in words; `nameOf` names classes. */
export function inWords(conditions: Conditions, nameOf: (index: number) => string): string {
  const { archetype, balanced, predicted, right, votes } = conditions;
  const { near, confidence, before, after } = conditions;
  const words: string[] = [];
  if (votes !== undefined) words.push(`wrong, with neighbors of ${nameOf(votes)}`);
  else if (right !== undefined && predicted === undefined) words.push(judged(right));
  if (predicted !== undefined) words.push(`taken for ${nameOf(predicted)}`);
  if (near !== undefined) words.push(`with neighbors of ${nameOf(near)}`);
  if (archetype !== undefined) words.push(ARCHETYPES[archetype]?.name ?? "");
  if (balanced !== undefined) words.push(`${ARCHETYPES[balanced]?.name} with classes alike`);
  if (before !== undefined) words.push(`${judged(before)} before`);
  if (after !== undefined) words.push(`${judged(after)} after`);
  if (confidence) {
    const [low, high] = confidence.map((share) => Math.round(100 * share));
    words.push(`confidence ${low} to ${high}%`);
  }
  return words.join(", ");
}
