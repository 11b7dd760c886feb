"""Whether networks that are trained again with a resampling plan get better, and at what.

    python -m tests.benchmarks.resampling NAME SEED [SEED ...] [--plans PLAN ...]
    python -m tests.benchmarks.resampling --report

The run of a seed (see `runs`) saw every image once an epoch. Its analysis gives the plans; with
each of these a network is trained anew, from the same weights and for as many epochs. Trainings
that are done are read from the folder. The report writes all of them to results/resampling.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks._results import write_results
from tests.benchmarks.runs import FOLDER as RUNS
from tests.benchmarks.runs import RECIPES, Embedded, Run, embed, load_run, train
from tests.benchmarks.sets import CHOOSING, REPORTING, load_set

FOLDER = Path("artifacts/resampling")
AS_THEY_ARE = {"safe": 1.0, "border": 1.0, "rare": 1.0, "outlier": 1.0}
FACTORS = {"safe": 0.5, "border": 2.0, "rare": 2.0, "outlier": 1.0}
PLANS = {
    "archetype factors": {**FACTORS, "balance": 0.0},
    "balance 0.5": {**AS_THEY_ARE, "balance": 0.5},
    "balance 0.5 and factors": {**FACTORS, "balance": 0.5},
    "balance 1": {**AS_THEY_ARE, "balance": 1.0},
}
ONCE_EACH = "every image once"


def measure(name: str, seed: int, plans: list[str]) -> None:
    """Train what is missing of a seed, and write what it reaches."""
    run = load_run(name, seed, RUNS)
    _write(name, seed, ONCE_EACH, accuracies(run.validation, run))
    for plan in plans:
        if not _path(name, seed, plan).exists():
            _write(name, seed, plan, trained_again(run, plan))


def trained_again(run: Run, plan: str) -> dict[str, float]:
    """Train a network with a plan, and return its accuracies."""
    images = load_set(RECIPES[run.name].images, run.seed)
    weights = run.analysis.resampling_plan(**PLANS[plan]).to_numpy()
    model = train(run.name, images, run.seed, weights)
    return accuracies(embed(model, images.validation), run)


def accuracies(validation: Embedded, run: Run) -> dict[str, float]:
    """Return the accuracy over all images, the mean of the classes, that of the three smallest."""
    sizes = np.bincount(run.training.labels, minlength=len(run.class_names))
    right = validation.logits.argmax(axis=1) == validation.labels
    of_classes = np.array([right[validation.labels == label].mean() for label in range(len(sizes))])
    return {
        "all": float(right.mean()),
        "mean of classes": float(of_classes.mean()),
        "smallest 3": float(of_classes[np.argsort(sizes, kind="stable")[:3]].mean()),
    }


def report() -> None:
    """Write the accuracies of all trainings in the folder, by set, plan and seed."""
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for name in RECIPES:
        for plan in (ONCE_EACH, *PLANS):
            paths = {seed: _path(name, seed, plan) for seed in (*CHOOSING, *REPORTING)}
            done = {
                str(seed): json.loads(path.read_text())
                for seed, path in paths.items()
                if path.exists()
            }
            if done:
                found.setdefault(name, {})[plan] = done
    write_results("resampling", found)


def _path(name: str, seed: int, plan: str) -> Path:
    return FOLDER / f"{name}-{seed}-{plan}.json".replace(" ", "_")


def _write(name: str, seed: int, plan: str, figures: dict[str, float]) -> None:
    path = _path(name, seed, plan)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({key: round(value, 4) for key, value in figures.items()}))
    print(f"{name} {seed} {plan}:", *figures.values(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", choices=RECIPES)
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("--plans", nargs="+", choices=PLANS, default=list(PLANS))
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for seed in options.seeds:
        measure(options.name, seed, options.plans)
    if options.report:
        report()


if __name__ == "__main__":
    main()
