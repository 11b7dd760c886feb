"""How far confidences are from the accuracy that they promise, and how sure that is.

Sources: Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), for the expected
calibration error (ECE) of binned confidences; Nixon et al., "Measuring Calibration in Deep
Learning" (CVPR Workshops 2019), for bins that hold equally many images; Kumar et al., "Verified
Uncertainty Calibration" (NeurIPS 2019), for the bias: a perfectly calibrated network seems to err,
the more the fewer images a bin holds. Here that bias is taken out by asking which error would show
as much on average, and the interval holds the errors that would not be surprised at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import torch

from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, FloatArray, IntArray

MIN_IMAGES: Final = 10  # of fewer, no error of calibration is told
PER_BIN: Final = 20  # images, of which a bin holds at least as many where there are two or more
MAX_BINS: Final = 10
_MADE_UP: Final = 4  # images, half of them right: so that none wrong of ten is not "never wrong"
_STEPS: Final = 40  # halvings


class Bins(NamedTuple):
    """Images in the order of their confidence, cut into bins of equal numbers.

    Attributes
    ----------
    images
        (B,) int64.
    lowest, highest, confidence, accuracy
        (B,) float64: the range of the confidences, their mean, and the part that is right.
    error
        (B,) float64, the standard error of confidence less accuracy, as seen in the bin.
    wide_error
        (B,) float64, the same, but at least as large as with two right and two wrong images more:
        of a bin in which all are right, for instance, the other is 0.
    """

    images: IntArray
    lowest: DoubleArray
    highest: DoubleArray
    confidence: DoubleArray
    accuracy: DoubleArray
    error: DoubleArray
    wide_error: DoubleArray

    @property
    def gaps(self) -> DoubleArray:
        """Confidence less accuracy."""
        return self.confidence - self.accuracy


class Calibration(NamedTuple):
    """The calibration of some images; NaN where they are too few.

    Attributes
    ----------
    images
        How many there are.
    accuracy, confidence
        The part that is right, and the mean confidence.
    gap
        Confidence less accuracy: above 0 the network is too sure of itself.
    gap_low, gap_high
        Its interval.
    ece
        Expected calibration error, the mean absolute gap of the bins, with the bias taken out.
    ece_low, ece_high
        Its interval.
    """

    images: int
    accuracy: float
    confidence: float
    gap: float
    gap_low: float
    gap_high: float
    ece: float
    ece_low: float
    ece_high: float


def calibration(
    confidences: FloatArray | DoubleArray,
    correct: BoolArray,
    groups: IntArray,
    *,
    level: float = 0.95,
    bins: int = MAX_BINS,
) -> Calibration:
    """Compare the confidences of images with how often they are right.

    Parameters
    ----------
    confidences
        (n,) 0 to 1.
    correct
        (n,) bool.
    groups
        (n,) int64, from `group_codes`: images of one group count as dependent.
    level
        Of the intervals, above 0 and below 1.
    bins
        The most that are made; fewer where they would hold less than 20 images each.

    Returns
    -------
    Calibration

    Examples
    --------
    >>> confidences, groups = np.full(40, 0.9), np.arange(40)
    >>> found = calibration(confidences, groups < 20, groups)
    >>> [round(value, 2) for value in (found.gap, found.gap_low, found.gap_high)]
    [0.4, 0.24, 0.56]
    """
    size = len(confidences)
    if not size:
        return Calibration(0, *[np.nan] * 8)
    every = next(_parts(confidences, correct, groups, 1))
    gap = float(every.gaps[0])
    means = float(every.accuracy[0]), float(every.confidence[0])
    if size < MIN_IMAGES:
        return Calibration(size, *means, gap, *[np.nan] * 5)
    z = NormalDist().inv_cdf((1 + level) / 2)
    far = z * float(every.wide_error[0])
    found = reliability(confidences, correct, groups, bins=bins)
    return Calibration(size, *means, gap, gap - far, gap + far, *expected_error(found, z))


def reliability(
    confidences: FloatArray | DoubleArray,
    correct: BoolArray,
    groups: IntArray,
    *,
    bins: int = MAX_BINS,
) -> Bins:
    """Cut images into bins of equal numbers by their confidence.

    Parameters
    ----------
    confidences, correct, groups, bins
        As for `calibration`; at least one image.

    Returns
    -------
    Bins
        The least confident first.

    Examples
    --------
    >>> confidences = np.linspace(0.5, 1, 40)
    >>> reliability(confidences, confidences > 0.6, np.arange(40)).accuracy
    array([0.6, 1. ])
    """
    number = max(1, min(bins, len(confidences) // PER_BIN))
    parts = list(_parts(confidences, correct, groups, number))
    return Bins(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def expected_error(bins: Bins, z: float) -> tuple[float, float, float]:
    """Estimate the mean absolute gap, of which chance makes the observed one too large.

    The gap of each bin is taken as normal around a true one. Of two shapes (the same gap in all
    bins; gaps where they are seen beyond chance alone), the size is sought that would show the
    observed mean absolute gap: on average, for the estimate, or at the ends of what chance does,
    for the interval, which holds the intervals of both. It ends no lower than that of the gap of
    all images together, which is no larger than the mean absolute gap of the bins.

    Parameters
    ----------
    bins
        From `reliability`. The estimate rests on `Bins.error`, the interval on `Bins.wide_error`.
    z
        Standard deviations within which chance is expected.

    Returns
    -------
    tuple
        Estimate, low and high end, 0 to 1.

    Examples
    --------
    >>> one = np.ones(1)
    >>> bins = Bins(np.array([100]), one, one, 0.9 * one, 0.7 * one, 0.04 * one, 0.04 * one)
    >>> expected_error(bins, 1.96)
    (0.2, 0.12173, 0.2784)
    """
    weights = bins.images / bins.images.sum()
    plain, wide = np.maximum(bins.error, 1e-9), np.maximum(bins.wide_error, 1e-9)
    gaps = abs(bins.gaps)
    observed = float(weights @ gaps)
    shapes = [np.ones_like(gaps)]
    seen = np.where(gaps > z * wide, gaps, 0)
    if seen.any():
        shapes.append(seen / (weights @ seen))
    found = np.array(
        [
            [
                _size(observed, shape, weights, errors, deviations)
                for errors, deviations in ((plain, 0), (wide, z), (wide, -z))
            ]
            for shape in shapes
        ]
    )
    one = np.ones(1)
    spread = np.sqrt(weights**2 @ wide**2) * one
    of_all = _size(abs(float(weights @ bins.gaps)), one, one, spread, -z)
    estimate, low, high = found[:, 0].mean(), found[:, 1].min(), max(found[:, 2].max(), of_all)
    return round(float(estimate), 6), round(float(low), 6), round(float(high), 6)


def _size(
    observed: float,
    shape: DoubleArray,
    weights: DoubleArray,
    errors: DoubleArray,
    deviations: float,
) -> float:
    """Return how large gaps of a shape are, if what is seen lies so far above its mean; 0 to 1."""

    def seen(size: float) -> float:
        means, variances = _folded(size * shape, errors)
        return float(weights @ means) + deviations * float(np.sqrt(weights**2 @ variances))

    low, high = 0.0, 1.0
    if seen(low) >= observed:
        return low
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if seen(middle) < observed else (low, middle)
    return low


def _folded(means: DoubleArray, errors: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Return mean and variance of the absolute value of normal numbers."""
    ratios = means / errors
    within = torch.erf(torch.from_numpy(ratios / np.sqrt(2))).numpy()
    folded = errors * np.sqrt(2 / np.pi) * np.exp(-(ratios**2) / 2) + means * within
    return folded, np.maximum(means**2 + errors**2 - folded**2, 0)


