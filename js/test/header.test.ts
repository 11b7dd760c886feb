import { beforeEach, describe, expect, it } from "vitest";
import type { CardIdentity } from "../src/model";
import header, { type Header, type Part, type State } from "../src/panels/header";
import { all, EVIL, mount, one, PanelModel, texts } from "./panel_model";

const WRONG = { index: 1, split: "validation", right: false } as const;
const OUTLIERS = { index: 1, split: "training", archetype: 3 } as const;

const card = (changes: Partial<Header> = {}, name = "Plants"): CardIdentity & Part => ({
  index: 1,
  name,
  header: {
    score: [{ text: "3", filter: { ...WRONG, right: true } }, { text: " of 18 right" }],
    poor: true,
    accuracy: { share: 3 / 18, low: 0.058, high: 0.392 },
    size: "40 training images, the smallest class",
    verdict: [
      { text: "15 of 18", filter: WRONG },
      { text: " validation images are wrong; most are taken for " },
      { text: EVIL, select: 4 },
      { text: "." },
    ],
    sure: [[{ text: "Wilson." }], [{ text: "Fisher." }]],
    advice: [[{ text: "Look at its " }, { text: "6 outliers", filter: OUTLIERS }, { text: "." }]],
    ...changes,
  },
});

const modelWith = (value: State["card"]) =>
  new PanelModel<State>({ card: value, selected: 1, filter: {}, remedy: {}, whys: [], opens: {} });

