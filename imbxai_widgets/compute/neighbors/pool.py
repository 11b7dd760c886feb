"""Rows that are searched: their scores with others, of which only the smallest of groups are kept.

The product is made in tiles that stay in a processor's cache, and of a tile only the smallest
score of each group of columns is kept: selecting among all scores would take longer than the
product itself. The k nearest rows lie in the k groups with the smallest minima. Where rows are
searched among themselves, a tile serves the one across the diagonal, too: half the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, isqrt, lcm, log2
from typing import Final

import numpy as np
import torch

from imbxai_widgets.compute.neighbors.effort import PER_SCORE
from imbxai_widgets.compute.numeric.blocks import (
    BLOCK_BYTES,
    CACHED_BYTES,
    Matrix,
    as_numpy,
    column_means,
    fill_centered,
    for_each,
    largest_magnitude,
    product_dtype,
    row_blocks,
    scale_factor,
    squared_norms,
)
from imbxai_widgets.compute.numeric.products import OffsetProduct, by_pytorch, offset_product
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

# Rows and columns of a tile of the product. On a CPU it has 4 MiB, which stay in the cache.
_CPU_TILE: Final = (512, 2048)
# On a GPU it is as large as keeps it busy for longer than the host takes to ask for it.
_GPU_TILE: Final = (8192, 8192)
# Bytes of the largest temporary array on a GPU, which two threads each have a few of; at most a
# part of what its memory holds.
_GPU_BLOCK: Final = 2**29
_GPU_SHARE: Final = 32
# Columns of a tile are a multiple of this: a matrix product into rows that start within a vector or
# cache line takes half as long again.
_ALIGNED: Final = 16
# The larger the groups, the fewer there are to choose among, but the more of their columns are
# scored again, which takes longer the more features there are. On a CPU, sqrt(N / (2 D)) columns a
# group balance the two; where the minima of a tile are kept for both its sides, twice as many do.
_GROUP_COST: Final = 2.0
_PAIRED_GROUP_COST: Final = 0.5
# One score of gathered rows takes as long as this many of those that are saved in tiles.
_GATHER_COST: Final = 100


@dataclass(frozen=True, eq=False)
class Pool:
    """The references searched, and the frame in which their distances are measured."""

    rows: Matrix
    factor: float  # power of two by which both sides are scaled
    span: float  # the largest magnitude, scaled
    center: DoubleArray
    tensor: torch.Tensor  # (P, D) the rows scaled and centered, on the device; then zeros
    norms: torch.Tensor  # (P,) squared norms of `tensor`; infinite where there is no row
    tile: int  # columns of a tile; divides P
    group: int  # columns of a group; divides `tile`. They lie `tile // group` apart
    multiply: OffsetProduct

    @classmethod
    def of(
        cls,
        queries: Matrix,
        references: Matrix,
        kept: IntArray,
        device: torch.device,
        paired_group: int | None = None,
    ) -> Pool:
        """Make a pool of the references `kept`; for `paired_minima` with such groups."""
        factor = scale_factor(queries, references)
        span = largest_magnitude(queries, references) * factor
        rows = references if len(kept) == len(references) else references[kept]
        center = column_means(rows, factor)
        group = paired_group or _group(rows.shape, _GROUP_COST)
        if device.type == "cuda":
            group = 2 ** round(log2(group))  # of other sizes the minima take longer
        n_tiles = -(-len(rows) // (_CPU_TILE[0] if paired_group else _tile_shape(device)[1]))
        step = lcm(group, _ALIGNED)
        tile = -(-len(rows) // (n_tiles * step)) * step
        shape, dtype = (-(-len(rows) // tile) * tile, rows.shape[1]), product_dtype(device)
        tensor = torch.zeros(shape, dtype=dtype, device=device)
        fill_centered(tensor, rows, factor, center)
        norms = squared_norms(tensor)
        norms[len(rows) :] = torch.inf
        multiply = offset_product(dtype, device, len(queries) * rows.size)
        return cls(rows, factor, span, center, tensor, norms, tile, group, multiply)

    def query_blocks(self, n_queries: int) -> Iterator[slice]:
        """Cut the queries so that a tile, and the minima of all tiles, fit in a block."""
        minima = self.norms.nbytes // self.group
        limit = _block_bytes(self.norms.device)
        row_bytes = max(minima, limit // _tile_shape(self.norms.device)[0])
        return row_blocks(n_queries, row_bytes, limit)

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
        # Tiles, which have a place, come in few sizes; rows in doubt in any number.
        multiply = by_pytorch if out is None else self.multiply
        scores = multiply(norms, left, tensor, out)
        places = hidden - (columns.start or 0)
        queries = np.flatnonzero((places >= 0) & (places < len(norms)))
        if len(queries):
            scores[torch.from_numpy(queries), torch.from_numpy(places[queries])] = torch.inf
        return scores

    def choose(
        self, minima: torch.Tensor, left: torch.Tensor, hidden: IntArray, width: int
    ) -> tuple[IntArray, DoubleArray, DoubleArray]:
        """Return (B, w) likely neighbors and their scores, and (B,) a bound of all other scores.

        `minima` are the smallest scores of each group. Where a score is infinite there is no
        neighbor.
        """
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

    def minima(self, left: torch.Tensor, hidden: IntArray) -> torch.Tensor:
        """Return the smallest score of each group, (B, P // group)."""
        n_groups = self.tile // self.group
        minima = left.new_empty((len(left), len(self.tensor) // self.group))
        buffer = left.new_empty((len(left), self.tile))
        for number, start in enumerate(range(0, len(self.tensor), self.tile)):
            scores = self.scores(left, hidden, slice(start, start + self.tile), buffer)
            grouped = scores.view(len(left), self.group, n_groups)
            minima[:, number * n_groups : (number + 1) * n_groups] = grouped.amin(dim=1)
        return minima

    def paired_minima(self) -> torch.Tensor:
        """Return the smallest score of each group for all rows of the pool, (P, P // group).

        None is its own neighbor. As |a|**2 + |b|**2 - 2ab is that of either, only the tiles from
        the diagonal on are multiplied.
        """
        own = np.arange(len(self.tensor))
        minima = self.norms.new_empty((len(own), len(own) // self.group))
        n_groups = self.tile // self.group

        def fill(band: slice) -> None:
            buffer = self.tensor.new_empty((self.tile, self.tile))
            groups = slice(band.start // self.group, band.stop // self.group)
            for start in range(band.start, len(self.tensor), self.tile):
                across = slice(start, start + self.tile)
                scores = self.scores(self.tensor[band], own[band], across, buffer)
                first = start // self.group
                grouped = scores.view(self.tile, self.group, n_groups)
                minima[band, first : first + n_groups] = grouped.amin(dim=1)
                if start > band.start:
                    scores += self.norms[band, None]
                    grouped = scores.view(self.group, n_groups, self.tile)
                    minima[across, groups] = (grouped.amin(dim=0) - self.norms[across]).T

        starts = range(0, len(self.tensor), self.tile)
        for_each((slice(start, start + self.tile) for start in starts), fill, minima.device)
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
        limit = CACHED_BYTES if left.device.type == "cpu" else _block_bytes(left.device)
        for part in row_blocks(len(left), columns.shape[1] * left[0].nbytes, limit):
            near = self.tensor.index_select(0, columns[part].flatten())
            near = near.view(*columns[part].shape, -1).mT
            values[part, None].baddbmm_(left[part, None], near, alpha=-2)
        own = torch.from_numpy(hidden).to(columns.device)
        return columns, values.masked_fill_(columns == own[:, None], torch.inf)

    def doubt(self, norms: DoubleArray, squared: DoubleArray) -> DoubleArray:
        """Bound the error of the score of any reference whose true square is at most `squared`.

        A reference b that near a query a has |a| + |b| <= 2|a| + d. The first term is the worst
        rounding of a product of D terms in any order, of the norms, of adding them and taking them
        off, and of the centered values; the second is the rounding of the centering itself, in
        float64; the third is all that is too small for float32.
        """
        width = self.tensor.shape[1]
        unit = torch.finfo(self.tensor.dtype).eps / 2
        reach = 2 * np.sqrt(norms) + np.sqrt(squared)
        bound: DoubleArray = (width + 16) * unit * reach**2
        bound += np.sqrt(width) * 2.0**-50 * self.span * reach + width * 2.0**-100
        return bound


def paired_group(shape: tuple[int, ...], n_found: int, device: torch.device) -> int | None:
    """Return how many columns a group has for `Pool.paired_minima`; None where that does not pay.

    A group has at least so many columns that all minima fit in a block. Where that makes groups
    larger than is best, scoring their rows again may take longer than the half of the product that
    is saved; of narrow rows that is a small part, for choosing among scores is not halved.
    """
    if device.type != "cpu":
        return None
    side = shape[0] + _CPU_TILE[0]  # with what fills the last tile
    least = ceil(product_dtype(device).itemsize * side**2 / BLOCK_BYTES)
    best = _group(shape, _PAIRED_GROUP_COST)
    beyond = max(0, least - best) * n_found * _GATHER_COST
    pays = beyond * (shape[1] + PER_SCORE) <= shape[0] * shape[1]
    return max(least, best) if pays else None


def _group(shape: tuple[int, ...], cost: float) -> int:
    return max(1, isqrt(int(shape[0] / (cost * shape[1]))))


def _tile_shape(device: torch.device) -> tuple[int, int]:
    return _CPU_TILE if device.type == "cpu" else _GPU_TILE


def _block_bytes(device: torch.device) -> int:
    if device.type != "cuda":
        return BLOCK_BYTES
    memory: int = torch.cuda.get_device_properties(device).total_memory
    return min(_GPU_BLOCK, memory // _GPU_SHARE)
