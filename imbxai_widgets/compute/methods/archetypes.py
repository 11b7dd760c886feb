"""Archetypes: how much of an image's neighborhood belongs to its own class.

Source: Dablain et al., "Interpretable ML for Imbalanced Data" (arXiv:2212.07743), class
archetypes. There k is 5, and safe, border, rare and outlier stand for 4-5, 2-3, 1 and 0 neighbors
of the image's own class; the shares below say the same for k = 5 and serve for any k.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.checks import check_codes, check_count
from imbxai_widgets.compute.numeric.counts import count_pairs
from imbxai_widgets.compute.numeric.types import Int8Array, IntArray

ARCHETYPES: Final[tuple[str, ...]] = ("safe", "border", "rare", "outlier")
SAFE: Final = 0
BORDER: Final = 1
RARE: Final = 2
OUTLIER: Final = 3


def assign_archetypes(labels: ArrayLike, neighbor_labels: ArrayLike) -> Int8Array:
    """Name the archetype of each image from the labels of its neighbors.

    With f the share of neighbors that have the image's own label: safe f > 0.7,
    border 0.3 < f <= 0.7, rare 0 < f <= 0.3, outlier f = 0.

    Parameters
    ----------
    labels
        (N,) integers, the class of each image.
    neighbor_labels
        (N, k) integers, the classes of its k neighbors, k at least 1.

    Returns
    -------
    numpy.ndarray
        (N,) int8: 0 safe, 1 border, 2 rare, 3 outlier, the indices of `ARCHETYPES`.

    Raises
    ------
    ValueError
        If the shapes do not fit each other or the labels are not integers.

    Examples
    --------
    >>> assign_archetypes([7, 7, 7], [[7, 7, 7, 7, 0], [7, 7, 0, 0, 0], [1, 0, 0, 0, 0]])
    array([0, 1, 3], dtype=int8)
    """
    own = check_codes(labels, "labels", shape=(None,))
    others = check_codes(neighbor_labels, "neighbor_labels", shape=(len(own), None))
    k = others.shape[1]
    if k == 0:
        raise ValueError("neighbor_labels must hold at least one neighbor per image, not 0")
    return _archetypes_of(np.count_nonzero(others == own[:, np.newaxis], axis=1), k)


def archetype_counts(labels: ArrayLike, archetypes: ArrayLike, n_classes: int) -> IntArray:
    """Count the images of each class and archetype.

    Parameters
    ----------
    labels
        (N,) integers in 0..C-1.
    archetypes
        (N,) integers in 0..3, as `assign_archetypes` gives them.
    n_classes
        C, at least 1.

    Returns
    -------
    numpy.ndarray
        (C, 4) int64; the columns are in the order of `ARCHETYPES`.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range.

    Examples
    --------
    >>> archetype_counts([0, 0, 1], [0, 3, 1], n_classes=2)
    array([[1, 0, 0, 1],
           [0, 1, 0, 0]])
    """
    n_classes = check_count(n_classes, "n_classes")
    rows = check_codes(labels, "labels", shape=(None,), limit=n_classes)
    columns = check_codes(archetypes, "archetypes", shape=(len(rows),), limit=len(ARCHETYPES))
    return count_pairs(rows, columns, (n_classes, len(ARCHETYPES)))


def archetype_ranges(k: int) -> tuple[str, ...]:
    """Say how many of k neighbors of its own class make an image of each archetype; "" if none.

    Examples
    --------
    >>> archetype_ranges(5)
    ('4-5 of 5', '2-3 of 5', '1 of 5', '0 of 5')
    >>> archetype_ranges(2)
    ('2 of 2', '1 of 2', '', '0 of 2')
    """
    kinds = _archetypes_of(np.arange(k + 1), k)
    ranges = [np.flatnonzero(kinds == number) for number in range(len(ARCHETYPES))]
    return tuple(
        f"{'-'.join(map(str, sorted({own[0], own[-1]})))} of {k}" if len(own) else ""
        for own in ranges
    )


def best_archetypes(sizes: ArrayLike, k: int) -> Int8Array:
    """Name the safest archetype that a training image can have in classes of these sizes.

    An image is no neighbor of its own: in a class of n, at most n - 1 neighbors are of the class,
    however well it is separated from all others. With k = 5, images of a class of 4 or fewer are
    never safe, and that of a class of 1 is always an outlier.

    Parameters
    ----------
    sizes
        (C,) integers of at least 0, the training images of each class.
    k
        Neighbors of each image.

    Returns
    -------
    numpy.ndarray
        (C,) int8: 0 safe, 1 border, 2 rare, 3 outlier.

    Examples
    --------
    >>> best_archetypes([1, 2, 3, 4, 5], k=5)
    array([3, 2, 1, 1, 0], dtype=int8)
    """
    own = check_codes(sizes, "sizes", shape=(None,))
    return _archetypes_of(np.clip(own - 1, 0, check_count(k, "k")), k)


def _archetypes_of(same: IntArray, k: int) -> Int8Array:
    """Name the archetypes of images with so many of k neighbors of their own class."""
    # Whole numbers: 0.7 and 0.3 have no exact float, and 7 of 10 neighbors must not be safe.
    archetypes = np.full(len(same), OUTLIER, dtype=np.int8)
    archetypes[same > 0] = RARE
    archetypes[10 * same > 3 * k] = BORDER
    archetypes[10 * same > 7 * k] = SAFE
    return archetypes
