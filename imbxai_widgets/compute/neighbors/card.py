"""The exact search on a CUDA device, all of it there, so that nothing waits for the host.

A product proposes, as in `exact`: of its scores the smallest of each group of rows is kept, and of
the groups with the smallest ones all rows are measured again, from float64 differences. Where the
rounding of the product leaves in doubt whether another group has a nearer row, those are, too.

Products of float32 leave the fastest units of a card unused, which multiply TF32, numbers of eleven
bits. So each value is cut into two such numbers, a = a1 + a2 with a rest below 2**-22 of it, and
a1 b1 + a1 b2 + a2 b1 is one product of rows three times as long. What is left out is part of the
bound of `_Frame.doubt`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import log2, sqrt
from typing import Final

import numpy as np
import torch
from torch import Tensor

from imbxai_widgets.compute.numeric.blocks import (
    Matrix,
    chunks_of,
    row_blocks,
    scale_factor,
)
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray

# Bytes of the largest temporary array, of which there are a few; at most a part of the memory.
_BLOCK: Final = 2**29
_SHARE: Final = 32
# Groups beyond the k that have the nearest rows.
_MARGIN: Final = 1
# A group has so many rows that choosing among the groups takes as long as measuring their rows.
_GROUP_COST: Final = 8.0
# The smallest are first chosen of so many groups at a time: choosing among few is far faster.
_AT_ONCE: Final = 64
# From this compute capability on, a card multiplies TF32.
_TF32_SINCE: Final = (8, 0)
_ROUNDING: Final = 1 << 12  # half of what a float32 has beyond the bits of TF32
_KEPT_BITS: Final = ~((1 << 13) - 1)


def multiplies_tf32(device: torch.device) -> bool:
    """Tell whether a device multiplies TF32 faster than float32."""
    cuda = device.type == "cuda" and torch.version.cuda is not None
    return cuda and torch.cuda.get_device_capability(device) >= _TF32_SINCE


def fits(queries: Matrix, references: Matrix, device: torch.device) -> bool:
    """Tell whether the memory of a CUDA device holds all that `card_search` needs."""
    values = references.size + (0 if queries is references else queries.size)
    needed = values * references.itemsize + 4 * references.size * 4 + 6 * _block_bytes(device)
    free = torch.cuda.mem_get_info(device)[0]
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return needed < free + unused


def on_device(matrix: Matrix, device: torch.device) -> Tensor:
    """Return the rows on a device."""
    dtype = torch.float64 if matrix.dtype == np.float64 else torch.float32
    rows = torch.empty(matrix.shape, dtype=dtype, device=device)
    for block in row_blocks(len(matrix), matrix[:1].nbytes):
        # Not `from_numpy`, which complains of arrays that cannot be written to.
        rows[block] = torch.tensor(matrix[block])
    return rows


def crowded(rows: Tensor, k: int) -> bool:
    """Tell whether more than k + 1 rows may be equal, of which some can be nobody's neighbors."""
    if len(rows) <= k + 1:
        return False
    generator = torch.Generator().manual_seed(0)
    odd = torch.randint(-(2**62), 2**62, (rows.shape[1],), generator=generator) * 2 + 1
    odd = odd.to(rows.device)
    bits = rows.view(torch.int64 if rows.dtype == torch.float64 else torch.int32)
    blocks = row_blocks(len(rows), 16 * rows.shape[1])
    hashes = torch.cat([(bits[block].long() * odd).sum(dim=1) for block in blocks]).sort().values
    return bool((hashes[k + 1 :] == hashes[: -(k + 1)]).any())


