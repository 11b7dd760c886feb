"""Imbalanced views of labelled datasets, and what their labels tell, without reading images."""

from __future__ import annotations

from imbxai_widgets.datasets.labels import class_counts, imbalance_ratio, labels_of
from imbxai_widgets.datasets.long_tailed import long_tailed, long_tailed_sizes

__all__ = ["class_counts", "imbalance_ratio", "labels_of", "long_tailed", "long_tailed_sizes"]
