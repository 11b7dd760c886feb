"""Euclidean distances in blocks: what neighbors and prototypes share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike

from imbxai_widgets.compute._types import DoubleArray, FloatArray

Matrix: TypeAlias = FloatArray | DoubleArray

# No temporary array of a blocked computation is larger than this, or than what one row needs.
BLOCK_BYTES: Final = 64 * 2**20


def as_matrix(values: ArrayLike | torch.Tensor, name: str) -> Matrix:
    """Return `values` as a finite (N, D) matrix of float32 or float64, D at least 1.

    Half precision becomes float32 and integers float64; nothing is copied that is already a NumPy
    array or CPU tensor of either type.

    Raises
    ------
    ValueError
        If `values` is no matrix of real numbers, or a value is not finite (the error names rows).
    """
    if isinstance(values, torch.Tensor):
        tensor = values.detach().cpu()
        values = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"{name} must be a matrix (N, D) with D >= 1, not of shape {array.shape}")
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must hold real numbers, not {array.dtype}")
    if array.dtype.kind in "iu" or array.dtype.itemsize > 8:
        matrix: Matrix = array.astype(np.float64)
    elif array.dtype == np.float64:
        matrix = array
    else:
        matrix = array.astype(np.float32, copy=False)
    _check_finite(matrix, name)
    return matrix


def _check_finite(matrix: Matrix, name: str) -> None:
    rows: list[int] = []
    for block in row_blocks(len(matrix), matrix.shape[1] * matrix.itemsize):
        finite = np.isfinite(matrix[block]).all(axis=1)
        rows += (np.flatnonzero(~finite) + block.start).tolist()
    if rows:
        named = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
        raise ValueError(
            f"{name} must be finite, but {len(rows)} of {len(matrix)} rows hold NaN or infinity: "
            f"{named}. Look at the model's output for these images, or leave them out"
        )


def row_blocks(n_rows: int, bytes_per_row: int) -> Iterator[slice]:
    """Cut `n_rows` into slices of at most `BLOCK_BYTES`, and of at least one row."""
    step = max(1, BLOCK_BYTES // max(1, bytes_per_row))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))
