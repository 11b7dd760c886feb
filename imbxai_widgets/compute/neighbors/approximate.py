"""Approximate nearest neighbors, for more images than an exact search is fit for.

Two samples of rows get their true neighbors by an exact search. The first, of some hundred rows,
decides how many cells are searched. The second, of a thousand other rows, measures the recall. On
the first sample the recall would seem higher than it is, since the search was chosen by it.
"""

from __future__ import annotations

import logging
import warnings
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
import torch

from imbxai_widgets.compute.neighbors.cells import Cells, Centers, doubt
from imbxai_widgets.compute.neighbors.effort import most_compared
from imbxai_widgets.compute.neighbors.exact import exact_search, without_surplus
from imbxai_widgets.compute.numeric.blocks import (
    Matrix,
    framing,
    pair_squares,
    row_blocks,
    scale_factor,
)
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray

Engine: TypeAlias = Literal["cells", "nn-descent"]

_SEED: Final = 0
_SAMPLE: Final = 1000
# Bounds of the sample that decides, else a twentieth of the rows: exact neighbors of a thousand
# more rows may take a fifth of the whole time.
_CHOOSING: Final = (100, 500)
_RECALL: Final = 0.99  # aimed at, of any number of rows
_GRAPH: Final = 30  # neighbors in the graph of pynndescent, as by its default
_SPARE: Final = 1  # candidates beyond k, lest float32 put the k-th neighbor behind them

_logger = logging.getLogger(__name__)


class Approximation(NamedTuple):
    """Near rows, by rising distance; what found them, and its recall on a sample."""

    indices: IntArray
    distances: FloatArray
    engine: Engine
    recall: float


