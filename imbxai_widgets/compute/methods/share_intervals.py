"""Intervals of shares that bars show: of errors, and of votes, of which an image casts several.

The votes of one image belong together: its neighbors lie beside each other, and are often of one
class. As many votes as an image has neighbors therefore tell less than as many images would. How
much less is told by how the images differ among themselves; Wilson's interval is then taken of so
many votes as tell as much.

Resampling the images and taking percentiles, as is common, was tried as well. Where images are few
it holds the true share less often: of bars of 8 images of which each votes nearly alike, 87% where
95% were asked for, against 92% here, and of the rarest shares 72% against 89% (docs/trust.md).

Sources: Kish, "Survey Sampling" (1965), chapter 8, for the design effect; Dean and Pagano,
"Evaluating Confidence Interval Methods for Binomial Proportions in Clustered Surveys" (Journal of
Survey Statistics and Methodology 3, 2015), for Wilson's interval with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

FEWEST: Final = 4  # images, below which no interval is given: it would hold nearly everything


@dataclass(frozen=True)
class PairIntervals:
    """On how many images each pair of `PairCounts` rests, and the interval of its share.

    Attributes
    ----------
    images : int64 array, shape (P,)
        Images that the count comes from.
    low, high : float64 arrays, shape (P,)
        Ends of the interval of the share of the row's total, 0 to 1; NaN where the row rests on
        fewer than `FEWEST` images.
    """

    images: IntArray
    low: DoubleArray
    high: DoubleArray

    @classmethod
    def of(
        cls, pairs: PairCounts, own: IntArray, met: IntArray, level: float = 0.95
    ) -> PairIntervals:
        """Take the intervals of pairs, by the images that they were counted on.

        Parameters
        ----------
        pairs
            ``PairCounts.of(np.repeat(own, k), met.ravel(), n_classes)``, or rows of it.
        own
            (n,) the class of each image.
        met
            (n, k) the classes that it meets: those of its neighbors, or what it is taken for.
        level
            Share of such intervals that hold the true share, about; above 0 and below 1.

        Examples
        --------
        Five images of class 0; four of them have neighbors of class 1, two of class 2.

        >>> own, met = np.zeros(5, int), np.array([[1, 1], [1, 1], [1, 2], [1, 0], [2, 2]])
        >>> pairs = PairCounts.of(np.repeat(own, 2), met.ravel(), 3)
        >>> found = PairIntervals.of(pairs, own, met)
        >>> found.images, found.low.round(2), found.high.round(2)
        (array([4, 2]), array([0.27, 0.09]), array([0.91, 0.73]))
        """
        size = len(pairs.totals)
        row, other = np.nonzero(met != own[:, np.newaxis])
        votes = np.bincount(row, minlength=len(own))  # of each image
        # Each image and class once, with how many votes the one casts for the other.
        cast, counts = np.unique(row * size + met[row, other], return_counts=True)
        image, taken = np.divmod(cast, size)
        codes = np.repeat(np.arange(size), np.diff(pairs.starts)) * size + pairs.others
        at = np.searchsorted(codes, own[image] * size + taken)

        def sums(values: DoubleArray | IntArray) -> DoubleArray:
            return np.bincount(at, values, minlength=len(codes)).astype(np.float64)

        voters = np.bincount(own[votes > 0], minlength=size)
        squares = np.bincount(own, votes.astype(np.float64) ** 2, minlength=size)
        rows = codes // size
        total, n = pairs.totals[rows].astype(np.float64), voters[rows].astype(np.float64)
        share = pairs.counts / np.maximum(total, 1)
        # The variance of a ratio of sums over images, linearized.
        spread = (
            sums(counts**2) - 2 * share * sums(counts * votes[image]) + share**2 * squares[rows]
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = n / (n - 1) * spread / total**2
            told = share * (1 - share) / variance
        # Images that all vote alike tell as much as so many votes; never more than all votes do.
        told = np.where(np.isfinite(told) & (told > 0), np.minimum(told, total), n)
        if met.shape[1] == 1:
            told = total  # one vote an image: nothing belongs together
        low, high = wilson_ends(share, told, level)
        few = n < FEWEST
        low[few], high[few] = np.nan, np.nan
        return cls(np.bincount(at, minlength=len(codes)).astype(np.int64), low, high)


def wilson_ends(
    share: DoubleArray, number: DoubleArray, level: float = 0.95
) -> tuple[DoubleArray, DoubleArray]:
    """Return the ends of Wilson's interval of many shares; see `wilson_interval`.

    Parameters
    ----------
    share
        (P,) 0 to 1.
    number
        (P,) of how many, above 0; may be fractions.
    level
        Share of such intervals that hold the true share, about.

    Returns
    -------
    low, high : float64 arrays, shape (P,)

    Examples
    --------
    >>> low, high = wilson_ends(np.array([3 / 18]), np.array([18.0]))
    >>> low.round(3), high.round(3)
    (array([0.058]), array([0.392]))
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1 + z * z / number
        middle = (share + z * z / (2 * number)) / scale
        half = z / scale * np.sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    low = np.where(share == 0, 0.0, np.maximum(middle - half, 0.0))
    high = np.where(share == 1, 1.0, np.minimum(middle + half, 1.0))
    return low, high
