// What a click on an image of a panel does: it opens the image; a click on its corners marks or edits.
import type { Model } from "../model";
import type { Cleanup } from "./dom";
import { EditMenu } from "./edit_menu";
import { type EditState, editingOf } from "./edits";
import { toggled } from "./marks";
import { type AskedOpening, openImage } from "./open";
import { keyOf, type Thumbnail, type ThumbnailGrid, type TileEvents } from "./thumbnail_grid";

/** The traits of a panel that shows images. */
export interface ImagesState extends EditState {
  /** Keys of the marked images. */
  marked: string[];
  opens: AskedOpening;
}

const menus = new WeakMap<object, EditMenu>();

/** The menu of edits of a panel, beside what was clicked in it. */
function menuOf(model: Model<EditState>, anchor: HTMLElement): EditMenu {
  const menu = menus.get(model) ?? new EditMenu(model);
  menus.set(model, menu);
  // A panel may be shown several times.
  const panel = anchor.closest(".imbxai-panel");
  if (panel && !panel.contains(menu.element)) panel.append(menu.element);
  return menu;
}

/** "Training image 12". */
export const titleOf = ({ split, number }: Thumbnail): string =>
  `${split === "training" ? "Training" : "Validation"} image ${number}`;

/** The classes that an image may be of, if not of its label. */
export const suggestedOf = ({ predicted, correct }: Thumbnail): number[] =>
  correct ? [] : [predicted];

/** Marks, opens and edits images by the traits of their panel. */
export const tileEvents = (model: Model<ImagesState>): TileEvents => ({
  mark: (thumbnail) => model.set("marked", toggled(model.get("marked"), thumbnail)),
  open: ({ thumbnail }, tiles) => {
    const group = tiles.map((tile) => keyOf(tile.thumbnail));
    model.set("opens", openImage(keyOf(thumbnail), group, tiles));
  },
  edit: ({ thumbnail }, anchor) => {
    const suggested = suggestedOf(thumbnail);
    const target = { title: titleOf(thumbnail), keys: [keyOf(thumbnail)], suggested };
    menuOf(model, anchor).open(target, anchor);
  },
});

/** Shows on images which are marked, and what is decided of them. */
export function showTileState(
  model: Model<Omit<ImagesState, "opens">>,
  grids: Iterable<ThumbnailGrid>,
): void {
  const marked = new Set(model.get("marked"));
  const { names } = editingOf(model);
  const edits = model.get("edits");
  for (const grid of grids) {
    grid.mark(marked);
    grid.edit(edits, names);
  }
}

/** Has what shows marks and edits follow them until the view goes. */
export function onTileState(cleanup: Cleanup, model: Model<ImagesState>, show: () => void): void {
  for (const trait of ["marked", "edits", "editing"] as const) {
    cleanup.on(model, `change:${trait}`, show);
  }
}
