// What to put into a training script, to be copied.
import type { Asker } from "./ask";
import { h, TextView } from "./dom";
import type { Remedy } from "./remedies";

export class RecipeView {
  readonly button = h("button", "imbxai-quiet-button", { type: "button" }, "Copy recipe");
  readonly #told = new TextView(h("p", "imbxai-note", { role: "status" }));
  readonly #code = h("pre", "imbxai-recipe-code", { tabindex: 0, "aria-label": "Recipe" });
  readonly element = h("div", "imbxai-recipe", {}, this.#told.element, this.#code);
  #request = new AbortController();

  constructor(
    private readonly asker: Asker,
    private readonly remedies: () => readonly Remedy[],
  ) {
    this.button.title = "The remedies as code for a training script";
    this.button.addEventListener("click", () => this.#copy());
    this.forget();
  }

  allow(kernel: boolean): void {
    this.button.disabled = !kernel;
  }

  /** Shows no code any more: it would be of other remedies. */
  forget(): void {
    this.#request.abort();
    this.#request = new AbortController();
    this.element.hidden = true;
  }

  async #copy(): Promise<void> {
    this.forget();
    const { signal } = this.#request;
    this.element.hidden = false;
    this.#code.hidden = true;
    this.#told.show("Writing the recipe \u2026");
    try {
      const asked = { remedies: this.remedies() };
      const { code } = await this.asker.ask<{ code: string }>("recipe", asked, { signal });
      this.#code.textContent = code;
      this.#code.hidden = false;
      this.#told.show(await copied(code));
    } catch (error) {
      if (!signal.aborted) this.#told.show(`There is no recipe: ${(error as Error).message}.`);
    }
  }
}

/** Copies text; some hosts do not let a page do so. */
async function copied(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied. It goes on from analysis, model and train_set.";
  } catch {
    return "This page may not copy: select the code and copy it.";
  }
}
