"""How often the intervals of changes hold the truth, by simulation.

    python -m tests.benchmarks.paired

Three classes of one size, in which so many images are won and lost: of `PairedDraws`, the intervals
of a class and of the mean of the classes. Writes results/paired.json.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.compute.methods.paired import PairedDraws
from tests.benchmarks._results import write_results

CLASSES: Final = 3
ROUNDS: Final = 200
SIZES: Final = (5, 10, 20, 60)
# Parts of the images that are won and lost.
PROFILES: Final = {
    "none": (0.0, 0.0),
    "2% won, 1% lost": (0.02, 0.01),
    "10% won, 10% lost": (0.1, 0.1),
    "20% won, 5% lost": (0.2, 0.05),
    "40% won": (0.4, 0.0),
}


def held(won: float, lost: float, size: int, rng: np.random.Generator) -> tuple[float, bool]:
    """Return in which part of the classes, and whether of their mean, the truth is held."""
    labels = np.repeat(np.arange(CLASSES), size)
    chances, right = rng.random(len(labels)), rng.random(len(labels)) < 0.6
    before = np.where(chances < won, False, np.where(chances < won + lost, True, right))
    after = np.where(chances < won, True, np.where(chances < won + lost, False, right))
    seed = int(rng.integers(2**31))
    draws = PairedDraws(labels, before, CLASSES, np.arange(len(labels)), seed)
    truth = won - lost
    found, of_all = draws.of_classes(after), draws.of_groups(after, np.zeros(1, dtype=np.int64))
    within = (found.change_low <= truth) & (truth <= found.change_high)
    return float(within.mean()), bool(of_all.change_low[1] <= truth <= of_all.change_high[1])


def simulate() -> dict[str, dict[str, list[float]]]:
    """Return the parts of a class and of the mean, by profile and size."""
    found: dict[str, dict[str, list[float]]] = {}
    for name, (won, lost) in PROFILES.items():
        rng = np.random.default_rng(0)
        for size in SIZES:
            parts = np.mean([held(won, lost, size, rng) for _ in range(ROUNDS)], axis=0)
            found.setdefault(name, {})[str(size)] = parts.round(3).tolist()
            print(name, size, found[name][str(size)], flush=True)
    return found


def main() -> None:
    write_results("paired", simulate())


if __name__ == "__main__":
    main()
