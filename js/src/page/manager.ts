import type { IClassicComm, WidgetModel, WidgetView } from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import { MessageLoop } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { moduleNamed } from "./modules";

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
    const model = await this.get_model(modelId);
    const view = await this.create_view(model);
    Widget.attach(view.luminoWidget, host);
    this.#shown.push(view.luminoWidget);
  }

  protected override async loadClass(
    className: string,
    moduleName: string,
  ): Promise<typeof WidgetModel | typeof WidgetView> {
    const found = moduleNamed(moduleName)[className];
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
