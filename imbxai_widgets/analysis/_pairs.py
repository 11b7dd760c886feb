"""Which images of two analyses are the same, where edits changed labels or left images out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.numeric.types import BoolArray, IntArray


class Pairs(NamedTuple):
    """The images of a split that both analyses have, by their numbers in the dataset.

    Attributes
    ----------
    before, after
        (P,) int64: rows of either split, rising.
    same
        (P,) bool: whether the label is the same in both.
    """

    before: IntArray
    after: IntArray
    same: BoolArray

    @classmethod
    def of(cls, before: Split, after: Split) -> Pairs:
        """Pair the images of two splits.

        Examples
        --------
        >>> Pairs.of(analysis.train, analysis.train).same.all()
        np.True_
        """
        _, here, there = np.intersect1d(
            before.positions, after.positions, assume_unique=True, return_indices=True
        )
        same: BoolArray = before.labels[here] == after.labels[there]
        return cls(here.astype(np.int64), there.astype(np.int64), same)

    @property
    def kept(self) -> tuple[IntArray, IntArray]:
        """Rows of either split whose label is the same, shape (K,) each."""
        return self.before[self.same], self.after[self.same]
