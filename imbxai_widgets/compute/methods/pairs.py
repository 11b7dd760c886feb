"""How often each class meets each other one: the sparse form of votes and errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray


@dataclass(frozen=True)
class PairCounts:
    """How often each class meets each other class; only pairs that do meet are held.

    Attributes
    ----------
    starts : int64 array, shape (C + 1,)
        Row i lies from ``starts[i]`` to ``starts[i + 1]``.
    others, counts : int64 arrays, shape (P,)
        Of each pair the other class, rising within a row, and its count.
    totals : int64 array, shape (C,)
        Sums of the rows.
    """

    starts: IntArray
    others: IntArray
    counts: IntArray
    totals: IntArray

    @classmethod
    def of(cls, rows: IntArray, others: IntArray, n_classes: int) -> PairCounts:
        """Count the pairs whose two classes differ.

        Examples
        --------
        >>> pairs = PairCounts.of(np.array([1, 1, 1, 2]), np.array([0, 1, 0, 0]), 3)
        >>> pairs.others.tolist(), pairs.counts.tolist(), pairs.totals.tolist()
        ([0, 0], [2, 1], [0, 2, 1])
        """
        differ = rows != others
        codes, counts = np.unique(rows[differ] * n_classes + others[differ], return_counts=True)
        own, met = np.divmod(codes, n_classes)
        starts = np.searchsorted(own, np.arange(n_classes + 1))
        totals = np.bincount(rows[differ], minlength=n_classes)
        return cls(starts, met, counts.astype(np.int64), totals)

    def shares(self, index: int) -> tuple[IntArray, DoubleArray]:
        """Return the classes that class `index` meets, and their parts of its total."""
        row = slice(self.starts[index], self.starts[index + 1])
        return self.others[row], self.counts[row] / max(self.totals[index], 1)

    def parts(self, rows: IntArray) -> tuple[IntArray, IntArray, DoubleArray]:
        """Return the pairs of some rows: position in `rows`, the other class, and its share."""
        starts, ends = self.starts[rows], self.starts[rows + 1]
        at = np.repeat(np.arange(len(rows)), ends - starts)
        # Counts on within each row from its own start.
        behind = np.cumsum(ends - starts) - (ends - starts)
        pairs = np.arange(len(at)) + (starts - behind)[at]
        return at, self.others[pairs], self.counts[pairs] / self.totals[rows][at]

    def largest(self) -> tuple[IntArray, DoubleArray]:
        """Return of each row the class with the largest share, and that share; -1 for none."""
        classes = np.full(len(self.totals), -1, dtype=np.int64)
        shares = np.zeros(len(self.totals))
        filled = np.flatnonzero(np.diff(self.starts))
        # By row and rising count; of equal counts the lower class comes last.
        rows = np.repeat(np.arange(len(self.totals)), np.diff(self.starts))
        order = np.lexsort((-self.others, self.counts, rows))
        last = order[self.starts[filled + 1] - 1]
        classes[filled] = self.others[last]
        shares[filled] = self.counts[last] / self.totals[filled]
        return classes, shares
