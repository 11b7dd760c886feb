// What Python sends of a small map.
import type { State } from "../src/panels/map";

const bytes = (values: Float32Array | Uint32Array | Uint8Array) => new DataView(values.buffer);

export const PLACES = {
  training: 3,
  projection: "UMAP",
  k: 5,
  space: 15,
  class_names: ["cat", "<b>dog</b>"],
  places: bytes(Float32Array.of(0, 0, 1, 0, 2, 0, 4, 0)),
  labels: bytes(Uint32Array.of(0, 1, 0, 1)),
  predictions: bytes(Uint32Array.of(0, 0, 0, 1)),
  archetypes: bytes(Uint8Array.of(0, 3, 1, 0)),
};
export const TRUST = {
  kept: 0.5,
  by_chance: 0.01,
  levels: bytes(Uint8Array.of(0, 1, 2, 5)),
  classes: bytes(Float32Array.of(0.3, 0.7)),
};

export const mapState = (): State => ({
  card: { index: 0, name: "cat", map: { adversaries: [1] } },
  selected: 0,
  marked: [],
  opens: {},
  edits: {},
  held: {},
});
