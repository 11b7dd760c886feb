"""The entropy of what counts come from, and how far counts alone are from it.

Source: Grassberger, "Entropy Estimates from Insufficient Sampling" (arXiv:physics/0307138), the
second of its estimators.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.methods.adversaries import row_shares
from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.types import DoubleArray

_OF_NONE = -np.euler_gamma - np.log(2)  # what the estimator puts for the logarithm of 0


def noise_floor(counts: ArrayLike) -> DoubleArray:
    """Return the KL divergence that counts have, on average, from what they come from.

    A few counts look more uneven than their distribution: the entropy of their shares is too
    small, and their divergence from any forecast too large by as much, in nats. It is the
    divergence from a forecast that is right.

    Parameters
    ----------
    counts
        (R, C) integers of at least 0.

    Returns
    -------
    numpy.ndarray
        (R,) float64 of at least 0; NaN for a row without counts. In simulations with ten classes
        it is right on average to 0.06 nats from 10 counts on. With a hundred classes it is too
        small: some 40 to 70% of what it should be at 20 counts, for no estimate tells of classes
        that were never met.

    Raises
    ------
    ValueError
        If the argument is no matrix of such integers.

    Examples
    --------
    >>> noise_floor([[5, 3, 2], [51, 30, 20], [0, 0, 0]]).round(3)
    array([0.21, 0.01,  nan])
    """
    rows = check_codes(counts, "counts", shape=(None, None))
    if (rows < 0).any():
        raise ValueError("counts must be at least 0")
    totals = rows.sum(axis=1)
    estimated = np.full(len(rows), np.nan)
    known = totals > 0
    logarithms = (rows * _logarithms(rows)).sum(axis=1)
    estimated[known] = np.log(totals[known]) - logarithms[known] / totals[known]
    return np.maximum(estimated - shares_entropy(row_shares(rows)), 0)


def shares_entropy(shares: DoubleArray) -> DoubleArray:
    """Return the entropy of distributions (..., C), in nats.

    Examples
    --------
    >>> float(shares_entropy(np.array([0.5, 0.5, 0.0])).round(3))
    0.693
    """
    logs = np.log(shares, out=np.zeros(shares.shape), where=shares > 0)
    return np.asarray(-(shares * logs).sum(axis=-1), dtype=np.float64)


def _logarithms(counts: ArrayLike) -> DoubleArray:
    """Return what the estimator puts for the logarithm of each count."""
    counted = np.asarray(counts)
    pairs = int(counted.max(initial=0)) // 2
    steps = np.append(0.0, np.cumsum(2 / (2 * np.arange(1, pairs + 1) - 1.0)))
    values: DoubleArray = _OF_NONE + steps[counted // 2]
    return values
