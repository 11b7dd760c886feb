// Sentences of which some parts can be clicked: counts filter images, names select classes.
import type { Model } from "../model";
import { h } from "./dom";
import { type AskedFilter, askFor, type ImageFilter } from "./filter";
import { type AskedRemedy, askRemedy, type Remedy } from "./remedies";

/** Plain text, or text that does something. */
export interface Piece {
  text: string;
  filter?: ImageFilter;
  /** Number of a class. */
  select?: number;
  /** Opens the tab "What if" with it. */
  remedy?: Remedy;
}

export type Sentence = Piece[];

/** What a click on a piece does. */
export interface Actions {
  filter(filter: ImageFilter): void;
  select(index: number): void;
  /** Where the panel can ask for it. */
  try?(remedy: Remedy): void;
}

export const plain = (sentence: Sentence): string => sentence.map(({ text }) => text).join("");

/** A number or name that filters or selects, in the midst of text; `hint` says which. */
export function textButton(text: string, hint: string, act: () => void): HTMLButtonElement {
  const attributes = { type: "button", title: hint };
  const button = h("button", "imbxai-text-button", attributes, text);
  button.addEventListener("click", act);
  return button;
}

/** The pieces of a sentence as text and buttons. */
export const pieces = (sentence: Sentence, actions: Actions): (string | HTMLElement)[] =>
  sentence.map(({ text, filter, select, remedy }) => {
    if (remedy && actions.try) return textButton(text, "Try it", () => actions.try?.(remedy));
    if (filter) return textButton(text, "Show these images", () => actions.filter(filter));
    if (select === undefined) return text;
    return textButton(text, "Select this class", () => actions.select(select));
  });

/** What panels with both traits do: the linker hears it. */
export function actionsOf(model: Model<{ filter: AskedFilter; selected: number }>): Actions {
  return {
    filter: (filter) => model.set("filter", askFor(filter)),
    select: (index) => model.set("selected", index),
  };
}

/** The same of panels that can ask for remedies to be tried as well. */
export const triesOf = (
  model: Model<{ filter: AskedFilter; selected: number; remedy: AskedRemedy }>,
): Actions => ({
  ...actionsOf(model),
  try: (remedy) => model.set("remedy", askRemedy(remedy)),
});
