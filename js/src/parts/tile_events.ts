// What a click on an image of a panel does: it opens the image; a click on its corner marks it.
import type { Model } from "../model";
import { toggled } from "./marks";
import { type AskedOpening, openImage } from "./open";
import { keyOf, type TileEvents } from "./thumbnail_grid";

/** The traits of a panel that shows images. */
export interface ImagesState {
  /** Keys of the marked images. */
  marked: string[];
  opens: AskedOpening;
}

/** Marks and opens images by the traits of their panel. */
export const tileEvents = (model: Model<ImagesState>): TileEvents => ({
  mark: (thumbnail) => model.set("marked", toggled(model.get("marked"), thumbnail)),
  open: ({ thumbnail }, tiles) => {
    const group = tiles.map((tile) => keyOf(tile.thumbnail));
    model.set("opens", openImage(keyOf(thumbnail), group, tiles));
  },
});
