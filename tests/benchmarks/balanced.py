"""What class-balanced archetypes do, beside the plain ones, over networks.

    python -m tests.benchmarks.balanced [--folder FOLDER] [--tables | --seconds]

Takes the runs that are there (see `runs`): those of the seeds 0 to 7 chose the neighborhood and the
weights, those from 100 on report. Writes results/balanced.json: of each network and each kind of
archetype, how common safe images and outliers are among the training images, and how well the
archetypes of validation images tell errors: those of the network, and those that it makes once its
logits are adjusted to class sizes (less the logarithm of the size). Also the authors' table of
long-tailed CIFAR-10, of which five neighbors are known. `--tables` prints those of
docs/balanced.md; `--seconds` measures how long the search takes.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from imbxai_widgets.analysis._neighbors import neighbors_among
from imbxai_widgets.compute.methods.archetypes import (
    ARCHETYPES,
    OUTLIER,
    SAFE,
    archetype_counts,
    assign_archetypes,
)
from imbxai_widgets.compute.methods.balanced import balanced_archetypes, balanced_shares
from imbxai_widgets.compute.neighbors.search import nearest_neighbors, nearest_references
from tests.benchmarks._embeddings import embeddings, save_bases
from tests.benchmarks._results import read_results, write_results
from tests.benchmarks.runs import FOLDER, RECIPES, Run, load_run, saved_seeds

SMALLEST: Final = 3  # classes
FIRST_REPORTING: Final = 100
NEIGHBORS: Final = (5, 10, 15, 20)  # a plain neighborhood, and wider ones
WEIGHTS: Final = ("each", "root", "size")  # a neighbor counts 1, 1/sqrt(n), 1/n
PLAIN, WIDE, BALANCED = "5, each", "10, each", "10, size"
SHOWN: Final = {PLAIN: "plain", WIDE: "twice as wide", BALANCED: "class-balanced"}
REFERENCE = Path(__file__).parents[1] / "data" / "cifar10_lt_neighbors.csv.gz"
SIZES: Final = (2_000, 20_000, 100_000, 1_000_000)


def figures(run: Run, neighbors: int, weights: str) -> dict[str, float | None]:
    """Return what one kind of archetype does on one network."""
    near = [found.indices[:, :neighbors] for found in _searched(run)]
    training, held_out = run.training, run.validation
    sizes = np.bincount(training.labels, minlength=len(run.class_names))
    own = _archetypes(training.labels, training.labels[near[0]], sizes, weights, among=True)
    unseen = _archetypes(held_out.labels, training.labels[near[1]], sizes, weights, among=False)
    small = np.argsort(sizes, kind="stable")[:SMALLEST]
    tail, tail_unseen = np.isin(training.labels, small), np.isin(held_out.labels, small)
    found = {
        "safe": (own == SAFE).mean(),
        "outlier": (own == OUTLIER).mean(),
        "safe, smallest": (own[tail] == SAFE).mean(),
        "outlier, smallest": (own[tail] == OUTLIER).mean(),
    }
    adjusted = held_out.logits - np.log(np.maximum(sizes, 1))
    for name, logits in (("", held_out.logits), (" adjusted", adjusted)):
        wrong = logits.argmax(axis=1) != held_out.labels
        found[f"auroc{name}"] = _area(wrong, unseen)
        found[f"auroc{name}, smallest"] = _area(wrong[tail_unseen], unseen[tail_unseen])
        for number, archetype in enumerate(ARCHETYPES):
            here = unseen == number
            found[f"wrong{name} at {archetype}"] = wrong[here].mean() if here.any() else np.nan
        here = tail_unseen & (unseen == SAFE)
        found[f"wrong{name} at safe, smallest"] = wrong[here].mean() if here.any() else np.nan
    wrong = held_out.logits.argmax(axis=1) != held_out.labels
    mended = adjusted.argmax(axis=1) == held_out.labels
    for number, archetype in enumerate(ARCHETYPES):
        here = wrong & (unseen == number)
        found[f"mended at {archetype}"] = mended[here].mean() if here.any() else np.nan
    return {
        name: None if np.isnan(value) else round(float(value), 4) for name, value in found.items()
    }


def measured(folder: Path) -> dict[str, Any]:
    """Return the figures of all runs that are there, by recipe, seed and kind of archetype."""
    found: dict[str, Any] = {}
    for name in RECIPES:
        for seed in saved_seeds(name, folder):
            kinds = (PLAIN, WIDE, BALANCED)
            if seed < FIRST_REPORTING:
                kinds = tuple(
                    f"{width}, {weights}" for width, weights in product(NEIGHBORS, WEIGHTS)
                )
            run = load_run(name, seed, folder)
            found.setdefault(name, {})[str(seed)] = {
                kind: figures(run, *kind_of(kind)) for kind in kinds
            }
            print(name, seed, flush=True)
    return found


def reference() -> dict[str, Any]:
    """Return the archetypes of the smallest classes of the authors' table, by five neighbors."""
    table = pd.read_csv(REFERENCE)
    labels, near = table["label"].to_numpy(), table[[f"n{i}" for i in range(5)]].to_numpy()
    sizes = np.bincount(labels)
    balanced = _archetypes(labels, near, sizes, "size", among=True)
    counts = {
        "plain": archetype_counts(labels, assign_archetypes(labels, near), 10),
        "class-balanced": archetype_counts(labels, balanced, 10),
    }
    return {
        "sizes": sizes.tolist(),
        **{name: of_all.tolist() for name, of_all in counts.items()},
    }


