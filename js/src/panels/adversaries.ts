// The adversaries of a class: those among the neighbors of its misclassified images, and what its
// validation images are mistaken for.
import { type ChartData, chart } from "../parts/chart";

export interface Adversaries extends ChartData {
  /** A class number for each row from the top; none if nothing is known. */
  classes: number[];
  /** One array per series that rests on something; one of zeros where none does. */
  shares: number[][];
  /** One per series that rests on something. */
  colors: string[];
}

export interface Part {
  adversaries: Adversaries;
}

export default chart<Part>(({ adversaries }, labels) => {
  const { classes, shares, colors } = adversaries;
  const known = colors.length > 0;
  return {
    data: adversaries,
    ranks: (shares[0] ?? []).map((_, rank) => labels[classes[rank] ?? -1] ?? ""),
    classes,
    bars: {
      y: shares.map((series) => Float64Array.from(series)),
      ...(known ? { colors } : {}),
      label_display: known,
    },
  };
});