def card_search(
    asked: Tensor,
    rows: Tensor,
    k: int,
    *,
    kept: IntArray | None,
    own: IntArray | None,
    split: bool,
) -> tuple[IntArray, FloatArray]:
    """Do what `exact_search` does, where its queries and references are.

    Parameters
    ----------
    asked, rows
        The queries and references, on one device.
    k, own
        As there.
    kept
        The only references that are looked at, rising; None for all.
    split
        Whether to multiply in TF32, in parts; else in float32.
    """
    device = rows.device
    names = torch.arange(len(rows), device=device)
    if kept is not None:
        names = torch.from_numpy(kept).to(device)
    hidden = torch.full((len(asked),), -1, device=device)
    if own is not None:
        places = torch.full((len(rows),), -1, device=device)
        places[names] = torch.arange(len(names), device=device)
        hidden = places[torch.from_numpy(own).to(device)]
    frame = _Frame.of(asked, rows if kept is None else rows[names], split)
    indices = torch.empty((len(asked), k), dtype=torch.int64, device=device)
    distances = torch.empty((len(asked), k), dtype=torch.float32, device=device)
    with torch.inference_mode(), torch.autocast(device.type, enabled=False), _tf32(device, split):
        for block in frame.blocks(len(asked)):
            found, squared = frame.search(asked[block], hidden[block], k)
            indices[block] = names[found]
            distances[block] = squared.sqrt().div_(frame.factor)
    return indices.cpu().numpy(), distances.cpu().numpy()


@contextmanager
def _tf32(device: torch.device, wanted: bool) -> Iterator[None]:
    """Let matrix products be made in TF32; the caller's setting comes back."""
    if not wanted or device.type != "cuda":
        yield
        return
    switch = torch.backends.cuda.matmul
    # The older one refuses to be read where the newer one was set.
    name, value = ("fp32_precision", "tf32") if hasattr(switch, "fp32_precision") else _OLDER
    before = getattr(switch, name)
    try:
        setattr(switch, name, value)
        yield
    finally:
        setattr(switch, name, before)


_OLDER: Final = ("allow_tf32", True)


