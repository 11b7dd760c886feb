"""Student's t distribution, closely enough for five degrees of freedom and more.

Source: Wallace, "Bounds on Normal Approximations to Student's and the Chi-Square Distributions"
(Annals of Mathematical Statistics, 1959): what makes a t statistic all but standard normal.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.types import DoubleArray

_NORMAL = NormalDist()
_upper_tail = np.frompyfunc(lambda z: _NORMAL.cdf(-z), 1, 1)


def t_quantile(level: float, freedom: ArrayLike) -> DoubleArray:
    """Return how many standard errors from an estimate its interval ends.

    Parameters
    ----------
    level
        What the interval is to cover, above 0 and below 1.
    freedom
        (...) degrees of freedom, above 0.

    Returns
    -------
    numpy.ndarray
        (...) float64.

    Examples
    --------
    >>> t_quantile(0.95, [5, 10, 1000]).round(2)
    array([2.58, 2.23, 1.96])
    """
    df = np.asarray(freedom, dtype=np.float64)
    z = _NORMAL.inv_cdf((1 + level) / 2) * (8 * df + 3) / (8 * df + 1)
    return np.asarray(np.sqrt(df * np.expm1(z**2 / df)), dtype=np.float64)


def t_p_value(statistic: ArrayLike, freedom: ArrayLike) -> DoubleArray:
    """Return how probable a statistic is that is as far from zero, on either side.

    Parameters
    ----------
    statistic
        (...) estimates over their standard errors.
    freedom
        (...) degrees of freedom, above 0.

    Returns
    -------
    numpy.ndarray
        (...) float64 in 0..1; NaN where the statistic is.

    Examples
    --------
    >>> t_p_value([0.0, -2.228], 10).round(3)
    array([1.  , 0.05])
    """
    t, df = np.broadcast_arrays(
        np.asarray(statistic, dtype=np.float64), np.asarray(freedom, dtype=np.float64)
    )
    z = (8 * df + 1) / (8 * df + 3) * np.sqrt(df * np.log1p(t**2 / df))
    return np.asarray(2 * _upper_tail(z), dtype=np.float64)
