// What the kernel answers of a feature, and how it is put in words. Mirrors
// explorer/panels/_feature_detail.py.
import { count, counted, percent } from "./format";
import type { Sprite } from "./sprite";
import type { Thumbnail } from "./thumbnail_grid";

export interface SharingClass {
  index: number;
  name: string;
}

/** The feature in one class, and the images in which it adds most to the class's logit. */
export interface FeatureSide extends SharingClass {
  images: number;
  /** Among the top features of the class, from 1; null if it is none of them. */
  rank: number | null;
  mean: number | null;
  /** Mean, to the logit of the class. */
  contribution: number | null;
  /** The feature in each image, and what it adds. */
  values: number[];
  contributions: (number | null)[];
  thumbnails: Thumbnail[];
  sprite: Sprite | null;
}

export interface FeatureHistogram {
  /** One more than bins. */
  edges: number[];
  here: number[];
  there: number[];
  elsewhere: number[];
  ticks: number[];
}

export interface FeatureAnswer {
  feature: number;
  features: number;
  /** Whether contributions are known. */
  head: boolean;
  sharing: SharingClass[];
  /** The class, and one that shares the feature if any does. */
  sides: FeatureSide[];
  /** Of what tells the two classes apart, what the feature makes. */
  apart: number | null;
  histogram: FeatureHistogram;
  missing: string;
  notice: string;
  first_data: DataView;
  second_data: DataView;
}

/** Where a feature responds in the images of each side: what is dark lies over the images. */
export interface FeatureMaps {
  sprites: (Sprite | null)[];
  /** Why there are none, or "". */
  note: string;
  first_data: DataView;
  second_data: DataView;
}

const MINUS = "\u2212";

/** 2.51, −0.07, 0.0031, 1,240 */
export function size(value: number): string {
  const [sign, magnitude] = [value < 0 ? MINUS : "", Math.abs(value)];
  if (magnitude >= 100) return `${sign}${count(Math.round(magnitude))}`;
  const small = magnitude > 0 && magnitude < 0.095;
  return `${sign}${small ? Number(magnitude.toPrecision(2)) : magnitude.toFixed(2)}`;
}

/** +1.76, −0.07 */
export const signed = (value: number): string => `${value < 0 ? "" : "+"}${size(value)}`;

/** What an image is shown for: what the feature adds in it, or where that is unknown its size. */
export function noteOf(side: FeatureSide, at: number): string {
  const added = side.contributions[at];
  return added === null || added === undefined ? size(side.values[at] ?? 0) : signed(added);
}

/** What the feature is to a class. */
export function role({ name, rank, images, mean, contribution }: FeatureSide): string {
  if (mean === null) return `${name} has no training images.`;
  const place =
    rank === null ? "Not among its strongest features" : `Number ${rank} of its strongest features`;
  const adds =
    contribution === null ? "" : `, which adds ${signed(contribution)} to the logit of the class`;
  return `${place}: ${size(mean)} on average over ${counted(images, "training image")}${adds}.`;
}

/** What the feature says of two classes that share it. */
export function likeness({ sides: [here, there], apart }: FeatureAnswer): string {
  if (!here || !there || apart === null) return "";
  const part = `Of what tells ${here.name} and ${there.name} apart to the classifier\u2019s head, this feature makes ${percent(apart)}`;
  if (apart < 0)
    return `${part}: by it alone, the head would rather take each of the two for the other.`;
  return `${part}. At 0% the two would be alike in it; all features together make 100%.`;
}

const shareOf = (counts: readonly number[], at: number): string => {
  const total = counts.reduce((sum, each) => sum + each, 0);
  return total ? percent((counts[at] ?? 0) / total) : "–";
};

/** The bins of a histogram in words, as the axis writes them. */
export const binNames = ({ edges }: FeatureHistogram): string[] =>
  edges.slice(1).map((high, at) => `${size(edges[at] ?? 0)} to ${size(high)}`);

/** The chart in words, for screen readers. */
export function chartWords(histogram: FeatureHistogram, groups: readonly string[]): string {
  const all = [histogram.here, histogram.there, histogram.elsewhere];
  const bins = binNames(histogram).map((bin, at) => {
    const shares = all.flatMap((counts, group) =>
      groups[group] ? [`${shareOf(counts, at)} of ${groups[group]}`] : [],
    );
    return `${bin}: ${shares.join(", ")}`;
  });
  return `Share of images by how large the feature is. ${bins.join("; ")}.`;
}
