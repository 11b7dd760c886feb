"""Networks trained anew with a remedy from the start: what forecasts of remedies are held to.

    python -m tests.benchmarks.retrained NAME SEED [SEED ...] [--trainings TRAINING ...]

The run of a seed (see `runs`) was trained without a remedy. Each training here starts from the same
weights, sees the same images and lasts as long; but for one, whose weights and draws are others, to
show how much is chance. What it predicts of the validation images is kept in a folder, and what is
there already is left as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import nn

from imbxai_widgets.compute.remedies.loss import AdjustedCrossEntropy
from tests.benchmarks.runs import FOLDER as RUNS
from tests.benchmarks.runs import RECIPES, Run, embed, load_run, train
from tests.benchmarks.sets import load_set

FOLDER = Path("artifacts/retrained")


class Training(NamedTuple):
    """What is different: how often images are drawn, the loss, the random numbers."""

    weights: np.ndarray | None = None
    criterion: nn.Module | None = None
    chance: int = 0  # added to the seed


def _adjusted(run: Run) -> Training:
    shares = _sizes(run) / len(run.training.labels)
    shifts = torch.tensor(np.log(shares), dtype=torch.float32)
    return Training(criterion=AdjustedCrossEntropy(shifts))


def _sizes(run: Run) -> np.ndarray:
    return np.bincount(run.training.labels, minlength=len(run.class_names))


def _weighted(run: Run) -> Training:
    weights = 1 / _sizes(run)
    weights = torch.tensor(weights / weights.mean(), dtype=torch.float32)
    return Training(criterion=nn.CrossEntropyLoss(weight=weights))


def _drawn(balance: float) -> Callable[[Run], Training]:
    return lambda run: Training(run.analysis.resampling_plan(balance=balance).to_numpy())


TRAININGS: Final[dict[str, Callable[[Run], Training]]] = {
    "adjusted loss": _adjusted,
    "classes drawn alike": _drawn(1.0),
    "class weights": _weighted,
    "classes drawn half-way": _drawn(0.5),
    "classes drawn alike, again": lambda run: _drawn(1.0)(run)._replace(chance=1000),
}


def load_predictions(run: Run, training: str, folder: Path = FOLDER) -> np.ndarray | None:
    """Return the predictions (M,) of the validation images; None if it was not trained."""
    path = _path(run.name, run.seed, training, folder)
    return np.load(path) if path.exists() else None


def retrain(run: Run, training: str) -> np.ndarray:
    """Train anew, and return the predictions (M,) of the validation images."""
    images = load_set(RECIPES[run.name].images, run.seed)
    how = TRAININGS[training](run)
    model = train(run.name, images, run.seed + how.chance, how.weights, how.criterion)
    return embed(model, images.validation).logits.argmax(axis=1)


def _path(name: str, seed: int, training: str, folder: Path) -> Path:
    return folder / f"{name}-{seed}-{training}.npy".replace(" ", "_")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("seeds", nargs="+", type=int)
    parser.add_argument("--trainings", nargs="+", choices=TRAININGS, default=list(TRAININGS))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.folder.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        run = load_run(options.name, seed, RUNS)
        labels = run.validation.labels
        for training in options.trainings:
            path = _path(run.name, seed, training, options.folder)
            if path.exists():
                continue
            predictions = retrain(run, training)
            np.save(path, predictions)
            right = [(predictions[labels == label] == label).mean() for label in np.unique(labels)]
            print(f"{run.name} {seed} {training}: mean of classes {np.mean(right):.3f}", flush=True)


if __name__ == "__main__":
    main()
