"""How likely each prediction is wrong, told by what can be known without the label.

The confidence of a network is the usual sign. Its neighborhood among the training images is
another: whether these are of the predicted class, how much nearer than those of other classes, and
how near any are (cf. Papernot and McDaniel, "Deep k-Nearest Neighbors", 2018; Jiang et al., "To
Trust Or Not To Trust A Classifier", NeurIPS 2018). The size of the predicted class is a third,
under imbalance. A logistic regression weighs them. It is fitted on validation images, and each gets
its probability from a fit that has not seen it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.compute.methods.bootstrap import folds
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, FloatArray, IntArray

FOLDS: Final = 5
FEWEST: Final = 10  # errors, and right predictions, to fit to
SIGNS: Final = ("confidence", "agreement", "nearness of the class", "distance", "class size")
_RIDGE: Final = 1.0  # as scikit-learn's C=1
_STEPS: Final = 100
_SURE: Final = 1e-7  # what float32 can tell of 1
_TINY: Final = 1e-9  # of the mean distance


def signs(
    predictions: IntArray,
    confidences: FloatArray,
    neighbor_labels: IntArray,
    distances: FloatArray,
    class_sizes: IntArray,
) -> DoubleArray:
    """Return what is known of predictions without the labels of the images.

    Parameters
    ----------
    predictions
        (n,) int64.
    confidences
        (n,) 0 to 1; NaN where they are not known.
    neighbor_labels, distances
        (n, k): the classes of the nearest training images, and how far they are.
    class_sizes
        (C,) training images of each class.

    Returns
    -------
    numpy.ndarray
        (n, 5), finite, in the order of `SIGNS`: log odds of the confidence (0 where not known);
        share of the neighbors that are of the predicted class; log of how much farther the nearest
        neighbor of another class is than that of the predicted one, either as far as the last where
        there is none; log of the distance to the nearest; log of the size of the predicted class.

    Examples
    --------
    >>> near = np.array([[0, 0, 1], [1, 1, 1]])
    >>> far = np.float32([[1, 2, 4], [1, 2, 2]])
    >>> signs(np.array([0, 0]), np.float32([0.9, 0.5]), near, far, np.array([20, 5])).round(1)
    array([[ 2.2,  0.7,  1.4,  0. ,  3. ],
           [ 0. ,  0. , -0.7,  0. ,  3. ]])
    """
    known = np.clip(confidences.astype(np.float64), _SURE, 1 - _SURE)
    odds = np.nan_to_num(np.log(known) - np.log1p(-known), nan=0.0)
    away = distances.astype(np.float64)
    finite = np.where(np.isfinite(away), away, np.finfo(np.float32).max)
    away = np.maximum(finite, max(_TINY * finite.mean(), np.finfo(np.float64).tiny))
    same = neighbor_labels == predictions[:, np.newaxis]
    last = away[:, -1:]
    of_class = np.where(same, away, last).min(axis=1)
    of_others = np.where(same, last, away).min(axis=1)
    return np.column_stack(
        [
            odds,
            same.mean(axis=1),
            np.log(of_others / of_class),
            np.log(away[:, 0]),
            np.log(np.maximum(class_sizes[predictions], 1)),
        ]
    )


def cross_fitted_errors(
    found: DoubleArray, wrong: BoolArray, groups: IntArray, rng: np.random.Generator
) -> DoubleArray:
    """Return the probability that each prediction is wrong, told by other images.

    Parameters
    ----------
    found
        (n, s), what is known of each; see `signs`.
    wrong
        (n,) bool.
    groups
        (n,) int64, from `group_codes`; no group is in two folds.
    rng
        Of the folds.

    Returns
    -------
    numpy.ndarray
        (n,) float64, 0 to 1.

    Raises
    ------
    ValueError
        If fewer than 10 predictions are wrong, or right.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sign = rng.normal(size=2000)
    >>> wrong = rng.random(2000) < 1 / (1 + np.exp(-2 * sign))
    >>> told = cross_fitted_errors(sign[:, np.newaxis], wrong, np.arange(2000), rng)
    >>> bool(abs(told - 1 / (1 + np.exp(-2 * sign))).max() < 0.05)
    True
    """
    few = min(int(wrong.sum()), int((~wrong).sum()))
    if few < FEWEST:
        raise ValueError(
            f"the probability of an error is learned from at least {FEWEST} wrong and {FEWEST} "
            f"right validation predictions, but there are {int(wrong.sum())} wrong ones of "
            f"{len(wrong)}; give more validation images"
        )
    fold = folds(groups, FOLDS, rng)
    told = np.empty(len(wrong))
    for number in np.unique(fold):
        own = fold == number
        mean, spread = found[~own].mean(axis=0), found[~own].std(axis=0)
        scaled = (found - mean) / np.where(spread > 0, spread, 1)
        weights = fit_logistic(scaled[~own], wrong[~own])
        told[own] = _logistic(weights[0] + scaled[own] @ weights[1:])
    return told


def fit_logistic(values: DoubleArray, positive: BoolArray) -> DoubleArray:
    """Fit a logistic regression with weights drawn to 0, by Newton's method.

    Parameters
    ----------
    values
        (n, s), of mean 0 and deviation 1.
    positive
        (n,) bool.

    Returns
    -------
    numpy.ndarray
        (1 + s,) float64: the intercept, which nothing draws to 0, and the weights.

    Examples
    --------
    >>> fit_logistic(np.zeros((4, 1)), np.array([True, True, True, False])).round(3)
    array([1.099, 0.   ])
    """
    inputs = np.column_stack([np.ones(len(values)), values])
    penalty = np.full(inputs.shape[1], _RIDGE)
    penalty[0] = 1e-6  # which keeps it finite where all are of one kind
    weights = np.zeros(inputs.shape[1])
    for _ in range(_STEPS):
        told = _logistic(inputs @ weights)
        slope = inputs.T @ (told - positive) + penalty * weights
        curvature = (inputs.T * (told * (1 - told))) @ inputs + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        weights -= np.clip(step, -2, 2)  # from far off, whole steps may lead farther
        if abs(step).max() < 1e-9:
            break
    return weights


def _logistic(values: DoubleArray) -> DoubleArray:
    result: DoubleArray = (1 + np.tanh(values / 2)) / 2
    return result
