"""Which predictions are wrong, told without labels, and how well confidences keep their promise.

    python -m tests.benchmarks.reliability [--present] [--table]

Of the networks of `runs`: areas under the ROC curve of signs that a validation prediction is wrong,
and the calibration before and after scaling, which each image gets from a fit to others. The signs
of `error_probability` were chosen on the seeds 0 to 7, and are reported on 100 to 107. Writes
results/reliability.json; `--present` trains no network that is not there, `--table` prints what the
file holds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from imbxai_widgets.compute.methods.archetypes import SAFE
from tests.benchmarks._results import read_results, write_results
from tests.benchmarks.runs import FOLDER, RECIPES, Run, load_run
from tests.benchmarks.sets import CHOOSING, REPORTING, AbsentError

SMALLEST: Final = 3  # classes


def figures(run: Run) -> dict[str, float]:
    """Return what is measured of one network."""
    analysis, groups = run.analysis, run.validation.groups
    split = analysis.validation
    assert split is not None
    wrong = ~split.correct
    told = analysis.error_probability(groups=groups).to_numpy()
    same = analysis.labels[split.neighbors] == split.predictions[:, np.newaxis]
    unlike = {
        "confidence": 1 - split.confidences,
        "agreement": 1 - same.mean(axis=1),
        "error_probability": told,
        # Knows the label, and so is no forecast.
        "archetype": (split.archetypes > SAFE) + split.archetypes.astype(float),
    }
    found = {f"auroc {name}": roc_auc_score(wrong, values) for name, values in unlike.items()}
    for name in ("confidence", "error_probability"):
        found[f"brier {name}"] = ((unlike[name] - wrong) ** 2).mean()
    small = np.isin(split.labels, np.argsort(analysis.rows.sizes, kind="stable")[:SMALLEST])
    for scaling in (None, "temperature", "bias"):
        which = scaling or "plain"
        row = analysis.calibration(scaling=scaling, groups=groups).iloc[0]
        found |= {f"{name} {which}": row[name] for name in ("accuracy", "gap", "ece", "ece_low")}
        table = analysis.calibration("class", scaling=scaling, groups=groups)
        tail = table.iloc[np.argsort(analysis.rows.sizes, kind="stable")[:SMALLEST]]
        for name in ("accuracy", "confidence"):
            found[f"tail {name} {which}"] = np.average(tail[name], weights=tail["images"])
    found |= {"errors": wrong.sum(), "images": len(split), "tail images": small.sum()}
    return {name: round(float(value), 4) for name, value in found.items()}


def measure(names: Iterable[str], seeds: Iterable[int], present: bool) -> dict[str, Any]:
    """Return the figures of each network, by recipe and seed."""
    found: dict[str, Any] = {}
    for name in names:
        for seed in seeds:
            path = FOLDER / f"{name.replace(' ', '_')}-{seed}.npz"
            if present and not path.exists():
                continue
            try:
                run = load_run(name, seed)
            except AbsentError as absent:
                print(absent)
                break
            found.setdefault(name, {})[str(seed)] = figures(run)
            print(name, seed, found[name][str(seed)], flush=True)
    return found


def table(found: dict[str, Any], columns: Iterable[str]) -> pd.DataFrame:
    """Return mean and standard deviation over the networks that are reported."""
    rows = {}
    for name, networks in found.items():
        own = pd.DataFrame([each for seed, each in networks.items() if int(seed) in REPORTING])
        if len(own):
            shown = {
                column: f"{own[column].mean():.3f} +- {own[column].std():.3f}" for column in columns
            }
            rows[name] = {"networks": len(own), **shown}
    return pd.DataFrame(rows).T


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--present", action="store_true")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if not options.table:
        write_results("reliability", measure(RECIPES, [*CHOOSING, *REPORTING], options.present))
    found = read_results("reliability")
    signs = ["confidence", "agreement", "error_probability", "archetype"]
    print(table(found, [f"auroc {name}" for name in signs]).to_string())
    print(table(found, ["brier confidence", "brier error_probability"]).to_string())
    kinds = ["plain", "temperature", "bias"]
    print(table(found, [f"ece {kind}" for kind in kinds]).to_string())
    print(table(found, [f"gap {kind}" for kind in kinds]).to_string())
    print(table(found, [f"accuracy {kind}" for kind in kinds]).to_string())
    tail = [f"tail {name} {kind}" for kind in kinds for name in ("accuracy", "confidence")]
    print(table(found, tail).to_string())


if __name__ == "__main__":
    main()
