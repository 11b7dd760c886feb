// What is looked at closer, in the dialog: a click on an image or a feature anywhere opens it. A panel
// sets its trait `opens` in the page alone; the linker hands it on as `opened`.
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

/** What a panel asks to have opened; a new number each time, so that the same can be asked again. */
export type AskedOpening = (Opening & { asked: number }) | Record<string, never>;

// Each panel counts by itself: begun anywhere, the numbers of two panels differ.
let asked = Math.random();

export const openImage = (
  key: string,
  group: string[],
  tiles: readonly Tile[] = [],
): AskedOpening => ({ kind: "image", key, group, tiles, asked: ++asked });

export const openFeature = (feature: number, index: number, other?: number): AskedOpening => ({
  kind: "feature",
  feature,
  index,
  ...(other === undefined ? {} : { other }),
  asked: ++asked,
});

export const isOpening = (
  opening: AskedOpening | undefined,
): opening is Opening & { asked: number } => opening !== undefined && "kind" in opening;
