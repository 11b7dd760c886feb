"""How much of each neighborhood a map keeps, so that it can say where it misleads."""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.compute.numeric.types import DoubleArray

SPACE: Final = 3  # places on the map for each true neighbor: 15 nearest for 5


def kept_shares(distances: DoubleArray, reached: DoubleArray, last: DoubleArray) -> DoubleArray:
    """Return the share of each image's neighbors that are among its nearest on the map.

    Parameters
    ----------
    distances : float64 array, shape (M, k)
        On the map, from each image to its k true neighbors; squared or not.
    reached : float64 array, shape (M,)
        To the last of its nearest on the map, in the same units.
    last : float64 array, shape (M,)
        The chance of those at that very distance to be among the nearest, 0 to 1: of equally near
        ones, chance takes as many as there is room for.

    Returns
    -------
    float64 array, shape (M,)
        0 to 1.

    Examples
    --------
    >>> kept_shares(np.array([[1.0, 2.0, 3.0, 9.0]]), np.array([3.0]), np.array([0.5])).tolist()
    [0.625]
    """
    reached, last = reached[:, np.newaxis], last[:, np.newaxis]
    kept = np.where(distances == reached, last, distances < reached)
    shares: DoubleArray = kept.mean(axis=1)
    return shares


def space_of(k: int, n_training: int) -> int:
    """Return how many of the nearest on the map count for k neighbors: three times as many.

    In small sets, all other images.

    Examples
    --------
    >>> space_of(5, 1000), space_of(5, 10)
    (15, 9)
    """
    return min(SPACE * k, n_training - 1)


def expected_share(space: int, n_training: int) -> float:
    """Return what a map keeps whose points lie anywhere.

    Parameters
    ----------
    space : int
        How many of the nearest on the map count.
    n_training : int
        Training images, of which one that is looked at is none of the others.

    Examples
    --------
    >>> expected_share(15, 301)
    0.05
    """
    return space / (n_training - 1)
