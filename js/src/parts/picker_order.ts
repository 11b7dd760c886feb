// Which classes the picker lists, and in which order.
import { ARCHETYPES } from "./archetype_style";

/** One class as the picker lists it. */
export interface PickerClass {
  index: number;
  name: string;
  images: number;
  /** Of validation images where there are any, of training images otherwise. */
  accuracy: number | null;
  /** Accuracy by the second model less that by the first; null without either. */
  change: number | null;
  /** Shares of safe, border, rare, outlier. */
  archetypes: [number, number, number, number];
}

export interface Order {
  label: string;
  /** Which end a reader looks for first. */
  descending: boolean;
  compare: (a: PickerClass, b: PickerClass) => number;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

const by = (value: (row: PickerClass) => number) => (a: PickerClass, b: PickerClass) =>
  value(a) - value(b);

const shareOf = (position: number): Order => ({
  label: `${ARCHETYPES[position]?.name} share`,
  descending: true,
  compare: by((row) => row.archetypes[position] ?? 0),
});

export const ORDERS = {
  change: {
    label: "change",
    descending: true,
    compare: by((row) => Math.abs(row.change ?? 0)),
  },
  accuracy: { label: "accuracy", descending: false, compare: by((row) => row.accuracy ?? 0) },
  images: { label: "images", descending: true, compare: by((row) => row.images) },
  name: {
    label: "name",
    descending: false,
    compare: (a: PickerClass, b: PickerClass) => collator.compare(a.name, b.name),
  },
  unsafe: {
    label: "share that is not safe",
    descending: true,
    compare: by((row) => row.archetypes[1] + row.archetypes[2] + row.archetypes[3]),
  },
  safe: { ...shareOf(0), descending: false },
  border: shareOf(1),
  rare: shareOf(2),
  outlier: shareOf(3),
} satisfies Record<string, Order>;

export type OrderKey = keyof typeof ORDERS;

/** The orders that tell these classes apart, the one to begin with first. */
export function ordersFor(classes: readonly PickerClass[]): OrderKey[] {
  const compared = classes.some((row) => row.change !== null);
  return (Object.keys(ORDERS) as OrderKey[]).filter((key) => compared || key !== "change");
}

/** Classes whose name holds `search`, sorted; ties keep class order, unknowns come last. */
export function arrange(
  classes: readonly PickerClass[],
  search: string,
  key: OrderKey,
  descending: boolean,
): PickerClass[] {
  const wanted = search.trim().toLocaleLowerCase();
  const unknown = (row: PickerClass) =>
    (key === "accuracy" || key === "change") && row[key] === null ? 1 : 0;
  const sign = descending ? -1 : 1;
  return classes
    .filter((row) => row.name.toLocaleLowerCase().includes(wanted))
    .sort(
      (a, b) => unknown(a) - unknown(b) || sign * ORDERS[key].compare(a, b) || a.index - b.index,
    );
}
