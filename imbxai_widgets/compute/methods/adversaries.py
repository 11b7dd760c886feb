"""Adversaries: the classes whose images crowd around the errors of a class.

Source: Dablain et al., "Interpretable ML for Imbalanced Data" (arXiv:2212.07743), Section 3.3 and
Figure 4: (a) validation errors, (b) classes of the neighbors of training errors. The paper's text
speaks of false positives, of what a model "falsely predicts as the reference class": columns of a
confusion matrix. The authors' code (NNB_FP_bar.py) takes the misclassified images whose true label
is the class: rows, as here. Columns of the validation errors are to be had beside them.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.numeric.checks import check_codes, check_count
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray


def adversary_votes(
    labels: ArrayLike,
    predictions: ArrayLike,
    neighbor_labels: ArrayLike,
    n_classes: int,
    *,
    scope: Literal["errors", "all"] = "errors",
) -> IntArray:
    """Count, class by class, which other classes the neighbors of its errors belong to.

    Parameters
    ----------
    labels
        (N,) integers in 0..C-1, the class of each training image.
    predictions
        (N,) integers in 0..C-1, the class that the model gives it.
    neighbor_labels
        (N, k) integers in 0..C-1, the classes of its neighbors.
    n_classes
        C, at least 1.
    scope
        "errors" counts the neighbors of the images that the model gets wrong, as the paper does;
        "all" counts those of every image.

    Returns
    -------
    numpy.ndarray
        (C, C) int64. [i, j] is the number of neighbors of class j over the counted images of
        class i. The diagonal is zero: a class is not its own adversary.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range.

    Examples
    --------
    >>> adversary_votes([0, 0, 1], [0, 2, 1], [[0, 1], [2, 2], [0, 0]], n_classes=3)
    array([[0, 0, 2],
           [0, 0, 0],
           [0, 0, 0]])
    """
    if scope not in ("errors", "all"):
        raise ValueError(f'scope must be "errors" or "all", not {scope!r}')
    n_classes = check_count(n_classes, "n_classes")
    own = check_codes(labels, "labels", shape=(None,), limit=n_classes)
    predicted = check_codes(predictions, "predictions", shape=(len(own),), limit=n_classes)
    others = check_codes(
        neighbor_labels, "neighbor_labels", shape=(len(own), None), limit=n_classes
    )
    if scope == "errors":
        wrong = predicted != own
        own, others = own[wrong], others[wrong]
    return PairCounts.of(np.repeat(own, others.shape[1]), others.ravel(), n_classes).table()


def error_matrix(labels: ArrayLike, predictions: ArrayLike, n_classes: int) -> IntArray:
    """Count which classes the errors of each class are taken for.

    Parameters
    ----------
    labels, predictions
        (N,) integers in 0..C-1.
    n_classes
        C, at least 1.

    Returns
    -------
    numpy.ndarray
        (C, C) int64. [i, j] is the number of images of class i that are predicted j, and the
        diagonal is zero. Row i tells where the images of class i go, column j what is falsely
        taken for j.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range.

    Examples
    --------
    >>> error_matrix([0, 0, 1], [1, 0, 1], n_classes=2)
    array([[0, 1],
           [0, 0]])
    """
    n_classes = check_count(n_classes, "n_classes")
    own = check_codes(labels, "labels", shape=(None,), limit=n_classes)
    predicted = check_codes(predictions, "predictions", shape=(len(own),), limit=n_classes)
    return PairCounts.of(own, predicted, n_classes).table()


def row_shares(counts: ArrayLike) -> DoubleArray:
    """Divide each row by its sum.

    Parameters
    ----------
    counts
        (R, C) finite numbers of at least 0.

    Returns
    -------
    numpy.ndarray
        (R, C) float64 in [0, 1]. Each row sums to 1; a row without counts stays all zero.

    Raises
    ------
    ValueError
        If `counts` is no matrix of numbers, or a number is negative or not finite.

    Examples
    --------
    >>> row_shares([[1, 3], [0, 0]])
    array([[0.25, 0.75],
           [0.  , 0.  ]])
    """
    numbers = np.asarray(counts)
    if numbers.ndim != 2 or numbers.dtype.kind not in "fiu":
        raise ValueError(
            f"counts must be a matrix (R, C) of numbers, not of shape {numbers.shape} and "
            f"{numbers.dtype}"
        )
    if not (np.isfinite(numbers) & (numbers >= 0)).all():
        raise ValueError("counts must be finite and at least 0; a count of neighbors or errors is")
    totals = numbers.sum(axis=1, keepdims=True)
    shares = np.zeros(numbers.shape, dtype=np.float64)
    np.divide(numbers, totals, out=shares, where=totals > 0)
    return shares
