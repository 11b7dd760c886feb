// Colors (Okabe and Ito's, safe for color-blind readers) and wording of the four archetypes.

export interface Archetype {
  name: string;
  color: string;
  meaning: string;
}

export const ARCHETYPES: readonly Archetype[] = [
  { name: "safe", color: "#0072B2", meaning: "more than 70% of the neighbors are of this class" },
  { name: "border", color: "#56B4E9", meaning: "30 to 70% of the neighbors are of this class" },
  { name: "rare", color: "#E69F00", meaning: "up to 30% of the neighbors are of this class" },
  { name: "outlier", color: "#D55E00", meaning: "no neighbor is of this class" },
];
