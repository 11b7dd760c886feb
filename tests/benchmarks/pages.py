"""The tables that pages show of results that are committed.

    python -m tests.benchmarks.pages

Prints them, to be put into the pages; a test holds the pages to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tests.benchmarks._results import read_results
from tests.benchmarks.resampling import ONCE_EACH, PLANS

MINUS = "\N{MINUS SIGN}"
# How pages call the sets, in their order. The seeds below 100 chose, those from 100 on report.
SETS = {
    "emoji CE": "emoji",
    "emoji LDAM": "emoji, LDAM-DRW",
    "digits": "digits",
    "solar cells": "solar cells",
    "openmoji": "OpenMoji",
}
MEASURES = (
    *("chance", "shared top features", "angle of head rows", "shared contributions"),
    *("mean difference of logits", "votes", "training errors", "softmax", "decision overlap"),
)
COSTS = ("0, 0", "1, 0", "0, 0.5", "1, 0.5", "0, 1", "1, 1")


def overlap(figure: int) -> Iterator[str]:
    """Yield the rows of hits (0) or rank correlations (1) of each measure on each set."""
    found = read_results("overlap")
    sets = [name for name in SETS if _reported(found.get(name, {}))]
    networks = [len(_reported(found[name])) for name in sets]
    yield _row("measure", *(f"{SETS[n]} ({k})" for n, k in zip(sets, networks, strict=True)))
    for measure in MEASURES:
        if measure == "chance" and figure:
            continue
        cells = []
        for name in sets:
            values = [run[measure][figure] for run in _reported(found[name]).values()]
            cells.append(_percent(values) if figure == 0 else _spread(values))
        yield _row(measure, *cells)


def resampling() -> Iterator[str]:
    """Yield the accuracies of each plan, and how they differ from those without."""
    found = read_results("resampling")
    for name in SETS:
        before = _reported(found.get(name, {}).get(ONCE_EACH, {}))
        for plan in (ONCE_EACH, *PLANS):
            after = _reported(found.get(name, {}).get(plan, {}))
            seeds = [seed for seed in after if seed in before]
            if not seeds:
                continue
            cells = []
            for figure in ("all", "mean of classes", "smallest 3"):
                values = [after[seed][figure] for seed in seeds]
                gains = [after[seed][figure] - before[seed][figure] for seed in seeds]
                gain = "" if plan == ONCE_EACH else f" ({_signed(gains)})"
                cells.append(f"{np.mean(values):.3f}{gain}")
            yield _row(SETS[name], plan, len(seeds), *cells)


def costs() -> Iterator[str]:
    """Yield mean class accuracy by strength and imbalance, mean over all networks of a set."""
    found = read_results("costs")
    sets = [name for name in SETS if name in found]
    yield _row("strength, imbalance", *(f"{SETS[name]} ({len(found[name])})" for name in sets))
    for setting in COSTS:
        values = [[run[setting][1] for run in found[name].values()] for name in sets]
        yield _row(setting, *(f"{np.mean(of_set):.3f}" for of_set in values))


def shipped_costs() -> Iterator[str]:
    """Yield all figures of the shipped network."""
    for setting, figures in read_results("costs")["shipped"].items():
        strength, imbalance = setting.split(", ")
        yield _row(strength, imbalance, *(f"{figure:.3f}" for figure in figures))


TABLES = {
    "docs/overlap.md": (lambda: overlap(0), lambda: overlap(1)),
    "docs/actions.md": (resampling, shipped_costs, costs),
}


def _reported(runs: dict[str, dict]) -> dict[str, dict]:
    return {seed: run for seed, run in runs.items() if int(seed) >= 100}


def _percent(values: Sequence[float]) -> str:
    return f"{100 * np.mean(values):.0f}% ± {100 * np.std(values, ddof=1):.0f}"


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}".replace("-", MINUS)


def _signed(values: Sequence[float]) -> str:
    return f"{np.mean(values):+.3f} ± {np.std(values, ddof=1):.3f}".replace("-", MINUS)


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def main() -> None:
    for page, tables in TABLES.items():
        for table in tables:
            print(f"\n{page}")
            print(*table(), sep="\n")


if __name__ == "__main__":
    main()
