import { describe, expect, it, vi } from "vitest";
import { AskError, Asker, PATIENCE } from "../src/parts/ask";
import { PanelModel } from "./panel_model";

const askerOf = (model: PanelModel<object>) => new Asker(model as never);

describe("a question", () => {
  it("is answered by what the kernel found, bytes included", async () => {
    const model = new PanelModel({});
    const answer = askerOf(model).ask("card", { index: 3 });
    expect(model.asked).toEqual([{ kind: "card", arguments: { index: 3 } }]);
    const picture = new DataView(new ArrayBuffer(5));
    await model.answer({ name: "cat", picture });
    expect(await answer).toEqual({ name: "cat", picture });
  });

  it("gets its own answer, whatever the order", async () => {
    const model = new PanelModel({});
    const asker = askerOf(model);
    const both = [asker.ask("card", { index: 0 }), asker.ask("card", { index: 1 })];
    await model.answer({ index: 1 }, 1);
    await model.answer({ index: 0 }, 0);
    expect(await Promise.all(both)).toEqual([{ index: 0 }, { index: 1 }]);
  });

  it("is not answered by what another view of the widget has asked", async () => {
    const model = new PanelModel({});
    const [one, other] = [askerOf(model), askerOf(model)];
    const mine = one.ask("card", { index: 0 });
    const theirs = other.ask("card", { index: 1 });
    await model.answer({ index: 1 }, 1);
    await model.answer({ index: 0 }, 0);
    expect(await mine).toEqual({ index: 0 });
    expect(await theirs).toEqual({ index: 1 });
  });

  it("fails with what the kernel says", async () => {
    const model = new PanelModel({});
    const answer = askerOf(model).ask("card", {});
    const failed = expect(answer).rejects.toMatchObject({
      message: "OSError: gone",
      unsent: false,
    });
    await model.refuse("OSError: gone");
    await failed;
  });

  it("fails at once where it cannot be sent", async () => {
    const model = new PanelModel({});
    model.send = () => {
      throw new Error("Kernel is dead");
    };
    const error = await askerOf(model)
      .ask("card", {})
      .catch((reason) => reason);
    expect(error).toBeInstanceOf(AskError);
    expect(error).toMatchObject({ message: "Error: Kernel is dead", unsent: true });
  });

  it("tells once that it waits long, and may be answered yet", async () => {
    vi.useFakeTimers();
    const model = new PanelModel({});
    const late = vi.fn();
    const answer = askerOf(model).ask("card", {}, { late });
    vi.advanceTimersByTime(PATIENCE - 1);
    expect(late).not.toHaveBeenCalled();
    vi.advanceTimersByTime(10 * PATIENCE);
    expect(late).toHaveBeenCalledOnce();
    await model.answer({ index: 0 });
    expect(await answer).toEqual({ index: 0 });
    vi.useRealTimers();
  });

  it("that is answered in time is never late", async () => {
    vi.useFakeTimers();
    const model = new PanelModel({});
    const late = vi.fn();
    void askerOf(model).ask("card", {}, { late });
    await model.answer({});
    vi.advanceTimersByTime(10 * PATIENCE);
    expect(late).not.toHaveBeenCalled();
    vi.useRealTimers();
  });

  it("that is taken back is rejected, and its answer dropped", async () => {
    const model = new PanelModel({});
    const taken = new AbortController();
    const answer = askerOf(model).ask("card", {}, { signal: taken.signal });
    const rejected = expect(answer).rejects.toMatchObject({ name: "AbortError" });
    taken.abort();
    await model.answer({ index: 0 });
    await rejected;
  });

  it("is not sent if it was taken back before", async () => {
    const model = new PanelModel({});
    const answer = askerOf(model).ask("card", {}, { signal: AbortSignal.abort() });
    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
    expect(model.messages).toEqual([]);
  });
});

it("hears nothing any more once it is gone", () => {
  const model = new PanelModel({});
  askerOf(model).dispose();
  expect(model.listeners).toBe(0);
});
