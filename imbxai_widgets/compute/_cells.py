"""Cells of rows that lie close together, so that neighbors are looked for in near cells only.

The cells are those of k-means, as in an inverted file (Sivic and Zisserman 2003; Jegou, Douze and
Schmid 2011). The rows that look into a cell are compared with it at once, in a matrix product: a
search compares more rows than in a graph does, but many times as fast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt, sqrt
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from imbxai_widgets.compute._distances import (
    BLOCK_BYTES,
    Matrix,
    as_numpy,
    for_each,
    framing,
    product_dtype,
    row_blocks,
    squared_norms,
)
from imbxai_widgets.compute._types import DoubleArray, IntArray

_SEED: Final = 0
# Rows per cell that k-means sees, and its rounds: further ones cost more than they save.
_TRAINING: Final = 16
_ROUNDS: Final = 2
_CACHED: Final = 2**22  # bytes of scores or rows at once, which stay in a processor's cache
_ONE_SIDED: Final = 1.645  # standard errors below the mean: the 95% bound


@dataclass(frozen=True, eq=False)
class Centers:
    """The centers of the cells of a matrix."""

    framed: Callable[[slice | IntArray], torch.Tensor]  # rows scaled, centered, on the device
    points: torch.Tensor  # (C, D)
    norms: torch.Tensor  # (C,)
    shares: DoubleArray  # (C,) of all rows that are in each cell, by those that k-means saw

    @classmethod
    def of(cls, matrix: Matrix, kept: IntArray, device: torch.device) -> Centers:
        """Find centers of the rows `kept`: about as many as a cell has rows.

        They are those of k-means of a sample, which starts at some of its rows.
        """
        framed = framing(matrix, device, product_dtype(device))
        count = isqrt(len(kept))
        size = min(_TRAINING * count, len(kept))
        rows = framed(np.random.default_rng(_SEED).choice(kept, size=size, replace=False))
        points = rows[:count].clone()
        for _ in range(_ROUNDS):
            cell = _nearest(rows, points, points.square().sum(dim=1), 1)[:, 0]
            sums = torch.zeros_like(points).index_add_(0, cell, rows)
            sizes = torch.bincount(cell, minlength=count)
            points = torch.where(sizes[:, None] > 0, sums / sizes[:, None].clamp(min=1), points)
        shares = as_numpy(sizes).astype(np.float64) / size
        return cls(framed, points, points.square().sum(dim=1), shares)

    def nearest(self, rows: slice | IntArray, count: int) -> IntArray:
        """Return the (m, count) nearest cells of some rows, the nearest first."""
        return as_numpy(_nearest(self.framed(rows), self.points, self.norms, count))

    def probes(
        self, rows: IntArray, neighbors: IntArray, goal: float, most: float
    ) -> tuple[int, bool]:
        """Tell how many cells to search for each row, from the true neighbors of a sample.

        Parameters
        ----------
        rows
            (S,) the sample.
        neighbors
            (S, k) its neighbors.
        goal
            What the recall is to be: the bound below it that the sample allows with 95%
            confidence. The neighbors of a row are found or missed together, so rows are counted.
        most
            The largest share of all rows that a row may be compared with, on average.

        Returns
        -------
        probes : int
            At least 1.
        reached : bool
            Whether they reach the goal.
        """
        near = self.nearest(rows, len(self.points))
        ranks = np.empty_like(near)
        np.put_along_axis(ranks, near, np.arange(near.shape[1])[np.newaxis], axis=1)
        cells = self.nearest(neighbors.ravel(), 1).reshape(neighbors.shape)
        ranks = np.take_along_axis(ranks, cells, axis=1)
        compared = 0.0
        for count in range(near.shape[1]):
            compared += float(self.shares[near[:, count]].mean())
            if compared > most and count:
                return count, False
            found = (ranks <= count).mean(axis=1)
            if found.mean() - _ONE_SIDED * found.std() / sqrt(len(rows)) >= goal:
                break
        return count + 1, True


@dataclass(frozen=True, eq=False)
class Cells:
    """Rows by their cell, in a cell those last that can be nobody's neighbor."""

    order: IntArray  # (N,) rows
    probes: NDArray[np.int32]  # (N, p) cells to look into, of each row in `order`
    starts: IntArray  # (C,) where the cells begin in `order`
    stops: IntArray  # (C,) where those of their rows end that can be neighbors
    points: torch.Tensor  # (N, D) in `order`, on the device
    norms: torch.Tensor  # (N,) their squares

    @classmethod
    def of(cls, n_rows: int, kept: IntArray, centers: Centers, probes: int) -> Cells:
        """Put rows into cells, of which those `kept` can be neighbors."""
        count, width = centers.points.shape
        near = np.empty((n_rows, probes), dtype=np.int32)

        def look(block: slice) -> None:
            near[block] = centers.nearest(block, probes)

        for_each(row_blocks(n_rows, 4 * width, limit=_CACHED), look, centers.points.device)
        surplus = np.ones(n_rows, dtype=bool)
        surplus[kept] = False
        order = np.lexsort((surplus, near[:, 0]))
        near = near[order]
        starts = np.searchsorted(near[:, 0], np.arange(count))
        stops = starts + np.bincount(near[~surplus[order], 0], minlength=count)
        points = centers.points.new_empty(n_rows, width)
        for block in row_blocks(n_rows, 4 * width, limit=_CACHED):
            points[block] = centers.framed(order[block])
        return cls(order, near, starts, stops, points, squared_norms(points))

    def search(self, width: int) -> IntArray:
        """Return (N, width) near rows of each row, itself among them, -1 for none, unordered."""
        found = np.empty((len(self.order), width), dtype=np.int64)
        row_bytes = 16 * self.probes.shape[1] * width

        def search_block(block: slice) -> None:
            scores, places = self._compared(block, width)
            best = scores.topk(width, dim=1, largest=False, sorted=False)
            near = self.order[as_numpy(places.gather(1, best.indices))]
            near[as_numpy(best.values.isinf())] = -1
            found[self.order[block]] = near

        # At least one block for each thread; the blocks of all threads are in memory at once.
        limit = min(BLOCK_BYTES // 4, len(found) * row_bytes // torch.get_num_threads())
        blocks = row_blocks(len(found), row_bytes, limit=limit)
        for_each(blocks, search_block, self.points.device)
        return found

    def _compared(self, block: slice, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return, for a block of `order`, (b, p * width) scores and places of the nearest rows.

        They are the `width` nearest rows in each cell; their score is infinite for none.
        """
        n_rows, n_probes = self.probes[block].shape
        looks = self.probes[block].ravel()
        by_cell = np.argsort(looks, kind="stable")
        cells, firsts = np.unique(looks[by_cell], return_index=True)
        scores = self.points.new_full((len(looks), width), torch.inf)
        places = torch.zeros((len(looks), width), dtype=torch.int64, device=scores.device)
        for cell, chosen in zip(cells, np.split(by_cell, firsts[1:]), strict=True):
            start, stop = int(self.starts[cell]), int(self.stops[cell])
            references, norms = self.points[start:stop].T, self.norms[start:stop]
            columns = min(width, stop - start)
            for part in row_blocks(len(chosen), 4 * max(references.shape), limit=_CACHED):
                look = torch.from_numpy(chosen[part]).to(scores.device)
                rows = self.points[block.start + look // n_probes]
                values = torch.addmm(norms, rows, references, alpha=-2)
                best = values.topk(columns, dim=1, largest=False, sorted=False)
                scores[look, :columns] = best.values
                places[look, :columns] = best.indices + start
        return scores.view(n_rows, -1), places.view(n_rows, -1)


def _nearest(
    points: torch.Tensor, centers: torch.Tensor, norms: torch.Tensor, count: int
) -> torch.Tensor:
    """Return the `count` nearest centers of each point, the nearest first."""
    nearest = torch.empty((len(points), count), dtype=torch.int64, device=points.device)
    for block in row_blocks(len(points), norms.nbytes, limit=_CACHED):
        scores = torch.addmm(norms, points[block], centers.T, alpha=-2)
        if count == 1:
            nearest[block, 0] = scores.argmin(dim=1)
        else:
            nearest[block] = scores.topk(count, dim=1, largest=False).indices
    return nearest
