"""Networks trained without a part of one class's images: what forecasts of more images start from.

    python -m tests.benchmarks.withheld NAME SEED [SEED ...] [--folder FOLDER]

The run of a seed (see `runs`) was trained on all images. Those here keep a quarter, or half, of the
images of one class, and all of the others: the same recipe, seed and validation images. The quarter
is part of the half. Drawings of one emoji are kept or withheld together.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from tests.benchmarks.runs import RECIPES, Run, run_at
from tests.benchmarks.sets import REPORTING, ImageSet, Part, load_set

FOLDER = Path("artifacts/withheld")
KEPT: Final = (0.25, 0.5)
# All but the largest class of those that have at least 24 training and 30 validation images.
CLASSES: Final = {
    "digits": (1, 2, 3, 4),
    "solar cells": (0, 1, 3, 5, 7),
    "emoji CE": (1, 2, 3, 4, 5, 6),
}


def load_withheld(name: str, seed: int, label: int, kept: float, folder: Path = FOLDER) -> Run:
    """Return the run of a recipe that keeps a part of a class; it is trained if it is not there.

    Parameters
    ----------
    name, seed
        As for `runs.load_run`.
    label
        The class, of which images are withheld.
    kept
        The part of its images (of its groups) that is kept, above 0 and at most 1.
    folder
        Where such runs are kept.
    """
    path = path_of(name, seed, label, kept, folder)
    return run_at(
        path, name, seed, lambda: withheld(load_set(RECIPES[name].images, seed), label, kept, seed)
    )


def load_again(name: str, seed: int, folder: Path = FOLDER) -> Run:
    """Return a run with all images whose weights and draws are others, to tell what is chance."""
    path = folder / f"{name}-{seed}-again.npz".replace(" ", "_")
    return run_at(path, name, seed + 1000, lambda: load_set(RECIPES[name].images, seed))


def path_of(name: str, seed: int, label: int, kept: float, folder: Path = FOLDER) -> Path:
    """Return where such a run is kept."""
    return folder / f"{name}-{seed}-{label}-{kept:g}.npz".replace(" ", "_")


def withheld(images: ImageSet, label: int, kept: float, seed: int) -> ImageSet:
    """Withhold training images of a class; what a smaller part keeps, a larger one keeps too."""
    training = images.training
    groups = np.unique(training.groups[training.labels == label])
    order = np.random.default_rng((seed, label)).permutation(groups)
    left_out = order[round(kept * len(order)) :]
    rows = (training.labels != label) | ~np.isin(training.groups, left_out)
    part = Part(training.images[rows], training.labels[rows], training.groups[rows])
    return replace(images, training=part)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=CLASSES)
    parser.add_argument("seeds", nargs="+", type=int)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    for seed in options.seeds:
        for label in CLASSES[options.name]:
            for kept in KEPT:
                run = load_withheld(options.name, seed, label, kept, options.folder)
                own = run.validation.labels == label
                recall = (run.validation.logits[own].argmax(axis=1) == label).mean()
                images = int((run.training.labels == label).sum())
                print(f"{run.name} {seed} {label}: {images} images, {recall:.3f}", flush=True)
        if seed in REPORTING:
            load_again(options.name, seed, options.folder)


if __name__ == "__main__":
    main()
