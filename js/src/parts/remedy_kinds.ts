// The remedies that can be tried, and what can be set of each.
import { percent } from "./format";

export interface Slider {
  /** The parameter. */
  key: string;
  label: string;
  min: number;
  max: number;
  step: number;
  /** Where the slider stands at first. */
  start: number;
  /** What a place of the slider stands for. */
  value(place: number): number;
  /** The place of a value. */
  place(value: number): number;
  text(value: number): string;
  /** Whether it can be found: chosen on validation images other than those that judge it. */
  best?: boolean;
  /** Whether each class has a value of its own. */
  ofClasses?: boolean;
}

export interface Choice {
  key: string;
  label: string;
  options: readonly [value: string, text: string][];
}

/** What a remedy changes: shifts logits, rescales weights, or has a head made anew. */
export type Effect = "shift" | "lengths" | "means" | "refit";

export interface Kind {
  name: string;
  effect: Effect;
  label: string;
  /** What it does, in a line. */
  hint: string;
  choice?: Choice;
  sliders: readonly Slider[];
}

export interface Group {
  title: string;
  kinds: readonly Kind[];
}

const same = (value: number): number => value;

const slider = (given: Partial<Slider> & Pick<Slider, "key" | "label">): Slider => ({
  min: 0,
  max: 3,
  step: 0.1,
  start: 1,
  value: (place) => Number(place.toFixed(6)), // 0.3 rather than 0.30000000000000004
  place: same,
  text: (value) => value.toFixed(1),
  ...given,
});

/** Of ten classes a threshold of 10% changes nothing, of a thousand one of 0.1%. */
const share = (value: number): string =>
  value < 0.01 ? `${Number((100 * value).toPrecision(2))}%` : percent(value);

const beta = (exponent: number): number => Number((1 - 10 ** -exponent).toPrecision(6));

export const GROUPS: readonly Group[] = [
  {
    title: "Shift the decision",
    kinds: [
      {
        name: "LogitAdjustment",
        effect: "shift",
        label: "Logit adjustment",
        hint: "Takes tau times the logarithm of the class's share from its logit (Menon et al., 2021).",
        sliders: [slider({ key: "tau", label: "tau", best: true })],
      },
      {
        name: "LogitOffset",
        effect: "shift",
        label: "Offset of the class",
        hint: "Adds a number to the logit of the selected class.",
        sliders: [
          slider({
            key: "offsets",
            label: "offset",
            min: -6,
            max: 6,
            start: 0,
            ofClasses: true,
            text: (value) => `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(1)}`,
          }),
        ],
      },
      {
        name: "Threshold",
        effect: "shift",
        label: "Threshold of the class",
        hint: "Predicts the class with the largest probability / threshold (Collell et al., 2018).",
        sliders: [
          slider({
            key: "thresholds",
            label: "threshold",
            min: -9,
            max: 4.5,
            ofClasses: true,
            value: (place) => Number((1 / (1 + Math.exp(-place))).toPrecision(3)),
            place: (value) => Math.log(value / (1 - value)),
            text: share,
          }),
        ],
      },
      {
        name: "Temperature",
        effect: "shift",
        label: "Temperature",
        hint: "Divides all logits: confidences change, no prediction does (Guo et al., 2017).",
        sliders: [
          slider({ key: "value", label: "divide by", min: 0.1, max: 5, start: 1.5, best: true }),
        ],
      },
    ],
  },
  {
    title: "Change the head",
    kinds: [
      {
        name: "TauNormalization",
        effect: "lengths",
        label: "Tau-normalization",
        hint: "Makes the weights of the classes more equally long (Kang et al., 2020).",
        sliders: [slider({ key: "tau", label: "tau", max: 2, best: true })],
      },
      {
        name: "ClassifierRetraining",
        effect: "refit",
        label: "Classifier retraining",
        hint: "Fits the head again with all classes counting alike (cRT, Kang et al., 2020).",
        sliders: [],
      },
      {
        name: "NearestClassMean",
        effect: "means",
        label: "Nearest class mean",
        hint: "Predicts the class with the nearest mean embedding (Kang et al., 2020).",
        sliders: [],
        choice: {
          key: "metric",
          label: "by",
          options: [
            ["cosine", "cosine"],
            ["euclidean", "distance"],
          ],
        },
      },
    ],
  },
  {
    title: "Change the training images, and fit the head again",
    kinds: [
      {
        name: "Reweight",
        effect: "refit",
        label: "Class weights",
        hint: "Weighs the loss by class: balanced, or by effective numbers (Cui et al., 2019).",
        choice: {
          key: "scheme",
          label: "",
          options: [
            ["balanced", "balanced"],
            ["effective number", "effective number"],
          ],
        },
        sliders: [
          slider({
            key: "beta",
            label: "beta",
            max: 6,
            start: 4,
            value: beta,
            place: (value) => -Math.log10(1 - value),
            text: (value) => String(value),
          }),
        ],
      },
      {
        name: "DropSuspects",
        effect: "refit",
        label: "Drop suspects",
        hint: "Leaves out the training images with the most suspect labels, as Analysis.suspects() has them.",
        sliders: [
          slider({ key: "n", label: "images", min: 1, max: 100, step: 1, start: 10, text: String }),
        ],
      },
      {
        name: "ApplyEdits",
        effect: "refit",
        label: "Apply the edits",
        hint: "Labels as edited here, and without the images that are left out.",
        sliders: [],
      },
    ],
  },
];

export const KINDS: readonly Kind[] = GROUPS.flatMap(({ kinds }) => kinds);

/** The names of remedies with one of some effects. */
export const namesWith = (...effects: Effect[]): string[] =>
  KINDS.filter(({ effect }) => effects.includes(effect)).map(({ name }) => name);

/** Of which no two go together: the second would undo the first. */
export const HEADS: readonly string[] = ["ClassifierRetraining", "NearestClassMean"];

/** Remedies of one stage take effect in this order: a temperature before what is shifted behind it. */
export const ORDER: readonly string[] = [
  "Temperature",
  ...KINDS.map(({ name }) => name).filter((name) => name !== "Temperature"),
];
