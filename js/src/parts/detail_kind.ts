// What may be opened in the dialog: each kind fills it in its own way.
import type { Model } from "../model";
import type { Asker } from "./ask";
import type { EditState } from "./edits";
import type { MaybeHistogram } from "./feature_chart";
import type { ImageAnswer } from "./image_answer";
import type { AskedOpening, Opening } from "./open";

/** The traits of the dialog's panel. */
export interface DetailState extends EditState {
  /** What was opened last, if anything. */
  opened: AskedOpening;
  selected: number;
  /** Keys of the marked images. */
  marked: string[];
  /** How large the open feature is, for the chart. */
  histogram: MaybeHistogram;
  /** What the page holds of images, by their keys, for where there is no kernel. */
  held: Record<string, ImageAnswer>;
}

/** A key that works in the dialog, and what it does. */
export type KeyHint = [key: string, does: string];

/** What a kind, or a section of it, may do with the dialog around it. */
export interface DetailContext {
  readonly model: Model<DetailState>;
  readonly asker: Asker;
  /** What the page holds of an image. */
  held(key: string): ImageAnswer | undefined;
  /** Opens something else in place of what is open, to which Backspace leads back. */
  open(opening: Opening): void;
  /** Selects a class in the page, and closes the dialog. */
  select(index: number): void;
}

/** How things of one kind are shown. */
export interface Kind<O extends Opening> {
  readonly element: HTMLElement;
  /** What stands in the dialog's head. */
  readonly title: HTMLElement;
  readonly keys: readonly KeyHint[];
  show(opening: O): void;
  /** What lies so many steps beside it in its group, if anything: arrow keys lead there. */
  beside(opening: O, steps: number): O | undefined;
  /** "3 of 24"; nothing where there is one alone. */
  place(opening: O): string;
  /** Does what a key is for, and tells whether it is for anything. */
  press(event: KeyboardEvent): boolean;
  /** Shows marks and the like as they are now. */
  refresh?(): void;
  /** The dialog is closed: waits for nothing any more, and lets go of what is large. */
  close(): void;
}
