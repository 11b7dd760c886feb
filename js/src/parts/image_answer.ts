// What Python answers of one image; see explorer/panels/_image_detail.py and _image_look.py.
import type { Sprite } from "./sprite";
import type { Thumbnail } from "./thumbnail_grid";

export interface Picture {
  width: number;
  height: number;
  /** Media type. */
  type: string;
}

export interface ClassProbability {
  index: number;
  name: string;
  probability: number;
}

export interface Neighbor {
  /** Of its class. */
  index: number;
  /** In units of the embedding. */
  distance: number;
  thumbnail: Thumbnail;
}

export interface FeatureTerm {
  feature: number;
  value: number;
  /** To the logit of the predicted class. */
  predicted: number;
  /** To that of the label. */
  label: number;
}

export interface FeatureTerms {
  rows: FeatureTerm[];
  /** How many features are not listed. */
  others: number;
  /** What these and the bias add to the two logits. */
  rest: number[];
  /** Of the predicted class and of the label. */
  logits: number[];
  /** Why there are none. */
  note: string;
}

export interface ImageAnswer {
  thumbnail: Thumbnail;
  /** Number of its class. */
  label: number;
  /** Null where no images were given, or this one cannot be read. */
  picture: Picture | null;
  picture_data: DataView;
  /** Why there is no picture. */
  missing: string;
  /** The largest, and that of the label behind them. */
  probabilities: ClassProbability[];
  /** Why there are no probabilities. */
  certain: string;
  /** In words. */
  archetype: string;
  /** The nearest first. */
  neighbors: Neighbor[];
  /** Null where no images were given, or where the page holds them one by one. */
  neighbor_sprite: Sprite | null;
  neighbor_data: DataView;
  features: FeatureTerms;
}

export interface LookAnswer {
  width: number;
  height: number;
  /** What is shown, or why there is nothing. */
  note: string;
  /** How much of each pixel is counted, 255 for all of it. */
  mask: DataView;
}
