"""How far one distribution over classes is from another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.types import DoubleArray

_UNIT_SUM = 1e-6  # how far from 1 a distribution's sum may be


def kl_divergence(truth: ArrayLike, forecast: ArrayLike) -> DoubleArray:
    """Return the Kullback-Leibler divergence KL(truth || forecast), in nats.

    Parameters
    ----------
    truth, forecast
        (..., C) distributions: at least 0, each row with the sum 1. The shapes are broadcast.

    Returns
    -------
    numpy.ndarray
        (...) float64, at least 0; infinite where the forecast excludes what occurs.

    Raises
    ------
    ValueError
        If a row is no distribution.

    Examples
    --------
    >>> round(float(kl_divergence([0.5, 0.5, 0.0], [0.25, 0.25, 0.5])), 3)
    0.693
    >>> float(kl_divergence([1.0, 0.0], [0.0, 1.0]))
    inf
    """
    p, q = _distributions(truth, "truth"), _distributions(forecast, "forecast")
    return np.maximum(_relative_entropy(p, q), 0)


def js_divergence(left: ArrayLike, right: ArrayLike) -> DoubleArray:
    """Return the Jensen-Shannon divergence, in nats: the mean KL divergence to the mean of both.

    Symmetric, and at most ln 2 = 0.693, so that zeros need no smoothing.

    Parameters
    ----------
    left, right
        (..., C) distributions: at least 0, each row with the sum 1. The shapes are broadcast.

    Returns
    -------
    numpy.ndarray
        (...) float64 in [0, ln 2].

    Raises
    ------
    ValueError
        If a row is no distribution.

    Examples
    --------
    >>> round(float(js_divergence([1.0, 0.0], [0.0, 1.0])), 3)
    0.693
    """
    p, q = _distributions(left, "left"), _distributions(right, "right")
    middle = (p + q) / 2
    return np.clip((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2, 0, np.log(2))


def _relative_entropy(p: DoubleArray, q: DoubleArray) -> DoubleArray:
    p, q = np.broadcast_arrays(p, q)
    terms = np.zeros(p.shape)
    with np.errstate(divide="ignore", over="ignore"):
        np.divide(p, q, out=terms, where=p > 0)
        np.log(terms, out=terms, where=p > 0)
    np.multiply(terms, p, out=terms, where=p > 0)
    total: DoubleArray = terms.sum(axis=-1)
    return total


def _distributions(values: ArrayLike, name: str) -> DoubleArray:
    array = np.asarray(values)
    if array.ndim == 0 or array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be an array of numbers (..., C), not {values!r}")
    shares = array.astype(np.float64)
    if (
        not ((shares >= 0) & (shares <= 1 + _UNIT_SUM)).all()
        or (abs(shares.sum(axis=-1) - 1) > _UNIT_SUM).any()
    ):
        raise ValueError(f"{name} must be distributions: at least 0, and 1 when summed by row")
    return shares