def seconds() -> None:
    """Print how long the search takes, and how much memory, beside that of five neighbors."""
    with tempfile.TemporaryDirectory() as folder:
        save_bases(Path(folder))
        for size, k in product(SIZES, (5, 10)):
            points = embeddings("real", size, 64, Path(folder))
            before, began = _peak(), time.perf_counter()
            found = neighbors_among(points, k)
            took = time.perf_counter() - began
            told = f"{found.method}, recall {found.recall:.3f}"
            print(
                f"| {size:,} | {k} | {took:.2f} s | {_peak() - before} MiB | {told} |", flush=True
            )


def errors_table() -> Iterator[str]:
    """Yield how well each kind of archetype tells errors of the network, and adjusted ones."""
    yield "| networks | archetypes | errors | of 3 classes | adjusted errors | of 3 classes |"
    yield "| --- | --- | --: | --: | --: | --: |"
    names = ("auroc", "auroc, smallest", "auroc adjusted", "auroc adjusted, smallest")
    yield from _rows(names, 3)


def rates_table() -> Iterator[str]:
    """Yield the error rates of each archetype."""
    yield f"| networks | archetypes | {' | '.join(ARCHETYPES)} | safe, 3 classes |"
    yield "| --- | --- |" + " --: |" * 5
    yield from _rows([*(f"wrong at {each}" for each in ARCHETYPES), "wrong at safe, smallest"], 2)


def mended_table() -> Iterator[str]:
    """Yield which part of the errors of each archetype the adjustment mends."""
    yield f"| networks | archetypes | {' | '.join(ARCHETYPES)} |"
    yield "| --- | --- |" + " --: |" * 4
    yield from _rows([f"mended at {each}" for each in ARCHETYPES], 2)


def shares_table() -> Iterator[str]:
    """Yield how many training images are safe, and how many are outliers."""
    yield "| networks | archetypes | safe | outlier | safe, 3 classes | outlier, 3 classes |"
    yield "| --- | --- |" + " --: |" * 4
    yield from _rows(("safe", "outlier", "safe, smallest", "outlier, smallest"), 2)


