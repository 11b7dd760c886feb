"""Approximate nearest neighbors, for more images than an exact search is fit for.

Candidates come from a navigable small-world graph (Malkov and Yashunin 2018, in faiss) where
faiss is installed, else from nearest neighbor descent (Dong, Moses and Li 2011, in pynndescent).
Either is asked for more until the recall of a sample is high enough.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
import torch

from imbxai_widgets.compute._distances import (
    Matrix,
    column_means,
    fill_centered,
    pair_squares,
    row_blocks,
    scale_factor,
)
from imbxai_widgets.compute._search import exact_search, has_faiss, without_surplus
from imbxai_widgets.compute._types import FloatArray, IntArray

Engine: TypeAlias = Literal["hnsw", "nn-descent"]

_SEED: Final = 0
_SAMPLE: Final = 1000
_LOW_RECALL: Final = 0.95
# From half a million rows on, the last percents cost as much as all before them.
_RECALL: Final = 0.99
_RECALL_OF_MANY: Final = 0.95
_MANY: Final = 500_000
_LINKS: Final = 16  # per node of the graph; with 32, building and searching take half as long again
_EFFORTS: Final = (16, 32, 64, 128, 256, 512)  # nodes kept in mind on the way
_SPARE: Final = 5  # candidates beyond k + 1, lest float32 put the k-th neighbor behind them

_logger = logging.getLogger(__name__)


class Approximation(NamedTuple):
    """Near rows, by rising distance; what found them, and its recall on a sample."""

    indices: IntArray
    distances: FloatArray
    engine: Engine
    recall: float


def approximate_neighbors(
    matrix: Matrix, k: int, device: torch.device, *, required: bool = False
) -> Approximation | None:
    """Find k near other rows of each row.

    Distances and order of what is found are exact. A row that gets fewer than k candidates is
    searched exactly. Recall is measured on 1,000 rows and logged; below 0.95 it is a warning.

    Parameters
    ----------
    matrix
        (N, D) finite.
    k
        1 to N - 1.
    device
        Where the exact searches are computed.
    required
        Whether to give up, with None, if the recall aimed at is not reached.

    Returns
    -------
    Approximation or None
        (N, k) int64 and float32, ordered as by the exact search, never the row itself.
    """
    goal = _RECALL if len(matrix) < _MANY else _RECALL_OF_MANY
    check = _Check.of(matrix, k, device)
    points = _points(matrix)
    engine: Engine = "hnsw" if has_faiss() else "nn-descent"
    rounds = _small_world(points, k) if engine == "hnsw" else _descent(points, k)
    for search in rounds:
        recall = check.recall(search(check.sample))
        if recall >= goal:
            break
    if required and recall < goal:
        return None
    message = f"approximate neighbors ({engine}): recall {recall:.3f} on {len(check.sample)} images"
    _logger.info(message)
    if recall < _LOW_RECALL:
        warnings.warn(f'{message}; method="exact" finds all', stacklevel=3)
    indices, distances = check.ranked(np.arange(len(matrix)), search(np.arange(len(matrix))))
    return Approximation(indices, distances, engine, recall)


def _points(matrix: Matrix) -> FloatArray:
    factor = scale_factor(matrix)
    points = np.empty(matrix.shape, dtype=np.float32)
    fill_centered(torch.from_numpy(points), matrix, factor, column_means(matrix, factor))
    return points


_Search: TypeAlias = Callable[[IntArray], IntArray]


def _small_world(points: FloatArray, k: int) -> Iterator[_Search]:
    """Yield ever more thorough searches: of some rows, for (m, c) candidates, -1 for none.

    Its threads race, so that the graph, and with it a far neighbor, may differ between runs.
    Equal rows beyond those that can be neighbors stay out: they would link to each other alone.
    """
    import faiss

    kept = without_surplus(points, k)
    index = faiss.IndexHNSWFlat(points.shape[1], _LINKS)
    index.add(points if len(kept) == len(points) else points[kept])
    width = min(len(kept), k + 1 + _SPARE)

    def search(rows: IntArray) -> IntArray:
        found = np.empty((len(rows), width), dtype=np.int64)
        for block in row_blocks(len(rows), points[0].nbytes):
            places = index.search(points[rows[block]], width)[1]
            found[block] = np.where(places < 0, -1, kept[places])
        return found

    for effort in _EFFORTS:
        index.hnsw.efSearch = effort
        yield search


def _descent(points: FloatArray, k: int) -> Iterator[_Search]:
    """Yield ever wider graphs, likewise; a graph wider than k is what raises recall."""
    from pynndescent import NNDescent  # compiles for most of a minute when first used

    for spare in (25, 55):
        width = min(len(points), max(2 * k, k + spare) + 1)
        index = NNDescent(points, metric="euclidean", n_neighbors=width, random_state=_SEED)
        yield index.neighbor_graph[0].astype(np.int64).__getitem__


@dataclass(frozen=True, eq=False)
class _Check:
    """Measures what is found, and compares a sample with the exact search."""

    matrix: Matrix
    k: int
    device: torch.device
    sample: IntArray
    limits: FloatArray  # (S, 1) distance of the k-th neighbor of each row of the sample

    @classmethod
    def of(cls, matrix: Matrix, k: int, device: torch.device) -> _Check:
        size = min(_SAMPLE, len(matrix))
        sample = np.random.default_rng(_SEED).choice(len(matrix), size=size, replace=False)
        _, exact = exact_search(matrix[sample], matrix, k, own=sample, device=device)
        return cls(matrix, k, device, sample, exact[:, -1:])

    def recall(self, candidates: IntArray) -> float:
        """Return the found share of the sample's neighbors.

        By distances, for duplicates may stand in for each other.
        """
        _, distances = self.ranked(self.sample, candidates)
        return float((distances <= self.limits).mean())

    def ranked(self, rows: IntArray, candidates: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the k nearest candidates of each of `rows`, and their distances."""
        indices = np.empty((len(rows), self.k), dtype=np.int64)
        distances = np.empty((len(rows), self.k), dtype=np.float32)
        factor = scale_factor(self.matrix)
        for block in row_blocks(len(rows), 64 * candidates.shape[1]):
            own, near = rows[block], candidates[block]
            squared = pair_squares(self.matrix[own], self.matrix, near, factor)
            squared[(near == own[:, np.newaxis]) | (near < 0)] = np.inf
            order = np.lexsort((near, squared))[:, : self.k]
            indices[block] = np.take_along_axis(near, order, 1)
            with np.errstate(over="ignore"):
                distances[block] = np.sqrt(np.take_along_axis(squared, order, 1)) / factor
            short = np.flatnonzero(np.isinf(np.take_along_axis(squared, order, 1)[:, -1]))
            if len(short):
                indices[block][short], distances[block][short] = exact_search(
                    self.matrix[own[short]], self.matrix, self.k, own=own[short], device=self.device
                )
        return indices, distances
