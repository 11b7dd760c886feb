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
        codes, counts = _counted(rows[differ] * n_classes + others[differ], n_classes**2)
        own, met = np.divmod(codes, n_classes)
        starts = np.searchsorted(own, np.arange(n_classes + 1))
        totals = np.bincount(rows[differ], minlength=n_classes)
        return cls(starts, met, counts.astype(np.int64, copy=False), totals)

    def table(self) -> IntArray:
        """Return the counts of all pairs as a (C, C) int64 array, 0 for those that never meet.

        Examples
        --------
        >>> PairCounts.of(np.array([0, 0, 1]), np.array([1, 1, 1]), 2).table().tolist()
        [[0, 2], [0, 0]]
        """
        size = len(self.totals)
        counts = np.zeros((size, size), dtype=np.int64)
        counts[np.repeat(np.arange(size), np.diff(self.starts)), self.others] = self.counts
        return counts

    def share_table(self) -> DoubleArray:
        """Return the share of all pairs in their row as a (C, C) float64 array; rows may be 0.

        Examples
        --------
        >>> pairs = PairCounts.of(np.array([0, 0, 0, 0]), np.array([1, 2, 2, 2]), 3)
        >>> pairs.share_table().tolist()
        [[0.0, 0.25, 0.75], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
        """
        size = len(self.totals)
        shares = np.zeros((size, size))
        at, others, parts = self.parts(np.arange(size))
        shares[at, others] = parts
        return shares

    def row(self, index: int) -> tuple[IntArray, IntArray]:
        """Return the classes that class `index` meets, rising, and how often it does.

        Examples
        --------
        >>> pairs = PairCounts.of(np.array([0, 0, 0, 0]), np.array([1, 2, 2, 2]), 3)
        >>> pairs.row(0)
        (array([1, 2]), array([1, 3]))
        """
        own = slice(self.starts[index], self.starts[index + 1])
        return self.others[own], self.counts[own]

    def shares(self, index: int) -> tuple[IntArray, DoubleArray]:
        """Return the classes that class `index` meets, and their parts of its total."""
        others, counts = self.row(index)
        return others, counts / max(self.totals[index], 1)

    def parts(self, rows: IntArray) -> tuple[IntArray, IntArray, DoubleArray]:
        """Return the pairs of some rows: position in `rows`, the other class, and its share."""
        starts, ends = self.starts[rows], self.starts[rows + 1]
        at = np.repeat(np.arange(len(rows)), ends - starts)
        # Counts on within each row from its own start.
        behind = np.cumsum(ends - starts) - (ends - starts)
        pairs = np.arange(len(at)) + (starts - behind)[at]
        return at, self.others[pairs], self.counts[pairs] / self.totals[rows][at]

    def lifts(self, sizes: IntArray) -> DoubleArray:
        """Return of each pair how many times as large its share is as the other class's size.

        Parameters
        ----------
        sizes
            (C,) int64, how many images each class has.

        Returns
        -------
        numpy.ndarray
            (P,) float64: the share of the row's total over the other class's share of all images
            that are not of the row's class; infinite where it has none.

        Examples
        --------
        >>> pairs = PairCounts.of(np.array([0, 0, 0, 0]), np.array([1, 2, 2, 2]), 3)
        >>> pairs.lifts(np.array([50, 30, 10])).round(2).tolist()
        [0.33, 3.0]
        """
        rows, others, shares = self.parts(np.arange(len(self.totals)))
        with np.errstate(divide="ignore"):
            lifts: DoubleArray = shares * (sizes.sum() - sizes[rows]) / sizes[others]
        return lifts


def _counted(codes: IntArray, limit: int) -> tuple[IntArray, IntArray]:
    """Return the different codes, rising, and how often each occurs; all are below `limit`."""
    if limit > 4 * len(codes):
        return np.unique(codes, return_counts=True)
    # Counting is several times as quick as sorting, but needs a place for every code.
    counts = np.bincount(codes, minlength=limit)
    found = np.flatnonzero(counts)
    return found, counts[found]
