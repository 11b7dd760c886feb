"""Errors that are few, held against what they are expected to be.

Source: Minka, "Estimating a Polya distribution" (2000), for the likelihood; how much the
expectation weighs is averaged over, by it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch

from imbxai_widgets.compute.methods.adversaries import row_shares
from imbxai_widgets.compute.numeric.types import DoubleArray

# The expectation is worth so many errors: from next to none to more than a class ever has.
_WORTHS: Final = 2.0 ** np.arange(9)
DISCOUNT: Final = 3.0  # chosen on networks that no result reported is from; see docs/forecast.md


def backed_off(
    errors: DoubleArray, expected: DoubleArray, discount: float = DISCOUNT
) -> DoubleArray:
    """Mix the shares of each row's errors with those expected, as far as they agree elsewhere.

    Each row of errors is taken to be drawn from shares that scatter about those expected
    (Dirichlet). How closely, all rows together tell. Where the errors are as expected, the few of
    a small class thus hardly count; where they are not, they do.

    Parameters
    ----------
    errors
        (C, C) whole numbers of at least 0, 0 on the diagonal.
    expected
        (C, C) shares, 0 on the diagonal and above it elsewhere; each row sums to 1.
    discount
        How many training errors tell as much of the errors on new images as one of those would.

    Returns
    -------
    numpy.ndarray
        (C, C) float64 shares, 0 on the diagonal; each row sums to 1.

    Examples
    --------
    Where errors are what was expected, one error more changes little:

    >>> expected = np.array([[0.0, 0.9, 0.1], [0.9, 0.0, 0.1], [0.5, 0.5, 0.0]])
    >>> errors = np.array([[0.0, 0.0, 1.0], [18.0, 0.0, 2.0], [10.0, 10.0, 0.0]])
    >>> backed_off(errors, expected)[0].round(2)
    array([0.  , 0.89, 0.11])

    and more where they are not:

    >>> errors = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 20.0], [20.0, 0.0, 0.0]])
    >>> backed_off(errors, expected)[0].round(2)
    array([0.  , 0.68, 0.32])
    """
    totals = errors.sum(axis=1)
    found = errors > 0
    cells = expected[found]
    counted = errors[found]
    logs = np.array(
        [
            _log_gamma(counted + worth * cells, worth * cells)
            - _log_gamma(totals + worth, np.full(len(totals), worth))
            for worth in _WORTHS
        ]
    )
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    worths = discount * _WORTHS
    alone = totals[:, np.newaxis] / (totals[:, np.newaxis] + worths) @ weights
    mixed = alone[:, np.newaxis] * row_shares(errors) + (1 - alone[:, np.newaxis]) * expected
    return np.asarray(mixed, dtype=np.float64)


def _log_gamma(upper: DoubleArray, lower: DoubleArray) -> float:
    """Return the logarithm of the quotient of two products of gamma functions."""
    above, below = torch.from_numpy(upper), torch.from_numpy(lower)
    return float((torch.lgamma(above) - torch.lgamma(below)).sum())
