"""How much work an exact search is, and up to how much of it is worth an exact result.

The work is counted by the sizes alone, not timed: which images of an analysis are neighbors must
not depend on the machine, on how many threads run or on how busy they are. A score of two rows
costs its D multiplications and as much as some 64 more, to make and choose among scores.
"""

from __future__ import annotations

from typing import Final

import torch

# Multiplications that one score costs beside its own. On one core of an EPYC (Zen 5) a score takes
# some 15 ps times D + 64, for D from 16 to 2,048; on an H100 45 ns / 10**6 of it.
PER_SCORE: Final = 64
# Operations up to which a search is exact: some eight seconds on one core, or on such a card.
_EXACT: Final = {"cpu": 5 * 10**11, "cuda": 150 * 10**12}
# Times as many may be spent where an approximation misses too much.
_PATIENCE: Final = 50
# Up to this many queries, an approximation is not worth making: the samples that it needs are
# searched exactly, and its index is one of all references.
_FEW_QUERIES: Final = 5_000


def exact_pays(n_queries: int, n_references: int, width: int, device: torch.device) -> bool:
    """Tell whether `method="auto"` searches exactly at once.

    Examples
    --------
    >>> cpu = torch.device("cpu")
    >>> [exact_pays(n, n, d, cpu) for n, d in [(62_000, 64), (29_000, 512), (15_000, 2048)]]
    [True, True, True]
    >>> exact_pays(100_000, 100_000, 64, cpu)
    False
    """
    return n_queries <= _FEW_QUERIES or _share(n_queries, n_references, width, device) >= 1


def exact_bearable(n_queries: int, n_references: int, width: int, device: torch.device) -> bool:
    """Tell whether an exact search is to be preferred to an approximation that misses too much."""
    return _PATIENCE * _share(n_queries, n_references, width, device) >= 1


def most_compared(n_queries: int, n_references: int, width: int, device: torch.device) -> float:
    """Return the largest share of all pairs that an approximation may compare.

    A quarter: cells that compare more take as long as an exact search does. And no more than
    would be bearable.
    """
    return min(1 / 4, _PATIENCE * _share(n_queries, n_references, width, device))


def _share(n_queries: int, n_references: int, width: int, device: torch.device) -> float:
    """Return what part of an exact search is worth it without further ado."""
    work = max(1, n_queries * n_references * (width + PER_SCORE))
    return _EXACT.get(device.type, _EXACT["cpu"]) / work
