/**
 * The script of a page that shows a notebook's widgets without a kernel and without a network:
 * a widget manager, and a loader for the widget modules that the page carries along.
 */
import type { IManagerState } from "@jupyter-widgets/base-manager";
import "./page.css";
import { PageManager } from "./manager";
import { define } from "./modules";
import { modelOf, VIEW } from "./outputs";
import { scaleChartsInPrint } from "./print";

const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';

async function showWidgets(): Promise<void> {
  const state = document.querySelector(STATE);
  if (state === null) {
    return;
  }
  const manager = new PageManager();
  await manager.set_state(JSON.parse(state.textContent ?? "") as IManagerState);
  for (const script of document.querySelectorAll(VIEW)) {
    if (script.parentElement !== null) {
      await manager.show(modelOf(script), script.parentElement);
    }
  }
}

/** Front ends ask the body for the theme, as in JupyterLab; the style sheets follow the media. */
function followTheme(): void {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    document.body.dataset.jpThemeLight = String(!dark.matches);
  };
  dark.addEventListener("change", apply);
  apply();
}

Object.assign(window, { define });
document.addEventListener("DOMContentLoaded", () => {
  followTheme();
  scaleChartsInPrint();
  void showWidgets();
});
