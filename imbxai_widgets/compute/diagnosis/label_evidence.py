"""Training images whose label two judges doubt, of which neither has seen it."""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.compute.diagnosis.refits import cross_fitted_predictions
from imbxai_widgets.compute.neighbors.search import nearest_neighbors
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray

FOLDS: Final = 5
NEIGHBORS: Final = 8
AGREED: Final = -1


def doubted_labels(
    embeddings: FloatArray,
    looks: FloatArray,
    labels: IntArray,
    n_classes: int,
    rng: np.random.Generator,
) -> IntArray:
    """Tell which other class two judges see in an image, where both see the same.

    One judge is a balanced head on the embeddings that was fitted to other images; the other are
    the nearest images by their looks, of which each counts as one part of its class.

    Parameters
    ----------
    embeddings, looks
        (N, D) and (N, E) float32: features, and what the neighbors are taken by; pixels, since
        a network may have learned a wrong label by heart.
    labels
        (N,) int64, 0..C-1.
    n_classes
        C.
    rng
        Of the folds.

    Returns
    -------
    numpy.ndarray
        (N,) int64: the class, -1 where a judge agrees with the label or they differ.

    Notes
    -----
    Confident learning (Northcutt et al., JAIR 2021) judges labels out of sample in the same way.

    Examples
    --------
    >>> points = np.repeat(np.float32([[0.0], [5.0]]), 20, axis=0) + np.linspace(0, 1, 40)[:, None]
    >>> labels = np.repeat([0, 1], 20)
    >>> labels[3] = 1
    >>> points = points.astype(np.float32)
    >>> found = doubted_labels(points, points, labels, 2, np.random.default_rng(0))
    >>> np.flatnonzero(found >= 0), found[3]
    (array([3]), np.int64(0))
    """
    predicted = cross_fitted_predictions(embeddings, labels, n_classes, rng, FOLDS)
    voted = _voted(looks, labels, n_classes)
    return np.where((predicted == voted) & (predicted != labels), predicted, AGREED)


def _voted(looks: FloatArray, labels: IntArray, n_classes: int) -> IntArray:
    k = min(NEIGHBORS, len(labels) - 1)
    near = labels[nearest_neighbors(looks, k).indices]
    # What an image's own label would add to its class is not there: one image fewer.
    sizes = np.bincount(labels, minlength=n_classes).astype(np.float64)
    votes = np.zeros((len(labels), n_classes))
    for place in range(k):
        votes[np.arange(len(labels)), near[:, place]] += 1
    own = np.arange(len(labels)), labels
    shares = votes / np.maximum(sizes, 1)
    shares[own] = votes[own] / np.maximum(sizes[labels] - 1, 1)
    shares[own] += 1e-9  # of equal shares the label's
    voted: IntArray = shares.argmax(axis=1)
    return voted
