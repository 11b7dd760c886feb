// The kinds of things that the dialog shows: one line a kind, one file a kind.
import { FeatureDetail } from "./detail_feature";
import { ImageDetail } from "./detail_image";
import type { DetailContext, Kind } from "./detail_kind";
import type { Opening } from "./open";

type Kinds = {
  [Name in Opening["kind"]]?: (context: DetailContext) => Kind<Extract<Opening, { kind: Name }>>;
};

export const KINDS: Kinds = {
  image: (context) => new ImageDetail(context),
  feature: (context) => new FeatureDetail(context),
};
