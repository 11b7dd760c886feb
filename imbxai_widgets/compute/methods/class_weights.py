"""Weights of classes by their sizes.

Source: Cui et al., "Class-Balanced Loss Based on Effective Number of Samples" (CVPR 2019),
section 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.types import DoubleArray


def inverse_effective_numbers(sizes: ArrayLike, beta: float) -> DoubleArray:
    """Return the inverse of the effective number of images of each class, but for a factor.

    Parameters
    ----------
    sizes
        (C,) numbers above 0, images of each class.
    beta
        In [0, 1): 0 weighs all classes alike; the nearer to 1, the nearer the weights are to the
        inverse of `sizes`.

    Returns
    -------
    numpy.ndarray
        (C,) float64, proportional to ``(1 - beta) / (1 - beta ** sizes)``, of mean 1.

    Raises
    ------
    ValueError
        If `beta` is out of range.

    Examples
    --------
    >>> inverse_effective_numbers([100, 100], 0.99)
    array([1., 1.])
    >>> inverse_effective_numbers([1, 2], 0.5)  # 1 and 1.5 images
    array([1.2, 0.8])
    """
    if not 0 <= beta < 1:
        raise ValueError(f"beta must be from 0 to below 1, not {beta}")
    weights: DoubleArray = (1 - beta) / (1 - beta ** np.asarray(sizes, dtype=np.float64))
    weights /= weights.mean()
    return weights
