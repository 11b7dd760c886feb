"""Prototypes: the images that stand for a group, by medoids.

Source: Dablain et al., "Interpretable ML for Imbalanced Data" (arXiv:2212.07743), which shows
k-medoids of each archetype of a class. Several medoids come from PAM; a single one needs no
clustering: it is found exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import ArrayLike

from imbxai_widgets.compute.methods.pam import pam
from imbxai_widgets.compute.numeric.blocks import (
    CACHED_BYTES,
    Matrix,
    as_matrix,
    as_numpy,
    column_means,
    fill_centered,
    framing,
    largest_magnitude,
    pair_squares,
    product_dtype,
    resolve_device,
    row_blocks,
    scale_factor,
    squared_distances,
)
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.numeric.products import OffsetProduct, offset_product
from imbxai_widgets.compute.numeric.threads import on_one_thread_if_small
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

# Rows that PAM sees at most: its distance matrix then takes 16 MiB in float32, which a
# processor's cache may hold. With four times that it takes four times as long, and lowers the
# summed distance by less than the choice of the seed does.
CLUSTERED_ROWS: Final = 2048
# In clusters with more rows than that, so many compete to represent it, those with the smallest
# summed distance to a sample of so many.
_CENTRAL_ROWS: Final = 16
_CENTRAL_SAMPLE: Final = 1024
# Rows of a block whose distances to another are computed at once.
_CPU_TILE: Final = 1024
_GPU_TILE: Final = 4096


def medoid(
    embeddings: ArrayLike | torch.Tensor, *, device: str | torch.device | None = None
) -> int:
    """Find the row with the smallest sum of Euclidean distances to all rows, exactly.

    Parameters
    ----------
    embeddings
        (N, D) float32 or float64, finite, N at least 1.
    device
        Where matrices are multiplied; None is the GPU if there is one, else the CPU.

    Returns
    -------
    int
        The row; of equal sums the lowest.

    Raises
    ------
    ValueError
        If `embeddings` is no finite matrix or has no rows.

    Notes
    -----
    Takes N**2 * D operations in float32. That leaves few rows in question; products in float64 of
    theirs alone leave fewer, whose distances are summed from float64 differences. Beside the
    embeddings it holds a few tiles of 1,024 (on a GPU 4,096) rows, and of as many rows by as many.

    Examples
    --------
    >>> medoid([[0.0], [1.0], [5.0]])
    1
    """
    matrix = as_matrix(embeddings, "embeddings")
    if not len(matrix):
        raise ValueError("embeddings must have at least one row: nothing has no medoid")
    where = resolve_device(device)
    return on_one_thread_if_small(lambda: _medoid(matrix, where), len(matrix) * matrix.size, where)


def _medoid(matrix: Matrix, where: torch.device) -> int:
    rows = np.arange(len(matrix))
    for dtype in (product_dtype(where), torch.float64):
        frame = _Frame.of(matrix, where, dtype)
        sums, errors = _rough_sums(frame, rows)
        rows = rows[sums - errors <= (sums + errors).min()]
        # Equal rows have equal sums, and the lowest of them wins.
        rows = np.sort(rows[np.unique(matrix[rows], axis=0, return_index=True)[1]])
        if len(rows) == 1:
            break
    return int(rows[np.argmin(_exact_sums(matrix, rows, frame.factor))])


def medoids(
    embeddings: ArrayLike | torch.Tensor,
    n: int,
    *,
    seed: int = 0,
    device: str | torch.device | None = None,
) -> IntArray:
    """Find up to n rows that stand for all, by k-medoids.

    Parameters
    ----------
    embeddings
        (N, D) float32 or float64, finite; N may be 0.
    n
        How many medoids at most, at least 1.
    seed
        Of the random starts of the search, and of the sample in groups too large to cluster whole.
    device
        As for `medoid`.

    Returns
    -------
    numpy.ndarray
        (m,) int64, m at most n: different rows, those of the largest clusters first and of equal
        ones the lowest first. Fewer than n only where fewer rows differ; empty for no rows.

    Raises
    ------
    ValueError
        If `embeddings` is no finite matrix, or `n` is less than 1.

    Notes
    -----
    One medoid is exact. Several are a local optimum of the summed distance: no exchange of a
    medoid for another row lowers it. Above `CLUSTERED_ROWS` rows that is so for a random sample
    of that size; its clusters then take in all rows by the nearest medoid, and each is
    represented by the exact medoid of all its rows. A cluster that has itself more rows than
    `CLUSTERED_ROWS` is represented by a row about as central as its medoid, and mostly that, found
    in time proportional to its rows: of the 16 with the smallest summed distance to a random
    sample of 1,024 (after Okamoto, Chen and Li 2008), the one with the smallest to all.

    Examples
    --------
    >>> medoids([[0.0], [1.0], [2.0], [9.0], [9.5]], 2)
    array([1, 3])
    >>> medoids([[4.0], [2.0], [4.0]], 3)
    array([0, 1])
    """
    matrix = as_matrix(embeddings, "embeddings")
    n = check_count(n, "n")
    if n == 1 and len(matrix):
        return np.array([medoid(matrix, device=device)], dtype=np.int64)
    where = resolve_device(device)
    return on_one_thread_if_small(
        lambda: _medoids(matrix, n, seed, where), len(matrix) * matrix.size, where
    )


def _medoids(matrix: Matrix, n: int, seed: int, device: torch.device) -> IntArray:
    rows = np.arange(len(matrix), dtype=np.int64)
    sampled = len(rows) > CLUSTERED_ROWS
    if sampled:
        generator = np.random.default_rng(seed)
        rows = np.sort(generator.choice(rows, size=CLUSTERED_ROWS, replace=False))
    centers = rows[_cluster(matrix[rows], n, seed, device)]
    if not len(centers):
        return centers
    candidates = np.broadcast_to(centers, (len(matrix), len(centers)))
    clusters = pair_squares(matrix, matrix, candidates, scale_factor(matrix)).argmin(axis=1)
    if sampled:
        for number in range(len(centers)):
            members = np.flatnonzero(clusters == number)
            centers[number] = members[_central_row(matrix[members], seed, device)]
    sizes = np.bincount(clusters, minlength=len(centers))
    return centers[np.lexsort((centers, -sizes))]


def _central_row(matrix: Matrix, seed: int, device: torch.device) -> int:
    """Return the medoid, or of many rows one about as central."""
    if len(matrix) <= CLUSTERED_ROWS:
        return _medoid(matrix, device)
    framed = framing(matrix, device)
    generator = np.random.default_rng(seed)
    chosen = generator.choice(len(matrix), min(_CENTRAL_SAMPLE, len(matrix)), replace=False)
    sample = framed(matrix[chosen])
    sums = np.empty(len(matrix), dtype=np.float32)
    for rows in row_blocks(len(matrix), 4 * (len(sample) + matrix.shape[1]), limit=2**22):
        left = framed(matrix[rows])
        sums[rows] = as_numpy(torch.cdist(left, sample).sum(dim=1))
    best = np.sort(np.argsort(sums, kind="stable")[:_CENTRAL_ROWS])
    return int(best[np.argmin(_exact_sums(matrix, best, scale_factor(matrix)))])


def _cluster(matrix: Matrix, n: int, seed: int, device: torch.device) -> IntArray:
    """Return the medoids of at most n clusters, no two of them equal rows."""
    different = _first_different(matrix, n + 1)
    if len(different) <= n:
        return different
    frame = _Frame.of(matrix, device, torch.float64)
    distances = np.empty((len(matrix), len(matrix)), dtype=np.float32)
    for rows, columns, tile in frame.tiles():
        distances[rows, columns] = as_numpy(tile)
        distances[columns, rows] = as_numpy(tile.T)
    np.fill_diagonal(distances, 0)
    return pam(distances, n, seed=seed)


def _first_different(matrix: Matrix, limit: int) -> IntArray:
    """Return the first row of each value, for the `limit` values that come first."""
    first: list[int] = []
    rest = np.arange(len(matrix))
    while len(rest) and len(first) < limit:
        first.append(int(rest[0]))
        rest = rest[(matrix[rest] != matrix[rest[0]]).any(axis=1)]
    return np.array(first, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class _Frame:
    """Where distances are multiplied out: scaled and centered."""

    matrix: Matrix
    factor: float
    center: DoubleArray
    norms: torch.Tensor  # (N,) squared, on the device
    tile: int  # rows of a block
    multiply: OffsetProduct

    @classmethod
    def of(cls, matrix: Matrix, device: torch.device, dtype: torch.dtype) -> _Frame:
        if device.type == "mps" and dtype == torch.float64:  # which it does not have
            device = torch.device("cpu")
        factor = scale_factor(matrix)
        norms = torch.empty(len(matrix), dtype=dtype, device=device)
        tile = min(len(matrix), _CPU_TILE if device.type == "cpu" else _GPU_TILE)
        multiply = offset_product(dtype, device, len(matrix) * matrix.size)
        frame = cls(matrix, factor, column_means(matrix, factor), norms, tile, multiply)
        buffer = frame.buffer(matrix.shape[1])
        for rows in frame.blocks():
            norms[rows] = frame.fill(buffer, matrix[rows]).square().sum(dim=1)
        return frame

    def tiles(self, some: IntArray | None = None) -> Iterator[tuple[slice, slice, torch.Tensor]]:
        """Yield the distances between blocks of rows, with the rounding of a product.

        Each pair of blocks comes once; or, of `some` rows, each block with each block of all. The
        next tensor takes the place of the last.
        """
        width = self.matrix.shape[1]
        left_buffer, right_buffer = self.buffer(width), self.buffer(width)
        out = self.buffer(self.tile)
        for rows in self.blocks(0, None if some is None else len(some)):
            chosen = rows if some is None else some[rows]
            left = self.fill(left_buffer, self.matrix[chosen])
            own = self.norms[chosen if some is None else torch.from_numpy(some[rows])][:, None]
            for columns in self.blocks(rows.start if some is None else 0):
                right = self.fill(right_buffer, self.matrix[columns])
                tile = out.view(-1)[: len(left) * len(right)].view(len(left), len(right))
                # A caller's autocast reaches neither what has `out` nor oneDNN.
                product = self.multiply(self.norms[columns], left, right, tile)
                yield rows, columns, product.add_(own).clamp_(min=0).sqrt_()

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[slice]:
        stop = len(self.matrix) if stop is None else stop
        for first in range(start, stop, self.tile):
            yield slice(first, min(first + self.tile, stop))

    def buffer(self, width: int) -> torch.Tensor:
        return self.norms.new_empty((self.tile, width))

    def fill(self, buffer: torch.Tensor, rows: Matrix) -> torch.Tensor:
        fill_centered(buffer, rows, self.factor, self.center)
        return buffer[: len(rows)]

    def error_bounds(self) -> DoubleArray:
        """Bound the error of each row's sum of distances.

        Rounding of a product of D terms, of the centering and of what is too small for the type
        is as in the search for neighbors, of squares; a root of an error e is wrong by sqrt(e) at
        most, which is so for duplicates. All grow with |a| + |b|, whose sum over b is `reach`.
        """
        n_rows, width = self.matrix.shape
        unit = torch.finfo(self.norms.dtype).eps / 2
        span = largest_magnitude(self.matrix) * self.factor
        lengths = np.sqrt(as_numpy(self.norms).astype(np.float64))
        reach = n_rows * lengths + lengths.sum()
        summed = self.tile * unit + n_rows * 2.0**-53
        bounds: DoubleArray = (((width + 16) * unit) ** 0.5 + summed) * reach
        bounds += np.sqrt(width**0.5 * 2.0**-50 * span * n_rows * reach)
        bounds += n_rows * (width * 2.0**-100) ** 0.5
        return bounds


def _rough_sums(frame: _Frame, rows: IntArray) -> tuple[DoubleArray, DoubleArray]:
    """Return the sum of distances, scaled, of each of `rows` to all, and bounds of their errors."""
    errors = frame.error_bounds()[rows]
    n_rows = len(frame.matrix)
    if 2 * len(rows) < n_rows:
        sums = np.zeros(len(rows), dtype=np.float64)
        for some, _, tile in frame.tiles(rows):
            sums[some] += as_numpy(tile.sum(dim=1))
        return sums, errors
    sums = np.zeros(n_rows, dtype=np.float64)
    for some, columns, tile in frame.tiles():
        sums[some] += as_numpy(tile.sum(dim=1))
        if some != columns:
            sums[columns] += as_numpy(tile.sum(dim=0))
    return sums[rows], errors


def _exact_sums(matrix: Matrix, rows: IntArray, factor: float) -> DoubleArray:
    """Return the sum of distances of each of `rows`, from float64 differences, scaled.

    The distances are sorted before they are summed, so that rows with the same ones tie exactly.
    """
    sums = np.empty(len(rows), dtype=np.float64)
    squared = np.empty(len(matrix), dtype=np.float64)
    for position, row in enumerate(rows):
        for block in row_blocks(len(matrix), 24 * matrix.shape[1], limit=CACHED_BYTES):
            squared[block] = squared_distances(matrix[row], matrix[block], factor)
        sums[position] = np.sort(np.sqrt(squared)).sum()
    return sums
