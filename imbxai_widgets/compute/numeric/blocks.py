"""Euclidean distances in blocks: what neighbors and prototypes share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import prod
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray

Matrix: TypeAlias = FloatArray | DoubleArray
Item = TypeVar("Item")

# Bytes. A blocked computation makes no temporary array larger than this, unless one row needs more.
BLOCK_BYTES: Final = 64 * 2**20
# Bytes of a block that is read several times: it stays in a processor's cache.
CACHED_BYTES: Final = 2**20
_ON_CUDA: Final = 2  # threads that keep a GPU busy: more take more of its memory


def as_matrix(values: ArrayLike | torch.Tensor, name: str) -> Matrix:
    """Return `values` as a finite (N, D) matrix of float32 or float64, D at least 1.

    Half precision becomes float32 and integers float64; nothing is copied that is already a NumPy
    array or CPU tensor of either type.

    Raises
    ------
    ValueError
        If `values` is no matrix of real numbers, or a value is not finite (the error names rows).
    """
    array = as_array(values, name)
    matrix = as_floats(array)
    check_finite(array, name)
    return matrix


def as_array(values: ArrayLike | torch.Tensor, name: str) -> NDArray[Any]:
    """Return `values` as an (N, D) array of real numbers, D at least 1, of the type it has.

    Raises
    ------
    ValueError
        If it is no such matrix.
    """
    array = np.asarray(numpy_of(values))
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"{name} must be a matrix (N, D) with D >= 1, not of shape {array.shape}")
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must hold real numbers, not {array.dtype}")
    return array


def numpy_of(values: Any) -> Any:
    """Return a tensor's values as an array, and anything else as it is; bfloat16 as float32."""
    if not isinstance(values, torch.Tensor):
        return values
    tensor = values.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def as_floats(array: NDArray[Any]) -> Matrix:
    """Return an array as float32 or float64, copied only if it is of another type."""
    if array.dtype.kind in "iu" or array.dtype.itemsize > 8:
        return array.astype(np.float64)
    if array.dtype == np.float64:
        return array
    return array.astype(np.float32, copy=False)


def check_finite(array: NDArray[Any], name: str) -> None:
    """Refuse a matrix with values that are not finite, as float32 or float64; names the rows."""
    rows: list[int] = []

    def look(some: Sequence[slice]) -> None:
        for block in some:
            finite = np.isfinite(as_floats(array[block])).all(axis=1)
            rows.extend((np.flatnonzero(~finite) + block.start).tolist())

    share_out(list(row_blocks(len(array), array.shape[1] * max(4, array.itemsize))), look)
    if rows:
        rows.sort()  # threads may have come in any order
        named = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
        raise ValueError(
            f"{name} must be finite, but {len(rows)} of {len(array)} rows hold NaN or infinity: "
            f"{named}. Look at the model's output for these images, or leave them out"
        )


def row_blocks(n_rows: int, bytes_per_row: int, limit: int | None = None) -> Iterator[slice]:
    """Cut `n_rows` into slices of at most `limit` bytes, else `BLOCK_BYTES`; at least one row."""
    step = max(1, (limit or BLOCK_BYTES) // max(1, bytes_per_row))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def class_blocks(
    labels: IntArray, bytes_per_row: int
) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """Cut images, in the order of their classes, so that a block has a bounded size.

    Yields
    ------
    rows : numpy.ndarray
        (b,) the images of a block.
    classes, starts : numpy.ndarray
        (c,) the classes that it has, rising, and where among `rows` each begins: what
        `numpy.add.reduceat` takes to add up each class. One class may go on in the next block.
    """
    order = np.argsort(labels, kind="stable")
    for block in row_blocks(len(order), bytes_per_row):
        rows = order[block]
        yield rows, *np.unique(labels[rows], return_index=True)


def chunks_of(counts: IntArray, most: int) -> Iterator[slice]:
    """Cut rows with so many items each so that a slice has about `most`, or a single row."""
    part = np.cumsum(counts) // most
    edges = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(counts)]
    for start, stop in pairwise(edges):
        yield slice(start, stop)


