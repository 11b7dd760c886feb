// The types that the front end shares: what a widget model offers, and what a class card holds.
// Ratios lie in 0..1 or are null when nothing is known; class numbers index `class_names`.
import type { AnyModel } from "@anywidget/types";

export type { AnyModel, Initialize, Render } from "@anywidget/types";

/** The part of a widget model that panels use; any anywidget or ipywidgets model has it. */
export type Model<T extends object> = Pick<
  AnyModel<T>,
  "get" | "set" | "on" | "off" | "save_changes" | "send"
>;

export interface ClassHeaderData {
  images: number;
  /** Images of the largest class over images of this one. */
  imbalance: number | null;
  trainingAccuracy: number | null;
  trainingErrors: number;
  validationImages: number | null;
  validationAccuracy: number | null;
}

export interface Thumbnail {
  /** Position in the sprite, row by row. */
  tile: number;
  /** Index in the training data set. */
  image: number;
  label: string;
  prediction: string;
  correct: boolean;
}

export interface ArchetypeGroup {
  name: string;
  /** How many of the neighbors are of the class, in words. */
  meaning: string;
  images: number;
  share: number | null;
  truePositiveRate: number | null;
  validationImages: number | null;
  validationErrorRate: number | null;
  /** How many of `thumbnails` lead as prototypes. */
  prototypes: number;
  thumbnails: Thumbnail[];
}

/** Where tiles lie in a picture that is filled with them row by row. */
export interface TileLayout {
  /** Tile width in pixels. */
  width: number;
  /** Tile height in pixels. */
  height: number;
  /** Tiles per row. */
  columns: number;
}

export interface Sprite extends TileLayout {
  /** Media type of the picture. */
  type: string;
}

export interface TopFeature {
  feature: number;
  share: number;
  /** How many other classes have it among their top features. */
  classes: number;
}

export interface OverlapRow {
  index: number;
  name: string;
  shared: number[];
  jaccard: number;
  shareHere: number;
  shareThere: number;
}

export interface OverlapCard {
  features: TopFeature[];
  /** The classes that share most. */
  rows: OverlapRow[];
  /** How many classes share any. */
  sharing: number;
  topK: number;
}

/** Two values: of the first model and of the second. */
export type BeforeAfter<T = number> = [before: T, after: T];

export interface ComparedAccuracy {
  split: "training" | "validation";
  images: number;
  before: number | null;
  after: number | null;
}

export interface ComparedErrors {
  split: "training" | "validation";
  /** What became of the class's own images, in words. */
  note: string;
  /** The largest number of errors of any class, under either model. */
  largest: number;
  /** Position of the first row among all classes, from the largest down. */
  first: number;
  classes: number;
  /** Misclassified images of each class, and images of others that are taken for it. */
  rows: { index: number; name: string; lost: BeforeAfter; gained: BeforeAfter }[];
}

export interface ArchetypeFlow {
  /** Training images by archetype before (rows) and after (columns). */
  counts: number[][];
  /** The same over the sums of the rows. */
  shares: number[][];
  note: string;
}

export interface ComparedOverlap {
  topK: BeforeAfter;
  /** How many classes share any under either model. */
  sharing: number;
  rows: { index: number; name: string; shared: BeforeAfter }[];
}

export interface ComparisonCard {
  accuracies: ComparedAccuracy[];
  errors: ComparedErrors;
  flow: ArchetypeFlow;
  shared: ComparedOverlap;
}

export interface CardIdentity {
  index: number;
  name: string;
}

export type HeaderCard = CardIdentity & { header: ClassHeaderData };
export type ArchetypesCard = CardIdentity & {
  archetypes: ArchetypeGroup[];
  sprite: Sprite;
  sprite_data: DataView;
};
export type OverlapPanelCard = CardIdentity & { overlap: OverlapCard };
export type ComparisonPanelCard = CardIdentity & { comparison: ComparisonCard };

/** What every panel shows of one class. `A` and `C` are private to the linker. */
export type ClassCard<A = unknown, C = unknown> = HeaderCard &
  ArchetypesCard &
  OverlapPanelCard & {
    /** What went wrong in reading its images, or "". */
    notice: string;
    adversaries: A;
    colors: C;
    /** Null where there is no second model. */
    comparison: ComparisonCard | null;
  };

/** A card as a panel holds it: empty until a class is shown. */
export type MaybeCard<T extends CardIdentity> = T | Record<string, never>;

export function hasCard<T extends CardIdentity>(card: MaybeCard<T>): card is T {
  return "index" in card;
}

/** One chart of the overview: its lists hold one entry a class, from the largest class on. */
export interface OverviewChart {
  title: string;
  /** What the lengths of segments are. */
  axis: string;
  note: string;
  labels: string[];
  /** Each class with its largest adversary. */
  words: string[];
  /** Whether a bar rests on few errors. */
  faint: boolean[];
}

/** Bars that are shown at once. */
export interface OverviewPage {
  /** Place of the first bar's class in the order. */
  first: number;
  segments: string[];
  colors: string[];
  /** Of each chart, bar and segment. */
  shares: number[][][];
}

export interface Overview {
  /** Class numbers, from the largest class to the smallest. */
  order: number[];
  /** Of the longest label, in characters. */
  labelWidth: number;
  charts: OverviewChart[];
  pages: OverviewPage[];
}

/** One class as the picker lists it. */
export interface PickerClass {
  index: number;
  name: string;
  images: number;
  /** Of validation images where there are any, of training images otherwise. */
  accuracy: number | null;
  /** Shares of safe, border, rare, outlier. */
  archetypes: [number, number, number, number];
}

export interface MoreRequest {
  type: "more";
  class: number;
  archetype: number;
  offset: number;
}

/** Answer to a MoreRequest; the picture of its tiles is the message's first buffer. */
export interface MoreImages extends Omit<MoreRequest, "type"> {
  type: "more";
  thumbnails: Thumbnail[];
  sprite: Sprite;
  /** What went wrong in reading them, or "". */
  notice: string;
}

/** Answer to a MoreRequest that the kernel could not serve. */
export interface MoreFailure extends Omit<MoreRequest, "type"> {
  type: "failed";
  message: string;
}

export type MoreAnswer = MoreImages | MoreFailure;
