"""How often to show each training image, by its archetype and the size of its class.

Source: Dablain et al., "Interpretable ML for Imbalanced Data" (arXiv:2212.07743), Section 4.2,
proposes to thin out safe images and to repeat those at the border and rare ones. Networks trained
again gained by even classes, and nothing by that: see docs/actions.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.numeric.checks import check_codes, check_count
from imbxai_widgets.compute.numeric.types import DoubleArray


def sampling_weights(
    labels: ArrayLike,
    archetypes: ArrayLike,
    n_classes: int,
    factors: Mapping[str, float],
    *,
    balance: float = 0.0,
) -> DoubleArray:
    """Weigh images by the factor of their archetype, and classes by a power of their size.

    Parameters
    ----------
    labels
        (N,) integers in 0..C-1.
    archetypes
        (N,) integers in 0..3, as `assign_archetypes` gives them.
    n_classes
        C, at least 1.
    factors
        The factor of each of `ARCHETYPES`, at least 0.
    balance
        0 to 1: 0 leaves each class its share of the images, 1 gives each class with images the
        same, between them the shares are in proportion to size ** (1 - balance). Within a class
        only the factors count, unless they are all zero.

    Returns
    -------
    numpy.ndarray
        (N,) float64, at least 0, with the sum N: how often each image is expected to be drawn in
        N draws.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range, or nothing is left to draw from.

    Examples
    --------
    >>> factors = {"safe": 0.5, "border": 2.0, "rare": 2.0, "outlier": 1.0}
    >>> sampling_weights([0, 0, 0, 1], [0, 0, 1, 0], 2, factors)
    array([0.5, 0.5, 2. , 1. ])
    """
    n_classes = check_count(n_classes, "n_classes")
    own = check_codes(labels, "labels", shape=(None,), limit=n_classes)
    kinds = check_codes(archetypes, "archetypes", shape=(len(own),), limit=len(ARCHETYPES))
    for name in ARCHETYPES:
        if not (isfinite(factors[name]) and factors[name] >= 0):
            raise ValueError(f"{name} must be a number of at least 0, not {factors[name]!r}")
    if not 0 <= balance <= 1:
        raise ValueError(f"balance must lie between 0 and 1, not {balance!r}")
    raw = np.array([factors[name] for name in ARCHETYPES], dtype=np.float64)[kinds]
    sizes = np.bincount(own, minlength=n_classes)
    totals = np.bincount(own, raw, minlength=n_classes)
    shares = np.where(totals > 0, np.maximum(sizes, 1.0) ** (1 - balance), 0)
    if not shares.any():
        raise ValueError("the factors leave no image to draw: one that occurs must be above 0")
    shares *= len(own) / shares.sum()
    weights: DoubleArray = (
        raw * np.divide(shares, totals, out=np.zeros_like(shares), where=totals > 0)[own]
    )
    return weights
