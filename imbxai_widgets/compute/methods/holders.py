"""Which classes have which top features: the sparse form of feature overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imbxai_widgets.compute.numeric.types import IntArray


@dataclass(frozen=True)
class FeatureHolders:
    """The pairs of a class and one of its top features, to be found by either of the two.

    Attributes
    ----------
    classes, features : int64 arrays, shape (P,)
        The two of each pair, rising by class, then by feature; no pair occurs twice.
    places : int64 array, shape (P,)
        Where each pair stands in the (C, k) array of top features, counted row by row.
    starts : int64 array, shape (C + 1,)
        The pairs of class i lie from ``starts[i]`` to ``starts[i + 1]``.
    by_feature : int64 array, shape (P,)
        The pairs in the order of their features, those of one feature by rising class.
    first, last : int64 arrays, shape (P,)
        Of each pair, where in `by_feature` the pairs of its feature begin and end.
    """

    classes: IntArray
    features: IntArray
    places: IntArray
    starts: IntArray
    by_feature: IntArray
    first: IntArray
    last: IntArray

    @classmethod
    def of(cls, indices: IntArray) -> FeatureHolders:
        """Find the pairs in (C, k) top features, -1 for none.

        Examples
        --------
        >>> holders = FeatureHolders.of(np.array([[4, 0], [7, 4], [-1, -1]]))
        >>> holders.classes.tolist(), holders.features.tolist(), holders.places.tolist()
        ([0, 0, 1, 1], [0, 4, 4, 7], [1, 0, 3, 2])
        >>> holders.sizes.tolist(), holders.shared_counts(1).tolist()
        ([2, 2, 0], [1, 2, 0])
        """
        filled = np.flatnonzero(indices >= 0)
        owners = filled // max(indices.shape[1], 1)
        named, columns = np.unique(indices.ravel()[filled], return_inverse=True)
        codes, at = np.unique(owners * len(named) + columns, return_index=True)
        classes, columns = np.divmod(codes, max(len(named), 1))
        by_feature = np.argsort(columns, kind="stable")
        ends = np.searchsorted(columns[by_feature], np.arange(len(named) + 1))
        return cls(
            classes=classes,
            features=named[columns],
            places=filled[at],
            starts=np.searchsorted(classes, np.arange(len(indices) + 1)),
            by_feature=by_feature,
            first=ends[columns],
            last=ends[columns + 1],
        )

    @property
    def sizes(self) -> IntArray:
        """How many top features each class has, shape (C,)."""
        return np.diff(self.starts)

    def sharing(self, index: int) -> IntArray:
        """Return the pairs of any class, also of `index`, that have a top feature of `index`."""
        own = range(self.starts[index], self.starts[index + 1])
        parts = [self.by_feature[self.first[pair] : self.last[pair]] for pair in own]
        return np.concatenate(parts) if parts else self.by_feature[:0]

    def shared_counts(self, index: int) -> IntArray:
        """Return how many top features of `index` each class has, shape (C,) int64."""
        return np.bincount(self.classes[self.sharing(index)], minlength=len(self.sizes))

    def table(self) -> IntArray:
        """Return how many top features each pair of classes shares, shape (C, C) int64."""
        size = len(self.sizes)
        counts = np.empty((size, size), dtype=np.int64)
        for index, row in enumerate(counts):
            row[:] = self.shared_counts(index)
        return counts
