"""Rows that are equal, or as near to each other as makes no difference, as groups.

Pairs would explode: a thousand equal rows are one group, and half a million pairs. Equal rows are
found by a hash of their bits. Of the rest, rows are compared that lie within the radius of each
other on the axes along which the data varies most: none that is near is missed, for no distance is
shorter than what it measures along an axis.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.compute.numeric.blocks import row_blocks
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray

_AXES: Final = 8
_SAMPLE: Final = 4096  # rows that tell the axes
_TOLD: Final = 10_000  # rows that tell the spread
_SEED: Final = 0


def spread(matrix: FloatArray) -> float:
    """Return how far rows usually lie from the middle of all.

    Parameters
    ----------
    matrix
        (N, D) float32.

    Returns
    -------
    float
        Median of the distances from the medians of the columns: it grows with the scale of the
        data, does not change when all are shifted, and a few far rows do not move it. Of many rows,
        10,000 that are spread over them tell it.

    Examples
    --------
    >>> spread(np.float32([[0.0], [1.0], [2.0], [100.0]]))
    1.0
    """
    if not len(matrix):
        return 0.0
    some = matrix[np.linspace(0, len(matrix) - 1, min(len(matrix), _TOLD)).astype(np.int64)]
    middle = np.median(some, axis=0).astype(np.float64)
    return float(np.median(np.linalg.norm(some - middle, axis=1)))


def near_groups(matrix: FloatArray, radius: float) -> IntArray:
    """Give rows that are within a radius of each other, also over others, one number.

    Parameters
    ----------
    matrix
        (N, D) float32, finite.
    radius
        At least 0; with 0, only equal rows are together (0.0 and -0.0 are equal).

    Returns
    -------
    numpy.ndarray
        (N,) int64: the first row of the group that each is in; a row by itself has its own number.

    Examples
    --------
    >>> near_groups(np.float32([[5.0], [0.0], [5.0], [0.1], [0.2]]), 0.11)
    array([0, 1, 0, 1, 1])
    """
    first = _equal_rows(matrix)
    if radius <= 0 or not len(matrix):
        return first
    kinds = np.unique(first)
    root = np.arange(len(matrix))
    root[kinds] = kinds
    _join(matrix, kinds, radius, root)
    return root[first]


def _equal_rows(matrix: FloatArray) -> IntArray:
    """Return the first row that equals each."""
    size, width = matrix.shape
    factors = np.random.default_rng(_SEED).integers(0, 2**63, width, dtype=np.uint64) * 2 + 1
    keys = np.empty(size, dtype=np.uint64)
    for block in row_blocks(size, width * 16):
        bits = (matrix[block] + np.float32(0)).view(np.uint32)  # without -0.0
        bits = bits ^ (bits >> np.uint32(15))
        keys[block] = (bits.astype(np.uint64) * factors).sum(axis=1, dtype=np.uint64)
    _, starts, codes = np.unique(keys, return_index=True, return_inverse=True)
    first: IntArray = starts[codes.ravel()].astype(np.int64)
    for block in row_blocks(size, width * 8):
        if not np.array_equal(matrix[block], matrix[first[block]]):  # two keys are the same
            _, starts, codes = np.unique(matrix, axis=0, return_index=True, return_inverse=True)
            return starts[codes.ravel()].astype(np.int64, copy=False)
    return first


def _join(matrix: FloatArray, kinds: IntArray, radius: float, root: IntArray) -> None:
    """Set the root of different rows to the lowest row of those that hang together."""
    places = _projected(matrix, kinds)
    order = np.argsort(places[:, 0], kind="stable")
    kinds, places = kinds[order], places[order]
    reach = radius * (1 + 1e-9) + 1e-12 * float(np.abs(places).max(initial=0.0))
    begin, step = np.arange(len(kinds)), 0
    while len(begin):
        step += 1
        begin = begin[begin + step < len(kinds)]
        begin = begin[places[begin + step, 0] - places[begin, 0] <= reach]
        # Those that hang together already need not be measured.
        apart = begin[root[kinds[begin]] != root[kinds[begin + step]]]
        beside = np.abs(places[apart + step] - places[apart]) <= reach
        apart = apart[beside.all(axis=1)]
        ones, others = kinds[apart], kinds[apart + step]
        near = _distances(matrix, ones, others) <= radius
        _unite(root, ones[near], others[near])


def _projected(matrix: FloatArray, kinds: IntArray) -> DoubleArray:
    """Return where rows lie along the axes of largest variance, float64 (n, axes)."""
    rng = np.random.default_rng(_SEED)
    sample = matrix[rng.permutation(kinds)[:_SAMPLE]].astype(np.float64)
    middle = sample.mean(axis=0)
    sample -= middle
    axes = np.linalg.qr(rng.normal(size=(matrix.shape[1], min(_AXES, matrix.shape[1]))))[0]
    for _ in range(4):
        axes = np.linalg.qr(sample.T @ (sample @ axes))[0]
    places = np.empty((len(kinds), axes.shape[1]))
    for block in row_blocks(len(kinds), matrix.shape[1] * 8):
        places[block] = (matrix[kinds[block]] - middle) @ axes
    return places


def _distances(matrix: FloatArray, ones: IntArray, others: IntArray) -> DoubleArray:
    found = np.empty(len(ones))
    for block in row_blocks(len(ones), matrix.shape[1] * 16):
        differences = matrix[ones[block]].astype(np.float64) - matrix[others[block]]
        found[block] = np.linalg.norm(differences, axis=1)
    return found


def _unite(root: IntArray, ones: IntArray, others: IntArray) -> None:
    for one, other in zip(ones.tolist(), others.tolist(), strict=True):
        low, high = sorted((_root(root, one), _root(root, other)))
        root[high] = low
    while len(ones):  # each names the root itself
        above = root[root]
        if np.array_equal(above, root):
            break
        root[:] = above


def _root(root: IntArray, row: int) -> int:
    while root[row] != row:
        row = int(root[row])
    return row
