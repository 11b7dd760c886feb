import {
  DOMWidgetModel,
  DOMWidgetView,
  type IClassicComm,
  type WidgetModel,
  type WidgetView,
} from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import { MessageLoop } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { moduleNamed } from "./modules";

/** A line in the place of a widget whose front end the page does not hold. */
class MissingView extends DOMWidgetView {
  override render(): void {
    super.render();
    this.el.classList.add("imbxai-page-missing");
    const module = this.model.get("_view_module") ?? this.model.get("_model_module");
    this.el.textContent = `This page does not hold the front end of a widget of ${module}.`;
  }
}

/** Builds widgets from saved state and shows them; there is no kernel to speak to. */
export class PageManager extends ManagerBase {
  readonly #shown: Widget[] = [];

  constructor() {
    super();
    window.addEventListener("resize", () => {
      for (const widget of this.#shown) {
        MessageLoop.postMessage(widget, Widget.ResizeMessage.UnknownSize);
      }
    });
  }

  /** Shows one more view of the model at the end of `host`. */
  async show(modelId: string, host: HTMLElement): Promise<void> {
    if (!this.has_model(modelId)) {
      host.append("This page does not hold the widget that stood here: it is not in the notebook.");
      return;
    }
    const model = await this.get_model(modelId);
    const view = await this.create_view(model);
    Widget.attach(view.luminoWidget, host);
    this.#shown.push(view.luminoWidget);
  }

  protected override async loadModelClass(
    ...named: [className: string, moduleName: string, version: string]
  ): Promise<typeof WidgetModel> {
    return moduleNamed(named[1]) ? super.loadModelClass(...named) : DOMWidgetModel;
  }

  protected override async loadViewClass(
    ...named: [className: string, moduleName: string, version: string]
  ): Promise<typeof WidgetView> {
    return moduleNamed(named[1]) ? super.loadViewClass(...named) : MissingView;
  }

  protected override async loadClass(
    className: string,
    moduleName: string,
  ): Promise<typeof WidgetModel | typeof WidgetView> {
    const found = moduleNamed(moduleName)?.[className];
    if (typeof found !== "function") {
      throw new Error(`The widget module "${moduleName}" has no class "${className}".`);
    }
    return found as typeof WidgetModel | typeof WidgetView;
  }

  protected override async _get_comm_info(): Promise<Record<string, never>> {
    return {};
  }

  protected override async _create_comm(): Promise<IClassicComm> {
    throw new Error("This page has no kernel.");
  }
}
