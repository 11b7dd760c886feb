"""How often the intervals of bars hold the share that they are of.

    python -m tests.benchmarks.bar_intervals

Images are drawn of which each casts 0 to 5 votes, and each has a chance of its own that a vote is
for the class, drawn around the true share: votes of one image are alike. Written to
results/bar_intervals.json, by the number of images: how often intervals that ask for 95% hold the
share, and how wide they are; those that the package gives, and percentiles of resampled images.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.methods.share_intervals import PairIntervals
from tests.benchmarks._results import write_results

IMAGES: Final = (4, 5, 8, 10, 20, 50, 200)
SHARES: Final = (0.05, 0.2, 0.5, 0.8)
LIKENESS: Final = {"alike": 0.5, "somewhat alike": 3.0, "unlike": np.inf}
NEIGHBORS, TRIALS, DRAWS = 5, 200, 200


def drawn(images: int, share: float, likeness: float, rng: np.random.Generator) -> np.ndarray:
    """Return the classes (images, 5) that images of class 0 have around them; 1 with a chance."""
    chance = np.full(images, share)
    if np.isfinite(likeness):
        chance = rng.beta(share * likeness, (1 - share) * likeness, images)
    cast = np.arange(NEIGHBORS) < rng.integers(0, NEIGHBORS + 1, images)[:, np.newaxis]
    voted = np.where(rng.random((images, NEIGHBORS)) < chance[:, np.newaxis], 1, 2)
    return np.where(cast, voted, 0)


def ours(met: np.ndarray) -> tuple[float, float]:
    own = np.zeros(len(met), dtype=np.int64)
    pairs = PairCounts.of(np.repeat(own, NEIGHBORS), met.ravel(), 3)
    found = PairIntervals.of(pairs, own, met)
    at = int(np.flatnonzero(pairs.others == 1)[0])
    return float(found.low[at]), float(found.high[at])


def percentiles(met: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    votes, cast = (met == 1).sum(axis=1), (met > 0).sum(axis=1)
    weights = rng.multinomial(len(met), np.full(len(met), 1 / len(met)), DRAWS)
    totals = weights @ cast
    shares = (weights @ votes)[totals > 0] / totals[totals > 0]
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    rng = np.random.default_rng(0)
    figures: dict[str, dict[str, dict[str, list[float]]]] = {}
    for images in IMAGES:
        for name, likeness in LIKENESS.items():
            held: dict[str, list[list[float]]] = {"interval": [], "resampled": []}
            for share in SHARES:
                for _ in range(TRIALS):
                    met = drawn(images, share, likeness, rng)
                    if np.count_nonzero(met.any(axis=1)) < 4 or not (met == 1).any():
                        continue  # no interval, or no bar
                    both = {"interval": ours(met), "resampled": percentiles(met, rng)}
                    for kind, (low, high) in both.items():
                        holds = low - 1e-9 <= share <= high + 1e-9
                        held[kind].append([share, holds, high - low])
            figures.setdefault(str(images), {})[name] = {
                kind: _summed(np.array(each)) for kind, each in held.items()
            }
    write_results("bar_intervals", figures)


def _summed(trials: np.ndarray) -> list[float]:
    """Return how often the share was held, over all shares and for the worst, and the width."""
    by_share = [trials[trials[:, 0] == share, 1].mean() for share in SHARES]
    found = (float(np.mean(by_share)), float(np.min(by_share)), float(trials[:, 2].mean()))
    return [round(figure, 3) for figure in found]


if __name__ == "__main__":
    main()
