"""The tables that pages show of results that are committed.

    python -m tests.benchmarks.pages

Prints them, to be put into the pages; a test holds the pages to them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import _card_pages, _planted_pages
from tests.benchmarks._results import read_results
from tests.benchmarks.resampling import ONCE_EACH, PLANS

MINUS = "\N{MINUS SIGN}"
# How pages call the sets, in their order. The seeds below 100 chose, those from 100 on report.
SETS = {
    "emoji CE": "emoji",
    "emoji LDAM": "emoji with LDAM-DRW",
    "digits": "digits",
    "solar cells": "solar cells",
    "openmoji": "OpenMoji",
}
MEASURES = (
    *("chance", "shared top features", "angle of head rows", "shared contributions"),
    *("mean difference of logits", "votes", "training errors", "softmax", "decision overlap"),
)
SHARED = ("how many are shared", "weight here", "tells apart", "weight here, as far as alike")
# Forecasts of remedies, and the trainings that they are held to.
TRIALS = {
    "logit adjustment": "a loss adjusted by as much",
    "logit adjustment, LDAM-DRW": "LDAM-DRW",
    "balanced refit": "all classes drawn alike",
    "class weights": "the same weights in the loss",
    "resampling half-way": "images drawn by the same plan",
    "another training": "all classes drawn alike",
}
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


def apart() -> Iterator[str]:
    """Yield the rank correlations of what is said of shared features, over classes that share."""
    found = read_results("apart")
    of_sets = {
        name: [run for run in _reported(found.get(name, {})).values() if run] for name in SETS
    }
    of_sets = {name: runs for name, runs in of_sets.items() if runs}
    yield _row("measure", *(f"{SETS[name]} ({len(runs)})" for name, runs in of_sets.items()))
    for measure in SHARED:
        yield _row(measure, *(_spread([run[measure] for run in runs]) for runs in of_sets.values()))


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


def remedies() -> Iterator[str]:
    """Yield how forecasts of remedies fared, by set and training."""
    found = read_results("what_if")["trials"]
    for name in SETS:
        for title, held_to in TRIALS.items():
            runs = list(_reported(found.get(name, {}).get(title, {})).values())
            if not runs:
                continue
            cells = [_spread([run["correlation"] for run in runs])]
            for figure in ("correlation with size", "off by", "off by, no forecast"):
                digits = 2 if figure.startswith("correlation") else 3
                cells.append(f"{np.mean([run[figure] for run in runs]):.{digits}f}")
            cells += [_signed([run[figure] for run in runs]) for figure in ("told", "real")]
            within = [run["within"] for run in runs if "within" in run]
            cells.append(f"{100 * np.mean(within):.0f}%" if within else "")
            yield _row(SETS[name], title, held_to, len(runs), *cells)


def chosen() -> Iterator[str]:
    """Yield what a tau that is chosen promises, what is told of it, and what it keeps."""
    yield _row("set", "networks", "promised", "reported", "kept")
    for name, runs in read_results("what_if")["choice"].items():
        figures = ("promised", "reported", "kept")
        cells = [_signed([run[figure] for run in runs.values()]) for figure in figures]
        yield _row(SETS[name], len(runs), *cells)


def held_changes() -> Iterator[str]:
    """Yield how often the intervals of changes hold the truth."""
    for name, sizes in read_results("paired").items():
        yield _row(name, *(f"{own:.2f} / {mean:.2f}" for own, mean in sizes.values()))


def moves() -> Iterator[str]:
    """Yield how long a move takes."""
    for name, times in read_results("what_if_speed")["moves"].items():
        cells = (f"{1000 * times[figure]:.0f}" for figure in ("p50", "p95", "processor p50"))
        yield _row(f"`{name}`", *cells)


def moves_in_the_panel() -> Iterator[str]:
    """Yield how long a move of the panel takes, until it is shown and until it is sure."""
    for name, times in read_results("moves")["moves"].items():
        figures = ("shown p50", "shown p95", "sure p50", "sure p95", "busy")
        yield _row(f"`{name}`", *(f"{1000 * times[figure]:.0f}" for figure in figures))


def forecasts_of_remedies(title: str) -> dict[str, list[float]]:
    """Return the correlations of the changes of classes, forecast and real, by set."""
    found = read_results("what_if")["trials"]
    runs = {name: _reported(found.get(name, {}).get(title, {})) for name in SETS}
    return {
        name: [run["correlation"] for run in of_set.values()]
        for name, of_set in runs.items()
        if of_set
    }


def maps() -> Iterator[str]:
    """Yield how much of the neighborhoods maps keep: over all images, and of single classes."""
    names = {"embedded images": "embedded images", **SETS}
    yield _row("images (networks)", "by PCA", "its classes", "by UMAP", "its classes", "by chance")
    for name, of_set in read_results("maps").items():
        cells: list[str] = []
        for projection in ("pca", "umap"):
            runs = [run[projection] for run in of_set.values()]
            kept = [run["kept"] for run in runs]
            classes = [run[end] for run in runs for end in ("least", "largest")]
            cells += (_between(kept), _between(classes))
        chance = next(iter(of_set.values()))["pca"]["by chance"]
        yield _row(f"{names[name]} ({len(of_set)})", *cells, f"{100 * chance:.1f}%")


def bar_intervals() -> Iterator[str]:
    """Yield how often intervals of bars hold the share, by images and how alike votes are."""
    for images, of_images in read_results("bar_intervals").items():
        for likeness, kinds in of_images.items():
            cells = (f"{100 * mean:.0f}% ({100 * least:.0f}%)" for mean, least, _ in kinds.values())
            yield _row(images, likeness, *cells)


def reach() -> Iterator[str]:
    """Yield what is covered by each definition, and how often covered and other images fail."""
    for name, of_seeds in read_results("reach")["sets"].items():
        runs = _reported(of_seeds)
        for definition in ("one radius", "balls of training", "balls of validation"):
            figures = [run[definition] for run in runs.values()]
            known = [[run[at] for run in figures if run[at] is not None] for at in range(4)]
            covered, expected, inside, outside = map(_percent, known)
            told = expected if definition == "one radius" else ""
            yield _row(f"{SETS[name]} ({len(runs)})", definition, covered, told, inside, outside)


def of_a_card(table: Callable[[dict[str, Any]], Iterator[str]]) -> Iterator[str]:
    """Yield the rows of a table of the run on a GPU."""
    yield from table(read_results("gpu"))


def readme() -> Iterator[str]:
    """Yield what README says of overlap."""
    shared, chance, decision = (
        _range(_hits(measure).values())
        for measure in ("shared top features", "chance", "decision overlap")
    )
    yield (
        f"is the one that images are most often mistaken for in {shared} of the classes, where "
        f"chance gives {chance}"
    )
    yield f"names that class in {decision}"


def claims() -> Iterator[str]:
    """Yield the figures of the page of claims, set by set."""
    for measure in ("chance", "shared top features", "votes", "decision overlap"):
        yield _listed(_hits(measure), _percent)
    gains = {plan: _gains(ONCE_EACH, plan) for plan in ("balance 0.5", "archetype factors")}
    for of_sets in (*gains.values(), _gains("balance 0.5", "balance 0.5 and factors")):
        yield _listed(of_sets, _signed)
    found = read_results("costs")
    loss = {
        name: [run["1, 0.5"][1] - run["0, 0.5"][1] for run in found[name].values()]
        for name in SETS
        if name in found
    }
    yield _listed(loss, _signed)
    found = read_results("outliers")
    for part in range(3):
        of_sets = {
            name: [run[part] for run in _reported(found[name]).values()]
            for name in SETS
            if _reported(found.get(name, {}))
        }
        yield _listed(of_sets, _percent)
    for title in TRIALS:
        yield _listed(forecasts_of_remedies(title), _spread)


SENTENCES = {"README.md": readme, "docs/claims.md": claims}
TABLES = {
    "docs/trust.md": (bar_intervals, reach),
    "docs/overlap.md": (lambda: overlap(0), lambda: overlap(1), apart),
    "docs/map.md": (maps,),
    "docs/actions.md": (resampling, shipped_costs, costs),
    "docs/speed-gpu.md": (
        lambda: of_a_card(_card_pages.analyses),
        lambda: of_a_card(_card_pages.neighbors),
        lambda: of_a_card(_card_pages.loops),
        lambda: of_a_card(_card_pages.others),
    ),
    "docs/what-if.md": (held_changes, remedies, chosen, moves, moves_in_the_panel),
    "docs/diagnosis.md": (
        _planted_pages.summary,
        *_planted_pages.confusions(),
        _planted_pages.unseen,
        _planted_pages.untouched,
    ),
}


def _hits(measure: str) -> dict[str, list[float]]:
    """Return the hits of a measure on all networks, by set."""
    found = read_results("overlap")
    return {
        name: [run[measure][0] for run in _reported(found[name]).values()]
        for name in SETS
        if _reported(found.get(name, {}))
    }


def _gains(before: str, after: str) -> dict[str, list[float]]:
    """Return by how much the mean of the classes is higher with a plan, by set."""
    found = read_results("resampling")
    gains = {}
    for name in SETS:
        plans = [_reported(found.get(name, {}).get(plan, {})) for plan in (before, after)]
        seeds = [seed for seed in plans[1] if seed in plans[0]]
        if seeds:
            figure = "mean of classes"
            gains[name] = [plans[1][seed][figure] - plans[0][seed][figure] for seed in seeds]
    return gains


def _listed(of_sets: Mapping[str, Sequence[float]], form: Callable[[Sequence[float]], str]) -> str:
    """Return the mean and deviation of each set, and of how many networks."""
    return ", ".join(
        f"{SETS[name]} {form(values)} ({len(values)})" for name, values in of_sets.items()
    )


def _range(of_sets: Iterable[Sequence[float]]) -> str:
    """Return the lowest and the highest of the means of the sets."""
    low, *_, high = sorted(float(np.mean(values)) for values in of_sets)
    return f"{100 * low:.0f} to {100 * high:.0f}%"


def _between(values: Iterable[float]) -> str:
    """Return the least and the largest of some shares."""
    low, *_, high = sorted(values)
    return f"{100 * low:.0f} to {100 * high:.0f}%"


def _reported(runs: dict[str, dict]) -> dict[str, dict]:
    return {seed: run for seed, run in runs.items() if int(seed) >= 100}


def _percent(values: Sequence[float]) -> str:
    return f"{100 * np.mean(values):.0f}%{_deviation(100 * np.array(values), 0)}"


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.2f}{_deviation(values, 2)}".replace("-", MINUS)


def _signed(values: Sequence[float]) -> str:
    return f"{np.mean(values):+.3f}{_deviation(values, 3)}".replace("-", MINUS)


def _deviation(values: Sequence[float], digits: int) -> str:
    """Return the standard deviation between networks, where there are several."""
    return f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def read_content(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def main() -> None:
    for page, sentences in SENTENCES.items():
        print(f"\n{page}", *sentences(), sep="\n")
    for page, tables in TABLES.items():
        for table in tables:
            print(f"\n{page}")
            print(*table(), sep="\n")


if __name__ == "__main__":
    main()
