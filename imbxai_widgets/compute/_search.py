"""Exact nearest rows by blocked matrix products.

The product |a|**2 + |b|**2 - 2ab is fast but rounds, which breaks ties and swaps near neighbors.
So it only proposes: `_MARGIN` candidates beyond k are measured again from float64 differences, and
a row whose k-th neighbor lies within the product's rounding error of what was left out is settled
by measuring all that lies within that error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from imbxai_widgets.compute._distances import (
    BLOCK_BYTES,
    Matrix,
    as_numpy,
    centered,
    column_means,
    largest_magnitude,
    pair_squares,
    row_blocks,
    scale_factor,
    squared_distances,
)
from imbxai_widgets.compute._types import DoubleArray, FloatArray, IntArray

# More candidates cost time in every row, fewer leave more rows to settle.
_MARGIN: Final = 16


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
        (M,) the reference that each query itself is and must not get; None if it is none of them.
    device
        Where the product is computed.

    Returns
    -------
    indices : numpy.ndarray
        (M, k) int64.
    distances : numpy.ndarray
        (M, k) float32, rising.
    """
    kept = _without_surplus(references, k)
    pool = _Pool.of(queries, references, kept, device)
    width = min(k + _MARGIN, len(kept))
    indices = np.empty((len(queries), k), dtype=np.int64)
    squared = np.empty((len(queries), k), dtype=np.float64)
    for block in row_blocks(len(queries), len(kept) * pool.tensor.element_size()):
        rows = queries[block]
        scores, norms = pool.scores(rows)
        if own is not None:
            _mask_own(scores, kept, own[block])
        proposed = scores.topk(width, dim=1, largest=False)
        candidates, values = as_numpy(proposed.indices), as_numpy(proposed.values)
        measured = pair_squares(rows, pool.rows, candidates, pool.factor)
        measured[np.isinf(values)] = np.inf
        order = np.lexsort((candidates, measured))[:, :k]
        found = np.take_along_axis(candidates, order, 1)
        near = np.take_along_axis(measured, order, 1)
        if width < len(kept):
            limits = near[:, -1] - norms + pool.doubt(norms, near[:, -1])
            unsure = np.flatnonzero(values[:, -1] <= limits)
            _settle(rows, unsure, scores, limits, pool, found, near)
        indices[block], squared[block] = kept[found], near
    with np.errstate(over="ignore"):
        return indices, (np.sqrt(squared) / pool.factor).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Pool:
    """The references searched, and the frame in which their distances are measured."""

    rows: Matrix
    factor: float  # power of two by which both sides are scaled
    span: float  # the largest magnitude, scaled
    center: DoubleArray
    tensor: torch.Tensor  # (N, D) the rows scaled and centered, on the device
    norms: torch.Tensor  # (N,) squared norms of `tensor`

    @classmethod
    def of(cls, queries: Matrix, references: Matrix, kept: IntArray, device: torch.device) -> _Pool:
        factor = scale_factor(queries, references)
        span = largest_magnitude(queries, references) * factor
        rows = references if len(kept) == len(references) else references[kept]
        center = column_means(rows, factor)
        dtype = _product_dtype(device)
        tensor = centered(rows, factor, center, device=device, dtype=dtype)
        return cls(rows, factor, span, center, tensor, tensor.square().sum(dim=1))

    def scores(self, rows: Matrix) -> tuple[torch.Tensor, DoubleArray]:
        """Return (B, N) squared distances less |q|**2, the same along a row, and these |q|**2."""
        tensor, device = self.tensor, self.tensor.device
        left = centered(rows, self.factor, self.center, device=device, dtype=tensor.dtype)
        with torch.autocast(device.type, enabled=False):  # half precision would void `doubt`
            scores = torch.addmm(self.norms, left, tensor.T, alpha=-2)
        return scores, as_numpy(left.square().sum(dim=1)).astype(np.float64)

    def doubt(self, norms: DoubleArray, squared: DoubleArray) -> DoubleArray:
        """Bound the error of the score of any reference whose true square is at most `squared`.

        A reference b that near a query a has |a| + |b| <= 2|a| + d. The first term is the worst
        rounding of a product of D terms in any order, of the norms and of the centered values;
        the second is the rounding of the centering itself, in float64; the third is all that
        is too small for float32.
        """
        width = self.tensor.shape[1]
        unit = torch.finfo(self.tensor.dtype).eps / 2
        reach = 2 * np.sqrt(norms) + np.sqrt(squared)
        bound: DoubleArray = (width + 16) * unit * reach**2
        bound += np.sqrt(width) * 2.0**-50 * self.span * reach + width * 2.0**-100
        return bound


