// Marked images, by their keys ("training:12"), in the order in which they were marked. A panel
// sets its trait `marked` in the page alone; the linker passes it on.
import { keyOf, type Thumbnail } from "./thumbnail_grid";

/** The marks after one image was marked, or its mark taken back. */
export const toggled = (marked: readonly string[], thumbnail: Thumbnail): string[] =>
  toggledKey(marked, keyOf(thumbnail));

/** The same by the key of the image. */
export const toggledKey = (marked: readonly string[], key: string): string[] =>
  marked.includes(key) ? marked.filter((other) => other !== key) : [...marked, key];
