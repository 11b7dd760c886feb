"""Counting that several computations share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imbxai_widgets.compute.numeric.types import IntArray, SmallCounts


def count_pairs(
    rows: IntArray, columns: NDArray[np.signedinteger[Any]], shape: tuple[int, int]
) -> IntArray:
    """Count how often each (row, column) occurs.

    Parameters
    ----------
    rows, columns
        (P,) integers in the bounds of `shape`; rows int64, since R * C may exceed a narrower type.
    shape
        (R, C).

    Returns
    -------
    numpy.ndarray
        (R, C) int64.
    """
    height, width = shape
    counts = np.bincount(rows * width + columns, minlength=height * width)
    return counts.astype(np.int64, copy=False).reshape(height, width)


def narrowed(counts: IntArray) -> SmallCounts:
    """Return counts in the smallest unsigned type that holds them.

    Parameters
    ----------
    counts
        Integers of at least 0 and below 2**32.

    Returns
    -------
    numpy.ndarray
        uint8, uint16 or uint32.

    Examples
    --------
    >>> narrowed(np.array([[3, 300]])).dtype
    dtype('uint16')
    """
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))))
