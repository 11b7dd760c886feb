"""What other heads on the same embeddings make of the classes."""

from __future__ import annotations

import numpy as np

from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray
from imbxai_widgets.compute.remedies.refit import refit
from imbxai_widgets.compute.remedies.remedy import class_means


def balanced_head_predictions(
    embeddings: FloatArray, labels: IntArray, asked: FloatArray, n_classes: int
) -> IntArray:
    """Predict images by a linear head in which all classes count the same.

    Parameters
    ----------
    embeddings, labels
        (N, D) float32 and (N,) int64: what the head is fitted to.
    asked
        (n, D) float32: the images to predict.
    n_classes
        C.

    Returns
    -------
    numpy.ndarray
        (n,) int64.

    Examples
    --------
    >>> points = np.array([[0.0], [0.2], [0.1], [3.0]], dtype=np.float32)
    >>> balanced_head_predictions(points, np.array([0, 0, 0, 1]), points + 0.1, 2)
    array([0, 0, 0, 1])
    """
    sizes = np.bincount(labels, minlength=n_classes).astype(np.float64)
    head = refit(embeddings, labels, 1 / sizes[labels], n_classes)
    found: IntArray = head.logits(asked).argmax(axis=1)
    return found


def cross_fitted_predictions(
    embeddings: FloatArray,
    labels: IntArray,
    n_classes: int,
    rng: np.random.Generator,
    folds: int,
) -> IntArray:
    """Predict each image by a balanced head that was fitted to other images.

    Parameters
    ----------
    embeddings, labels
        (N, D) float32 and (N,) int64.
    n_classes
        C.
    rng
        Of the folds, which have as many images of each class as may be.
    folds
        At least 2.

    Returns
    -------
    numpy.ndarray
        (N,) int64.

    Examples
    --------
    >>> points = np.array([[0.0], [0.1], [0.2], [3.0], [3.1], [3.2]], dtype=np.float32)
    >>> labels = np.array([0, 0, 0, 1, 1, 0])  # the last one is wrong
    >>> cross_fitted_predictions(points, labels, 2, np.random.default_rng(0), 3)[-1]
    np.int64(1)
    """
    order = np.lexsort((rng.random(len(labels)), labels))
    of_fold = np.empty(len(labels), dtype=np.int64)
    of_fold[order] = np.arange(len(labels)) % folds
    found = np.empty(len(labels), dtype=np.int64)
    for fold in range(folds):
        fitted = of_fold != fold
        found[~fitted] = balanced_head_predictions(
            embeddings[fitted], labels[fitted], embeddings[~fitted], n_classes
        )
    return found


def recalls(predictions: IntArray, labels: IntArray, n_classes: int) -> DoubleArray:
    """Return the share of each class's images that are predicted right, (C,); NaN of no images.

    Examples
    --------
    >>> recalls(np.array([0, 1, 1]), np.array([0, 0, 1]), 3)
    array([0.5, 1. , nan])
    """
    right = (predictions == labels).astype(np.float64)
    return class_means(right, labels, n_classes)
