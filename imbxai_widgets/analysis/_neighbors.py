"""The neighbors that an analysis counts: of equally near images, chance takes which."""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np
import torch

from imbxai_widgets.compute.neighbors.search import Neighbors, nearest_neighbors, nearest_references
from imbxai_widgets.compute.numeric.types import BoolArray, FloatArray, IntArray

_CONSIDERABLE: Final = 0.1  # share of images with ties, of which to warn
_SEED: Final = 0


def neighbors_among(
    embeddings: FloatArray, k: int, device: str | torch.device | None = None
) -> Neighbors:
    """Find the k nearest other training images of each; `nearest_neighbors` with ties by chance.

    `nearest_neighbors` takes the lower index of equally near rows. In a set that is sorted by
    class, the first class would win all ties. Where the k-th and the next nearest image are
    equally near, the row is therefore searched again among the others in a random order.

    Parameters
    ----------
    embeddings
        (N, D), finite.
    k
        1 to N - 1.
    device
        As for `nearest_neighbors`.

    Returns
    -------
    Neighbors
        The same for the same embeddings, whenever it is called.

    Warns
    -----
    UserWarning
        If there are such ties for more than a tenth of the images.

    Examples
    --------
    >>> neighbors_among(np.array([[0.0], [1.0], [3.0], [4.0]]), 1).indices.tolist()
    [[1], [0], [3], [2]]
    """
    found = nearest_neighbors(embeddings, min(k + 1, len(embeddings) - 1), device=device)
    tied = _tied(found, k)
    kept = _first(found, k)
    if tied.any():
        _warn_of_ties(tied, k, "training")
        rows = np.flatnonzero(tied)
        # One more, for each finds itself, too.
        again = _in_random_order(embeddings[rows], embeddings, k + 1, device)
        for row, indices, distances in zip(rows, *again[:2], strict=True):
            others = np.flatnonzero(indices != row)[:k]
            kept.indices[row], kept.distances[row] = indices[others], distances[others]
    return kept


def neighbors_in(
    queries: FloatArray,
    references: FloatArray,
    k: int,
    device: str | torch.device | None = None,
) -> Neighbors:
    """Find the k nearest training images of each validation image, with ties by chance.

    Parameters
    ----------
    queries, references
        (M, D) and (N, D), finite.
    k
        1 to N.
    device
        As for `nearest_references`.

    Returns
    -------
    Neighbors

    Warns
    -----
    UserWarning
        As `neighbors_among` does.

    Examples
    --------
    >>> neighbors_in(np.array([[2.0]]), np.array([[0.0], [3.0]]), 1).indices.tolist()
    [[1]]
    """
    found = nearest_references(queries, references, min(k + 1, len(references)), device=device)
    tied = _tied(found, k)
    kept = _first(found, k)
    if tied.any():
        _warn_of_ties(tied, k, "validation")
        again = _in_random_order(queries[tied], references, k, device)
        kept.indices[tied], kept.distances[tied] = again[:2]
    return kept


def _tied(found: Neighbors, k: int) -> BoolArray:
    """Tell of which rows the k-th and the next nearest are equally near; (N,)."""
    if found.distances.shape[1] == k:
        return np.zeros(len(found.distances), dtype=np.bool_)
    last, following = found.distances[:, k - 1], found.distances[:, k]
    tied: BoolArray = (last == following) & np.isfinite(last)  # beyond float32, order is known yet
    return tied


def _first(found: Neighbors, k: int) -> Neighbors:
    return found._replace(
        indices=found.indices[:, :k].copy(), distances=found.distances[:, :k].copy()
    )


def _in_random_order(
    queries: FloatArray, references: FloatArray, k: int, device: str | torch.device | None
) -> tuple[IntArray, FloatArray]:
    order = np.random.default_rng(_SEED).permutation(len(references))
    found = nearest_references(queries, references[order], k, device=device)
    return order[found.indices], found.distances


def _warn_of_ties(tied: BoolArray, k: int, which: str) -> None:
    share = tied.mean()
    if share > _CONSIDERABLE:
        warnings.warn(
            f"for {share:.0%} of the {which} images, more images are equally near than k={k} "
            "neighbors can be, so that chance takes which of them count: archetypes and "
            "adversaries tell little there. Are many embeddings the same, as of a network that "
            "gives the same for all images, or of one image many times?",
            stacklevel=5,
        )
