import { expect, it, vi } from "vitest";

it("filters that two panels ask for first are told apart, though each counts by itself", async () => {
  const numbers: unknown[] = [];
  for (let panel = 0; panel < 2; panel++) {
    vi.resetModules(); // as each panel has a bundle of its own
    const { askFor } = await import("../src/parts/filter");
    const filter = { index: 0, split: "training" } as const;
    numbers.push(askFor(filter).asked, askFor(filter).asked);
  }
  expect(new Set(numbers).size).toBe(4);
});
