// What the colors of the map mean: by class, archetype, error, or how much of a neighborhood is kept.
import { ARCHETYPES } from "./archetype_style";
import { CODES, type Code, LEVELS, type MapData, UNKNOWN } from "./map_data";

export const COLORINGS = ["class", "archetype", "error", "edit", "kept"] as const;
export type Coloring = (typeof COLORINGS)[number];

export const COLORING_NAMES: Record<Coloring, string> = {
  class: "Class",
  archetype: "Archetype",
  error: "Error",
  edit: "Edit",
  kept: "Neighborhood kept",
};

/** A class that stands out, and its color in the coloring by class. */
export interface Highlight {
  index: number;
  color: string;
}

const OTHERS = "var(--imbxai-map-others)";
const RIGHT = "var(--imbxai-map-others)";

/** Adversaries of the selected class, most often taken for first: hues of no other meaning. */
const ADVERSARIES = ["var(--imbxai-map-1)", "var(--imbxai-map-2)", "var(--imbxai-map-3)"];

/** The selected class and its adversaries, in the order of the legend. */
export const highlightsOf = (selected: number, adversaries: readonly number[]): Highlight[] => [
  { index: selected, color: "var(--imbxai-accent)" },
  ...ADVERSARIES.flatMap((color, at) => {
    const index = adversaries[at];
    return index === undefined || index === selected ? [] : [{ index, color }];
  }),
];

/** Edits, by their position in `EDITS`; of one more meaning than adversaries, in another coloring. */
const EDITED = [
  { text: "not edited", color: OTHERS },
  { text: "relabeled", color: "var(--imbxai-map-1)" },
  { text: "left out", color: "var(--imbxai-map-2)" },
  { text: "label is right", color: "var(--imbxai-map-3)" },
];

/** The color of a step of what is kept: the less, the darker, as that is where the map misleads. */
const levelColor = (level: number): string =>
  level > LEVELS
    ? OTHERS
    : `color-mix(in srgb, var(--imbxai-text) ${Math.round(100 - (82 * level) / LEVELS)}%, var(--imbxai-ground))`;

const CODE_COLORS: Record<Exclude<Coloring, "class">, (code: Code) => string> = {
  archetype: ({ archetype }) => ARCHETYPES[archetype]?.color ?? OTHERS,
  error: ({ wrong }) => (wrong ? "var(--imbxai-wrong)" : RIGHT),
  edit: ({ edit }) => EDITED[edit]?.color ?? OTHERS,
  kept: ({ level }) => levelColor(level),
};

/** The color of each code of an image; by class, that of each class. */
export function colorsOf(
  coloring: Coloring,
  classes: number,
  highlights: readonly Highlight[],
): string[] {
  if (coloring !== "class") return CODES.map(CODE_COLORS[coloring]);
  const colors = new Array<string>(classes).fill(OTHERS);
  for (const { index, color } of highlights.toReversed()) colors[index] = color;
  return colors;
}

export interface LegendEntry {
  text: string;
  color: string;
  /** The class that it stands for, which a click selects. */
  index?: number;
}

/** Classes that are all listed; of more, those that stand out. */
const LISTED = 20;

export function legendOf(
  coloring: Coloring,
  data: MapData,
  highlights: readonly Highlight[],
): LegendEntry[] {
  if (coloring === "archetype") {
    return ARCHETYPES.map(({ name, color }) => ({ text: name, color }));
  }
  if (coloring === "error") {
    return [
      { text: "wrong", color: "var(--imbxai-wrong)" },
      { text: "right", color: RIGHT },
    ];
  }
  if (coloring === "edit") return [...EDITED.slice(1), ...EDITED.slice(0, 1)];
  if (coloring === "kept") {
    return Array.from({ length: UNKNOWN }, (_, level) => {
      return { text: `${(100 * level) / LEVELS}%`, color: levelColor(level) };
    });
  }
  const entry = (index: number, color: string) => ({ text: data.nameOf(index), color, index });
  const shown = highlights.map(({ index, color }) => entry(index, color));
  if (data.classes > LISTED) {
    return [...shown, { text: "all other classes", color: OTHERS }];
  }
  const known = new Set(highlights.map(({ index }) => index));
  const rest = data.places.class_names
    .map((_, index) => index)
    .filter((index) => !known.has(index));
  return [...shown, ...rest.map((index) => entry(index, OTHERS))];
}
