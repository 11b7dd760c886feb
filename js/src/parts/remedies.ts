// Remedies as they cross between the page and Python: by name, with plain parameters.
import { type Asked, asked } from "./asked";

/** Python's explorer/remedies_asked.py has the same; classes are named by their numbers. */
export interface Remedy {
  name: string;
  parameters: Record<string, unknown>;
}

/** A remedy that a panel asks to be tried. */
export type AskedRemedy = Asked<Remedy>;

export const askRemedy = ({ name, parameters }: Remedy): AskedRemedy => asked({ name, parameters });

export const isRemedy = (remedy: AskedRemedy | undefined): remedy is Remedy & { asked: number } =>
  remedy !== undefined && "name" in remedy;

/** What is added to the logits of classes, by their numbers. */
export type Shifts = Readonly<Record<string, number>>;

export const sameShifts = (one: Shifts, other: Shifts): boolean => {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
};
