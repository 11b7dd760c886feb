// Which images a number, a bar or a cell counts: a click on it shows exactly these.
import { type Asked, asked } from "./asked";

/** Images that meet all conditions that are given. */
export interface ImageFilter {
  /** The class, by its true label. */
  index: number;
  split: "training" | "validation";
  /** 0 to 3: safe, border, rare, outlier. */
  archetype?: number;
  /** The same of class-balanced archetypes, to which all classes count alike. */
  balanced?: number;
  /** The class that they are predicted as. */
  predicted?: number;
  /** Predicted right, or wrong. */
  right?: boolean;
  /** Misclassified training images with a neighbor of this class (Algorithm 1). */
  votes?: number;
  /** With a neighbor of this class among its nearest training images. */
  near?: number;
  /** Occurring more than once; with a copy of another label, or with copies in both splits. */
  copies?: "any" | "conflict" | "leak";
  /** Validation images within reach of the training images of their class, or beyond. */
  covered?: boolean;
  /** Least and largest probability of the predicted class. */
  confidence?: [number, number];
  /** Training images with salient pixels in this color bin, by its name. */
  color?: string;
  /** Where two models are compared: predicted right by the first, and by the second. */
  before?: boolean;
  after?: boolean;
  /** The archetype by the second of two models. */
  becomes?: number;
  /** Where edits lie between the two: what they did; those that joined are of other classes before. */
  edited?: "relabeled" | "left out" | "joined";
}

/** A filter that a panel asks for. */
export type AskedFilter = Asked<ImageFilter>;

export const askFor = (filter: ImageFilter): AskedFilter => asked(filter);

export const isAsked = (
  filter: AskedFilter | undefined,
): filter is ImageFilter & { asked: number } => filter !== undefined && "index" in filter;