def _product_dtype(device: torch.device) -> torch.dtype:
    """Return float32, unless PyTorch has been allowed to multiply it with fewer bits."""
    try:
        full = torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # set through torch.backends, which this function refuses to summarize
        full = False
    return torch.float32 if full or device.type == "mps" else torch.float64


def _without_surplus(references: Matrix, k: int) -> IntArray:
    """Return the rows that can be among the k nearest of some row, in order.

    Of equal rows only the k + 1 lowest can. Collapsed embeddings come in thousands, and breaking
    their ties pair by pair would take forever.
    """
    width = references.shape[1]
    bits = np.dtype(f"u{references.itemsize}")
    multipliers = np.random.default_rng(0).integers(0, 2**63, width, dtype=np.uint64) * 2 + 1
    hashes = np.empty(len(references), dtype=np.uint64)
    for block in row_blocks(len(references), 24 * width, limit=2**20):
        rows = np.ascontiguousarray(references[block])
        hashes[block] = (rows.view(bits).astype(np.uint64) * multipliers).sum(axis=1)
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


def _mask_own(scores: torch.Tensor, kept: IntArray, own: IntArray) -> None:
    """Make the score of each row with itself infinite, where it is in the pool."""
    columns = np.minimum(np.searchsorted(kept, own), len(kept) - 1)
    rows = np.flatnonzero(kept[columns] == own)
    scores[torch.from_numpy(rows), torch.from_numpy(columns[rows])] = torch.inf


def _settle(
    rows: Matrix,
    unsure: IntArray,
    scores: torch.Tensor,
    limits: DoubleArray,
    pool: _Pool,
    found: IntArray,
    near: DoubleArray,
) -> None:
    """Measure, for each unsure row, every reference whose score does not rule it out."""
    k = found.shape[1]
    # Rounded up, lest the comparison in the scores' own type leave one out.
    bounds = torch.from_numpy(limits).to(scores.dtype)
    bounds = torch.nextafter(bounds, torch.full_like(bounds, torch.inf)).to(scores.device)
    for chunk in _chunks(unsure, scores, bounds):
        at = torch.from_numpy(chunk).to(scores.device)
        left, right = as_numpy((scores[at] <= bounds[at, np.newaxis]).nonzero()).T
        squared = np.empty(len(left), dtype=np.float64)
        for part in row_blocks(len(left), 24 * rows.shape[1], limit=2**20):
            squared[part] = squared_distances(
                rows[chunk[left[part]]], pool.rows[right[part]], pool.factor
            )
        order = np.lexsort((right, squared, left))
        starts = np.searchsorted(left, np.arange(len(chunk)))
        first = order[starts[:, np.newaxis] + np.arange(k)]
        found[chunk], near[chunk] = right[first], squared[first]


def _chunks(unsure: IntArray, scores: torch.Tensor, bounds: torch.Tensor) -> Iterator[IntArray]:
    """Cut the unsure rows so that the pairs to measure at once fit in a block."""
    if not len(unsure):
        return
    at = torch.from_numpy(unsure).to(scores.device)
    counts = as_numpy((scores[at] <= bounds[at, np.newaxis]).sum(dim=1))
    part = np.cumsum(counts) // (BLOCK_BYTES // 64)
    yield from np.split(unsure, np.flatnonzero(np.diff(part)) + 1)
