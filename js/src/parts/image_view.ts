// Which images the tab of all images shows, as conditions, in words, and of what a card holds.
import { ARCHETYPES } from "./archetype_style";
import type { ImageFilter } from "./filter";
import type { SplitName, Thumbnail } from "./thumbnail_grid";

/** The conditions of a filter, without the class. */
export type Conditions = Omit<ImageFilter, "index" | "split">;

/** Conditions that no control of the tab sets: other panels ask for them. */
const FURTHER = [
  "balanced",
  "votes",
  "near",
  "color",
  "copies",
  "covered",
  "before",
  "after",
  "becomes",
  "edited",
] as const;

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
  // Votes and colors are those of training images.
  const trained = conditions.votes !== undefined || conditions.color !== undefined;
  if (validation && !trained && (both || split === "validation")) {
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
  const { near, color, copies, covered, confidence, before, after, becomes, edited } = filter;
  const sure = image.confidence ?? Number.NaN;
  return (
    edited === undefined && // which no thumbnail tells
    fits(image.archetype, archetype) &&
    fits(image.balanced, balanced) &&
    fits(image.predicted, predicted) &&
    fits(image.correct, right) &&
    fits(image.correct, before) &&
    fits(image.after?.correct, after) &&
    fits(image.after?.archetype, becomes) &&
    (votes === undefined || (!image.correct && votes !== index && image.near.includes(votes))) &&
    (near === undefined || image.near.includes(near)) &&
    (color === undefined || color in image.colors) &&
    (copies === undefined || image.copies.includes(copies)) &&
    fits(image.covered, covered) &&
    (confidence === undefined || (confidence[0] <= sure && sure <= confidence[1]))
  );
}

/** How many images meet a filter, by what a card counts; undefined where it does not tell. */
export function countOf(counts: readonly Count[], filter: ImageFilter): number | undefined {
  const { index, archetype, predicted, right, before } = filter;
  const { balanced, votes, near, color, copies, covered, confidence, after, becomes, edited } =
    filter;
  const beyond = [
    balanced,
    votes,
    near,
    color,
    copies,
    covered,
    confidence,
    after,
    becomes,
    edited,
  ];
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

const COPIES = {
  any: "with copies",
  conflict: "with copies of another label",
  leak: "with copies in training and validation",
};

const EDITED = {
  relabeled: "relabeled by edits",
  "left out": "left out by edits",
  joined: "that edits relabel as it",
};

const judged = (right: boolean): string => (right ? "right" : "wrong");

/** What is said of a condition, if it is given. */
const said = <T>(value: T | undefined, words: (value: T) => string): string =>
  value === undefined ? "" : words(value);

/** The conditions of a filter in words; `nameOf` names classes. */
export function inWords(conditions: Conditions, nameOf: (index: number) => string): string {
  const { archetype, balanced, predicted, right, votes } = conditions;
  const { near, color, copies, covered, confidence, before, after, becomes, edited } = conditions;
  const told = votes === undefined && predicted === undefined ? right : undefined;
  return [
    said(votes, (other) => `wrong, with neighbors of ${nameOf(other)}`),
    said(told, judged),
    said(predicted, (other) => `taken for ${nameOf(other)}`),
    said(near, (other) => `with neighbors of ${nameOf(other)}`),
    said(archetype, (number) => ARCHETYPES[number]?.name ?? ""),
    said(balanced, (number) => `${ARCHETYPES[number]?.name} with classes alike`),
    said(color, (name) => `${name} among the pixels that count most`),
    said(copies, (kind) => COPIES[kind]),
    said(covered, (within) => `${within ? "within" : "beyond"} reach of training images`),
    said(before, (was) => `${judged(was)} before`),
    said(after, (is) => `${judged(is)} after`),
    said(becomes, (number) => `${ARCHETYPES[number]?.name} after`),
    said(edited, (what) => EDITED[what]),
    said(confidence, (range) => {
      const [low, high] = range.map((share) => Math.round(100 * share));
      return `confidence ${low} to ${high}%`;
    }),
  ]
    .filter(Boolean)
    .join(", ");
}
