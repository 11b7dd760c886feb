"""Nearest neighbors of embeddings, exact in blocks or approximate.

Source: Dablain et al., "Interpretable ML for Imbalanced Data" (arXiv:2212.07743), which takes the
5 nearest images in feature space. Unlike the authors' scripts, which drop the first hit and so
keep an image that has a duplicate as its own neighbor, an image is here never its own neighbor.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike

from imbxai_widgets.compute.neighbors.approximate import (
    Engine,
    approximate_neighbors,
    descent_neighbors,
)
from imbxai_widgets.compute.neighbors.effort import exact_bearable, exact_pays
from imbxai_widgets.compute.neighbors.exact import exact_search
from imbxai_widgets.compute.numeric.blocks import as_matrix, resolve_device
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray


class Neighbors(NamedTuple):
    """The nearest rows of each row, and how they were found.

    Attributes
    ----------
    indices
        (N, k) int64, by rising distance, equal distances by the lower index. Among themselves, a
        row is never its own neighbor; its duplicates are.
    distances
        (N, k) float32, rising; infinite beyond the range of float32.
    method
        "exact"; or what is approximate: "cells", where only rows in near cells were compared, or
        "nn-descent".
    recall
        Share of the true neighbors that were found: 1 if exact, else measured on 1,000 rows, by
        which nothing else was chosen.
    """

    indices: IntArray
    distances: FloatArray
    method: Literal["exact"] | Engine
    recall: float


def nearest_neighbors(
    embeddings: ArrayLike | torch.Tensor,
    k: int,
    *,
    method: Literal["auto", "exact", "approximate", "nn-descent"] = "auto",
    device: str | torch.device | None = None,
) -> Neighbors:
    """Find the k nearest other rows of each row, by Euclidean distance.

    Parameters
    ----------
    embeddings
        (N, D) float32 or float64, finite.
    k
        1 to N - 1.
    method
        "exact" compares all pairs; "approximate" compares rows in near cells, of k-means, and may
        miss a neighbor; "nn-descent" searches a graph, by pynndescent (an optional dependency),
        which misses next to none and takes one and a half to three times as long for a million
        images, after half a minute of compiling; "auto" is exact where that takes some ten seconds
        at most, and else approximate (see Notes).
    device
        Where matrices are multiplied; None is the GPU if there is one, else the CPU.

    Returns
    -------
    Neighbors
        Indices, distances, the method that ran and its recall.

    Raises
    ------
    ValueError
        If `embeddings` is no finite matrix (the error names the rows), `k` is out of range or
        `method` unknown.
    ImportError
        If `method` is "nn-descent" and pynndescent is not installed.

    Warns
    -----
    UserWarning
        If what is approximate misses the recall aimed at.

    Notes
    -----
    Exact means exact: a matrix product in float32 proposes candidates, their distances are
    computed from float64 differences, and where its rounding error leaves the k-th neighbor in
    doubt, so are those of all rows within that error. Order and ties are those of the float64
    distances. Beside the embeddings, the search holds a float32 copy of them and a few temporary
    arrays of at most 64 MiB each (or of one row's N distances, if that is more). On CUDA all is
    done on the device where its memory holds the embeddings, up to three copies of them in float32
    and a few arrays of up to 512 MiB: there the product is made of TF32 parts, as exact as float32
    (`torch.backends.cuda.matmul` allows TF32 meanwhile, and is set back).

    "auto" is exact up to N * N * (D + 64) = 5 * 10**11 operations: 62,000 images of 64 features,
    29,000 of 512, 15,000 of 2,048. On CUDA it is up to 1.5 * 10**14: 1,080,000, 510,000 and 266,000
    images. It goes by sizes alone, so that it is the same on any machine, with any number of
    threads. Beyond, it compares rows in near cells, with a recall of at least 0.99 by a bound with
    95% confidence on a sample of rows, and measures the recall on another. Where that would compare
    a quarter of all pairs, or the measured recall is below 0.99 by more than chance, it is exact
    after all up to 50 times as many operations (100,000 images of 2,048 features on a CPU). Only
    beyond these are approximate neighbors returned that miss the aim, with a warning.

    Approximate neighbors, too, have exact distances, in exact order.

    Examples
    --------
    >>> neighbors = nearest_neighbors([[0.0], [0.0], [3.0], [4.0]], k=2)
    >>> neighbors.indices
    array([[1, 2],
           [0, 2],
           [3, 0],
           [2, 0]])
    >>> neighbors.distances[0]
    array([0., 3.], dtype=float32)
    >>> neighbors.method, neighbors.recall
    ('exact', 1.0)
    """
    if method not in ("auto", "exact", "approximate", "nn-descent"):
        raise ValueError(
            f'method must be "auto", "exact", "approximate" or "nn-descent", not {method!r}'
        )
    matrix = as_matrix(embeddings, "embeddings")
    k = check_count(k, "k")
    if k >= len(matrix):
        raise ValueError(
            f"k must be at most {len(matrix) - 1}, for {len(matrix)} images have no more "
            f"neighbors each; it is {k}. Lower k, or give more images"
        )
    where = resolve_device(device)
    if method == "nn-descent":
        return Neighbors(*descent_neighbors(matrix, k, where))
    own = np.arange(len(matrix), dtype=np.int64)
    work = len(matrix), len(matrix), matrix.shape[1], where
    if method == "approximate" or (method == "auto" and not exact_pays(*work)):
        required = method == "auto" and exact_bearable(*work)
        found = approximate_neighbors(matrix, matrix, k, where, own=own, required=required)
        if found is not None:
            return Neighbors(*found)
    return Neighbors(*exact_search(matrix, matrix, k, own=own, device=where), "exact", 1.0)


def nearest_references(
    queries: ArrayLike | torch.Tensor,
    references: ArrayLike | torch.Tensor,
    k: int,
    *,
    method: Literal["auto", "exact"] = "auto",
    device: str | torch.device | None = None,
) -> Neighbors:
    """Find the k nearest reference rows of each query row.

    A validation image takes its archetype from its nearest training images this way.

    Parameters
    ----------
    queries
        (M, D) float32 or float64, finite; M may be 0.
    references
        (N, D), likewise.
    k
        1 to N.
    method
        "exact" compares all pairs; "auto" does, too, for up to 5,000 queries, or as many operations
        as for `nearest_neighbors`, M * N * (D + 64) here; else it compares rows in near cells,
        with the same aim.
    device
        As for `nearest_neighbors`.

    Returns
    -------
    Neighbors
        (M, k) rows of `references` and distances, the method that ran and its recall.

    Raises
    ------
    ValueError
        If a matrix is not finite, the widths differ, `k` is out of range or `method` unknown.

    Warns
    -----
    UserWarning
        If what is approximate misses the recall aimed at.

    Examples
    --------
    >>> nearest_references([[2.0]], [[0.0], [3.0], [1.0]], k=2).indices
    array([[1, 2]])
    """
    if method not in ("auto", "exact"):
        raise ValueError(f'method must be "auto" or "exact", not {method!r}')
    left = as_matrix(queries, "queries")
    right = as_matrix(references, "references")
    if left.shape[1] != right.shape[1]:
        raise ValueError(
            f"queries and references must have the same width, not {left.shape[1]} and "
            f"{right.shape[1]}; take both from the same layer"
        )
    k = check_count(k, "k")
    if k > len(right):
        raise ValueError(
            f"k must be at most {len(right)}, the number of references, not {k}. "
            "Lower k, or give more references"
        )
    where = resolve_device(device)
    work = len(left), len(right), right.shape[1], where
    if method == "auto" and not exact_pays(*work):
        required = exact_bearable(*work)
        found = approximate_neighbors(left, right, k, where, own=None, required=required)
        if found is not None:
            return Neighbors(*found)
    return Neighbors(*exact_search(left, right, k, own=None, device=where), "exact", 1.0)
