// The sections of an opened image: one file a section.
import type { KeyHint } from "./detail_kind";
import type { ImageAnswer } from "./image_answer";
import type { ImageOpening } from "./open";
import type { Tile } from "./thumbnail_grid";

/** What is known of the open image so far. */
export interface Known {
  opening: ImageOpening;
  /** What a panel held of it. */
  tile: Tile | undefined;
  /** What came of it, if it has come yet. */
  answer: ImageAnswer | undefined;
}

export interface Section {
  readonly element: HTMLElement;
  readonly keys?: readonly KeyHint[];
  /** Shows an image; first what a panel held of it, then what has come. */
  show(known: Known): void;
  /** Does what a key is for, and tells whether it is for anything. */
  press?(event: KeyboardEvent): boolean;
  /** Shows marks and the like as they are now. */
  refresh?(): void;
  /** The image is left. */
  close?(): void;
}
