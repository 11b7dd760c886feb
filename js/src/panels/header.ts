// How large a class is, and how well its images are predicted.
import { hasCard, type MaybeCard, type Render } from "../model";
import { Cleanup, h, panel, placeholder, put, Views } from "../parts/dom";
import { type Fact, FactView } from "../parts/fact";
import { count, counted, factor, percent } from "../parts/format";

export interface Header {
  images: number;
  /** Images of the largest class over images of this one. */
  imbalance: number | null;
  trainingAccuracy: number | null;
  trainingErrors: number;
  validationImages: number | null;
  validationAccuracy: number | null;
}

export interface Part {
  header: Header;
}

export interface State {
  card: MaybeCard<Part>;
}

function imbalanceDetail(imbalance: number | null): string {
  if (imbalance === null) return "no training images";
  if (imbalance === 1) return "the largest class";
  return `the largest class: ${factor(imbalance)}× as many`;
}

function factsOf(header: Header): Fact[] {
  const { images, imbalance, trainingErrors, validationImages } = header;
  const facts: Fact[] = [
    {
      term: "Training images",
      value: count(images),
      detail: imbalanceDetail(imbalance),
      ratio: imbalance ? 1 / imbalance : null,
    },
    {
      term: "Training accuracy",
      value: percent(header.trainingAccuracy),
      detail: counted(trainingErrors, "error"),
      ratio: header.trainingAccuracy,
    },
  ];
  if (validationImages !== null) {
    facts.push({
      term: "Validation accuracy",
      value: percent(header.validationAccuracy),
      detail: `of ${counted(validationImages, "validation image")}`,
      ratio: header.validationAccuracy,
    });
  }
  return facts;
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const frame = panel(
    "header",
    "",
    "The selected class: how much of it the network has seen, and how well it predicts it.",
  );
  const empty = placeholder("No class is selected yet.");
  const list = h("dl", "imbxai-facts");
  const facts = new Views(list, () => new FactView("imbxai-fact"));
  const show = () => {
    const card = model.get("card");
    const shown = hasCard(card);
    frame.heading.textContent = shown ? card.name : "Class";
    frame.root.setAttribute("aria-label", shown ? `Class ${card.name}` : "Class");
    facts.show(shown ? factsOf(card.header) : []);
    put(frame.body, shown ? list : empty);
  };
  cleanup.on(model, "change:card", show);
  el.append(frame.root);
  cleanup.add(() => frame.root.remove());
  show();
  return () => cleanup.run();
};

export default { render };
