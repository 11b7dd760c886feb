"""Approximate nearest neighbors, for more images than an exact search is fit for.

The true neighbors of some hundred rows tell how many cells are to be searched; those of a thousand
others, what share of the neighbors was found. By the same rows the recall would seem higher than
it is, for the search ends where they happen to do well.
"""

from __future__ import annotations

import logging
import warnings
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
import torch

from imbxai_widgets.compute._cells import Cells, Centers
from imbxai_widgets.compute._distances import (
    Matrix,
    framing,
    pair_squares,
    row_blocks,
    scale_factor,
)
from imbxai_widgets.compute._search import exact_search, without_surplus
from imbxai_widgets.compute._types import FloatArray, IntArray

Engine: TypeAlias = Literal["cells", "nn-descent"]

_SEED: Final = 0
_SAMPLE: Final = 1000
# The sample that chooses is a twentieth of the rows, within these: exact neighbors of a thousand
# more rows may take a fifth of the time.
_CHOOSING: Final = (100, 500)
_LOW_RECALL: Final = 0.95
_RECALL: Final = 0.99
# From half a million rows on, the last percents may cost several times as much as all before them.
_RECALL_OF_MANY: Final = 0.95
_MANY: Final = 500_000
# A row is compared with so many others, or a quarter of all, at most: more take as long as an
# exact search does, of these or of 100,000 rows.
_COMPARED: Final = 25_000
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
    matrix: Matrix, k: int, device: torch.device, *, required: bool = False
) -> Approximation | None:
    """Find k near other rows of each row.

    Distances and order of what is found are exact. A row that gets fewer than k candidates is
    searched exactly. Recall is measured on 1,000 rows, or half of all, and logged; below 0.95 it
    is a warning.

    Parameters
    ----------
    matrix
        (N, D) finite.
    k
        1 to N - 1.
    device
        Where rows are compared.
    required
        Whether to give up, with None, where the recall aimed at would take as long as an exact
        search, or rounding keeps it below 0.95.

    Returns
    -------
    Approximation or None
        (N, k) int64 and float32, ordered as by the exact search, never the row itself.
    """
    size = min(_SAMPLE, len(matrix) // 2)
    chooses = min(size, max(_CHOOSING[0], min(_CHOOSING[1], len(matrix) // 20)))
    rows = np.random.default_rng(_SEED).choice(len(matrix), size=size + chooses, replace=False)
    true, limits = exact_search(matrix[rows], matrix, k, own=rows, device=device)
    goal = _RECALL if len(matrix) < _MANY else _RECALL_OF_MANY
    most = min(_COMPARED / len(matrix), 1 / 4)
    kept = without_surplus(matrix, k)
    with torch.autocast(device.type, enabled=False):
        centers = Centers.of(matrix, kept, device)
        probes, reached = centers.probes(rows[size:], true[size:], goal, most)
        if required and not reached:
            return None
        cells = Cells.of(len(matrix), kept, centers, probes)
        candidates = cells.search(k + 1 + _SPARE)
    del cells
    indices, distances = _ranked(matrix, candidates, k, device)
    # By distances, for duplicates may stand in for each other.
    recall = float((distances[rows[:size]] <= limits[:size, -1:]).mean())
    if required and recall < _LOW_RECALL:
        return None
    _tell("cells", recall, size)
    return Approximation(indices, distances, "cells", recall)


def descent_neighbors(matrix: Matrix, k: int, device: torch.device) -> Approximation:
    """Find k near other rows of each row by nearest neighbor descent, in pynndescent.

    Source: Dong, Moses and Li, "Efficient k-nearest neighbor graph construction for generic
    similarity measures" (WWW 2011). Parameters and result are those of `approximate_neighbors`.

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
    points = framing(matrix, torch.device("cpu"))(slice(None)).numpy()
    width = min(len(matrix), max(_GRAPH, 2 * k) + 1)
    found = NNDescent(points, metric="euclidean", n_neighbors=width, random_state=_SEED)
    candidates = found.neighbor_graph[0].astype(np.int64)
    del found, points
    indices, distances = _ranked(matrix, candidates, k, device)
    size = min(_SAMPLE, len(matrix))
    rows = np.random.default_rng(_SEED).choice(len(matrix), size=size, replace=False)
    limits = exact_search(matrix[rows], matrix, k, own=rows, device=device)[1][:, -1:]
    recall = float((distances[rows] <= limits).mean())
    _tell("nn-descent", recall, size)
    return Approximation(indices, distances, "nn-descent", recall)


def _tell(engine: Engine, recall: float, size: int) -> None:
    message = f"approximate neighbors ({engine}): recall {recall:.3f} on {size} images"
    _logger.info(message)
    if recall < _LOW_RECALL:
        warnings.warn(f'{message}; method="exact" finds all', stacklevel=4)


def _ranked(
    matrix: Matrix, candidates: IntArray, k: int, device: torch.device
) -> tuple[IntArray, FloatArray]:
    """Return the k nearest candidates of each row, and their distances."""
    indices = np.empty((len(matrix), k), dtype=np.int64)
    distances = np.empty((len(matrix), k), dtype=np.float32)
    factor = scale_factor(matrix)
    for block in row_blocks(len(matrix), 64 * candidates.shape[1]):
        own, near = np.arange(block.start, block.stop), candidates[block]
        squared = pair_squares(matrix[block], matrix, near, factor)
        squared[(near == own[:, np.newaxis]) | (near < 0)] = np.inf
        order = np.lexsort((near, squared))[:, :k]
        squared = np.take_along_axis(squared, order, 1)
        indices[block] = np.take_along_axis(near, order, 1)
        with np.errstate(over="ignore"):
            distances[block] = np.sqrt(squared) / factor
        short = own[np.isinf(squared[:, -1])]
        if len(short):
            indices[short], distances[short] = exact_search(
                matrix[short], matrix, k, own=short, device=device
            )
    return indices, distances
