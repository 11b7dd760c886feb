"""Feature overlap: which classes lean on the same entries of the embedding.

Source: Dablain et al., "Interpretable ML for Imbalanced Data" (arXiv:2212.07743), Figure 5: the
ten features with the largest class mean, and the classes that share them. How often the images of
each class have such a feature among their own largest ones follows the authors' FE_idx_density.py,
but per class size: they count images, so that large classes look dense for being large.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.methods.holders import FeatureHolders
from imbxai_widgets.compute.numeric.blocks import Matrix, as_matrix, row_blocks
from imbxai_widgets.compute.numeric.checks import check_codes, check_count
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray


def top_features(
    embeddings: ArrayLike, labels: ArrayLike, n_classes: int, k: int
) -> tuple[IntArray, DoubleArray]:
    """Find the k features with the largest mean magnitude in each class.

    The magnitude is the absolute value. Embeddings that pass a ReLU are never negative, and their
    mean magnitude is their mean; for others it keeps strong negative features from hiding.

    Parameters
    ----------
    embeddings
        (N, D) float32 or float64, finite.
    labels
        (N,) integers in 0..C-1.
    n_classes
        C, at least 1.
    k
        How many features to name per class, 1 to D.

    Returns
    -------
    indices : numpy.ndarray
        (C, k) int64, features by falling mean; equal means by the lower feature. -1 in place of
        features that never respond in the class, and throughout for a class without images: two
        classes have nothing in common by not using the same feature.
    shares : numpy.ndarray
        (C, k) float64: each mean over the sum of the class's k means, so that rows sum to 1.
        All zero for a class without images or with k means of zero.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range, or an embedding is not finite.

    Examples
    --------
    >>> indices, shares = top_features([[3.0, 0.0, 1.0], [3.0, 0.0, 1.0]], [0, 0], 2, k=2)
    >>> indices
    array([[ 0,  2],
           [-1, -1]])
    >>> shares
    array([[0.75, 0.25],
           [0.  , 0.  ]])
    """
    matrix = as_matrix(embeddings, "embeddings")
    n_classes = check_count(n_classes, "n_classes")
    k = check_count(k, "k")
    if k > matrix.shape[1]:
        raise ValueError(f"k must be at most {matrix.shape[1]}, the number of features, not {k}")
    rows_of = check_codes(labels, "labels", shape=(len(matrix),), limit=n_classes)
    indices = np.full((n_classes, k), -1, dtype=np.int64)
    shares = np.zeros((n_classes, k), dtype=np.float64)
    order = np.argsort(rows_of, kind="stable")
    ends = np.cumsum(np.bincount(rows_of, minlength=n_classes))
    for index, rows in enumerate(np.split(order, ends[:-1])):
        if not rows.size:
            continue
        means = _mean_magnitudes(matrix, rows)
        top = np.argsort(-means, kind="stable")[:k]
        total = means[top].sum()
        indices[index] = np.where(means[top] > 0, top, -1)
        if total > 0:
            shares[index] = means[top] / total
    return indices, shares


def overlap_matrix(indices: ArrayLike) -> IntArray:
    """Count the top features that each pair of classes shares.

    Parameters
    ----------
    indices
        (C, k) integers from `top_features`: no feature twice in a row, -1 for none.

    Returns
    -------
    numpy.ndarray
        (C, C) int64, symmetric, each entry in 0..k. The diagonal is the number of top features
        of the class.

    Raises
    ------
    ValueError
        If `indices` is not a matrix of integers of at least -1.

    Examples
    --------
    >>> overlap_matrix([[4, 0, 7], [7, 4, 1], [-1, -1, -1]])
    array([[3, 2, 0],
           [2, 3, 0],
           [0, 0, 0]])
    """
    features = check_codes(indices, "indices", shape=(None, None))
    if features.size and features.min() < -1:
        raise ValueError(f"indices must be at least -1 (no feature), not {int(features.min())}")
    return FeatureHolders.of(features).table()


def feature_density(
    embeddings: ArrayLike, labels: ArrayLike, n_classes: int, features: ArrayLike, k: int
) -> DoubleArray:
    """Tell in which part of each class's images a feature is among the k largest of the image.

    Parameters
    ----------
    embeddings
        (N, D) float32 or float64, finite; features are ranked by magnitude, as in `top_features`.
    labels
        (N,) integers in 0..C-1.
    n_classes
        C, at least 1.
    features
        (F,) integers in 0..D-1.
    k
        How many features of an image count as its largest, 1 to D; of equal ones the lower, and
        none that is zero.

    Returns
    -------
    numpy.ndarray
        (C, F) float64, shares of 0 to 1; NaN for a class without images.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range, or an embedding is not finite.

    Examples
    --------
    >>> feature_density([[3.0, 0.0, 1.0], [0.0, 0.0, 2.0]], [0, 0], 1, [0, 2], k=1)
    array([[0.5, 0.5]])
    """
    matrix = as_matrix(embeddings, "embeddings")
    n_classes = check_count(n_classes, "n_classes")
    k = check_count(k, "k")
    if k > matrix.shape[1]:
        raise ValueError(f"k must be at most {matrix.shape[1]}, the number of features, not {k}")
    rows_of = check_codes(labels, "labels", shape=(len(matrix),), limit=n_classes)
    columns = check_codes(features, "features", shape=(None,), limit=matrix.shape[1])
    hits = np.zeros((n_classes, len(columns)), dtype=np.int64)
    for block in row_blocks(len(matrix), matrix.shape[1] * matrix.itemsize):
        magnitudes = np.abs(matrix[block])
        for position, column in enumerate(columns):
            own = magnitudes[:, column, np.newaxis]
            before = (magnitudes > own).sum(axis=1) + (magnitudes[:, :column] == own).sum(axis=1)
            inside = (before < k) & (own[:, 0] > 0)
            hits[:, position] += np.bincount(rows_of[block][inside], minlength=n_classes)
    images = np.bincount(rows_of, minlength=n_classes)[:, np.newaxis]
    density = np.full(hits.shape, np.nan)
    np.divide(hits, images, out=density, where=images > 0)
    return density


def negative_share(embeddings: ArrayLike) -> float:
    """Tell which part of the magnitude of all features is negative.

    Zero where embeddings come from a ReLU, about one half behind a normalization layer. Where it
    is large, two classes can share a top feature in which they are opposite.

    Parameters
    ----------
    embeddings
        (N, D) float32 or float64, finite.

    Returns
    -------
    float
        0 to 1; 0 where all features are zero.

    Examples
    --------
    >>> negative_share([[3.0, -1.0], [0.0, 0.0]])
    0.25
    """
    matrix = as_matrix(embeddings, "embeddings")
    total = negative = 0.0
    for block in row_blocks(len(matrix), matrix.shape[1] * matrix.itemsize):
        total += float(np.abs(matrix[block]).sum(dtype=np.float64))
        negative -= float(np.minimum(matrix[block], 0).sum(dtype=np.float64))
    return negative / total if total else 0.0


def _mean_magnitudes(matrix: Matrix, rows: IntArray) -> DoubleArray:
    """Average the absolute values of the given rows, summed in float64 block by block."""
    width = matrix.shape[1]
    total = np.zeros(width, dtype=np.float64)
    for block in row_blocks(len(rows), width * matrix.itemsize):
        chosen = matrix[rows[block]]
        total += np.abs(chosen, out=chosen).sum(axis=0, dtype=np.float64)
    return total / len(rows)
