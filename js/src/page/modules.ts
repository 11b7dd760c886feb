import * as base from "@jupyter-widgets/base";
import * as controls from "@jupyter-widgets/controls";
import * as outputs from "./outputs";

/** What a widget module exports: model and view classes by name. */
export type Exports = Record<string, unknown>;
type Factory = (...dependencies: Exports[]) => Exports;

const modules = new Map<string, Exports>([
  ["@jupyter-widgets/base", base],
  ["@jupyter-widgets/controls", controls],
  ["@jupyter-widgets/output", { ...outputs }],
]);

/** The module of that name, if the page holds it. */
export const moduleNamed = (name: string): Exports | undefined => modules.get(name);

/**
 * The `define` of AMD, as far as the front ends that Python packages ship need it: they are
 * anonymous, and depend on modules that the page already holds; one that depends on others is
 * left out. The script element around such a module names it in `data-module`.
 */
export function define(dependencies: readonly string[], factory: Factory): void {
  const name = document.currentScript?.dataset.module;
  if (name === undefined) {
    throw new Error("define() is for scripts with a data-module attribute.");
  }
  const found = dependencies.map(moduleNamed).filter((module) => module !== undefined);
  if (found.length === dependencies.length) modules.set(name, factory(...found));
}
