import { describe, expect, it } from "vitest";
import type { CardIdentity, MaybeCard } from "../src/model";
import header, { type Part } from "../src/panels/header";
import { EVIL, mount, one, PanelModel, texts } from "./panel_model";

const card = (name = "cat"): CardIdentity & Part => ({
  index: 1,
  name,
  header: {
    images: 1234,
    imbalance: 10.81,
    trainingAccuracy: 0.954,
    trainingErrors: 1,
    validationImages: 29,
    validationAccuracy: 0.31,
  },
});

const modelWith = (value: MaybeCard<Part>) => new PanelModel({ card: value });

describe("class header", () => {
  it("names the class, its size and its accuracies", async () => {
    const { el } = await mount(header, modelWith(card()));
    expect(one(el, ".imbxai-title").textContent).toBe("cat");
    expect(texts(el, "dt")).toEqual([
      "Training images",
      "Training accuracy",
      "Validation accuracy",
    ]);
    expect(texts(el, ".imbxai-fact-value")).toEqual(["1,234", "95%", "31%"]);
    expect(texts(el, ".imbxai-fact-detail")).toEqual([
      "the largest class: 10.8× as many",
      "1 error",
      "of 29 validation images",
    ]);
  });

  it("leaves validation out when there is none", async () => {
    const value = card();
    Object.assign(value.header, { validationImages: null, validationAccuracy: null, imbalance: 1 });
    const { el } = await mount(header, modelWith(value));
    expect(texts(el, "dt")).toEqual(["Training images", "Training accuracy"]);
    expect(texts(el, ".imbxai-fact-detail")[0]).toBe("the largest class");
  });

  it("says so when a class has no images", async () => {
    const value = card();
    Object.assign(value.header, { images: 0, imbalance: null, trainingAccuracy: null });
    const { el } = await mount(header, modelWith(value));
    expect(texts(el, ".imbxai-fact-value").slice(0, 2)).toEqual(["0", "–"]);
    expect(texts(el, ".imbxai-fact-detail")[0]).toBe("no training images");
  });

  it("waits for a card, then follows it; names are text", async () => {
    const model = modelWith({});
    const { el } = await mount(header, model);
    expect(one(el, ".imbxai-empty").textContent).toBe("No class is selected yet.");
    model.receive("card", card(EVIL));
    expect(one(el, ".imbxai-title").textContent).toBe(EVIL);
    expect(el.querySelector("img, .imbxai-empty")).toBeNull();
  });

  it("leaves nothing behind", async () => {
    const model = modelWith(card());
    const { el, dispose } = await mount(header, model);
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
  });
});
