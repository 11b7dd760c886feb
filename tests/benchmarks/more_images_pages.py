"""The tables that docs/more-images.md shows of results/more_images.json.

    python -m tests.benchmarks.more_images_pages

Prints them, to be put into the page; a test holds the page to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from tests.benchmarks._results import read_results
from tests.benchmarks.more_images import (
    AGAIN,
    ALONE,
    NONE,
    SPREADS,
    STRENGTHS,
    TOLD,
    TRIALS,
)
from tests.benchmarks.pages import SETS, _listed, _reported, _row, _signed, _spread

# As the page calls them.
FORECASTS: Final = {
    TOLD: "**learning curve**",
    ALONE: "logit + log(k)",
    "slope of refitted heads": "slope of refitted heads",
    "refitted heads": "fall of refitted heads",
    "balanced refit": "balanced refit",
    "mean gain": "mean gain of other networks",
    "share of errors": "share of errors, of other networks",
    NONE: "no change",
    AGAIN: "another training",
}


def forecasts() -> Iterator[str]:
    """Yield how each forecast fared, by set."""
    yield _row("set", "forecast", "correlation", "off by", "told", "real", "within")
    yield _row("---", "---", *["--:"] * 5)
    for name, runs in _reports().items():
        for forecast, title in FORECASTS.items():
            found = [run["all"][forecast] for run in runs]
            told = [_spread([of[figure] for of in found]) for figure in ("told", "real")]
            off = f"{np.mean([of['off by'] for of in found]):.3f}"
            alike = [of["correlation"] for of in found]
            known = None not in alike
            yield _row(
                SETS[name], title, _spread(alike) if known else "", off, *told, _within(found)
            )


def trials() -> Iterator[str]:
    """Yield how the chosen forecast fared, by set and by how many more images there were."""
    yield _row("set", "images", "off by", "if nothing changed", "told", "real", "within")
    yield _row("---", "---", *["--:"] * 5)
    for name, runs in _reports().items():
        for trial in TRIALS:
            found = [run["trials"][trial][TOLD] for run in runs]
            none = np.mean([run["trials"][trial][NONE]["off by"] for run in runs])
            off = np.mean([of["off by"] for of in found])
            told = [_signed([of[figure] for of in found]) for figure in ("told", "real")]
            yield _row(SETS[name], trial, f"{off:.3f}", f"{none:.3f}", *told, _within(found))


def choice() -> Iterator[str]:
    """Yield what the networks that chose say of the strength and of its spread."""
    sets = _chose()
    names = (f"{SETS[name]} ({len(runs)})" for name, runs in sets.items())
    yield _row("", *names)
    yield _row("---", *["--:"] * len(sets))
    for figure, values in (("strength", STRENGTHS), ("spread", SPREADS)):
        for value in values:
            of_sets = [[run["all"][f"{figure} {value:g}"] for run in of] for of in sets.values()]
            cells = (
                f"{np.mean([of['off by'] for of in found]):.3f}"
                if figure == "strength"
                else _within(found)
                for found in of_sets
            )
            yield _row(f"{figure} {value:g}", *cells)


def prices() -> Iterator[str]:
    """Yield what other classes lose, and which errors more images mend."""
    yield _row("set", "by more images", "by logit + log(k)", "within reach", "beyond reach")
    yield _row("---", *["--:"] * 4)
    for name, runs in _reports().items():
        lost = [_signed([run["others"][place] for run in runs]) for place in (0, 1)]
        near, wrong, far, beyond = np.sum([run["won"] for run in runs], axis=0)
        shares = (f"{near / wrong:.0%} of {wrong}", f"{far / beyond:.0%} of {beyond}")
        yield _row(SETS[name], *lost, *shares)


def claims() -> Iterator[str]:
    """Yield what docs/claims.md tells."""
    for figure in ("correlation", "off by"):
        sets = {
            name: [run["all"][TOLD][figure] for run in runs] for name, runs in _reports().items()
        }
        yield _listed(sets, _spread)


TABLES = (forecasts, trials, choice, prices)


def _reports() -> dict[str, list[Any]]:
    found = read_results("more_images")
    return {name: list(_reported(found[name]).values()) for name in SETS if name in found}


def _chose() -> dict[str, list[Any]]:
    found = read_results("more_images")
    return {
        name: [run for seed, run in found[name].items() if seed not in _reported(found[name])]
        for name in SETS
        if name in found
    }


def _within(found: list[dict[str, float]]) -> str:
    shares = [of["within"] for of in found]
    return "" if None in shares else f"{np.mean(shares):.0%}"


def main() -> None:
    for table in (*TABLES, claims):
        print("", *table(), sep="\n")


if __name__ == "__main__":
    main()