def choice_table() -> Iterator[str]:
    """Yield the means over the sets of what chose the neighborhood and the weights."""
    yield "| neighbors, each counting | errors | adjusted errors | safe, 3 classes |"
    yield "| --- | --: | --: | --: |"
    found = read_results("balanced")["networks"]
    for width, weights in product(NEIGHBORS, WEIGHTS):
        cells = []
        for figure in ("auroc", "auroc adjusted", "safe, smallest"):
            means = [
                np.mean([of[f"{width}, {weights}"][figure] for of in chosen])
                for of_set in found.values()
                if (chosen := [of for seed, of in of_set.items() if int(seed) < FIRST_REPORTING])
            ]
            cells.append(f"{np.mean(means):.3f}")
        words = {"each": "1", "root": "1/√n", "size": "1/n"}[weights]
        yield f"| {width}, {words} | {' | '.join(cells)} |"


def reference_table() -> Iterator[str]:
    """Yield the archetypes of the authors' table, of the three smallest classes and the largest."""
    found = read_results("balanced")["reference"]
    yield f"| class of so many images | archetypes | {' | '.join(ARCHETYPES)} |"
    yield "| --: | --- |" + " --: |" * 4
    for index in (0, 7, 8, 9):
        for kind in ("plain", "class-balanced"):
            counts = " | ".join(f"{count:,}" for count in found[kind][index])
            yield f"| {found['sizes'][index]:,} | {kind} | {counts} |"


TABLES: Final = (
    errors_table,
    rates_table,
    mended_table,
    shares_table,
    choice_table,
    reference_table,
)


def reported(figure: str, kind: str) -> dict[str, list[float]]:
    """Return a figure of the networks that report, by recipe, where it is known."""
    found: dict[str, list[float]] = {}
    for name, seeds in read_results("balanced")["networks"].items():
        values = [of[kind][figure] for seed, of in seeds.items() if int(seed) >= FIRST_REPORTING]
        found[name] = [value for value in values if value is not None]
    return found


def _rows(names: Any, digits: int) -> Iterator[str]:
    for recipe in read_results("balanced")["networks"]:
        for kind, shown in SHOWN.items():
            values = [reported(name, kind)[recipe] for name in names]
            number = len(reported("safe", kind)[recipe])
            cells = " | ".join(_spread(of, digits, number) for of in values)
            yield f"| {recipe}, {number} | {shown} | {cells} |"


def _spread(values: list[float], digits: int, number: int) -> str:
    if not values:
        return "none"
    few = f" ({len(values)})" if len(values) < number else ""
    deviation = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{deviation}{few}"


def kind_of(kind: str) -> tuple[int, str]:
    """Return how many neighbors a kind of archetype has, and how each counts."""
    width, weights = kind.split(", ")
    return int(width), weights


def _searched(run: Run) -> tuple[Any, Any]:
    points, most = run.training.embeddings, max(NEIGHBORS)
    return (
        nearest_neighbors(points, most, method="exact"),
        nearest_references(run.validation.embeddings, points, most, method="exact"),
    )


def _archetypes(
    labels: np.ndarray, near: np.ndarray, sizes: np.ndarray, weights: str, *, among: bool
) -> np.ndarray:
    if weights == "each":
        return assign_archetypes(labels, near)
    if weights == "size":
        return balanced_archetypes(balanced_shares(labels, near, sizes, among=among))
    same = near == labels[:, np.newaxis]
    counted = (sizes[near] - (same & among)) ** -0.5
    return balanced_archetypes(np.where(same, counted, 0).sum(axis=1) / counted.sum(axis=1))


def _area(wrong: np.ndarray, archetypes: np.ndarray) -> float:
    if wrong.all() or not wrong.any():
        return np.nan
    return float(roc_auc_score(wrong, archetypes))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--tables", action="store_true")
    parser.add_argument("--seconds", action="store_true")
    options = parser.parse_args()
    if options.tables:
        for table in TABLES:
            print("\n".join(table()), end="\n\n")
    elif options.seconds:
        seconds()
    else:
        found = {"networks": measured(options.folder), "reference": reference()}
        print(write_results("balanced", found))


if __name__ == "__main__":
    main()
