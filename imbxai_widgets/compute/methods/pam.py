"""K-medoids of a matrix of distances: Partitioning Around Medoids.

Source: L. Kaufman and P. J. Rousseeuw, "Finding Groups in Data" (1990), chapter 2, for BUILD and
SWAP; E. Schubert and P. J. Rousseeuw, "Fast and eager k-medoids clustering" (Information Systems
101, 2021, arXiv:2008.05171), for what makes a swap fast: the loss of a candidate in the place of
each medoid comes from one look at its distances, and a swap is made as soon as one is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.blocks import Matrix, as_matrix
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.numeric.types import IntArray

# The search starts from BUILD and from random rows: so many times as make the work of 2,048 rows,
# within these bounds. Small sets have the local optima that cost most, and their search is cheap.
_STARTED_ROWS: Final = 2048
_STARTS: Final = (2, 8)
# Candidates looked at together: their distances to 2,048 rows take 1 MiB, which stays in a cache.
_CANDIDATES: Final = 128


def pam(distances: ArrayLike, n: int, *, seed: int = 0) -> IntArray:
    """Find n medoids whose summed distance to all rows no single swap lowers.

    BUILD takes the row with the smallest sum of distances, then again and again the row that
    lowers the sum of distances to the nearest medoid most. SWAP exchanges a medoid for another
    row wherever that lowers the sum, until no exchange does. SWAP also starts from random rows, 2
    to 8 times (more for fewer rows), and the start that ends best is taken.

    Parameters
    ----------
    distances
        (N, N) float32 or float64, finite, not negative: of each row as a medoid to all rows.
    n
        How many medoids, 1 to N.
    seed
        Of the random starts; the same seed gives the same medoids.

    Returns
    -------
    array
        (n,) int64, different rows, in no order.

    Raises
    ------
    ValueError
        If `distances` is no such matrix, or `n` is out of range.

    Notes
    -----
    BUILD takes n * N**2 operations, and each look at all candidates of a swap N**2 * n, of which a
    start needs two or three for a few medoids. Beside `distances` it holds two times 128 of its
    rows. Sums of float32 select a swap and sums of float64 confirm it, so that the search ends; a
    swap that gains less than float32 tells may go unseen.

    Examples
    --------
    >>> line = np.array([0.0, 1.0, 2.0, 9.0, 9.5], dtype=np.float32)
    >>> sorted(pam(abs(line[:, np.newaxis] - line), 2).tolist())
    [1, 3]
    """
    n = check_count(n, "n")
    distances = as_matrix(distances, "distances")
    size = len(distances)
    if distances.shape != (size, size) or size < n:
        raise ValueError(f"distances must be (N, N), N at least {n}; got {distances.shape}")
    if not (distances.min() >= 0 and distances.max() < np.finfo(np.float32).max / size):
        raise ValueError("distances must not be negative, nor too large to be summed in float32")
    generator = np.random.default_rng(seed)
    found = [_swap(distances, _build(distances, n))]
    for _ in range(int(np.clip(_STARTED_ROWS // size, *_STARTS))):
        found.append(_swap(distances, generator.choice(size, size=n, replace=False)))
    return min(found, key=partial(_loss, distances))


def _build(distances: Matrix, n: int) -> IntArray:
    nearest = distances.max(axis=0)  # as far as any medoid could be
    medoids: list[int] = []
    for _ in range(n):
        losses = np.empty(len(distances), dtype=np.float64)
        for rows in _blocks(len(distances)):
            losses[rows] = np.minimum(distances[rows], nearest).sum(axis=1, dtype=np.float64)
        losses[medoids] = np.inf
        medoids.append(int(losses.argmin()))
        nearest = np.minimum(nearest, distances[medoids[-1]])
    return np.array(medoids, dtype=np.int64)


def _swap(distances: Matrix, medoids: IntArray) -> IntArray:
    loss = _loss(distances, medoids)
    blocks = list(_blocks(len(distances)))
    block, unchanged = 0, 0
    while unchanged < len(blocks):
        rows = blocks[block % len(blocks)]
        losses = _losses_of_swaps(distances[rows], distances[medoids])
        row, place = np.unravel_index(losses.argmin(), losses.shape)
        swapped = medoids.copy()
        swapped[place] = rows.start + row
        found = _loss(distances, swapped)
        if found < loss:
            medoids, loss, unchanged = swapped, found, 0
        else:
            block, unchanged = block + 1, unchanged + 1
    return medoids


def _losses_of_swaps(candidates: Matrix, medoids: Matrix) -> Matrix:
    """Return the summed distance with each candidate in the place of each medoid.

    From the distances of (B, N) candidates and (n, N) medoids to all rows: who loses its nearest
    medoid has the candidate or the second nearest, and all others the candidate or their nearest.
    """
    owners = medoids.argmin(axis=0)
    owned = owners == np.arange(len(medoids))[:, np.newaxis]
    nearest = medoids.min(axis=0)
    second = np.where(owned, np.float32(np.inf), medoids).min(axis=0)
    kept = np.minimum(candidates, nearest)
    lost = np.minimum(candidates, second)
    lost -= kept
    losses: Matrix = lost @ owned.T.astype(np.float32)
    losses += kept.sum(axis=1)[:, np.newaxis]
    return losses


def _loss(distances: Matrix, medoids: IntArray) -> float:
    return float(distances[medoids].min(axis=0).sum(dtype=np.float64))


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, _CANDIDATES):
        yield slice(start, min(start + _CANDIDATES, n_rows))
