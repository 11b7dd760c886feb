import * as base from "@jupyter-widgets/base";
import * as controls from "@jupyter-widgets/controls";

/** What a widget module exports: model and view classes by name. */
export type Exports = Record<string, unknown>;
type Factory = (...dependencies: Exports[]) => Exports;

const modules = new Map<string, Exports>([
  ["@jupyter-widgets/base", base],
  ["@jupyter-widgets/controls", controls],
]);

/** The module of that name, or an error that lists the names the page holds. */
export function moduleNamed(name: string): Exports {
  const found = modules.get(name);
  if (found === undefined) {
    const held = [...modules.keys()].sort().join(", ");
    throw new Error(`This page does not hold the widget module "${name}"; it holds ${held}.`);
  }
  return found;
}

/**
 * The `define` of AMD, as far as the front ends that Python packages ship need it: they are
 * anonymous, and depend on modules that the page already holds. The script element around
 * such a module names it in `data-module`.
 */
export function define(dependencies: readonly string[], factory: Factory): void {
  const name = document.currentScript?.dataset.module;
  if (name === undefined) {
    throw new Error("define() is for scripts with a data-module attribute.");
  }
  modules.set(name, factory(...dependencies.map(moduleNamed)));
}