describe("the header of a class", () => {
  let model: ReturnType<typeof modelWith>;
  let el: HTMLElement;
  let dispose: () => Promise<void>;
  const button = (text: string) => {
    const found = all(el, "button").find(({ textContent }) => textContent === text);
    if (!found) throw new Error(`no button ${text}`);
    return found;
  };

  beforeEach(async () => {
    document.body.replaceChildren();
    model = modelWith(card());
    ({ el, dispose } = await mount(header, model));
  });

  it("asks for a remedy to be tried", async () => {
    const remedy = { name: "LogitAdjustment", parameters: { tau: 1 } };
    model.receive("card", card({ advice: [[{ text: "adjust logits", remedy }]] }));
    button("adjust logits").click();
    expect(model.get("remedy")).toEqual({ ...remedy, asked: expect.any(Number) });
  });

  it("answers in one sentence, whose names are text", () => {
    expect(one(el, "h2").textContent).toBe("Plants");
    expect(one(el, ".imbxai-score").textContent).toBe("3 of 18 right");
    expect(one(el, ".imbxai-verdict").textContent).toBe(
      `15 of 18 validation images are wrong; most are taken for ${EVIL}.`,
    );
    expect(one(el, "section").getAttribute("aria-label")).toBe("Class Plants");
    expect(el.querySelector("img")).toBeNull();
  });

  it("shows the interval, and is rust where the class fares poorly", () => {
    expect(one(el, ".imbxai-interval").getAttribute("aria-label")).toBe(
      "17% right, 95% interval 6% to 39%",
    );
    expect(one(el, ".imbxai-interval-range").style.left).toMatch(/^5\.8/);
    expect(one(el, ".imbxai-interval-range").style.width).toMatch(/^33\.4/);
    expect(one(el, ".imbxai-interval-mark").style.left).toMatch(/^16\.6/);
    expect(one(el, ".imbxai-header-size").textContent).toBe(
      "likely 6–39% · 40 training images, the smallest class",
    );
    expect(one(el, "section").classList.contains("imbxai-poor")).toBe(true);
    model.receive("card", card({ poor: false, accuracy: null, size: "4 training images" }));
    expect(one(el, "section").classList.contains("imbxai-poor")).toBe(false);
    expect(one(el, ".imbxai-interval").hidden).toBe(true);
    expect(one(el, ".imbxai-header-size").textContent).toBe("4 training images");
  });

  it("has counts that filter, each time anew, and names that select", () => {
    button("15 of 18").click();
    button("15 of 18").click();
    const asked = model.changes.map(({ filter }) => filter as { asked: number });
    expect(asked).toEqual([
      { ...WRONG, asked: asked[0]?.asked },
      { ...WRONG, asked: (asked[0]?.asked ?? 0) + 1 },
    ]);
    button(EVIL).click();
    expect(model.changes.at(-1)).toEqual({ selected: 4 });
    expect(model.saved).toEqual([]); // the linker tells the kernel what it must know
  });

  it("discloses how sure it is, or what to do, one at a time", () => {
    const [sure, advice] = [button("How sure is this?"), button("What to do")];
    const shown = () => all(el, ".imbxai-disclosed").map((box) => !box.hidden);
    const expanded = () => [sure, advice].map((each) => each.getAttribute("aria-expanded"));
    expect([shown(), expanded()]).toEqual([
      [false, false, false],
      ["false", "false"],
    ]);
    sure.click();
    expect([shown(), expanded()]).toEqual([
      [false, true, false],
      ["true", "false"],
    ]);
    const box = one(el, `#${sure.getAttribute("aria-controls")}`);
    expect(texts(box, "p")).toEqual(["Wilson.", "Fisher."]);
    advice.click();
    expect(shown()).toEqual([false, false, true]);
    expect(texts(el, "li")).toEqual(["Look at its 6 outliers."]);
    button("6 outliers").click();
    expect(model.changes.at(-1)?.filter).toMatchObject(OUTLIERS);
    model.receive("card", card({ advice: [[{ text: "Nothing." }]] })); // stays open
    expect([shown(), texts(el, "li")]).toEqual([[false, false, true], ["Nothing."]]);
    advice.click();
    expect(shown()).toEqual([false, false, false]);
  });

  describe("why", () => {
    const remedy = { name: "LogitAdjustment", parameters: { tau: 1 } };
    const nothing = { state: "It is not clearly worse", causes: [], others: ["A note."] };
    const failing = {
      state: "It fails",
      causes: [
        {
          title: EVIL,
          statement: "3 of 18.",
          advice: [{ text: "Try " }, { text: "LogitAdjustment(tau=1)", remedy }],
          images: ["validation:4", "validation:7"],
          more: 0,
        },
        { title: "Two", statement: "2 of 9.", advice: [{ text: "Look." }], images: [], more: 0 },
      ],
      others: [],
    };
    const line = () => one(el, ".imbxai-why");
    const box = () => one(el, `#${button("Why?").getAttribute("aria-controls")}`);

    it("is asked for once, by a click, and kept with the page", async () => {
      expect([model.asked, line().hidden]).toEqual([[], true]);
      button("Why?").click();
      button("Why?").click();
      button("Why?").click();
      expect(model.asked).toEqual([{ kind: "why", arguments: {} }]);
      expect(box().textContent).toContain("Looking for causes");
      await model.answer({ whys: [nothing, failing] });
      expect(model.saved).toEqual([{ whys: [nothing, failing] }]);
      button("Why?").click();
      expect(model.asked).toHaveLength(1);
    });

    it("stands in a line, of which each part opens its evidence", async () => {
      model.receive("whys", [nothing, failing]);
      expect(line().textContent).toBe(`It fails: ${EVIL}; Two.`);
      expect(box().hidden).toBe(true);
      button("Two").click();
      expect(box().hidden).toBe(false);
      expect(texts(box(), "p")).toEqual([
        `${EVIL}. 3 of 18. Look at 2 images.`,
        "What to do: Try LogitAdjustment(tau=1)",
        "Two. 2 of 9.",
        "What to do: Look.",
      ]);
      button("Look at 2 images").click();
      const group = ["validation:4", "validation:7"];
      expect(model.get("opens")).toMatchObject({ kind: "image", key: group[0], group });
      button("LogitAdjustment(tau=1)").click();
      expect(model.get("remedy")).toMatchObject(remedy);
      model.receive("card", { ...card(), index: 0 });
      expect(line().textContent).toBe("It is not clearly worse.");
      expect(texts(box(), "p")).toEqual(["It is not clearly worse; no cause is named.", "A note."]);
    });

    it("says what went wrong, and can be asked for again", async () => {
      button("Why?").click();
      await model.refuse("ValueError: no validation images");
      expect(box().textContent).toBe(
        "Causes could not be looked for: ValueError: no validation images",
      );
      button("Why?").click();
      expect(model.asked).toHaveLength(2);
    });
  });

  it("waits for a card", async () => {
    button("What to do").click();
    model.receive("card", {});
    expect(one(el, ".imbxai-verdict").textContent).toBe("No class is selected yet.");
    expect(one(el, ".imbxai-header-tools").hidden).toBe(true);
    expect(all(el, ".imbxai-disclosed").every((box) => box.hidden)).toBe(true);
    expect(one(el, ".imbxai-score").textContent).toBe("");
    model.receive("card", card({}, EVIL));
    expect(one(el, "h2").textContent).toBe(EVIL);
    expect(one(el, ".imbxai-header-tools").hidden).toBe(false);
  });

  it("has ids of its own in each view", async () => {
    const other = await mount(header, modelWith(card()));
    const ids = [el, other.el].flatMap((root) => all(root, "[id]").map(({ id }) => id));
    expect(new Set(ids).size).toBe(6);
  });

  it("leaves nothing behind", async () => {
    await dispose();
    expect([el.childElementCount, model.listeners]).toEqual([0, 0]);
  });
});
