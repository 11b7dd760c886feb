// How dark a cell is: steps of one color, so that a cell can be held against the legend.

/** Percent of the color in each step; few but the last, on which the number is written reversed. */
export const RAMP = [6, 12, 19, 27, 36, 100] as const;

/** Steps of the rows that rest on few errors, at most. */
const FAINT = 2;

/** The step of a rate from 1 on, 0 for none. By its root: most rates are far below the largest. */
export function stepOf(rate: number, largest: number, faint = false): number {
  if (!rate) return 0;
  const step = Math.ceil(RAMP.length * Math.sqrt(rate / largest) - 1e-9);
  return Math.min(step, faint ? FAINT : RAMP.length);
}

/** The color of a step, for a style sheet. */
export const shade = (step: number): string =>
  `color-mix(in srgb, var(--imbxai-ramp) ${RAMP[step - 1] ?? 0}%, var(--imbxai-ground))`;