def _parts(
    confidences: FloatArray | DoubleArray, correct: BoolArray, groups: IntArray, number: int
) -> Iterator[Bins]:
    """Yield bins of one entry each."""
    surplus = confidences.astype(np.float64) - correct
    dependence = _dependence(surplus, groups)
    # Equal confidences in an order of their own: that of a dataset may have the right ones first.
    mixed = np.random.default_rng(0).permutation(len(confidences))
    for rows in np.array_split(np.lexsort((mixed, confidences)), number):
        own, right = confidences[rows].astype(np.float64), correct[rows].sum()
        spread = _group_variance(surplus[rows], groups[rows])
        independent = len(rows) / dependence
        share = (right / dependence + _MADE_UP / 2) / (independent + _MADE_UP)
        least = share * (1 - share) / (independent + _MADE_UP)
        errors = spread**0.5, max(spread, least) ** 0.5
        values = own.min(), own.max(), own.mean(), right / len(rows), *errors
        yield Bins(np.array([len(rows)]), *(np.array([value]) for value in values))


def _dependence(values: DoubleArray, groups: IntArray) -> float:
    """Return the design effect: how many images count as one, since groups are alike."""
    alone = values.var() / len(values)
    effect = _group_variance(values, groups) / alone if alone > 0 else 1.0
    return max(1.0, effect) if isfinite(effect) else 1.0


def _group_variance(values: DoubleArray, groups: IntArray) -> float:
    """Return the variance of the mean of values that come in groups."""
    _, codes = np.unique(groups, return_inverse=True)
    number = int(codes.max()) + 1
    if number < 2:
        return 0.0
    sums = np.bincount(codes, values - values.mean())
    return float(sums @ sums) / len(values) ** 2 * number / (number - 1)