def approximate_neighbors(
    queries: Matrix,
    references: Matrix,
    k: int,
    device: torch.device,
    *,
    own: IntArray | None,
    required: bool = False,
) -> Approximation | None:
    """Find k near references of each query.

    Distances and order of what is found are exact. A query that gets fewer than k candidates is
    searched exactly. Recall is measured on 1,000 queries, or half of all, and logged. The aim is
    0.99, by a bound on the sample that decides. Where so many cells are not allowed (see
    `most_compared`), or what is measured lies below the aim by more than chance, it is missed.

    Parameters
    ----------
    queries
        (M, D) finite, M at least 2.
    references
        (N, D) finite.
    k
        1 to the number of references that a query may have.
    device
        Where rows are compared.
    own
        (M,) the number of each query among the references, which it must not get as a neighbor:
        all references, in order. None if the queries are not among the references.
    required
        Whether to give up, with None, where the aim is missed. Else a missed aim is a warning.

    Returns
    -------
    Approximation or None
        (M, k) int64 and float32, ordered as by the exact search.
    """
    size = min(_SAMPLE, len(queries) // 2)
    chooses = min(size, max(_CHOOSING[0], min(_CHOOSING[1], len(queries) // 20)))
    rows = np.random.default_rng(_SEED).choice(len(queries), size=size + chooses, replace=False)
    true, limits = _exact(queries, references, rows, k, own, device)
    most = most_compared(len(queries), len(references), references.shape[1], device)
    chosen = queries[rows[size:]], references[true[size:]]
    kept = without_surplus(references, k)
    with torch.autocast(device.type, enabled=False):
        centers = Centers.of(references, kept, device, queries)
        probes, reached = centers.probes(*chosen, _RECALL, most)
        if required and not reached:
            return None
        near = centers.nearest(queries, probes)
        homes = near if own is not None else centers.nearest(references, 1)
        cells = Cells.of(references, kept, homes[kept, 0], centers)
        candidates = cells.search(queries, near, k + _SPARE + (own is not None))
    del cells, near, homes
    indices, distances = _ranked(queries, references, candidates, k, own, device)
    # By distances, for duplicates may stand in for each other.
    shares = (distances[rows[:size]] <= limits[:size, -1:]).mean(axis=1)
    missed = not reached or _below(shares)
    if required and missed:
        return None
    recall = float(shares.mean())
    _tell("cells", recall, size, "images" if own is not None else "held-out images", missed)
    return Approximation(indices, distances, "cells", recall)


def descent_neighbors(matrix: Matrix, k: int, device: torch.device) -> Approximation:
    """Find k near other rows of each row by nearest neighbor descent, in pynndescent.

    Source: Dong, Moses and Li, "Efficient k-nearest neighbor graph construction for generic
    similarity measures" (WWW 2011). Parameters and result are those of `approximate_neighbors`,
    of rows among themselves.

    Raises
    ------
    ImportError
        If pynndescent is not installed.
    """
    try:
        from pynndescent import NNDescent
    except ImportError as error:
        raise ImportError(
            'method="nn-descent" needs pynndescent; pip install "imbxai_widgets[nn-descent]"'
        ) from error
    points = framing(matrix, torch.device("cpu"))(matrix).numpy()
    width = min(len(matrix), max(_GRAPH, 2 * k) + 1)
    found = NNDescent(points, metric="euclidean", n_neighbors=width, random_state=_SEED)
    candidates = found.neighbor_graph[0].astype(np.int64)
    del found, points
    own = np.arange(len(matrix))
    indices, distances = _ranked(matrix, matrix, candidates, k, own, device)
    size = min(_SAMPLE, len(matrix))
    rows = np.random.default_rng(_SEED).choice(len(matrix), size=size, replace=False)
    limits = _exact(matrix, matrix, rows, k, own, device)[1][:, -1:]
    shares = (distances[rows] <= limits).mean(axis=1)
    recall = float(shares.mean())
    _tell("nn-descent", recall, size, "images", _below(shares))
    return Approximation(indices, distances, "nn-descent", recall)


def _below(shares: DoubleArray) -> bool:
    """Tell whether the recall that a sample found is below the aim by more than chance."""
    return bool(shares.mean() + doubt(shares) < _RECALL)


def _tell(engine: Engine, recall: float, size: int, measured: str, missed: bool) -> None:
    message = f"approximate neighbors ({engine}): recall {recall:.3f} on {size} {measured}"
    _logger.info(message)
    if missed:
        warnings.warn(
            f'{message}, where {_RECALL} was aimed at; method="exact" finds all', stacklevel=4
        )


def _exact(
    queries: Matrix,
    references: Matrix,
    rows: IntArray,
    k: int,
    own: IntArray | None,
    device: torch.device,
) -> tuple[IntArray, FloatArray]:
    """Return the true neighbors of some queries, and their distances."""
    own = None if own is None else own[rows]
    return exact_search(queries[rows], references, k, own=own, device=device)


def _ranked(
    queries: Matrix,
    references: Matrix,
    candidates: IntArray,
    k: int,
    own: IntArray | None,
    device: torch.device,
) -> tuple[IntArray, FloatArray]:
    """Return the k nearest candidates of each query, and their distances."""
    indices = np.empty((len(queries), k), dtype=np.int64)
    distances = np.empty((len(queries), k), dtype=np.float32)
    factor = scale_factor(queries, references)
    for block in row_blocks(len(queries), 64 * candidates.shape[1]):
        near = candidates[block]
        squared = pair_squares(queries[block], references, near, factor)
        squared[near < 0] = np.inf
        if own is not None:
            squared[near == own[block, np.newaxis]] = np.inf
        order = np.lexsort((near, squared))[:, :k]
        squared = np.take_along_axis(squared, order, 1)
        indices[block] = np.take_along_axis(near, order, 1)
        with np.errstate(over="ignore"):
            distances[block] = np.sqrt(squared) / factor
        short = np.flatnonzero(np.isinf(squared[:, -1])) + block.start
        if len(short):
            indices[short], distances[short] = _exact(queries, references, short, k, own, device)
    return indices, distances
