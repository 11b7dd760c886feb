"""Whether a network looks at a color more than its pictures have it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.student import t_quantile
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

_LEVEL: Final = 0.95


class Lift(NamedTuple):
    """The colors of salient pixels beside those of all pixels, of each of B bins.

    Attributes
    ----------
    salient, all
        (B,) float64, shares of the pixels, 0 to 1; NaN where there are none.
    lift
        (B,) float64, salient over all: above 1 where the color is looked at more than it is there;
        NaN where no pixel has it.
    low, high
        (B,) float64, bounds of the lift at 95%; NaN of fewer than 2 images, and where no pixel is
        salient.
    """

    salient: DoubleArray
    all: DoubleArray
    lift: DoubleArray
    low: DoubleArray
    high: DoubleArray


def color_lift(salient: ArrayLike, pixels: ArrayLike) -> Lift:
    """Compare the colors of salient pixels with those of all pixels of the same images.

    Images without salient pixels count for neither. Each pixel counts the same, so that large
    images count for more. The bounds take images, not pixels, to be drawn by chance: pixels of one
    image are alike. They come of the spread of what each image adds to the logarithm of the lift
    (the delta method), by Student's distribution.

    Parameters
    ----------
    salient
        (n, B) integers, salient pixels of each image in each color bin.
    pixels
        (n, B) integers, all of its pixels.

    Returns
    -------
    Lift

    Raises
    ------
    ValueError
        If the shapes differ, a count is negative, or more pixels are salient than there are.

    Examples
    --------
    Two images, each half blue: all that is salient is red.

    >>> found = color_lift([[4, 0], [3, 0]], [[20, 20], [15, 15]])
    >>> found.salient, found.all, found.lift
    (array([1., 0.]), array([0.5, 0.5]), array([2., 0.]))
    """
    chosen = check_codes(salient, "salient", shape=(None, None))
    every = check_codes(pixels, "pixels", shape=chosen.shape)
    if (chosen < 0).any() or (every < chosen).any():
        raise ValueError("salient must be counts of some of the pixels, from 0 to as many")
    known = chosen.any(axis=1)
    chosen, every = chosen[known], every[known]
    shares, of_all = _share(chosen), _share(every)
    lift = _ratio(shares, of_all)
    bounds = np.full((2, chosen.shape[1]), np.nan)
    if len(chosen) > 1:
        added = _influence(chosen) - _influence(every)
        error = np.sqrt(len(added) / (len(added) - 1) * (added**2).sum(axis=0))
        half = t_quantile(_LEVEL, len(added) - 1) * error
        bounds = np.where(lift > 0, lift * np.exp([-half, half]), np.nan)
    return Lift(shares, of_all, lift, bounds[0], bounds[1])


def _share(counts: IntArray) -> DoubleArray:
    totals = counts.sum(axis=0)
    return _ratio(totals, np.broadcast_to(totals.sum(), totals.shape))


def _influence(counts: IntArray) -> DoubleArray:
    """Return what each image adds to the logarithm of the share of each bin; (n, B), sums of 0."""
    totals = np.maximum(counts.sum(axis=0), 1)
    found: DoubleArray = counts / totals - counts.sum(axis=1, keepdims=True) / totals.sum()
    return found


def _ratio(part: IntArray | DoubleArray, whole: IntArray | DoubleArray) -> DoubleArray:
    out = np.full(part.shape, np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
