// The four archetypes and their colors: one hue in four steps, since they are an order. The names
// are those of Python's `ARCHETYPES`, to which tests/explorer/test_contract.py holds them.

export interface Archetype {
  name: string;
  /** A color of theme.css. */
  color: string;
}

export const ARCHETYPES: readonly Archetype[] = [
  { name: "safe", color: "var(--imbxai-safe)" },
  { name: "border", color: "var(--imbxai-border)" },
  { name: "rare", color: "var(--imbxai-rare)" },
  { name: "outlier", color: "var(--imbxai-outlier)" },
];
