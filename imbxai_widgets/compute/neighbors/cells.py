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

from imbxai_widgets.compute.numeric.blocks import (
    BLOCK_BYTES,
    Matrix,
    as_numpy,
    for_each,
    framing,
    product_dtype,
    row_blocks,
    squared_norms,
)
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

_SEED: Final = 0
# Rows per cell that k-means sees, and rounds of k-means: more of either cost more than they save.
_TRAINING: Final = 16
_ROUNDS: Final = 2
_CACHED: Final = 2**22  # bytes of scores or rows at once, which stay in a processor's cache
_ONE_SIDED: Final = 1.645  # standard errors below the mean: the 95% bound


def doubt(found: DoubleArray) -> float:
    """Return how far the mean of a sample may lie to one side of all rows', with 95% confidence.

    `found` are the shares of its neighbors that each row of the sample found.
    """
    return float(_ONE_SIDED * found.std() / sqrt(len(found)))


@dataclass(frozen=True, eq=False)
class Centers:
    """The centers of the cells of a matrix."""

    framed: Callable[[Matrix], torch.Tensor]  # rows scaled, centered, on the device
    points: torch.Tensor  # (C, D)
    norms: torch.Tensor  # (C,)
    shares: DoubleArray  # (C,) shares of the rows in each cell, by those that k-means saw

    @classmethod
    def of(
        cls, references: Matrix, kept: IntArray, device: torch.device, queries: Matrix
    ) -> Centers:
        """Find centers of cells for the references `kept`: about as many as a cell has rows.

        k-means finds them in a sample of these rows, starting at some of the sample. The scale fits
        the queries as well, so that they can be compared with the centers.
        """
        framed = framing(references, device, product_dtype(device), queries)
        count = isqrt(len(kept))
        size = min(_TRAINING * count, len(kept))
        chosen = np.random.default_rng(_SEED).choice(kept, size=size, replace=False)
        rows = framed(references[chosen])
        points = rows[:count].clone()
        for _ in range(_ROUNDS):
            cell = _nearest(rows, points, points.square().sum(dim=1), 1)[:, 0]
            sums = torch.zeros_like(points).index_add_(0, cell, rows)
            sizes = torch.bincount(cell, minlength=count)
            points = torch.where(sizes[:, None] > 0, sums / sizes[:, None].clamp(min=1), points)
        shares = as_numpy(sizes).astype(np.float64) / size
        return cls(framed, points, points.square().sum(dim=1), shares)

    def nearest(self, rows: Matrix, count: int) -> NDArray[np.int32]:
        """Return the (m, count) nearest cells of each row, the nearest first."""
        near = np.empty((len(rows), count), dtype=np.int32)

        def look(block: slice) -> None:
            near[block] = as_numpy(
                _nearest(self.framed(rows[block]), self.points, self.norms, count)
            )

        blocks = row_blocks(len(rows), 4 * rows.shape[1], limit=_CACHED)
        for_each(blocks, look, self.points.device)
        return near

    def probes(self, rows: Matrix, neighbors: Matrix, goal: float, most: float) -> tuple[int, bool]:
        """Tell how many cells to search for each row, from the true neighbors of a sample.

        Parameters
        ----------
        rows
            (S, D) the sample.
        neighbors
            (S, k, D) its neighbors.
        goal
            What the recall is to be: the bound below it that the sample allows with 95%
            confidence. The neighbors of a row are found or missed together, so rows are counted.
        most
            The largest share of all references that a row may be compared with, on average.

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
        cells = self.nearest(neighbors.reshape(-1, rows.shape[1]), 1).reshape(len(rows), -1)
        ranks = np.take_along_axis(ranks, cells, axis=1)
        compared = 0.0
        for count in range(near.shape[1]):
            compared += float(self.shares[near[:, count]].mean())
            if compared > most and count:
                return count, False
            found = (ranks <= count).mean(axis=1)
            if found.mean() - doubt(found) >= goal:
                break
        return count + 1, True


@dataclass(frozen=True, eq=False)
class Cells:
    """References by their cell."""

    centers: Centers
    order: IntArray  # (R,) references
    starts: IntArray  # (C + 1,) where the cells begin in `order`, and the last ends
    points: torch.Tensor  # (R, D) in `order`, on the device
    norms: torch.Tensor  # (R,) their squares

    @classmethod
    def of(
        cls, references: Matrix, kept: IntArray, cells: NDArray[np.int32], centers: Centers
    ) -> Cells:
        """Put the references `kept` into their `cells`."""
        by_cell = np.argsort(cells, kind="stable")
        order, (count, width) = kept[by_cell], centers.points.shape
        starts = np.searchsorted(cells[by_cell], np.arange(count + 1))
        points = centers.points.new_empty(len(order), width)
        for block in row_blocks(len(order), 4 * width, limit=_CACHED):
            points[block] = centers.framed(references[order[block]])
        return cls(centers, order, starts, points, squared_norms(points))

    def search(self, queries: Matrix, near: NDArray[np.int32], width: int) -> IntArray:
        """Return (M, width) close references of each query, -1 for none, unordered.

        `near` are the (M, p) cells that each looks into, the nearest first.
        """
        found = np.empty((len(queries), width), dtype=np.int64)
        order = np.argsort(near[:, 0], kind="stable")  # those that look into the same, at once
        row_bytes = 16 * near.shape[1] * width

        def search_block(block: slice) -> None:
            rows = order[block]
            points = self.centers.framed(queries[rows])
            scores, places = self._compared(points, near[rows], width)
            best = scores.topk(width, dim=1, largest=False, sorted=False)
            close = self.order[as_numpy(places.gather(1, best.indices))]
            close[as_numpy(best.values.isinf())] = -1
            found[rows] = close

        # At least one block for each thread; the blocks of all threads are in memory at once.
        limit = min(BLOCK_BYTES // 4, len(found) * row_bytes // torch.get_num_threads())
        blocks = row_blocks(len(found), row_bytes, limit=limit)
        for_each(blocks, search_block, self.points.device)
        return found

    def _compared(
        self, queries: torch.Tensor, near: NDArray[np.int32], width: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return, for some queries, (b, p * width) scores and places of the closest references.

        They are the `width` closest in each cell; their score is infinite for none.
        """
        n_rows, n_probes = near.shape
        looks = near.ravel()
        by_cell = np.argsort(looks, kind="stable")
        cells, firsts = np.unique(looks[by_cell], return_index=True)
        scores = self.points.new_full((len(looks), width), torch.inf)
        places = torch.zeros((len(looks), width), dtype=torch.int64, device=scores.device)
        for cell, chosen in zip(cells, np.split(by_cell, firsts[1:]), strict=True):
            start, stop = int(self.starts[cell]), int(self.starts[cell + 1])
            references, norms = self.points[start:stop].T, self.norms[start:stop]
            columns = min(width, stop - start)
            for part in row_blocks(len(chosen), 4 * max(references.shape), limit=_CACHED):
                look = torch.from_numpy(chosen[part]).to(scores.device)
                rows = queries[look // n_probes]
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
