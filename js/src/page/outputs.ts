/**
 * The widget module of Output widgets: shows the outputs that they held when the notebook's run
 * ended. The page carries them as templates, drawn like the outputs of cells.
 */
import { DOMWidgetModel, DOMWidgetView, JupyterLuminoPanelWidget } from "@jupyter-widgets/base";
import { type Panel, PanelLayout, Widget } from "@lumino/widgets";

/** Where a widget stands in a page that nbconvert writes. */
export const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';

/** The widget that stands where such an element is. */
export function modelOf(script: Element): string {
  return (JSON.parse(script.textContent ?? "") as { model_id: string }).model_id;
}

export class OutputModel extends DOMWidgetModel {
  override defaults() {
    return {
      ...super.defaults(),
      _model_name: "OutputModel",
      _model_module: "@jupyter-widgets/output",
      _view_name: "OutputView",
      _view_module: "@jupyter-widgets/output",
    };
  }
}

export class OutputView extends DOMWidgetView {
  // A panel, through which the widgets inside hear that they are shown, hidden and resized.
  override _createElement(): HTMLElement {
    this.luminoWidget = new JupyterLuminoPanelWidget({ view: this });
    return this.luminoWidget.node;
  }

  override _setElement(element: HTMLElement): void {
    this.el = element;
  }

  override async render(): Promise<void> {
    super.render();
    this.el.classList.add("jupyter-widgets", "jp-OutputArea");
    const held = document.querySelector<HTMLTemplateElement>(
      `template[data-output-widget="${CSS.escape(this.model.model_id)}"]`,
    );
    const page = held && document.importNode(held.content, true);
    for (const output of page?.querySelectorAll<HTMLElement>(".jp-OutputArea-child") ?? []) {
      await this.#add(output);
    }
  }

  async #add(output: HTMLElement): Promise<void> {
    const widget = new Widget({ node: output });
    const layout = new PanelLayout();
    widget.layout = layout;
    (this.luminoWidget as Panel).addWidget(widget);
    for (const script of output.querySelectorAll(VIEW)) {
      const { widget_manager } = this.model;
      const view = await widget_manager.create_view(
        await widget_manager.get_model(modelOf(script)),
      );
      view.luminoWidget.addClass("jp-OutputArea-output");
      script.parentElement?.remove();
      layout.addWidget(view.luminoWidget);
    }
  }
}
