"""Several claims at once, of which none should be wrong by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.types import DoubleArray


def holm(p_values: ArrayLike) -> DoubleArray:
    """Correct p-values for how many there are.

    Where claims are made of those that stay below 0.05, all of them are right in 95 of 100 such
    families of tests.

    Source: Holm, "A simple sequentially rejective multiple test procedure" (1979).

    Parameters
    ----------
    p_values
        (...) float64 in 0..1; NaN where nothing was tested.

    Returns
    -------
    numpy.ndarray
        (...) float64, at least as large and at most 1; NaN stays.

    Examples
    --------
    >>> holm([0.01, 0.04, np.nan, 0.02]).round(3)
    array([0.03, 0.04,  nan, 0.04])
    """
    given = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(given.shape, np.nan)
    tested = given[~np.isnan(given)]
    order = np.argsort(tested, kind="stable")
    factors = np.arange(len(tested), 0, -1)
    corrected = np.minimum(np.maximum.accumulate(tested[order] * factors), 1)
    found = np.empty(len(tested))
    found[order] = corrected
    adjusted[~np.isnan(given)] = found
    return adjusted
