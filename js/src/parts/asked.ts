// What a panel asks of others by one of its traits: with a new number each time, so that the same can
// be asked again.

/** Something that is asked for; nothing before the first time. */
export type Asked<T> = (T & { asked: number }) | Record<string, never>;

// Each panel has a copy of this file and counts by itself: begun anywhere, the numbers of two panels
// differ.
let last = Math.random();

export const asked = <T extends object>(what: T): T & { asked: number } => ({
  ...what,
  asked: ++last,
});
