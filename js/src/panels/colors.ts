// The colors of a class's salient pixels.
import { type ChartData, chart } from "../parts/chart";

export interface Colors extends ChartData {
  /** One for each color bin. */
  shares: number[];
}

export interface Part {
  colors: Colors;
}

export default chart<Part>(({ colors }) => ({
  data: colors,
  bars: { y: Float64Array.from(colors.shares) },
}));
