"""What remedies were forecast to change, and what they changed when a network was trained anew.

    python -m tests.benchmarks.what_if
    python -m tests.benchmarks.what_if --speed

Of each network of `runs` that `retrained` has trained again: per-class changes of accuracy that
`Analysis.what_if` forecasts from the embeddings of the first, against those of the second, on the
same validation images. And what a parameter that is chosen promises on the images that chose it,
what the folds report, and what it keeps on images that played no part. Writes results/what_if.json;
`--speed` measures instead how long a move takes, and writes results/what_if_speed.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import torch

from imbxai_widgets import Analysis
from imbxai_widgets.compute.remedies.refit import refit
from imbxai_widgets.remedies import (
    ClassifierRetraining,
    DropSuspects,
    LogitAdjustment,
    NearestClassMean,
    Remedy,
    Resample,
    Reweight,
    TauNormalization,
    Threshold,
)
from tests.benchmarks._results import write_results
from tests.benchmarks.retrained import load_predictions
from tests.benchmarks.runs import Run, load_run, saved_seeds
from tests.benchmarks.sets import CHOOSING, REPORTING

NAMES: Final = ("digits", "solar cells", "emoji CE", "emoji LDAM")
LDAM: Final = "LDAM-DRW"
TWICE: Final = "another training"
HALVES: Final = 20  # draws of the images that play no part
MOVES: Final = 40


class Trial(NamedTuple):
    """A forecast, and the training that it is held to."""

    remedy: Callable[[Run], Remedy]
    training: str


TRIALS: Final[dict[str, Trial]] = {
    "logit adjustment": Trial(lambda run: LogitAdjustment(1), "adjusted loss"),  # noqa: ARG005
    "logit adjustment, LDAM-DRW": Trial(lambda run: LogitAdjustment(1), LDAM),  # noqa: ARG005
    "balanced refit": Trial(lambda run: ClassifierRetraining(), "classes drawn alike"),  # noqa: ARG005
    "class weights": Trial(lambda run: Reweight(), "class weights"),  # noqa: ARG005
    "resampling half-way": Trial(
        lambda run: Resample(run.analysis.resampling_plan(balance=0.5)), "classes drawn half-way"
    ),
}


def outcome(run: Run, training: str) -> np.ndarray | None:
    """Return the predictions (M,) of the network that was trained again; None if there is none."""
    if training != LDAM:
        return load_predictions(run, training)
    if run.name != "emoji CE" or run.seed not in saved_seeds("emoji LDAM"):
        return None
    other = load_run("emoji LDAM", run.seed)
    assert np.array_equal(other.validation.labels, run.validation.labels)
    return other.validation.logits.argmax(axis=1)


def judged(run: Run, trial: Trial, predictions: np.ndarray) -> dict[str, float]:
    """Hold the forecast of a trial to what came of it."""
    what_if = run.analysis.what_if(trial.remedy(run), groups=run.validation.groups)
    table, real = what_if.classes(), changes(run, predictions)
    within = (table["change_low"] <= real) & (real <= table["change_high"])
    return held_to(run, table["change"].to_numpy(), real) | {"within": round(within.mean(), 4)}


def changes(run: Run, predictions: np.ndarray) -> np.ndarray:
    """Return by how much the accuracy of each class, (C,), is above that of the run."""
    labels, before = run.validation.labels, run.validation.logits.argmax(axis=1)
    gained = (predictions == labels).astype(float) - (before == labels)
    return np.array([gained[labels == c].mean() for c in range(len(run.class_names))])


def held_to(run: Run, told: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """Compare changes of the classes, (C,) each."""
    sizes = np.bincount(run.training.labels, minlength=len(told))
    figures = {
        "correlation": np.corrcoef(told, real)[0, 1],
        "correlation with size": np.corrcoef(-np.log(sizes), real)[0, 1],
        "off by": abs(told - real).mean(),
        "off by, no forecast": abs(real).mean(),
        "told": told.mean(),
        "real": real.mean(),
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def twice(run: Run) -> dict[str, float] | None:
    """Hold one training to another that differs by chance alone; None if there are not both."""
    names = ("classes drawn alike, again", "classes drawn alike")
    predictions = [load_predictions(run, name) for name in names]
    if any(found is None for found in predictions):
        return None
    told, real = (changes(run, found) for found in predictions)
    return held_to(run, told, real)


def kept(run: Run) -> dict[str, float]:
    """Return what a chosen tau promises, what is reported of it, and what it keeps.

    Of draws of halves of the validation images (of groups): the gain of the mean of the classes on
    the half that chose, as told with folds, and on the other half.
    """
    held, rng = run.validation, np.random.default_rng(run.seed)
    found = []
    for _ in range(HALVES):
        first = (rng.random(int(held.groups.max()) + 1) < 0.5)[held.groups]
        halves = [
            Analysis.from_arrays(
                run.training.embeddings,
                run.training.labels,
                run.training.logits,
                validation=(held.embeddings[rows], held.labels[rows], held.logits[rows]),
                head=run.head,
            )
            for rows in (first, ~first)
        ]
        what_if = halves[0].what_if(LogitAdjustment(), groups=held.groups[first])
        gains = (
            halves[0].what_if(*what_if.remedies),
            what_if,
            halves[1].what_if(*what_if.remedies),
        )
        found.append([gain.summary().loc["mean of classes", "change"] for gain in gains])
    means = np.mean(found, axis=0).round(4).tolist()
    return dict(zip(("promised", "reported", "kept"), means, strict=True))


def measure() -> dict[str, Any]:
    """Return the figures of all networks, by set."""
    trials: dict[str, Any] = {}
    choice: dict[str, Any] = {}
    for name in NAMES:
        for seed in [seed for seed in saved_seeds(name) if seed in (*CHOOSING, *REPORTING)]:
            run = load_run(name, seed)
            tried = False
            for title, trial in TRIALS.items():
                predictions = outcome(run, trial.training)
                if predictions is None:
                    continue
                own = judged(run, trial, predictions)
                trials.setdefault(name, {}).setdefault(title, {})[str(seed)] = own
                print(name, seed, title, own, flush=True)
                tried = True
            again = twice(run)
            if again is not None:
                trials[name].setdefault(TWICE, {})[str(seed)] = again
                print(name, seed, TWICE, again, flush=True)
            if tried and seed in REPORTING:
                choice.setdefault(name, {})[str(seed)] = kept(run)
                print(name, seed, choice[name][str(seed)], flush=True)
    return {"trials": trials, "choice": choice}


def synthetic() -> Analysis:
    """12,000 images of 64 features in ten classes for training, and as many for validation."""
    rng = np.random.default_rng(0)
    shares = np.geomspace(1, 0.02, 10)
    centers = 0.55 * rng.normal(size=(10, 64))

    def images() -> tuple[np.ndarray, np.ndarray]:
        labels = rng.choice(10, 12_000, p=shares / shares.sum())
        points = centers[labels] + rng.normal(size=(12_000, 64))
        return np.maximum(points, 0).astype(np.float32), labels

    training, held_out = images(), images()
    head = refit(*(part[:3000] for part in training), np.ones(3000), 10)
    return Analysis.from_arrays(
        *training,
        head.logits(training[0]),
        validation=(*held_out, head.logits(held_out[0])),
        head=head,
    )


def speed() -> dict[str, dict[str, float]]:
    """Return how long a move takes, in seconds: the remedy, and all tables of it."""
    analysis = synthetic()
    moves: dict[str, Callable[[int], Remedy]] = {
        "LogitAdjustment": lambda step: LogitAdjustment(step / 10),
        "LogitAdjustment, best": lambda step: LogitAdjustment(),  # noqa: ARG005
        "Threshold": lambda step: Threshold({"3": (step + 1) / 100}),
        "TauNormalization": lambda step: TauNormalization(step / 10),
        "NearestClassMean": lambda step: NearestClassMean(),  # noqa: ARG005
        "Reweight": lambda step: Reweight("effective number", 1 - 10 ** -(1 + step / 10)),
        "ClassifierRetraining": lambda step: ClassifierRetraining(np.arange(10) + 1 + step),
        "DropSuspects": lambda step: DropSuspects(10 * step + 10),
    }
    analysis.what_if(ClassifierRetraining()).summary()  # what is made once
    found = {}
    for name, move in moves.items():
        times, processor = [], []
        for step in range(MOVES):
            start, used = time.perf_counter(), time.process_time()
            what_if = analysis.what_if(move(step))
            what_if.classes(), what_if.summary(), what_if.moves()
            times.append(time.perf_counter() - start)
            processor.append(time.process_time() - used)
        found[name] = {
            "p50": round(float(np.quantile(times, 0.5)), 4),
            "p95": round(float(np.quantile(times, 0.95)), 4),
            "processor p50": round(float(np.quantile(processor, 0.5)), 4),
        }
        print(name, found[name], flush=True)
    return {"threads": torch.get_num_threads(), "moves": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speed", action="store_true")
    if parser.parse_args().speed:
        write_results("what_if_speed", speed())
    else:
        write_results("what_if", measure())


if __name__ == "__main__":
    main()
