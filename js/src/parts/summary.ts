// How well all classes together are predicted, in two lines.
import { h } from "./dom";
import { percent } from "./format";

/** Accuracy over all classes: one entry for each model, 0 to 1. */
export interface Summary {
  /** Of all images. */
  images: (number | null)[];
  /** Mean over the classes. */
  classes: (number | null)[];
  /** Number of the class with the lowest; null where none is known. */
  worst: (number | null)[];
  /** And its accuracy. */
  lowest: (number | null)[];
}

/** By each model if there are two; the names of the worst classes select them. */
export function summaryLines(
  { images, classes, worst, lowest }: Summary,
  split: "validation" | "training",
  nameOf: (index: number) => string,
  select: (index: number) => void,
): HTMLElement[] {
  const both = (shares: (number | null)[]) => shares.map(percent).join(" \u2192 ");
  if (!images.length || images[0] === null) return [];
  const all = h(
    "p",
    "imbxai-summary-all",
    { title: `Of all ${split} images; mean over the classes` },
    h("strong", "", {}, both(images)),
    " right, ",
    h("strong", "", {}, both(classes)),
    " by class",
  );
  if (worst[0] === null || worst[0] === undefined) return [all];
  const line = h("p", "imbxai-summary-worst", {}, "worst: ");
  for (const [at, index] of worst.entries()) {
    if (index === null) continue;
    if (at) line.append(" \u2192 ");
    const link = h("button", "imbxai-name-link", { type: "button" }, nameOf(index));
    link.addEventListener("click", () => select(index));
    line.append(link, ` ${percent(lowest[at] ?? null)}`);
  }
  return [all, line];
}
