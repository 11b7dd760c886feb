// Colors of the four archetypes (Okabe and Ito's, safe for color-blind readers), as in Python:
// tests/explorer/test_contract.py holds them to `presentation.ARCHETYPE_COLORS`.

export interface Archetype {
  name: string;
  color: string;
}

export const ARCHETYPES: readonly Archetype[] = [
  { name: "safe", color: "#0072B2" },
  { name: "border", color: "#56B4E9" },
  { name: "rare", color: "#E69F00" },
  { name: "outlier", color: "#D55E00" },
];
