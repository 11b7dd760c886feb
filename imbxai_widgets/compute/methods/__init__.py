"""The methods of the paper and those built on it, as functions of arrays."""

from __future__ import annotations

from imbxai_widgets.compute.methods.adversaries import adversary_votes, error_matrix, row_shares
from imbxai_widgets.compute.methods.archetypes import (
    ARCHETYPES,
    archetype_counts,
    assign_archetypes,
)
from imbxai_widgets.compute.methods.contributions import logit_contributions
from imbxai_widgets.compute.methods.costs import overlap_costs
from imbxai_widgets.compute.methods.divergence import js_divergence, kl_divergence
from imbxai_widgets.compute.methods.fisher import fisher_ratios
from imbxai_widgets.compute.methods.forecast import similarity_shares, smoothed_shares
from imbxai_widgets.compute.methods.intervals import wilson_interval
from imbxai_widgets.compute.methods.margins import Margins, class_margins
from imbxai_widgets.compute.methods.overlap import (
    feature_density,
    negative_share,
    overlap_matrix,
    top_features,
)
from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.methods.prototypes import medoid, medoids
from imbxai_widgets.compute.methods.resampling import sampling_weights
from imbxai_widgets.compute.methods.suspects import label_odds

__all__ = [
    "ARCHETYPES",
    "Margins",
    "PairCounts",
    "adversary_votes",
    "archetype_counts",
    "assign_archetypes",
    "class_margins",
    "error_matrix",
    "feature_density",
    "fisher_ratios",
    "js_divergence",
    "kl_divergence",
    "label_odds",
    "logit_contributions",
    "medoid",
    "medoids",
    "negative_share",
    "overlap_costs",
    "overlap_matrix",
    "row_shares",
    "sampling_weights",
    "similarity_shares",
    "smoothed_shares",
    "top_features",
    "wilson_interval",
]
