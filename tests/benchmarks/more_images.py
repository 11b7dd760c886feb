"""What more images of a class were forecast to bring, and what they brought.

    python -m tests.benchmarks.more_images

Takes the networks that `withheld` has trained without a part of one class's images, and forecasts
from each what twice and four times as many would change of the class's recall. It is held to the
networks that were trained with as many, on the same validation images. The seeds below 100 chose
among forecasts, those from 100 on report. Writes results/more_images.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np

from imbxai_widgets.analysis.reach import Reach
from imbxai_widgets.compute.methods.learning_curve import (
    SPREAD,
    STRENGTH,
    forecast_recall,
    shortfalls,
)
from imbxai_widgets.compute.methods.paired import PairedDraws
from imbxai_widgets.compute.remedies.refit import refit
from tests.benchmarks._results import write_results
from tests.benchmarks._subsampled import by_curve
from tests.benchmarks.runs import Run, load_run, saved_seeds
from tests.benchmarks.sets import REPORTING
from tests.benchmarks.withheld import CLASSES, KEPT, load_again, load_withheld, path_of

# Which part was kept, and how many times as many images there were.
TRIALS: Final = {"1/4 to 1/2": (0.25, 2), "1/4 to all": (0.25, 4), "1/2 to all": (0.5, 2)}
STRENGTHS: Final = (1.0, 1.25, 1.5, 1.75, 2.0)
SPREADS: Final = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6)
TOLD: Final = "learning curve"
ALONE: Final = "decision alone"
AGAIN: Final = "another training"
NONE: Final = "no change"

Interval = tuple[float, float, float]  # change, low, high


class Case(NamedTuple):
    """What was told of a class, and what came.

    Attributes
    ----------
    trial
        One of `TRIALS`.
    before, real
        Recall with few images, and its change by more.
    told
        Of each forecast, its change, and the ends of the interval; NaN where it has none.
    others
        Change of the mean recall of all other classes: by more images, and by the decision alone.
    won
        Of images that were wrong within reach of training images, and beyond: how many are right
        with more, and how many there were.
    """

    trial: str
    before: float
    real: float
    told: dict[str, Interval]
    others: tuple[float, float]
    won: tuple[int, int, int, int]


def cases(name: str, seed: int, label: int) -> list[Case]:
    """Return those of a class of a split."""
    runs = {kept: load_withheld(name, seed, label, kept) for kept in KEPT}
    runs[1.0] = load_run(name, seed)
    found = []
    for trial, (kept, factor) in TRIALS.items():
        run, more = runs[kept], runs[kept * factor]
        told = forecasts(run, label, factor)
        if kept * factor == 1 and seed in REPORTING:
            change = _recall(load_again(name, seed), label) - _recall(run, label)
            told[AGAIN] = (change, np.nan, np.nan)
        found.append(
            Case(
                trial,
                _recall(run, label),
                _recall(more, label) - _recall(run, label),
                told,
                _others(run, more, label, factor),
                _won(run, more, label),
            )
        )
    return found


def forecasts(run: Run, label: int, factor: int) -> dict[str, Interval]:
    """Return what each forecast tells of a class, but those that learn of other networks."""
    held_out = run.validation
    own = held_out.labels == label
    right = held_out.logits.argmax(axis=1) == held_out.labels
    draws = PairedDraws(held_out.labels, right, len(run.class_names), held_out.groups)
    missing = shortfalls(held_out.logits[own], label)
    found: dict[str, Interval] = {}
    settings = {TOLD: (STRENGTH, SPREAD), ALONE: (1.0, 0.0)}
    if run.seed in REPORTING:  # of these nothing was chosen
        found |= by_curve(run, label, factor)
        found["balanced refit"] = (_balanced(run, label), np.nan, np.nan)
    else:
        settings |= {f"strength {strength:g}": (strength, SPREAD) for strength in STRENGTHS}
        settings |= {f"spread {spread:g}": (STRENGTH, spread) for spread in SPREADS}
    for name, (strength, spread) in settings.items():
        change = forecast_recall(missing, label, factor, draws, strength=strength, spread=spread)
        found[name] = (float(change.change), float(change.change_low), float(change.change_high))
    return found


@lru_cache(maxsize=1)  # the same for all factors
def _balanced(run: Run, label: int) -> float:
    """Return what a head gains that is refitted to classes drawn alike, over one that is not."""
    training, unseen = run.training, run.validation.embeddings[run.validation.labels == label]
    alike = 1 / np.bincount(training.labels)[training.labels]
    before, after = (
        refit(training.embeddings, training.labels, weights, run.head).logits(unseen).argmax(axis=1)
        for weights in (np.ones(len(alike)), alike)
    )
    return float((after == label).mean() - (before == label).mean())


def _recall(run: Run, label: int) -> float:
    own = run.validation.labels == label
    return float((run.validation.logits[own].argmax(axis=1) == label).mean())


def _others(run: Run, more: Run, label: int, factor: int) -> tuple[float, float]:
    """Return changes of the mean recall of other classes: by more images, by the decision alone."""
    labels, shifted = run.validation.labels, run.validation.logits.copy()
    shifted[:, label] += np.log(factor)
    others = [c for c in np.unique(labels) if c != label]

    def mean(logits: np.ndarray) -> float:
        return float(np.mean([(logits[labels == c].argmax(axis=1) == c).mean() for c in others]))

    before = mean(run.validation.logits)
    return mean(more.validation.logits) - before, mean(shifted) - before


def _won(run: Run, more: Run, label: int) -> tuple[int, int, int, int]:
    reach = Reach.of(run.analysis, label)
    assert reach is not None
    before, after = (of.validation.logits[reach.rows].argmax(axis=1) for of in (run, more))
    wrong, right = before != label, after == label
    within, beyond = wrong & reach.covered, wrong & ~reach.covered
    counts = (right & within, within, right & beyond, beyond)
    return tuple(int(count.sum()) for count in counts)


def with_baselines(found: Mapping[int, Sequence[Case]]) -> dict[int, list[Case]]:
    """Add what the seeds that chose would tell: their mean gain, and the share of errors they won.

    Of each trial by itself.
    """
    chose = [case for seed, of in found.items() if seed not in REPORTING for case in of]
    gains, shares = {}, {}
    for trial in {case.trial for case in chose}:
        of_trial = [case for case in chose if case.trial == trial]
        gains[trial] = np.mean([case.real for case in of_trial])
        errors = sum(1 - case.before for case in of_trial)
        shares[trial] = sum(case.real for case in of_trial) / errors
    none = (np.nan, np.nan)
    return {
        seed: [
            case._replace(
                told=case.told
                | {
                    NONE: (0.0, *none),
                    "mean gain": (gains[case.trial], *none),
                    "share of errors": (shares[case.trial] * (1 - case.before), *none),
                }
            )
            for case in of
        ]
        for seed, of in found.items()
    }


def figures(found: Sequence[Case]) -> dict[str, Any]:
    """Hold the forecasts of a split to what came: of all trials, and the chosen one of each."""
    by_trial = {
        trial: _held([case for case in found if case.trial == trial], (TOLD, NONE))
        for trial in TRIALS
    }
    others = np.mean([case.others for case in found], axis=0).round(4).tolist()
    won = np.sum([case.won for case in found], axis=0).tolist()
    forecast = {name: None for case in found for name in case.told}
    return {"all": _held(found, tuple(forecast)), "trials": by_trial, "others": others, "won": won}


def _held(found: Sequence[Case], names: Sequence[str]) -> dict[str, dict[str, float | None]]:
    table: dict[str, dict[str, float | None]] = {}
    for forecast in names:
        pairs = [(case.told[forecast], case.real) for case in found if forecast in case.told]
        if not pairs:
            continue
        told, low, high = np.array([pair[0] for pair in pairs]).T
        real = np.array([pair[1] for pair in pairs])
        within = np.isfinite(low).all() and ((low <= real) & (real <= high)).mean()
        table[forecast] = {
            "told": round(float(told.mean()), 4),
            "real": round(float(real.mean()), 4),
            "off by": round(float(abs(told - real).mean()), 4),
            "correlation": _correlation(told, real),
            "within": round(float(within), 4) if np.isfinite(low).all() else None,
        }
    return table


def _correlation(told: np.ndarray, real: np.ndarray) -> float | None:
    if np.ptp(told) == 0 or np.ptp(real) == 0:
        return None
    return round(float(np.corrcoef(told, real)[0, 1]), 4)


def _complete(name: str, seed: int) -> bool:
    runs = product(CLASSES[name], KEPT)
    return all(path_of(name, seed, label, kept).exists() for label, kept in runs)


def main() -> None:
    found: dict[str, Any] = {}
    for name, labels in CLASSES.items():
        of_set: dict[int, list[Case]] = {}
        for seed in filter(lambda seed: _complete(name, seed), saved_seeds(name)):
            of_set[seed] = [case for label in labels for case in cases(name, seed, label)]
            print(name, seed, flush=True)
        found[name] = {str(seed): figures(of) for seed, of in with_baselines(of_set).items()}
    write_results("more_images", found)


if __name__ == "__main__":
    main()
