"""Exact nearest rows by blocked matrix products.

The product |a|**2 + |b|**2 - 2ab is fast but rounds, which breaks ties and swaps near neighbors.
So it only proposes: `_MARGIN` candidates beyond k are measured again from float64 differences, and
a row whose k-th neighbor lies within the product's rounding error of what was left out is settled
by measuring all that lies within that error.

The product is made in tiles that stay in a processor's cache, and of a tile only the smallest
score of each group of columns is kept: selecting among all scores would take longer than the
product itself. The k nearest rows lie in the k groups with the smallest minima. On a CPU, where
faiss is installed, its brute force proposes instead: it selects while a tile is in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from math import isqrt, lcm
from typing import Final

import numpy as np
import torch

from imbxai_widgets.compute._distances import (
    BLOCK_BYTES,
    Matrix,
    as_numpy,
    column_means,
    fill_centered,
    largest_magnitude,
    pair_squares,
    product_dtype,
    row_blocks,
    scale_factor,
    squared_distances,
    squared_norms,
)
from imbxai_widgets.compute._types import DoubleArray, FloatArray, IntArray

# More candidates cost time in every row, fewer leave more rows to settle.
_MARGIN: Final = 1
# Rows and columns of a tile of the product: 4 MiB, that stay in the cache, or enough for a GPU.
_CPU_TILE: Final = (512, 2048)
_GPU_TILE: Final = (4096, 4096)
# Columns of a tile are a multiple of this: a matrix product into rows that start within a vector or
# cache line takes half as long again.
_ALIGNED: Final = 16
# Larger groups are fewer to choose among, but have more columns to score again, which costs more
# the more features there are. sqrt(N / (2 D)) columns balance the two on a CPU.
_GROUP_COST: Final = 2
_GATHERED: Final = 2**20  # bytes of rows gathered at once on a CPU
# Multiplications, some tenth of a second's, from which on faiss is worth its import.
_MANY_PRODUCTS: Final = 2**32


def exact_search(
    queries: Matrix,
    references: Matrix,
    k: int,
    *,
    own: IntArray | None,
    device: torch.device,
) -> tuple[IntArray, FloatArray]:
    """Find the k nearest references of each query, equal distances by the lower index.

    Parameters
    ----------
    queries
        (M, D) finite.
    references
        (N, D) finite.
    k
        1 to the number of references that a query may have.
    own
        (M,) the reference that each query itself is and must not get; None if it is none of them.
    device
        Where the product is computed.

    Returns
    -------
    indices : numpy.ndarray
        (M, k) int64.
    distances : numpy.ndarray
        (M, k) float32, rising.
    """
    kept = without_surplus(references, k)
    pool = _Pool.of(queries, references, kept, device)
    width = min(k + _MARGIN, len(kept))
    hidden = np.full(len(queries), -1) if own is None else _positions(kept, own)
    indices = np.empty((len(queries), k), dtype=np.int64)
    squared = np.empty((len(queries), k), dtype=np.float64)
    with torch.autocast(device.type, enabled=False):  # half precision would void `doubt`
        propose, blocks = pool.propose, pool.query_blocks(len(queries))
        if _faiss_pays(pool, len(queries)):
            # faiss has tiles of its own, and wants many queries at once.
            row_bytes = max(pool.tensor[0].nbytes, 8 * (width + 1))
            propose, blocks = pool.propose_by_faiss, row_blocks(len(queries), row_bytes)
        for block in blocks:
            rows, left = queries[block], pool.framed(queries[block])
            candidates, values, rest = propose(left, hidden[block], width)
            measured = pair_squares(rows, pool.rows, candidates, pool.factor)
            measured[np.isinf(values)] = np.inf
            order = np.lexsort((candidates, measured))[:, :k]
            found = np.take_along_axis(candidates, order, 1)
            near = np.take_along_axis(measured, order, 1)
            norms = as_numpy(left.square().sum(dim=1)).astype(np.float64)
            limits = near[:, -1] - norms + pool.doubt(norms, near[:, -1])
            unsure = np.flatnonzero(rest <= limits)
            for part in row_blocks(len(unsure), pool.norms.nbytes):
                some = unsure[part]
                scores = pool.scores(left[some], hidden[block][some])
                _settle(rows, some, scores, limits, pool, found, near)
            indices[block], squared[block] = kept[found], near
    with np.errstate(over="ignore"):
        return indices, (np.sqrt(squared) / pool.factor).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Pool:
    """The references searched, and the frame in which their distances are measured."""

    rows: Matrix
    factor: float  # power of two by which both sides are scaled
    span: float  # the largest magnitude, scaled
    center: DoubleArray
    tensor: torch.Tensor  # (P, D) the rows scaled and centered, on the device; then zeros
    norms: torch.Tensor  # (P,) squared norms of `tensor`; infinite where there is no row
    tile: int  # columns of a tile; divides P
    group: int  # columns of a group; divides `tile`. They lie `tile // group` apart

    @classmethod
    def of(cls, queries: Matrix, references: Matrix, kept: IntArray, device: torch.device) -> _Pool:
        factor = scale_factor(queries, references)
        span = largest_magnitude(queries, references) * factor
        rows = references if len(kept) == len(references) else references[kept]
        center = column_means(rows, factor)
        group = max(1, isqrt(int(len(rows) / (_GROUP_COST * rows.shape[1]))))
        n_tiles = -(-len(rows) // _tile_shape(device)[1])
        step = lcm(group, _ALIGNED)
        tile = -(-len(rows) // (n_tiles * step)) * step
        shape, dtype = (n_tiles * tile, rows.shape[1]), product_dtype(device)
        tensor = torch.zeros(shape, dtype=dtype, device=device)
        fill_centered(tensor, rows, factor, center)
        norms = squared_norms(tensor)
        norms[len(rows) :] = torch.inf
        return cls(rows, factor, span, center, tensor, norms, tile, group)

    def query_blocks(self, n_queries: int) -> Iterator[slice]:
        """Cut the queries so that a tile, and the minima of all tiles, fit in a block."""
        minima = self.norms.nbytes // self.group
        return row_blocks(n_queries, max(minima, BLOCK_BYTES // _tile_shape(self.norms.device)[0]))

    def framed(self, rows: Matrix) -> torch.Tensor:
        """Return rows scaled and centered, on the device."""
        left = self.tensor.new_empty(rows.shape)
        fill_centered(left, rows, self.factor, self.center)
        return left

    def scores(
        self,
        left: torch.Tensor,
        hidden: IntArray,
        columns: slice = slice(None),
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return (B, c) squared distances less |q|**2, the same along a row.

        They are infinite where there is no row, and for the one that is `hidden` from the query.
        """
        tensor, norms = self.tensor[columns], self.norms[columns]
        scores = torch.addmm(norms, left, tensor.T, alpha=-2, out=out)
        places = hidden - (columns.start or 0)
        queries = np.flatnonzero((places >= 0) & (places < len(norms)))
        if len(queries):
            scores[torch.from_numpy(queries), torch.from_numpy(places[queries])] = torch.inf
        return scores

    def propose(
        self, left: torch.Tensor, hidden: IntArray, width: int
    ) -> tuple[IntArray, DoubleArray, DoubleArray]:
        """Return (B, w) likely neighbors and their scores, and (B,) a bound of all other scores.

        Where a score is infinite there is no neighbor.
        """
        minima = self._minima(left, hidden)
        groups = minima.topk(min(width, minima.shape[1]), dim=1, largest=False)
        rest = torch.full_like(minima[:, 0], torch.inf)
        if groups.values.shape[1] < minima.shape[1]:
            rest = groups.values[:, -1]
        columns, values = groups.indices, groups.values
        if self.group > 1:
            columns, values = self._scored_members(groups.indices, left, hidden)
            first = values.topk(min(width, values.shape[1]), dim=1, largest=False)
            columns, values = columns.gather(1, first.indices), first.values
            rest = torch.minimum(rest, values[:, -1])
        # Where there is no row, the last stands in; its score is infinite all the same.
        return as_numpy(columns.clamp(max=len(self.rows) - 1)), as_numpy(values), as_numpy(rest)

    def propose_by_faiss(
        self, left: torch.Tensor, hidden: IntArray, width: int
    ) -> tuple[IntArray, DoubleArray, DoubleArray]:
        """As `propose`; its squared distances have no more rounding than `doubt` allows for."""
        import faiss

        n_rows = len(self.rows)
        count = min(width + 1, n_rows)  # the query itself will be among them
        squared, columns = faiss.knn(as_numpy(left), as_numpy(self.tensor[:n_rows]), count)
        values = squared.astype(np.float64) - as_numpy(left.square().sum(dim=1))[:, np.newaxis]
        rest = values[:, -1].copy() if count < n_rows else np.full(len(left), np.inf)
        values[columns == hidden[:, np.newaxis]] = np.inf
        return columns, values, rest

    def _minima(self, left: torch.Tensor, hidden: IntArray) -> torch.Tensor:
        """Return the smallest score of each group, (B, P // group)."""
        n_groups = self.tile // self.group
        minima = left.new_empty((len(left), len(self.tensor) // self.group))
        buffer = left.new_empty((len(left), self.tile))
        for number, start in enumerate(range(0, len(self.tensor), self.tile)):
            scores = self.scores(left, hidden, slice(start, start + self.tile), buffer)
            grouped = scores.view(len(left), self.group, n_groups)
            minima[:, number * n_groups : (number + 1) * n_groups] = grouped.amin(dim=1)
        return minima

    def _scored_members(
        self, groups: torch.Tensor, left: torch.Tensor, hidden: IntArray
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the columns of some groups, (B, w) to (B, w * group), and their scores."""
        n_groups = self.tile // self.group
        first = groups // n_groups * self.tile + groups % n_groups
        step = torch.arange(self.group, device=groups.device) * n_groups
        columns = (first[..., None] + step).flatten(1)
        values = self.norms[columns]
        limit = _GATHERED if left.device.type == "cpu" else BLOCK_BYTES
        for part in row_blocks(len(left), columns.shape[1] * left[0].nbytes, limit):
            near = self.tensor.index_select(0, columns[part].flatten())
            near = near.view(*columns[part].shape, -1).mT
            values[part, None].baddbmm_(left[part, None], near, alpha=-2)
        own = torch.from_numpy(hidden).to(columns.device)
        return columns, values.masked_fill_(columns == own[:, None], torch.inf)

    def doubt(self, norms: DoubleArray, squared: DoubleArray) -> DoubleArray:
        """Bound the error of the score of any reference whose true square is at most `squared`.

        A reference b that near a query a has |a| + |b| <= 2|a| + d. The first term is the worst
        rounding of a product of D terms in any order, of the norms and of the centered values;
        the second is the rounding of the centering itself, in float64; the third is all that
        is too small for float32.
        """
        width = self.tensor.shape[1]
        unit = torch.finfo(self.tensor.dtype).eps / 2
        reach = 2 * np.sqrt(norms) + np.sqrt(squared)
        bound: DoubleArray = (width + 16) * unit * reach**2
        bound += np.sqrt(width) * 2.0**-50 * self.span * reach + width * 2.0**-100
        return bound


def has_faiss() -> bool:
    """Tell whether faiss is installed."""
    return find_spec("faiss") is not None


def _faiss_pays(pool: _Pool, n_queries: int) -> bool:
    """Tell whether to propose by faiss, which multiplies in float32 on a CPU."""
    fits = pool.tensor.device.type == "cpu" and pool.tensor.dtype == torch.float32
    return fits and n_queries * pool.rows.size >= _MANY_PRODUCTS and has_faiss()


def _tile_shape(device: torch.device) -> tuple[int, int]:
    return _CPU_TILE if device.type == "cpu" else _GPU_TILE


def without_surplus(references: Matrix, k: int) -> IntArray:
    """Return the rows that can be among the k nearest of some row, in order.

    Of equal rows only the k + 1 lowest can. Collapsed embeddings come in thousands, and breaking
    their ties pair by pair would take forever.
    """
    width = references.shape[1]
    bits = np.dtype(f"u{references.itemsize}")
    multipliers = np.random.default_rng(0).integers(0, 2**63, width, dtype=np.uint64) * 2 + 1
    hashes = np.empty(len(references), dtype=np.uint64)
    for block in row_blocks(len(references), 24 * width, limit=2**20):
        rows = np.ascontiguousarray(references[block])
        hashes[block] = (rows.view(bits).astype(np.uint64) * multipliers).sum(axis=1)
    order = np.argsort(hashes, kind="stable")
    new = np.diff(hashes[order], prepend=~hashes[order[:1]]) != 0
    first = np.flatnonzero(new)
    sizes = np.diff(first, append=len(order))
    crowded = np.repeat(sizes > k + 1, sizes)
    starts = np.repeat(first, sizes)
    members, leaders = order[crowded], order[starts[crowded]]
    equal = np.empty(len(members), dtype=bool)
    for block in row_blocks(len(members), 3 * width * references.itemsize):
        equal[block] = (references[members[block]] == references[leaders[block]]).all(axis=1)
    # Equal hashes almost surely mean equal rows; where they do not, the whole group stays.
    surplus = np.flatnonzero(crowded)[~np.isin(leaders, leaders[~equal])]
    keep = np.ones(len(references), dtype=bool)
    keep[order[surplus[surplus - starts[surplus] > k]]] = False
    return np.flatnonzero(keep)


def _positions(kept: IntArray, own: IntArray) -> IntArray:
    """Return where each of `own` is in `kept`; -1 if it is not."""
    places = np.minimum(np.searchsorted(kept, own), len(kept) - 1)
    return np.where(kept[places] == own, places, -1)


def _settle(
    rows: Matrix,
    unsure: IntArray,
    scores: torch.Tensor,
    limits: DoubleArray,
    pool: _Pool,
    found: IntArray,
    near: DoubleArray,
) -> None:
    """Measure, for each unsure row, every reference whose score does not rule it out.

    `scores` has the unsure rows only; the other arrays have all rows of the block.
    """
    k = found.shape[1]
    # Rounded up, lest the comparison in the scores' own type leave one out.
    bounds = torch.from_numpy(limits[unsure]).to(scores.dtype)
    bounds = torch.nextafter(bounds, torch.full_like(bounds, torch.inf)).to(scores.device)
    possible = scores <= bounds[:, None]
    for chunk in _chunks(as_numpy(possible.sum(dim=1))):
        left, right = as_numpy(possible[chunk].nonzero()).T
        chosen = unsure[chunk]
        squared = np.empty(len(left), dtype=np.float64)
        for part in row_blocks(len(left), 24 * rows.shape[1], limit=2**20):
            squared[part] = squared_distances(
                rows[chosen[left[part]]], pool.rows[right[part]], pool.factor
            )
        order = np.lexsort((right, squared, left))
        starts = np.searchsorted(left, np.arange(len(chosen)))
        first = order[starts[:, np.newaxis] + np.arange(k)]
        found[chosen], near[chosen] = right[first], squared[first]


def _chunks(counts: IntArray) -> Iterator[slice]:
    """Cut rows with so many pairs to measure so that those of a slice fit in a block."""
    part = np.cumsum(counts) // (BLOCK_BYTES // 64)
    edges = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(counts)]
    for start, stop in pairwise(edges):
        yield slice(start, stop)
