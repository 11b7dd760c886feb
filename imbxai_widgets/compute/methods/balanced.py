"""Class-balanced archetypes: archetypes as if all classes had as many images.

A plain archetype counts neighbors. The more images a class has, the more of them are anyone's
neighbors; an image of a class of 4 is never safe, for it has 3 others. Here a neighbor of a class
of n images counts 1/n, so that what is compared is which part of each class is near. By Bayes'
rule the share of an image's own class is then an estimate of its probability where all classes are
equally frequent (D. Loftsgaarden and C. Quesenberry, "A nonparametric estimate of a multivariate
density function", 1965: the density of a class is its part in the neighborhood over its volume).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.methods.archetypes import BORDER, OUTLIER, RARE, SAFE
from imbxai_widgets.compute.numeric.checks import check_codes, check_count
from imbxai_widgets.compute.numeric.types import DoubleArray, Int8Array, IntArray

# How many times as wide as a plain neighborhood. Chosen on the seeds 0 to 7 of four sets of
# networks (docs/balanced.md): wider ones leave no image of a class of five safe.
WIDER: Final = 2
_SAFE_ABOVE: Final = 0.7
_BORDER_ABOVE: Final = 0.3
# Sums of at most some hundred reciprocals err by less; a share this near to a bound is the bound.
_ROUNDING: Final = 1e-12


def balanced_neighbors(k: int, n_images: int) -> int:
    """Return how many neighbors decide a class-balanced archetype: 2k, or all others if fewer.

    Parameters
    ----------
    k
        Neighbors that decide a plain archetype, at least 1.
    n_images
        Training images, at least 2.

    Examples
    --------
    >>> balanced_neighbors(5, 1922), balanced_neighbors(5, 8)
    (10, 7)
    """
    return min(WIDER * check_count(k, "k"), check_count(n_images, "n_images", 2) - 1)


def balanced_shares(
    labels: ArrayLike, neighbor_labels: ArrayLike, sizes: ArrayLike, *, among: bool
) -> DoubleArray:
    """Return the share of each image's own class among its neighbors, classes counting alike.

    Parameters
    ----------
    labels
        (N,) integers, the class of each image.
    neighbor_labels
        (N, K) integers, the classes of its K nearest training images, K at least 1.
    sizes
        (C,) integers, the training images of each class.
    among
        Whether the images are training images. One of them is no neighbor of its own: the others
        of its class are n - 1, so that each counts 1/(n - 1).

    Returns
    -------
    numpy.ndarray
        (N,) float64, 0 to 1: with m_c neighbors of class c, m_own/n_own over the sum of m_c/n_c.

    Raises
    ------
    ValueError
        If shapes, types or ranges do not fit each other, or an image has neighbors of a class
        that has no other images.

    Examples
    --------
    Of classes of 100 and 4: with 3 of 10 neighbors an image of the small one has most of the
    weight, and one such neighbor outweighs nine of the large class.

    >>> near = np.array([[1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]])
    >>> balanced_shares([1, 0], near, [100, 4], among=True).round(3)
    array([0.935, 0.267])
    """
    counts = check_codes(sizes, "sizes", shape=(None,))
    own = check_codes(labels, "labels", shape=(None,), limit=len(counts))
    others = check_codes(
        neighbor_labels, "neighbor_labels", shape=(len(own), None), limit=len(counts)
    )
    if others.shape[1] == 0:
        raise ValueError("neighbor_labels must hold at least one neighbor per image, not 0")
    same = others == own[:, np.newaxis]
    members = counts[others] - (same & among)
    if (members < 1).any():
        raise ValueError("sizes do not fit: an image has a neighbor of a class without others")
    weights = 1 / members
    shares: DoubleArray = np.where(same, weights, 0).sum(axis=1) / weights.sum(axis=1)
    return shares


def balanced_archetypes(shares: ArrayLike) -> Int8Array:
    """Name the class-balanced archetype of each image by the share of its class.

    The bounds are those of plain archetypes: safe above 0.7, border above 0.3 and up to 0.7, rare
    above 0 and up to 0.3, outlier 0. A share that differs from a bound by less than 1e-12, which
    is rounding, counts as the bound.

    Parameters
    ----------
    shares
        (N,) floats, as `balanced_shares` gives them.

    Returns
    -------
    numpy.ndarray
        (N,) int8: 0 safe, 1 border, 2 rare, 3 outlier.

    Examples
    --------
    >>> balanced_archetypes([0.71, 0.7, 0.01, 0.0])
    array([0, 1, 2, 3], dtype=int8)
    """
    values = np.asarray(shares, dtype=np.float64)
    found = np.full(len(values), OUTLIER, dtype=np.int8)
    found[values > 0] = RARE
    found[values > _BORDER_ABOVE + _ROUNDING] = BORDER
    found[values > _SAFE_ABOVE + _ROUNDING] = SAFE
    return found


def best_balanced_archetypes(sizes: ArrayLike, k: int) -> Int8Array:
    """Name the safest class-balanced archetype that training images of each class can have.

    All others of the class are then among the neighbors, and the rest are of the largest classes,
    where a neighbor counts least.

    Parameters
    ----------
    sizes
        (C,) integers of at least 0, the training images of each class.
    k
        Neighbors that decide a plain archetype.

    Returns
    -------
    numpy.ndarray
        (C,) int8: 0 safe, 1 border, 2 rare, 3 outlier. A class of 1 has outliers alone.

    Examples
    --------
    Beside a class of 40, one of 2 can be safe; beside one of 12, it cannot.

    >>> best_balanced_archetypes([40, 2, 1], 5), best_balanced_archetypes([12, 2], 5)
    (array([0, 0, 3], dtype=int8), array([0, 1], dtype=int8))
    """
    counts = check_codes(sizes, "sizes", shape=(None,))
    if counts.sum() < 2:
        return np.full(len(counts), OUTLIER, dtype=np.int8)
    wide = balanced_neighbors(k, int(counts.sum()))
    largest = np.argsort(-counts, kind="stable")
    shares = np.zeros(len(counts))
    for index in np.flatnonzero(counts > 1).tolist():
        near = min(int(counts[index]) - 1, wide)
        own = near / (counts[index] - 1)
        shares[index] = own / (own + _least(counts, largest, index, wide - near))
    return balanced_archetypes(shares)


def _least(counts: IntArray, largest: IntArray, index: int, neighbors: int) -> float:
    """Return the least weight that so many neighbors of other classes can have."""
    weight = 0.0
    for other in largest:
        if not neighbors:
            break
        if other != index:
            taken = min(int(counts[other]), neighbors)
            neighbors -= taken
            weight += taken / counts[other]
    return weight
