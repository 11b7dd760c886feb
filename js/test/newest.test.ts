// Of questions asked one after another, the newest is answered, and the kernel has one at a time.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Asker, PATIENCE } from "../src/parts/ask";
import { Newest } from "../src/parts/newest";
import { PanelModel } from "./panel_model";

describe("the newest question", () => {
  let model: PanelModel<object>;
  let newest: Newest;
  const numbers = () => model.asked.map(({ arguments: given }) => given.number);
  const flush = async () => {
    for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  };

  beforeEach(() => {
    vi.useFakeTimers();
    model = new PanelModel<object>({});
    newest = new Newest(new Asker(model as never));
  });
  afterEach(() => vi.useRealTimers());

  it("is asked when the kernel is done with the one before, those between never", async () => {
    const answers = [1, 2, 3, 4].map((number) => newest.ask("image", { number }));
    await flush();
    expect(numbers()).toEqual([4]); // none had been sent yet
    const later = [5, 6].map((number) => newest.ask("image", { number }));
    await flush();
    expect(numbers()).toEqual([4]);
    await model.answer({ number: 4 });
    await flush();
    expect(numbers()).toEqual([4, 6]);
    await model.answer({ number: 6 });
    expect(await Promise.all([...answers, ...later])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      { number: 6 },
    ]);
  });

  it("is asked after a failure as well, which is told to who asked", async () => {
    const first = newest.ask("image", { number: 1 });
    await flush();
    await model.refuse("OSError: gone");
    await expect(first).rejects.toThrow("OSError: gone");
    newest.ask("image", { number: 2 });
    await flush();
    expect(numbers()).toEqual([1, 2]);
  });

  it("is asked where the kernel never answers the one before", async () => {
    const late = vi.fn();
    newest.ask("image", { number: 1 }, { late });
    await flush();
    newest.ask("image", { number: 2 }, { late });
    await flush();
    expect(numbers()).toEqual([1]);
    await vi.advanceTimersByTimeAsync(PATIENCE);
    expect(numbers()).toEqual([1, 2]);
    expect(late).not.toHaveBeenCalled(); // of the first, which is not waited for
    await vi.advanceTimersByTimeAsync(PATIENCE);
    expect(late).toHaveBeenCalledTimes(1);
  });

  it("is dropped once nothing is waited for", async () => {
    const asked = newest.ask("image", { number: 1 });
    await flush();
    newest.stop();
    expect(await asked).toBeUndefined();
    await model.answer({ number: 1 });
    newest.ask("image", { number: 2 });
    await flush();
    expect(numbers()).toEqual([1, 2]);
  });
});
