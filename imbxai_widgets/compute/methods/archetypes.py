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
    same = np.count_nonzero(others == own[:, np.newaxis], axis=1)
    # Whole numbers: 0.7 and 0.3 have no exact float, and 7 of 10 neighbors must not be safe.
    archetypes = np.full(len(own), OUTLIER, dtype=np.int8)
    archetypes[same > 0] = RARE
    archetypes[10 * same > 3 * k] = BORDER
    archetypes[10 * same > 7 * k] = SAFE
    return archetypes


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
