"""How far the nearest points of a plane reach, exactly, for as many points as a map may have.

In two dimensions a tree of boxes leaves few points to compare, where the search of
`imbxai_widgets.compute.neighbors.search` is made for features by the hundreds and compares all.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt
from typing import Final, NamedTuple

import numpy as np

from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, FloatArray, IntArray

# Places of a box, at most: of more there is more to compare, of fewer there are more boxes to look
# through. Of a million places, twice as many balance both.
_LEAF: Final = 60


class Reach(NamedTuple):
    """How far the `count` nearest points of each query reach.

    Attributes
    ----------
    squared : float64 array, shape (M,)
        The squared distance to the last of them.
    last : float64 array, shape (M,)
        The chance of each point at that distance to be among them, above 0 and at most 1: of
        equally near ones, chance takes as many as there is room for.
    """

    squared: DoubleArray
    last: DoubleArray


class _Boxes(NamedTuple):
    """Points in boxes, as many in each but for the last ones."""

    order: IntArray  # rows of the points, box by box
    starts: IntArray  # (boxes + 1,) of each box in `order`
    low: DoubleArray  # (boxes, 2) corners
    high: DoubleArray

    def rows(self, box: int) -> IntArray:
        return self.order[self.starts[box] : self.starts[box + 1]]

    def within(self, chosen: BoolArray) -> IntArray:
        """Return the rows in the chosen boxes."""
        boxes = np.flatnonzero(chosen)
        return np.concatenate([self.rows(box) for box in boxes.tolist()])


def reach(points: FloatArray, count: int, queries: FloatArray | None = None) -> Reach:
    """Find how far the nearest points of each query reach.

    Parameters
    ----------
    points : float32 array, shape (N, 2)
        Finite.
    count : int
        How many of the points are taken, 1 to N; to N - 1 without `queries`.
    queries : float32 array, shape (M, 2), optional
        Finite. Without them the points are their own queries, and none is near to itself.

    Returns
    -------
    Reach

    Raises
    ------
    ValueError
        If there are not as many points.

    Notes
    -----
    Exact in float64. A million points take some 20 seconds of one processor, and no more where many
    of them fall together: those are counted as one.

    Examples
    --------
    The two nearest of 0 are 1 and one of the two at 3:

    >>> line = np.float32([[0, 0], [1, 0], [3, 0], [-3, 0]])
    >>> found = reach(line, 2)
    >>> float(found.squared[0]), float(found.last[0])
    (9.0, 0.5)
    """
    own = queries is None
    if not 1 <= count <= len(points) - own:
        raise ValueError(f"there are no {count} other points among {len(points)}")
    places, at, weights = _distinct(points)
    asked, back = (places, at) if queries is None else _distinct(queries)[:2]
    wanted = count + own  # the first that each point finds is itself
    boxes = _boxed(places, max(_LEAF, 2 * wanted, isqrt(len(places)) // 8))
    squared, last = np.empty(len(asked)), np.empty(len(asked))
    for rows in _groups(asked, boxes if own else None):
        near = _candidates(asked[rows], places, boxes, wanted)
        distances = _squares(asked[rows, np.newaxis], places[near])
        squared[rows], last[rows] = _reached(distances, weights[near], count, own)
    return Reach(squared[back], last[back])


def squared_distances(left: FloatArray, right: FloatArray) -> DoubleArray:
    """Return the squared distances of points, as `reach` has them, to be compared with its own.

    Parameters
    ----------
    left, right : float32 arrays, shapes (..., 2)
        Broadcast against each other.

    Examples
    --------
    >>> squared_distances(np.float32([[0, 0]]), np.float32([[3, 4], [1, 0]])).tolist()
    [25.0, 1.0]
    """
    return _squares(left.astype(np.float64), right.astype(np.float64))


def _squares(left: DoubleArray, right: DoubleArray) -> DoubleArray:
    difference = left - right
    difference *= difference
    squares: DoubleArray = difference[..., 0] + difference[..., 1]
    return squares


def _distinct(points: FloatArray) -> tuple[DoubleArray, IntArray, IntArray]:
    """Return the places of points, the place of each point, and how many points each place has."""
    order = np.lexsort((points[:, 1], points[:, 0]))
    ranked = points[order]
    new = np.ones(len(points), dtype=np.bool_)
    np.any(ranked[1:] != ranked[:-1], axis=1, out=new[1:])
    at = np.empty(len(points), dtype=np.int64)
    at[order] = np.cumsum(new) - 1
    return ranked[new].astype(np.float64), at, np.bincount(at)


def _boxed(places: DoubleArray, leaf: int) -> _Boxes:
    """Halve the places along the longer side of their box, until none holds more than `leaf`.

    Each box holds `leaf` // 2 at least, unless it is the only one.
    """
    order, starts = np.arange(len(places)), np.array([0, len(places)])
    while (sizes := np.diff(starts)).max() > leaf:
        low, high = _corners(places[order], starts)
        longer = np.argmax(high - low, axis=1)
        box = np.repeat(np.arange(len(sizes)), sizes)
        order = order[np.lexsort((places[order, longer[box]], box))]
        starts = np.sort(np.concatenate([starts, starts[:-1] + sizes // 2]))
    return _Boxes(order, starts, *_corners(places[order], starts))


def _corners(ranked: DoubleArray, starts: IntArray) -> tuple[DoubleArray, DoubleArray]:
    return np.minimum.reduceat(ranked, starts[:-1]), np.maximum.reduceat(ranked, starts[:-1])


def _groups(asked: DoubleArray, boxes: _Boxes | None) -> Iterator[IntArray]:
    """Yield rows of queries that lie near each other."""
    if not len(asked):
        return
    boxes = boxes or _boxed(asked, _LEAF)
    for box in range(len(boxes.starts) - 1):
        yield boxes.rows(box)


def _candidates(asked: DoubleArray, places: DoubleArray, boxes: _Boxes, wanted: int) -> IntArray:
    """Return places, among which are the `wanted` nearest of all queries of a group."""
    low, high = asked.min(axis=0), asked.max(axis=0)
    # The box whose farthest point is nearest has enough places to bound how far any may be.
    farthest = _squares(np.maximum(boxes.high - low, high - boxes.low), np.zeros(2))
    some = boxes.rows(int(farthest.argmin()))
    distances = _squares(asked[:, np.newaxis], places[some])
    last = min(wanted, len(some)) - 1
    bound = np.partition(distances, last, axis=1)[:, last].max()
    gaps = np.maximum(np.maximum(boxes.low - high, low - boxes.high), 0)
    return boxes.within(_squares(gaps, np.zeros(2)) <= bound)


def _reached(
    distances: DoubleArray, weights: IntArray, count: int, own: bool
) -> tuple[DoubleArray, DoubleArray]:
    """Return, by distances (Q, n) to places of so many points each, what `Reach` holds."""
    last = min(count + own, distances.shape[1]) - 1
    first = np.argpartition(distances, last, axis=1)[:, : last + 1]
    near = np.take_along_axis(distances, first, axis=1)
    order = np.argsort(near, axis=1)
    met = np.cumsum(np.take_along_axis(weights[first], order, axis=1), axis=1)
    at = (met >= count + own).argmax(axis=1)
    squared = np.take_along_axis(near, np.take_along_axis(order, at[:, np.newaxis], 1), 1)
    nearer = (distances < squared) @ weights - (own & (squared[:, 0] > 0))
    level = (distances == squared) @ weights - (own & (squared[:, 0] == 0))
    return squared[:, 0], (count - nearer) / level
