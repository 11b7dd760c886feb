"""Approximate nearest neighbors, for more images than an exact search is fit for."""

from __future__ import annotations

import logging
import warnings
from typing import Final

import numpy as np
import torch

from imbxai_widgets.compute._distances import (
    Matrix,
    column_means,
    fill_centered,
    pair_squares,
    scale_factor,
)
from imbxai_widgets.compute._search import exact_search
from imbxai_widgets.compute._types import FloatArray, IntArray

_SEED: Final = 0
_SAMPLE: Final = 500
_LOW_RECALL: Final = 0.95

_logger = logging.getLogger(__name__)


def approximate_neighbors(
    matrix: Matrix, k: int, device: torch.device
) -> tuple[IntArray, FloatArray]:
    """Find k near other rows of each row by nearest neighbor descent, with fixed seeds.

    Candidates come from a graph wider than k, which is what raises recall; their distances are
    exact. A row that gets fewer than k candidates is searched exactly. Recall is measured on 500
    rows and logged; below 0.95 it is a warning.

    Parameters
    ----------
    matrix
        (N, D) finite.
    k
        1 to N - 1.
    device
        Where the exact searches are computed.

    Returns
    -------
    indices : numpy.ndarray
        (N, k) int64, ordered as by the exact search, never the row itself.
    distances : numpy.ndarray
        (N, k) float32, rising.
    """
    candidates = _graph(matrix, k)
    factor = scale_factor(matrix)
    squared = pair_squares(matrix, matrix, candidates, factor)
    own = np.arange(len(matrix))[:, np.newaxis]
    squared[(candidates == own) | (candidates < 0)] = np.inf
    order = np.lexsort((candidates, squared))[:, :k]
    indices = np.take_along_axis(candidates, order, 1)
    squared = np.take_along_axis(squared, order, 1)
    with np.errstate(over="ignore"):
        result = (np.sqrt(squared) / factor).astype(np.float32)
    short = np.flatnonzero(np.isinf(squared[:, -1]))
    if len(short):
        indices[short], result[short] = exact_search(
            matrix[short], matrix, k, own=short, device=device
        )
    _report_recall(matrix, result, device)
    return indices, result


def _graph(matrix: Matrix, k: int) -> IntArray:
    """Return (N, c) candidates: distinct in each row, perhaps the row itself, -1 for none."""
    from pynndescent import NNDescent  # compiles for seconds when first used

    factor = scale_factor(matrix)
    center = column_means(matrix, factor)
    points = np.empty(matrix.shape, dtype=np.float32)
    fill_centered(torch.from_numpy(points), matrix, factor, center)
    width = min(len(matrix), max(2 * k, k + 25) + 1)
    index = NNDescent(points, metric="euclidean", n_neighbors=width, random_state=_SEED)
    neighbors: IntArray = index.neighbor_graph[0].astype(np.int64)
    return neighbors


def _report_recall(matrix: Matrix, distances: FloatArray, device: torch.device) -> None:
    """Compare a sample with the exact search; by distances, for duplicates may stand in."""
    sample = np.random.default_rng(_SEED).choice(
        len(matrix), size=min(_SAMPLE, len(matrix)), replace=False
    )
    k = distances.shape[1]
    _, exact = exact_search(matrix[sample], matrix, k, own=sample, device=device)
    recall = float((distances[sample] <= exact[:, -1:]).mean())
    message = f"approximate neighbors: recall {recall:.3f} on {len(sample)} images"
    _logger.info(message)
    if recall < _LOW_RECALL:
        warnings.warn(f'{message}; method="exact" finds all', stacklevel=4)
