"""Which predictions are wrong, told without labels, and how well confidences keep their promise.

    python -m tests.benchmarks.reliability [--present] [--tables]

Of the networks of `runs`: areas under the ROC curve of signs that a validation prediction is wrong,
and the calibration before and after scaling, which each image gets from a fit to others. The signs
that `error_probability` weighs were chosen on the seeds 0 to 7, without openmoji, and are reported
on 100 to 107. Also simulates how often the intervals of `calibration` hold the truth. Writes
results/reliability.json; `--present` trains no network that is not there; `--tables` prints those
of docs/calibration.md instead.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
from sklearn.metrics import roc_auc_score

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.archetypes import SAFE
from imbxai_widgets.compute.methods.calibration import calibration
from tests.benchmarks._results import read_results, write_results
from tests.benchmarks.runs import FOLDER, RECIPES, load_run
from tests.benchmarks.sets import CHOOSING, REPORTING, AbsentError

SMALLEST: Final = 3  # classes
SCALINGS: Final = (None, "temperature", "bias")
SIGNS: Final = ("confidence", "agreement", "error_probability", "archetype")
SIZES: Final = (10, 20, 40, 100, 400, 1600)
ROUNDS: Final = 500
# By how much confidence is too large: of all images, or of the surest alone.
PROFILES: Final = {
    "nothing": (0.0, 1.0),
    "0.05": (0.05, 1.0),
    "0.3": (0.3, 1.0),
    "0.1, the surest 40%": (0.1, 0.4),
    "0.1, twins": (0.1, 1.0),
}


def figures(analysis: Analysis, groups: np.ndarray) -> dict[str, float]:
    """Return what is measured of one network."""
    split = analysis.validation
    assert split is not None
    wrong = ~split.correct
    same = analysis.labels[split.neighbors] == split.predictions[:, np.newaxis]
    told = analysis.error_probability(groups=groups).to_numpy()
    unlike = {
        "confidence": 1 - split.confidences.astype(np.float64),
        "agreement": 1 - same.mean(axis=1),
        "error_probability": told,
        # Knows the label, and so is no forecast.
        "archetype": (split.archetypes > SAFE) + split.archetypes.astype(float),
    }
    found = {f"auroc {name}": roc_auc_score(wrong, values) for name, values in unlike.items()}
    for name in ("confidence", "error_probability"):
        found[f"brier {name}"] = ((unlike[name] - wrong) ** 2).mean()
    found["ece error_probability"] = calibration(1 - told, ~wrong, groups).ece
    for name, row in analysis.errors_by_agreement().iterrows():
        found[f"wrong at {name}"] = row["validation_error_rate"]
    order = np.argsort(analysis.rows.sizes, kind="stable")
    for scaling in SCALINGS:
        which = scaling or "plain"
        row = analysis.calibration(scaling=scaling, groups=groups).iloc[0]
        found |= {f"{name} {which}": row[name] for name in ("accuracy", "gap", "ece")}
        tail = analysis.calibration("class", scaling=scaling).iloc[order[:SMALLEST]]
        for name in ("accuracy", "confidence"):
            found[f"tail {name} {which}"] = np.average(tail[name], weights=tail["images"])
    found["errors"] = wrong.sum()
    return {name: round(float(value), 4) for name, value in found.items()}


def measure(present: bool) -> dict[str, Any]:
    """Return the figures of each network, by recipe and seed."""
    found: dict[str, Any] = {}
    for name in RECIPES:
        for seed in [*CHOOSING, *REPORTING]:
            path = FOLDER / f"{name.replace(' ', '_')}-{seed}.npz"
            if present and not path.exists():
                continue
            try:
                run = load_run(name, seed)
            except AbsentError as absent:
                print(absent)
                break
            own = figures(run.analysis, run.validation.groups)
            found.setdefault(name, {})[str(seed)] = own
            print(name, seed, own, flush=True)
    return found


def drawn(
    rng: np.random.Generator, size: int, over: float, part: float, twins: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return confidences, whether right, groups, and how often each image would be right."""
    confidences = 1 / (1 + np.exp(-abs(rng.normal(2, 1.5, size // twins))))
    surest = confidences >= np.quantile(confidences, 1 - part)
    chances = np.clip(confidences - over * surest, 0, 1)
    parts = (confidences, rng.random(len(chances)) < chances, np.arange(len(chances)), chances)
    confidences, right, groups, chances = (np.repeat(values, twins) for values in parts)
    return confidences, right, groups, chances


def simulate() -> dict[str, dict[str, list[float]]]:
    """Return how often the intervals of gap and error hold the truth, by profile and size."""
    found: dict[str, dict[str, list[float]]] = {}
    for name, (over, part) in PROFILES.items():
        rng = np.random.default_rng(0)
        many, _, _, chances = drawn(rng, 400_000, over, part)
        gap, error = (many - chances).mean(), abs(many - chances).mean()
        for size in SIZES:
            held = []
            for _ in range(ROUNDS):
                twins = 2 if "twins" in name else 1
                own = calibration(*drawn(rng, size, over, part, twins)[:3])
                gap_held = own.gap_low <= gap <= own.gap_high
                held.append((gap_held, own.ece_low <= error <= own.ece_high))
            covered = np.mean(held, axis=0).round(3).tolist()
            found.setdefault(name, {})[str(size)] = covered
            print(name, size, covered, flush=True)
    return found


def reported(networks: dict[str, Any]) -> dict[str, dict[str, np.ndarray]]:
    """Return the figures of the seeds that are reported, by recipe and name."""
    found = {}
    for recipe, seeds in networks.items():
        own = [each for seed, each in seeds.items() if int(seed) in REPORTING]
        if own:
            found[recipe] = {name: np.array([each[name] for each in own]) for name in own[0]}
    return found


def signs_table() -> Iterator[str]:
    """Yield the areas under the ROC curve."""
    yield "| networks | confidence | agreement | `error_probability` | archetype, by the label |"
    yield "| --- | --: | --: | --: | --: |"
    yield from _rows([f"auroc {name}" for name in SIGNS])


def probability_table() -> Iterator[str]:
    """Yield how good the probabilities of an error are."""
    yield "| networks | 1 - confidence | `error_probability` | its calibration error |"
    yield "| --- | --: | --: | --: |"
    yield from _rows(["brier confidence", "brier error_probability", "ece error_probability"])


def agreement_table() -> Iterator[str]:
    """Yield how often validation images are wrong, by how many neighbors are of the prediction."""
    levels = ["4-5 of 5", "2-3 of 5", "1 of 5", "0 of 5"]
    yield "| networks | " + " | ".join(levels) + " |"
    yield "| --- |" + " --: |" * len(levels)
    yield from _rows([f"wrong at {level}" for level in levels])


def calibration_table() -> Iterator[str]:
    """Yield calibration errors, and accuracies, before and after scaling."""
    yield "| networks | error, plain | temperature | bias | accuracy, plain | bias |"
    yield "| --- | --: | --: | --: | --: | --: |"
    errors = [f"ece {which}" for which in ("plain", "temperature", "bias")]
    yield from _rows([*errors, "accuracy plain", "accuracy bias"])


def tail_table() -> Iterator[str]:
    """Yield confidence and accuracy in the smallest classes."""
    kinds = ("plain", "temperature", "bias")
    yield "| networks | " + " | ".join(f"{kind}: confidence | accuracy" for kind in kinds) + " |"
    yield "| --- |" + " --: |" * (2 * len(kinds))
    names = [f"tail {name} {kind}" for kind in kinds for name in ("confidence", "accuracy")]
    yield from _rows(names)


def coverage_table() -> Iterator[str]:
    """Yield how often intervals hold the truth."""
    yield "| too sure by | " + " | ".join(f"{size} images" for size in SIZES) + " |"
    yield "| --- |" + " --: |" * len(SIZES)
    for name, sizes in read_results("reliability")["coverage"].items():
        cells = [f"{gap:.2f} / {error:.2f}" for gap, error in sizes.values()]
        yield f"| {name} | " + " | ".join(cells) + " |"


TABLES: Final[tuple[Callable[[], Iterator[str]], ...]] = (
    signs_table,
    probability_table,
    agreement_table,
    calibration_table,
    tail_table,
    coverage_table,
)


def _rows(names: Iterable[str]) -> Iterator[str]:
    names = list(names)
    for recipe, found in reported(read_results("reliability")["networks"]).items():
        number = len(found["errors"])
        cells = [
            f"{np.nanmean(found[name]):.3f} ± {np.nanstd(found[name], ddof=1):.3f}"
            if number > 1
            else f"{found[name][0]:.3f}"
            for name in names
        ]
        yield f"| {recipe}, {number} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--present", action="store_true")
    parser.add_argument("--tables", action="store_true")
    options = parser.parse_args()
    if not options.tables:
        found = {"networks": measure(options.present), "coverage": simulate()}
        write_results("reliability", found)
    for table in TABLES:
        print("\n".join(table()), end="\n\n")


if __name__ == "__main__":
    main()
