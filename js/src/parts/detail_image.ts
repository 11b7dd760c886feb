// One image, looked at closer: what a panel held of it at once, then what Python answers.
import { ARCHETYPES } from "./archetype_style";
import { AskError } from "./ask";
import { FeatureSection } from "./detail_features";
import type { DetailContext, KeyHint, Kind } from "./detail_kind";
import { NeighborSection } from "./detail_neighbors";
import { PictureSection } from "./detail_picture";
import { ProbabilitySection } from "./detail_probabilities";
import type { Section } from "./detail_section";
import { h, TextView } from "./dom";
import { EditTools } from "./edit_tools";
import type { ImageAnswer } from "./image_answer";
import { toggledKey } from "./marks";
import { Newest } from "./newest";
import type { ImageOpening } from "./open";
import { describe, keyOf, type Tile } from "./thumbnail_grid";
import { suggestedOf } from "./tile_events";

const NO_KERNEL = "This page holds no more of this image; the rest needs a running, idle kernel.";

export class ImageDetail implements Kind<ImageOpening> {
  readonly title = h("span", "");
  readonly #facts = h("div", "imbxai-detail-facts");
  readonly #mark = h("button", "imbxai-quiet-button", { type: "button" });
  readonly #told = new TextView(h("p", "imbxai-notice", { role: "status" }));
  readonly #sections: Section[];
  readonly element: HTMLElement;
  readonly #answers: Newest;
  readonly #tools: EditTools;
  #opening: ImageOpening | undefined;

  constructor(private readonly context: DetailContext) {
    this.#mark.addEventListener("click", () => this.#toggle());
    this.#answers = new Newest(context.asker);
    this.#tools = new EditTools(context.model);
    const picture = new PictureSection(context);
    const probabilities = new ProbabilitySection(context);
    const wide = [new NeighborSection(context), new FeatureSection(context)];
    this.#sections = [picture, probabilities, ...wide];
    this.element = h(
      "div",
      "imbxai-detail-image",
      {},
      picture.element,
      h(
        "div",
        "",
        {},
        this.#facts,
        this.#mark,
        this.#tools.element,
        this.#told.element,
        probabilities.element,
      ),
      ...wide.map(({ element }) => element),
    );
  }

  get keys(): readonly KeyHint[] {
    const own = this.#sections.flatMap(({ keys }) => keys ?? []);
    return [["m", "mark"], ...this.#tools.keys, ...own];
  }

  show(opening: ImageOpening): void {
    this.#opening = opening;
    this.#tell("");
    const tile = opening.tiles.find(({ thumbnail }) => keyOf(thumbnail) === opening.key);
    const held = this.context.held(opening.key);
    // Asked before the sections ask for more, so that it is answered first.
    if (held) this.#answers.stop();
    else this.#ask(opening, tile);
    this.#show(opening, tile, held);
    this.refresh();
  }

  refresh(): void {
    const marked = this.context.model.get("marked").includes(this.#opening?.key ?? "");
    this.#mark.setAttribute("aria-pressed", String(marked));
    this.#mark.textContent = marked ? "Marked" : "Mark";
    this.#tools.refresh();
    for (const section of this.#sections) section.refresh?.();
  }

  beside({ key, group, ...rest }: ImageOpening, steps: number): ImageOpening | undefined {
    const next = group[group.indexOf(key) + steps];
    return next === undefined ? undefined : { ...rest, group, key: next };
  }

  place({ key, group }: ImageOpening): string {
    return group.length > 1 ? `${group.indexOf(key) + 1} of ${group.length}` : "";
  }

  press(event: KeyboardEvent): boolean {
    if (event.key === "m") this.#toggle();
    else if (!this.#tools.press(event)) {
      return this.#sections.some((section) => section.press?.(event));
    }
    return true;
  }

  close(): void {
    this.#opening = undefined;
    this.#answers.stop();
    for (const section of this.#sections) section.close?.();
  }

  async #ask(opening: ImageOpening, tile: Tile | undefined): Promise<void> {
    const { key } = opening;
    this.element.setAttribute("aria-busy", "true");
    const late = () => this.#tell(NO_KERNEL);
    try {
      const answer = await this.#answers.ask<ImageAnswer>("image", { key }, { late });
      if (!answer || this.#opening?.key !== key) return;
      this.#tell("");
      this.#show(opening, tile, answer);
    } catch (error) {
      if (!(error instanceof AskError) || this.#opening?.key !== key) return;
      const failed = `This image could not be looked at: ${error.message}`;
      this.#tell(error.unsent ? NO_KERNEL : failed);
    }
  }

  /** Says why no more is shown; nothing where all has come. */
  #tell(why: string): void {
    this.element.removeAttribute("aria-busy");
    this.#told.show(why);
  }

  #show(opening: ImageOpening, tile: Tile | undefined, answer: ImageAnswer | undefined): void {
    const thumbnail = answer?.thumbnail ?? tile?.thumbnail;
    const prototype = tile?.prototype ?? false;
    const [first = opening.key, ...rest] = thumbnail ? describe({ thumbnail, prototype }) : [];
    this.title.textContent = first;
    this.#facts.replaceChildren(...rest.map((line) => h("p", "", {}, line)));
    const color = ARCHETYPES[thumbnail?.archetype ?? -1]?.color ?? "";
    this.element.style.setProperty("--imbxai-archetype", color);
    const suggested = thumbnail ? suggestedOf(thumbnail) : [];
    this.#tools.show({ title: first, keys: [opening.key], suggested });
    for (const section of this.#sections) section.show({ opening, tile, answer });
  }

  #toggle(): void {
    const { model } = this.context;
    if (this.#opening) model.set("marked", toggledKey(model.get("marked"), this.#opening.key));
  }
}
