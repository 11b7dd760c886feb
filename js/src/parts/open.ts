// What is looked at closer, in the dialog: a click on an image or a feature anywhere opens it. A panel
// sets its trait `opens` in the page alone; the linker hands it on as `opened`.
import { type Asked, asked } from "./asked";
import type { Tile } from "./thumbnail_grid";

export interface ImageOpening {
  kind: "image";
  /** Such as "training:12": row of a split. */
  key: string;
  /** The images that it stands among, itself included: arrow keys walk through them. */
  group: string[];
  /** What the page holds of these images; some may lack. */
  tiles: readonly Tile[];
}

export interface FeatureOpening {
  kind: "feature";
  feature: number;
  /** The class by which it was found. */
  index: number;
  /** The class that is shown beside it; by default one that shares the feature, if any does. */
  other?: number;
}

export type Opening = ImageOpening | FeatureOpening;

/** What a panel asks to have opened. */
export type AskedOpening = Asked<Opening>;

export const openImage = (
  key: string,
  group: string[],
  tiles: readonly Tile[] = [],
): AskedOpening => asked({ kind: "image", key, group, tiles });

export const openFeature = (feature: number, index: number, other?: number): AskedOpening =>
  asked({ kind: "feature", feature, index, ...(other === undefined ? {} : { other }) });

export const isOpening = (
  opening: AskedOpening | undefined,
): opening is Opening & { asked: number } => opening !== undefined && "kind" in opening;
