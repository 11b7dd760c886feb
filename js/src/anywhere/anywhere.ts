// The panels of an Explorer in one anywidget: lays them out, and gives each a model of its own.
import type { AnyModel, Initialize, Render } from "../model";
import { Cleanup, h } from "../parts/dom";
import { drawFigure } from "./bars";
import { ANYWIDGET, LocalModel, type Message, type Told } from "./local_model";

export interface State {
  /** The widget that is shown. */
  root: string;
  models: Record<string, Told>;
}

interface Module {
  initialize?: Initialize;
  render?: Render;
}

/** Class names by which style sheets know ipywidgets. */
const BOXES: Record<string, string> = {
  VBoxView: "widget-box widget-vbox",
  HBoxView: "widget-box widget-hbox",
};

class Screen {
  readonly cleanup = new Cleanup();
  readonly #models = new Map<string, LocalModel>();
  readonly #modules = new Map<LocalModel, Module>();

  constructor(private readonly model: AnyModel<State>) {
    for (const [id, told] of Object.entries(model.get("models"))) {
      const tell = (data: Message) => model.send({ to: id, data });
      this.#models.set(id, new LocalModel(told, this.#models, tell));
    }
    const heard = (message: { to: string; data: Message }, buffers: DataView[]) =>
      this.#models.get(message.to)?.receive(message.data, buffers);
    model.on("msg:custom", heard);
    this.cleanup.add(() => model.off("msg:custom", heard));
  }

  /** Shows the widgets in an element, with the styles of all of them. */
  async show(el: HTMLElement): Promise<void> {
    const panels = [...this.#models.values()].filter((model) => model.view === ANYWIDGET);
    await Promise.all(panels.map((panel) => this.#load(panel)));
    const styles = new Set(panels.map((panel) => String(panel.get("_css") ?? "")));
    for (const css of styles) el.append(style(css));
    // Colors are registered for a whole document only, not for a part of it such as this.
    const properties = [...styles].flatMap((css) => css.match(/@property[^}]+\}/g) ?? []);
    const registered = style([...new Set(properties)].join(""));
    document.head.append(registered);
    this.cleanup.add(() => registered.remove());
    for (const panel of panels) {
      await this.#run((module) => module.initialize?.(given(panel)), panel);
    }
    const root = this.#models.get(this.model.get("root"));
    if (root) el.append(h("div", "imbxai-anywhere", {}, await this.#draw(root)));
  }

  async #load(panel: LocalModel): Promise<void> {
    const url = URL.createObjectURL(
      new Blob([String(panel.get("_esm"))], { type: "text/javascript" }),
    );
    try {
      const { default: module } = (await import(url)) as { default: Module };
      this.#modules.set(panel, module);
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  async #run(task: (module: Module) => unknown, panel: LocalModel): Promise<void> {
    const undo = await task(this.#modules.get(panel) ?? {});
    if (typeof undo === "function") this.cleanup.add(undo as () => void);
  }

  async #draw(model: LocalModel): Promise<Element> {
    const element = h("div", "jupyter-widgets");
    element.classList.add(...(model.get("_dom_classes") as string[]));
    this.#layOut(element, model.resolved("layout") as LocalModel);
    const view = model.view ?? "";
    if (view in BOXES) {
      element.className += ` ${BOXES[view]}`;
      for (const child of model.get("children") as LocalModel[]) {
        element.append(await this.#draw(child));
      }
    } else if (view === ANYWIDGET) {
      await this.#run((module) => module.render?.(given(model, element)), model);
    } else if (view === "LabelView") {
      element.classList.add("widget-label");
      const write = () => {
        element.textContent = String(model.get("value"));
      };
      model.on("change:value", write);
      write();
    } else if (view === "Figure") {
      const { element: chart, undo } = drawFigure(model);
      this.cleanup.add(undo);
      element.append(chart);
    } else {
      element.textContent = "This part of the Explorer is shown in Jupyter alone.";
    }
    return element;
  }

  #layOut(element: HTMLElement, layout: LocalModel): void {
    for (const name of LAYOUT) {
      const value = layout.get(name);
      if (typeof value === "string") element.style.setProperty(name.replaceAll("_", "-"), value);
    }
  }
}

/** What an Explorer sets of ipywidgets' layouts. */
const LAYOUT = ["display", "flex", "flex_flow", "grid_gap", "width", "min_width"];

const given = (panel: LocalModel, el?: HTMLElement) => ({ model: panel, el }) as never;

const style = (css: string) => {
  const element = document.createElement("style");
  element.textContent = css;
  return element;
};

const render: Render<State> = async ({ model, el }) => {
  const screen = new Screen(model);
  await screen.show(el);
  return () => screen.cleanup.run();
};

export default { render };