@dataclass(frozen=True, eq=False)
class _Frame:
    """The references, and what their products are made of."""

    rows: Tensor  # (N, D) as given
    factor: float  # power of two by which both sides are scaled
    span: float  # the largest magnitude, scaled
    center: Tensor  # (D,) float64, scaled
    right: Tensor  # (P, D or 3D) float32, the rows scaled and centered, in parts; then zeros
    norms: Tensor  # (P,) their squared norms; infinite where there is no row
    tile: int  # columns of a tile; divides P
    group: int  # columns of a group, which lie `tile // group` apart
    split: bool

    @classmethod
    def of(cls, asked: Tensor, rows: Tensor, split: bool) -> _Frame:
        n_rows, width = rows.shape
        largest = max(map(_largest, (asked, rows)))
        factor = scale_factor(np.array([[largest]]))
        group = 2 ** max(1, round(log2(max(1.0, sqrt(n_rows / width) / _GROUP_COST))))
        step = group * _AT_ONCE
        # Some thousand queries, whose minima fit in a block, make a tile of as many columns.
        n_queries = max(1, min(4096, _block_bytes(rows.device) * group // (4 * n_rows)))
        n_tiles = -(-n_rows * n_queries * 4 // _block_bytes(rows.device))
        tile = -(-n_rows // (n_tiles * step)) * step
        padded = -(-n_rows // tile) * tile
        blocks = list(row_blocks(n_rows, 8 * width))
        sums = torch.stack([(rows[block].double() * factor).sum(dim=0) for block in blocks])
        center = sums.sum(dim=0) / n_rows
        parts = 3 if split else 1
        right = torch.zeros((padded, parts * width), dtype=torch.float32, device=rows.device)
        norms = torch.full((padded,), torch.inf, dtype=torch.float32, device=rows.device)
        frame = cls(rows, factor, largest * factor, center, right, norms, tile, group, split)
        for block in blocks:
            points = frame.framed(rows[block])
            norms[block] = points.double().square_().sum(dim=1)
            right[block] = _parts(points, (0, 1, 0)) if split else points
        return frame

    def blocks(self, n_queries: int) -> Iterator[slice]:
        """Cut the queries so that a tile, and the minima of all tiles, fit in a block."""
        row_bytes = 4 * max(self.tile, len(self.right) // self.group)
        return row_blocks(n_queries, row_bytes, _block_bytes(self.rows.device))

    def framed(self, rows: Tensor) -> Tensor:
        """Return rows scaled and centered, rounded to float32."""
        return (rows.double() * self.factor - self.center).float()

    def search(self, asked: Tensor, hidden: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Return (B, k) nearest rows and their squared distances, scaled."""
        points = self.framed(asked)
        minima = self._minima(_parts(points, (0, 0, 1)) if self.split else points)
        # One more, since the query's own group takes a place.
        chosen, rest = _smallest(minima, k + 1 + _MARGIN)
        columns, squared = self._measured(asked, hidden, chosen)
        columns, order = columns.sort(dim=1)
        squared, order = squared.gather(1, order).sort(dim=1, stable=True)
        found, near = columns.gather(1, order[:, :k]), squared[:, :k].contiguous()
        norms = points.double().square_().sum(dim=1)
        limits = near[:, -1] - norms + self.doubt(norms, near[:, -1])
        # Rounded up, lest the comparison in float32 leave one out.
        bounds = limits.float()
        bounds = torch.nextafter(bounds, torch.full_like(bounds, torch.inf))
        unsure = (rest <= bounds).nonzero()[:, 0]
        for part in row_blocks(len(unsure), minima[0].nbytes, _block_bytes(minima.device)):
            some = unsure[part]
            possible = minima[some] <= bounds[some, None]
            sizes = possible.sum(dim=1).cpu().numpy() * self.group
            for chunk in chunks_of(sizes, _block_bytes(minima.device) // 64):
                self._settle(asked, hidden, some[chunk], possible[chunk], found, near)
        return found, near

    def doubt(self, norms: Tensor, squared: Tensor) -> Tensor:
        """Bound the error of the score of any reference whose true square is at most `squared`.

        As `Pool.doubt`. Of a product in parts, what is left out is at most 3.1 * 2**-22 of |a||b|,
        and its 3D terms, exact in float32, are added by units that cut off what float32 does not
        hold: at most 2**-22 of the sum of all magnitudes for each term, in any order. That is
        doubled, as the score has the product twice; and |a||b| is at most a quarter of the square
        of |a| + |b|.
        """
        width = self.rows.shape[1]
        reach = 2 * norms.sqrt() + squared.sqrt()
        terms = (3.1 * width + 16) * 2.0**-23 if self.split else (width + 16) * 2.0**-24
        bound = terms * reach.square()
        return bound + sqrt(width) * 2.0**-50 * self.span * reach + width * 2.0**-100

    def _minima(self, left: Tensor) -> Tensor:
        """Return the smallest score of each group, (B, P // group)."""
        n_groups = self.tile // self.group
        minima = left.new_empty((len(left), len(self.right) // self.group))
        buffer = left.new_empty((len(left), self.tile))
        for number, start in enumerate(range(0, len(self.right), self.tile)):
            tile = slice(start, start + self.tile)
            scores = torch.addmm(self.norms[tile], left, self.right[tile].T, alpha=-2, out=buffer)
            out = minima[:, number * n_groups : (number + 1) * n_groups]
            torch.amin(scores.view(len(left), self.group, n_groups), dim=1, out=out)
        return minima

    def _members(self, groups: Tensor) -> Tensor:
        """Return the columns of groups, on a last axis."""
        n_groups = self.tile // self.group
        first = groups // n_groups * self.tile + groups % n_groups
        return first[..., None] + torch.arange(self.group, device=groups.device) * n_groups

    def _measured(self, asked: Tensor, hidden: Tensor, groups: Tensor) -> tuple[Tensor, Tensor]:
        """Return the columns of some groups of each query and their squared distances."""
        columns = self._members(groups).flatten(1)
        squared = columns.new_empty(columns.shape, dtype=torch.float64)
        row_bytes = 12 * columns.shape[1] * self.rows.shape[1]
        for block in row_blocks(len(asked), row_bytes, _block_bytes(asked.device)):
            squared[block] = self._squares(asked[block, None], columns[block])
        return columns, squared.masked_fill_(columns == hidden[:, None], torch.inf)

    def _squares(self, asked: Tensor, columns: Tensor) -> Tensor:
        """Return squared distances, scaled; infinite where there is no row.

        Every pair is summed in the same order, whatever lies beside it, so that pairs with the
        same differences tie exactly.
        """
        n_rows, width = self.rows.shape
        near = self.rows.index_select(0, columns.clamp(max=n_rows - 1).flatten())
        squares = near.view(*columns.shape, width).double()
        if self.factor != 1:
            squares *= self.factor
        squares = squares.sub_(asked.double() * self.factor).square_()
        while width > 1:
            half = (width + 1) // 2
            squares[..., : width - half] += squares[..., half:width]
            width = half
        return squares[..., 0].masked_fill(columns >= n_rows, torch.inf)

    def _settle(
        self,
        asked: Tensor,
        hidden: Tensor,
        some: Tensor,
        possible: Tensor,
        found: Tensor,
        near: Tensor,
    ) -> None:
        """Measure all rows of the groups that are possible for some queries."""
        k = found.shape[1]
        places, groups = possible.nonzero().T
        columns = self._members(groups)
        queries = some[places]
        squared = columns.new_empty(columns.shape, dtype=torch.float64)
        row_bytes = 12 * self.group * self.rows.shape[1]
        for block in row_blocks(len(queries), row_bytes, _block_bytes(asked.device)):
            squared[block] = self._squares(asked[queries[block], None], columns[block])
        # The true ones are among those no farther than the farthest found so far.
        wanted = (squared <= near[queries, -1:]) & (columns != hidden[queries, None])
        places = places[:, None].expand(columns.shape)[wanted]
        columns, squared = columns[wanted], squared[wanted]
        order = columns.argsort()
        order = order[squared[order].argsort(stable=True)]
        order = order[places[order].argsort(stable=True)]
        starts = torch.searchsorted(places[order], torch.arange(len(some), device=order.device))
        first = order[starts[:, None] + torch.arange(k, device=order.device)]
        found[some], near[some] = columns[first], squared[first]


def _largest(rows: Tensor) -> float:
    if not rows.numel():
        return 0.0
    low, high = torch.aminmax(rows)
    return max(-float(low), float(high))


def _parts(points: Tensor, which: tuple[int, ...]) -> Tensor:
    """Cut values into two TF32 numbers, and return these side by side in the order asked for."""
    first = _rounded(points)
    both = first, _rounded(points - first)
    return torch.cat([both[number] for number in which], dim=1)


def _rounded(points: Tensor) -> Tensor:
    """Round to eleven bits, so that a product in TF32 is exact."""
    return (points.view(torch.int32) + _ROUNDING & _KEPT_BITS).view(torch.float32)


def _smallest(minima: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """Return the columns of the smallest of each row, and a bound of all others."""
    n_groups = minima.shape[1]
    number = min(number, n_groups)
    if n_groups >= 8 * _AT_ONCE * number:
        # They lie among those at once with the smallest minima.
        together = minima.view(len(minima), _AT_ONCE, -1)
        near = together.amin(dim=1).topk(number, dim=1, largest=False).indices
        steps = torch.arange(_AT_ONCE, device=minima.device) * together.shape[2]
        columns = (near[..., None] + steps).flatten(1)
        few = minima.gather(1, columns).topk(number, dim=1, largest=False)
        return columns.gather(1, few.indices), few.values[:, -1]
    few = minima.topk(number, dim=1, largest=False)
    rest = few.values[:, -1] if number < n_groups else torch.full_like(minima[:, 0], torch.inf)
    return few.indices, rest


def _block_bytes(device: torch.device) -> int:
    if device.type != "cuda":
        return _BLOCK
    memory: int = torch.cuda.get_device_properties(device).total_memory
    return min(_BLOCK, memory // _SHARE)
