"""Exact nearest rows by blocked matrix products.

The product |a|**2 + |b|**2 - 2ab is fast but rounds, which breaks ties and swaps near neighbors.
So it only proposes: `_MARGIN` candidates beyond k are measured again from float64 differences, and
a row whose k-th neighbor lies within the product's rounding error of what was left out is settled
by measuring all that lies within that error.

On CUDA `card` does all of it on the device, if its memory holds what that takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
import torch

from imbxai_widgets.compute.neighbors.card import (
    card_search,
    crowded,
    fits,
    multiplies_tf32,
    on_device,
)
from imbxai_widgets.compute.neighbors.pool import Pool, paired_group
from imbxai_widgets.compute.numeric.blocks import (
    BLOCK_BYTES,
    CACHED_BYTES,
    Matrix,
    as_numpy,
    chunks_of,
    for_each,
    pair_squares,
    row_blocks,
    share_out,
    squared_distances,
    squared_norms,
)
from imbxai_widgets.compute.numeric.threads import on_one_thread_if_small
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray

# (B, w) likely neighbors of some queries and their scores, and (B,) a bound of all other scores.
Proposal: TypeAlias = tuple[IntArray, DoubleArray, DoubleArray]

# More candidates cost time in every row, fewer leave more rows to settle.
_MARGIN: Final = 1


def exact_search(
    queries: Matrix,
    references: Matrix,
    k: int,
    *,
    own: IntArray | None,
    device: torch.device,
) -> tuple[IntArray, FloatArray]:
    """Find the k nearest references of each query, equal distances by the lower index.

    Parameters
    ----------
    queries
        (M, D) finite.
    references
        (N, D) finite.
    k
        1 to the number of references that a query may have.
    own
        (M,) the number of each query among the references, which it must not get as a neighbor:
        all rows, in order, where `queries` is `references`. None if the queries are not among them.
    device
        Where the product is computed.

    Returns
    -------
    indices : numpy.ndarray
        (M, k) int64.
    distances : numpy.ndarray
        (M, k) float32, rising.
    """
    if device.type == "cuda" and fits(queries, references, device):
        return _on_card(queries, references, k, own, device)
    return on_one_thread_if_small(
        lambda: _in_blocks(queries, references, k, own, device),
        len(queries) * references.size,
        device,
    )


def _in_blocks(
    queries: Matrix, references: Matrix, k: int, own: IntArray | None, device: torch.device
) -> tuple[IntArray, FloatArray]:
    kept = without_surplus(references, k)
    width = min(k + _MARGIN, len(kept))
    among = own is not None and queries is references and len(kept) == len(references)
    paired = paired_group(references.shape, width, device) if among else None
    pool = Pool.of(queries, references, kept, device, paired)
    hidden = np.full(len(queries), -1) if own is None else _positions(kept, own)
    indices = np.empty((len(queries), k), dtype=np.int64)
    squared = np.empty((len(queries), k), dtype=np.float64)

    def search(block: slice) -> None:
        rows = queries[block]
        left = pool.tensor[block] if among else pool.framed(rows)
        candidates, values, rest = propose(block, left)
        measured = pair_squares(rows, pool.rows, candidates, pool.factor)
        measured[np.isinf(values)] = np.inf
        order = np.lexsort((candidates, measured))[:, :k]
        found = np.take_along_axis(candidates, order, 1)
        near = np.take_along_axis(measured, order, 1)
        norms = as_numpy(squared_norms(left)).astype(np.float64)
        limits = near[:, -1] - norms + pool.doubt(norms, near[:, -1])
        unsure = np.flatnonzero(rest <= limits)
        for part in row_blocks(len(unsure), pool.norms.nbytes):
            some = unsure[part]
            scores = pool.scores(left[some], hidden[block][some])
            _settle(rows, some, scores, limits, pool, found, near)
        indices[block], squared[block] = kept[found], near

    with torch.autocast(device.type, enabled=False):  # half precision would void `doubt`
        propose, blocks = _proposer(pool, hidden, width, paired=paired is not None)
        if device.type == "cuda":
            for_each(blocks, search, device)
        else:  # whose products and distances are each made in all threads
            for block in blocks:
                search(block)
    with np.errstate(over="ignore"):
        return indices, (np.sqrt(squared) / pool.factor).astype(np.float32)


def _on_card(
    queries: Matrix, references: Matrix, k: int, own: IntArray | None, device: torch.device
) -> tuple[IntArray, FloatArray]:
    rows = on_device(references, device)
    asked = rows if queries is references else on_device(queries, device)
    kept = without_surplus(references, k) if crowded(rows, k) else None
    return card_search(asked, rows, k, kept=kept, own=own, split=multiplies_tf32(device))


def _proposer(
    pool: Pool, hidden: IntArray, width: int, *, paired: bool
) -> tuple[Callable[[slice, torch.Tensor], Proposal], Iterator[slice]]:
    """Return what proposes neighbors of a block of queries, and the blocks."""
    if paired:
        minima = pool.paired_minima()
        # As many at once as may be: those left in doubt are multiplied with all references.
        row_bytes = max(minima[0].nbytes, 8 * pool.group * width)
        return (
            lambda block, left: pool.choose(minima[block], left, hidden[block], width),
            row_blocks(len(hidden), row_bytes),
        )
    return (
        lambda block, left: pool.choose(
            pool.minima(left, hidden[block]), left, hidden[block], width
        ),
        pool.query_blocks(len(hidden)),
    )


def without_surplus(references: Matrix, k: int) -> IntArray:
    """Return the rows that can be among the k nearest of some row, in order.

    Of equal rows only the k + 1 lowest can. Collapsed embeddings come in thousands, and breaking
    their ties pair by pair would take forever.
    """
    width = references.shape[1]
    bits = np.dtype(f"u{references.itemsize}")
    multipliers = np.random.default_rng(0).integers(0, 2**63, width, dtype=np.uint64) * 2 + 1
    hashes = np.empty(len(references), dtype=np.uint64)

    def hash_rows(some: Sequence[slice]) -> None:
        for block in some:
            rows = np.ascontiguousarray(references[block])
            hashes[block] = (rows.view(bits).astype(np.uint64) * multipliers).sum(axis=1)

    share_out(list(row_blocks(len(references), 24 * width, limit=CACHED_BYTES)), hash_rows)
    order = np.argsort(hashes, kind="stable")
    new = np.diff(hashes[order], prepend=~hashes[order[:1]]) != 0
    first = np.flatnonzero(new)
    sizes = np.diff(first, append=len(order))
    crowded = np.repeat(sizes > k + 1, sizes)
    starts = np.repeat(first, sizes)
    members, leaders = order[crowded], order[starts[crowded]]
    equal = np.empty(len(members), dtype=bool)
    for block in row_blocks(len(members), 3 * width * references.itemsize):
        equal[block] = (references[members[block]] == references[leaders[block]]).all(axis=1)
    # Equal hashes almost surely mean equal rows; where they do not, the whole group stays.
    surplus = np.flatnonzero(crowded)[~np.isin(leaders, leaders[~equal])]
    keep = np.ones(len(references), dtype=bool)
    keep[order[surplus[surplus - starts[surplus] > k]]] = False
    return np.flatnonzero(keep)


def _positions(kept: IntArray, own: IntArray) -> IntArray:
    """Return where each of `own` is in `kept`; -1 if it is not."""
    places = np.minimum(np.searchsorted(kept, own), len(kept) - 1)
    return np.where(kept[places] == own, places, -1)


def _settle(
    rows: Matrix,
    unsure: IntArray,
    scores: torch.Tensor,
    limits: DoubleArray,
    pool: Pool,
    found: IntArray,
    near: DoubleArray,
) -> None:
    """Measure, for each unsure row, every reference whose score does not rule it out.

    `scores` has the unsure rows only; the other arrays have all rows of the block.
    """
    k = found.shape[1]
    # Rounded up, lest the comparison in the scores' own type leave one out.
    bounds = torch.from_numpy(limits[unsure]).to(scores.dtype)
    bounds = torch.nextafter(bounds, torch.full_like(bounds, torch.inf)).to(scores.device)
    possible = scores <= bounds[:, None]
    for chunk in chunks_of(as_numpy(possible.sum(dim=1)), BLOCK_BYTES // 64):
        left, right = as_numpy(possible[chunk].nonzero()).T
        chosen = unsure[chunk]
        squared = np.empty(len(left), dtype=np.float64)
        for part in row_blocks(len(left), 24 * rows.shape[1], limit=CACHED_BYTES):
            squared[part] = squared_distances(
                rows[chosen[left[part]]], pool.rows[right[part]], pool.factor
            )
        order = np.lexsort((right, squared, left))
        starts = np.searchsorted(left, np.arange(len(chosen)))
        first = order[starts[:, np.newaxis] + np.arange(k)]
        found[chosen], near[chosen] = right[first], squared[first]
