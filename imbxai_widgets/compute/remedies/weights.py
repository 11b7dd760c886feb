"""Weights of training images, given as one of each class or of each image of the dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

from imbxai_widgets.compute.numeric.types import DoubleArray
from imbxai_widgets.compute.remedies.decision import Decision


def per_image(weights: Any, decision: Decision, name: str) -> DoubleArray:
    """Return the weight of each training image that was analyzed.

    Parameters
    ----------
    weights
        (C,) numbers of the classes, or one of each image of the dataset, at least 0.
    decision
        Whose images and classes they are.
    name
        What to call them in an error.

    Returns
    -------
    numpy.ndarray
        (N,) float64.

    Raises
    ------
    ValueError
        If they are neither, or a weight is below 0 or not finite.
    """
    network = decision.network
    given = np.asarray(weights, dtype=np.float64)
    if not (np.isfinite(given).all() and (given >= 0).all()):
        raise ValueError(f"{name} must be finite numbers of at least 0")
    if given.shape == (network.dataset_size,):
        chosen: DoubleArray = given[network.positions]
    elif given.shape == (network.n_classes,):
        chosen = given[decision.labels]
    else:
        raise ValueError(
            f"{name} must be {network.n_classes} weights of classes or {network.dataset_size} of "
            f"the images of the dataset, not of shape {given.shape}"
        )
    if not chosen.any():
        raise ValueError(f"{name} leaves no image: a weight must be above 0")
    return chosen
