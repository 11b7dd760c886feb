"""How well two groups of images can be told apart, by images that the rule was not fitted to.

The rule is a linear discriminant with a ridge (Friedman, "Regularized Discriminant Analysis", JASA
1989): quick, without chance beyond the folds, and defined for fewer images than features.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray

FOLDS: Final = 5
_RIDGE: Final = 0.1  # of the mean variance of features
_QUANTILE: Final = 0.95
_FEWEST: Final = 2  # images of either group


class Separation(NamedTuple):
    """How well two groups are told apart.

    Attributes
    ----------
    auc, low, high : float
        The chance that an image of the second group has a higher score than one of the first, 0 to
        1, 0.5 where nothing tells them apart, with its 95% interval.
    first, second : float64 arrays, shapes (n,) and (m,)
        The scores of the images, each by a rule that was fitted to others.
    """

    auc: float
    low: float
    high: float
    first: DoubleArray
    second: DoubleArray

    @property
    def beyond(self) -> float:
        """The share of the second group that lies beyond where the first does, 0 to 1.

        Scores above the 95th percentile of the first group, less the 5% that would be there anyway.
        """
        limit = np.quantile(self.first, _QUANTILE)
        expected = 1 - _QUANTILE
        above = float((self.second > limit).mean())
        return max(0.0, (above - expected) / _QUANTILE)

    @property
    def beyond_rows(self) -> IntArray:
        """Return which of the second group lie there, the farthest first, (k,) int64."""
        above = np.flatnonzero(self.second > np.quantile(self.first, _QUANTILE))
        return above[np.argsort(-self.second[above], kind="stable")].astype(np.int64, copy=False)


def separation(
    first: FloatArray, second: FloatArray, rng: np.random.Generator, folds: int = FOLDS
) -> Separation | None:
    """Tell how well two groups of images can be told apart.

    Parameters
    ----------
    first, second
        (n, D) and (m, D) float32: features of the images of either group.
    rng
        Of the folds.
    folds
        At most so many; fewer where a group is smaller.

    Returns
    -------
    Separation or None
        None where a group has fewer than two images.

    Examples
    --------
    >>> values = np.arange(20, dtype=np.float32)[:, None]
    >>> found = separation(values[:10], values[10:], np.random.default_rng(0))
    >>> found.auc, round(found.low, 2)
    (1.0, 0.85)
    """
    folds = min(folds, len(first), len(second))
    if folds < _FEWEST:
        return None
    rows = np.concatenate([first, second]).astype(np.float64)
    rows -= rows.mean(axis=0)
    deviation = rows.std(axis=0)
    rows /= np.where(deviation > 0, deviation, 1.0)
    is_second = np.arange(len(rows)) >= len(first)
    of_fold = np.empty(len(rows), dtype=np.int64)
    for group in (~is_second, is_second):
        of_fold[group] = rng.permutation(np.arange(int(group.sum())) % folds)
    scores = np.empty(len(rows))
    for fold in range(folds):
        fitted = of_fold != fold
        weight, offset = _discriminant(rows[fitted & ~is_second], rows[fitted & is_second])
        scores[~fitted] = rows[~fitted] @ weight - offset
    ones, others = scores[~is_second], scores[is_second]
    return Separation(*auc_interval(ones, others), ones, others)


def _discriminant(first: DoubleArray, second: DoubleArray) -> tuple[DoubleArray, float]:
    """Return weights and the middle of the scores, in units of the spread within groups."""
    means = first.mean(axis=0), second.mean(axis=0)
    centered = np.concatenate([first - means[0], second - means[1]])
    scatter = centered.T @ centered / len(centered)
    ridge = _RIDGE * max(float(scatter.trace()) / len(scatter), np.finfo(np.float64).tiny)
    scatter[np.diag_indices_from(scatter)] += ridge
    weight: DoubleArray = np.linalg.solve(scatter, means[1] - means[0])
    length = sqrt(max(float(weight @ scatter @ weight), np.finfo(np.float64).tiny))
    weight /= length
    return weight, float(weight @ (means[0] + means[1]) / 2)


def auc_interval(first: DoubleArray, second: DoubleArray) -> tuple[float, float, float]:
    """Return the chance that a score of the second group is higher, with its 95% interval.

    The standard error is Hanley's and McNeil's ("The meaning and use of the area under a receiver
    operating characteristic (ROC) curve", Radiology 1982), with half an image made up on the other
    side, so that a perfect order has an interval, too.

    Parameters
    ----------
    first, second
        (n,) and (m,) float64, at least one of each.

    Returns
    -------
    auc, low, high : float
        0 to 1.

    Examples
    --------
    >>> auc_interval(np.array([0.0, 1.0]), np.array([1.0, 2.0]))[0]
    0.875
    """
    ordered = np.sort(first)
    below = np.searchsorted(ordered, second, side="left")
    ties = np.searchsorted(ordered, second, side="right") - below
    n, m = len(first), len(second)
    auc = float((below + 0.5 * ties).sum() / (n * m))
    made_up = 0.5 / max(2, min(n, m))
    held = float(np.clip(auc, made_up, 1 - made_up))
    one, two = held / (2 - held), 2 * held**2 / (1 + held)
    variance = held * (1 - held) + (m - 1) * (one - held**2) + (n - 1) * (two - held**2)
    half = NormalDist().inv_cdf(0.975) * sqrt(max(variance, 0.0) / (n * m))
    return auc, max(0.0, min(auc, held - half)), min(1.0, max(auc, held + half))
