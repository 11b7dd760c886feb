// Numbers as the panels write them.

const whole = new Intl.NumberFormat("en-US");

/** 12,406 */
export const count = (value: number): string => whole.format(value);

/** "1 image", "12,406 images" */
export const counted = (value: number, noun: string, plural = `${noun}s`): string =>
  `${count(value)} ${value === 1 ? noun : plural}`;

/** 82%, −7%, or a dash when unknown. Only exact values read 0% and 100%. */
export function percent(ratio: number | null): string {
  if (ratio === null) return "–";
  const points = ratio * 100;
  if (points < 0) return points > -1 ? ">\u22121%" : `\u2212${Math.round(-points)}%`;
  if (points > 0 && points < 1) return "<1%";
  if (points > 99 && points < 100) return ">99%";
  return `${Math.round(points)}%`;
}

/** 10.8 */
export const factor = (value: number): string =>
  value < 100 ? value.toFixed(1) : count(Math.round(value));

/** A change of a share in percentage points: +33, −4, 0. */
export function change(difference: number): string {
  const points = Math.round(100 * difference);
  if (points === 0) return "0";
  return points > 0 ? `+${points}` : `\u2212${-points}`;
}
