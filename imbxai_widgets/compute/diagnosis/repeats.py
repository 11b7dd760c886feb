"""How many different images a class has."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from imbxai_widgets.compute.neighbors.near_groups import near_groups
from imbxai_widgets.compute.neighbors.search import nearest_neighbors
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray

NEAR: Final = 0.35  # of how far the nearest image of its class usually is from one


class Repeats(NamedTuple):
    """How many of a class's images are different.

    Attributes
    ----------
    first : int64 array
        One image of each group of those that are the same or nearly so.
    rows : int64 array
        Images that have another one in their group.
    """

    first: IntArray
    rows: IntArray

    @property
    def different(self) -> int:
        """How many groups there are."""
        return len(self.first)


def usual_distance(looks: FloatArray) -> float:
    """Return how far the nearest other image usually is: the median; NaN of fewer than two.

    Examples
    --------
    >>> usual_distance(np.float32([[0.0], [1.0], [3.0]]))
    1.0
    """
    if len(looks) < 2:
        return float("nan")
    return float(np.median(nearest_neighbors(looks, 1, device="cpu").distances))


def repeats(looks: FloatArray, radius: float) -> Repeats:
    """Count the images of a class that differ by more than a radius.

    Parameters
    ----------
    looks
        (n, D) float32, pixels.
    radius
        At least 0: images that are as near, also over others, are one.

    Returns
    -------
    Repeats

    Examples
    --------
    >>> repeats(np.float32([[0.0], [0.1], [5.0]]), 0.2)
    Repeats(first=array([0, 2]), rows=array([0, 1]))
    """
    groups = near_groups(looks, radius)
    first, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(sizes[codes.ravel()] > 1)
    return Repeats(first, rows.astype(np.int64, copy=False))
