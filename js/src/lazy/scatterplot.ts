// What draws the map: too large to come along with every page, so that it is asked for when the map
// comes into sight.
export { default } from "regl-scatterplot";