def largest_magnitude(*matrices: Matrix) -> float:
    """Return the largest absolute value; 0 where there is none."""
    different = {id(m): m for m in matrices}.values()  # a matrix is often searched in itself
    return max((float(max(m.max(), -m.min())) for m in different if m.size), default=0.0)


def scale_factor(*matrices: Matrix) -> float:
    """Return a power of two that keeps the squares of scaled values within range.

    1 for usual values, else what brings the largest magnitude near 1. Scaling by it is exact, so
    equal distances stay equal. Clipped to 2**±1000, within which float64 holds it.
    """
    exponent = int(np.frexp(largest_magnitude(*matrices))[1])
    return 1.0 if -20 <= exponent <= 20 else float(2.0 ** -np.clip(exponent, -1000, 1000))


def column_means(matrix: Matrix, factor: float) -> DoubleArray:
    """Average the rows of `matrix` times `factor`, in float64; zero for no rows."""
    blocks = list(row_blocks(len(matrix), matrix.shape[1] * 8, limit=CACHED_BYTES))
    sums = np.empty((len(blocks), matrix.shape[1]), dtype=np.float64)

    def add_up(some: Sequence[int]) -> None:
        for number in some:
            scaled(matrix[blocks[number]], factor).sum(axis=0, out=sums[number])

    share_out(range(len(blocks)), add_up)
    total: DoubleArray = sums.sum(axis=0) / max(1, len(matrix))
    return total


def scaled(rows: Matrix, factor: float, out: DoubleArray | None = None) -> DoubleArray:
    """Return a float64 copy of `rows` times `factor`, in `out` if that is given."""
    copy = np.empty(rows.shape, dtype=np.float64) if out is None else out
    copy[...] = rows
    if factor != 1.0:
        copy *= factor
    return copy


def fill_centered(out: torch.Tensor, matrix: Matrix, factor: float, center: DoubleArray) -> None:
    """Fill the first rows of `out` with those of `matrix`, scaled and centered, block by block.

    The cancellation in |a|**2 + |b|**2 - 2ab grows with the norms, so they should be small.
    """
    if out.device.type == "cuda":
        _fill_on_card(out, matrix, factor, center)
        return

    def fill(some: Sequence[slice]) -> None:
        buffer = np.empty_like(matrix[some[0]], dtype=np.float64)
        for block in some:
            rows = scaled(matrix[block], factor, out=buffer[: block.stop - block.start])
            rows -= center
            if on_cpu is None:
                out[block] = torch.from_numpy(rows)
            else:
                on_cpu[block] = rows

    on_cpu = out.numpy() if out.device.type == "cpu" else None
    blocks = list(row_blocks(len(matrix), matrix.shape[1] * 8, limit=CACHED_BYTES))
    if blocks and on_cpu is None:
        fill(blocks)
    elif blocks:
        share_out(blocks, fill)


def _fill_on_card(out: torch.Tensor, matrix: Matrix, factor: float, center: DoubleArray) -> None:
    """As `fill_centered`: the same values, but half the bytes to copy, and no work for the host."""
    middle = torch.tensor(center, device=out.device)
    for block in row_blocks(len(matrix), matrix.shape[1] * 8):
        # Not `from_numpy`, which complains of arrays that cannot be written to.
        rows = torch.tensor(matrix[block]).to(out.device).double()
        out[block] = rows.mul_(factor).sub_(middle)


def framing(
    matrix: Matrix,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    *beside: Matrix,
) -> Callable[[Matrix], torch.Tensor]:
    """Return a function that turns rows into points: scaled, centered, and on the device.

    Points are centered by the mean of `matrix`. The function takes rows of `matrix` and of the
    matrices `beside` it, whose values the scale fits as well.
    """
    factor = scale_factor(matrix, *beside)
    center = column_means(matrix, factor)

    def framed(rows: Matrix) -> torch.Tensor:
        points = torch.empty(rows.shape, dtype=dtype, device=device)
        fill_centered(points, rows, factor, center)
        return points

    return framed


def squared_norms(points: torch.Tensor) -> torch.Tensor:
    """Return the (N,) squared norms of the rows, without a second matrix for the squares."""
    norms = points.new_empty(len(points))
    row_bytes = points.shape[1] * points.element_size()
    for block in row_blocks(len(points), row_bytes, limit=CACHED_BYTES):
        norms[block] = points[block].square().sum(dim=1)
    return norms


