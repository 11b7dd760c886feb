// One image or feature, looked at closer in a dialog over the page.
import type { Initialize, Render } from "../model";
import { Asker } from "../parts/ask";
import { steer } from "../parts/chart";
import { DetailDialog } from "../parts/detail_dialog";
import type { DetailState } from "../parts/detail_kind";
import { Cleanup, h } from "../parts/dom";
import { draw, MARKS, type Marks } from "../parts/feature_chart";
import { isOpening } from "../parts/open";

export interface State extends DetailState {
  marks: Marks;
}

const initialize: Initialize<State> = ({ model }) =>
  steer(model, MARKS, (marks) => draw(marks, model.get("histogram")), ["change:histogram"]);

const ROOT = ".imbxai-explorer";

/** What has the focus around an element, also where the panels stand in a shadow tree. */
const activeAround = (element: Element): HTMLElement | null =>
  (element.getRootNode() as Document | ShadowRoot).activeElement as HTMLElement | null;

/** Whether the reader acts in this view of an Explorer, where a page shows several of them. */
function actsHere(element: Element): boolean {
  const root = element.closest(ROOT);
  if (!root) return true;
  const active = activeAround(element)?.closest(ROOT);
  return active ? active === root : root.matches(":hover");
}

const render: Render<State> = ({ model, el }) => {
  const cleanup = new Cleanup();
  const asker = new Asker(model);
  const dialog = new DetailDialog({ model, asker, held: (key) => model.get("held")[key] });
  const root = h(
    "div",
    "imbxai-panel imbxai-detail",
    { "data-testid": "imbxai-detail" },
    dialog.element,
  );
  cleanup.on(model, "change:opened", () => {
    const opening = model.get("opened");
    if (!isOpening(opening) || !actsHere(root)) return;
    const active = activeAround(root);
    dialog.open(opening, root.closest(ROOT)?.contains(active) && active ? active : undefined);
  });
  for (const trait of ["marked", "edits", "editing"] as const) {
    cleanup.on(model, `change:${trait}`, () => dialog.refresh());
  }
  el.append(root);
  cleanup.add(() => {
    dialog.dispose();
    asker.dispose();
    root.remove();
  });
  return () => cleanup.run();
};

export default { initialize, render };