def squared_distances(
    left: Matrix, right: Matrix, factor: float, out: DoubleArray | None = None
) -> DoubleArray:
    """Sum the squares of the differences over the last axis, scaled, in float64.

    All pairs are summed in one order, so that pairs with the same differences tie exactly. The
    differences are left in `out`, of the shape of `right`, if that is given.
    """
    difference = scaled(right, factor, out)
    difference -= scaled(left, factor)
    result: DoubleArray = np.einsum("...d,...d->...", difference, difference)
    return result


def pair_squares(
    queries: Matrix, references: Matrix, candidates: IntArray, factor: float
) -> DoubleArray:
    """Return the (B, c) squared distances from each query to its candidate references."""
    squared = np.empty(candidates.shape, dtype=np.float64)
    row_shape = (candidates.shape[1], queries.shape[1])
    row_bytes = prod(row_shape) * (8 + references.itemsize)

    def measure(some: Sequence[slice]) -> None:
        # All blocks use the same memory: allocating it for each may take as long as all the rest.
        most = max(block.stop - block.start for block in some)
        near = np.empty((most, *row_shape), dtype=references.dtype)
        differences = np.empty(near.shape, dtype=np.float64)
        for block in some:
            size = block.stop - block.start
            # Into `out`, only mode="clip" writes without a copy of its own.
            right = np.take(references, candidates[block], 0, out=near[:size], mode="clip")
            left = queries[block, np.newaxis]
            squared[block] = squared_distances(left, right, factor, out=differences[:size])

    share_out(list(row_blocks(len(queries), row_bytes, limit=CACHED_BYTES)), measure)
    return squared


def resolve_device(device: str | torch.device | None) -> torch.device:
    """Return the device named, or for None the GPU if there is a CUDA one, else the CPU."""
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def product_dtype(device: torch.device) -> torch.dtype:
    """Return float32, unless PyTorch has been allowed to multiply it with fewer bits."""
    try:
        full = torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # set through torch.backends, which this function refuses to summarize
        full = False
    return torch.float32 if full or device.type == "mps" else torch.float64


def as_numpy(tensor: torch.Tensor) -> NDArray[Any]:
    """Return the tensor's values on the CPU."""
    array: NDArray[Any] = tensor.cpu().numpy()
    return array


def share_out(items: Sequence[Item], call: Callable[[Sequence[Item]], None]) -> None:
    """Do `call(some)` for all items, shared out among as many threads as PyTorch has.

    For work in NumPy, which does it on one processor, but lets other threads run meanwhile.
    """
    workers = min(torch.get_num_threads(), len(items))
    if workers <= 1:
        if items:
            call(items)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(call, (items[number::workers] for number in range(workers))):
            pass  # raises what was raised in a thread


def for_each(blocks: Iterable[slice], call: Callable[[slice], None], device: torch.device) -> None:
    """Do `call(block)` for each block; on a CPU in as many threads as PyTorch has.

    For small matrix products, which PyTorch itself shares badly among its threads: here each thread
    makes whole products, on one processor. On CUDA two threads take turns, so that the device has
    the next block to do while the host measures what it found in the last.
    """
    if device.type == "cuda":
        stream = torch.cuda.current_stream(device)  # of this thread; others begin with their own
        with ThreadPoolExecutor(_ON_CUDA, initializer=_join, initargs=(stream,)) as pool:
            for _ in pool.map(call, blocks):
                pass
        return
    threads = torch.get_num_threads()
    workers = threads if device.type == "cpu" else 1
    try:
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for _ in pool.map(call, blocks):
                pass  # raises what was raised in a thread
    finally:
        torch.set_num_threads(threads)  # the threads have changed it for all of MKL


def _join(stream: torch.cuda.Stream) -> None:
    """Have this thread work on a stream of another, and in its context.

    A thread has the context of a device once it has started a kernel there. Matrix products look
    for it before they do so, and warn of its absence.
    """
    torch.cuda.set_stream(stream)
    torch.zeros(1, device=stream.device)
