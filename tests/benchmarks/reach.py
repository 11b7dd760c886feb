"""Whether validation images that training images do not reach are wrong more often.

    python -m tests.benchmarks.reach

Reads all runs of three sets that are there (see `runs`). Written to results/reach.json, by set and
seed: the mean over the classes of the share of validation images that are covered, of the same for
training images, and how often images that are covered, and that are not, are wrong; with the one
radius of `Analysis.coverage`, and with a ball around each training image, or validation image,
as wide as its own k-th neighbor is far.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tests.benchmarks._results import write_results
from tests.benchmarks.runs import Run, load_run, saved_seeds

SETS: Final = ("emoji CE", "digits", "solar cells")
K: Final = 5


def covered(run: Run) -> dict[str, list[float | None]]:
    """Return the figures of each definition; of balls, no share of training images."""
    parts: dict[str, list[tuple[float, float, int, int, int, int]]] = {}
    wrong = run.validation.logits.argmax(axis=1) != run.validation.labels
    for index in range(len(run.class_names)):
        own = run.training.embeddings[run.training.labels == index].astype(np.float64)
        unseen = run.validation.labels == index
        if len(own) <= K or unseen.sum() <= K:
            continue
        beside = _distances(run.validation.embeddings[unseen].astype(np.float64), own)
        among = _distances(own, own)
        held_out = run.validation.embeddings[unseen].astype(np.float64)
        among_unseen = _distances(held_out, held_out)
        radii, unseen_radii = (np.sort(each, axis=1)[:, K] for each in (among, among_unseen))
        nearest, radius = beside.min(axis=1), np.median(radii)
        np.fill_diagonal(among, np.inf)
        expected = float((among.min(axis=1) <= radius).mean())
        within = {
            "one radius": nearest <= radius,
            "balls of training": (beside <= radii).any(axis=1),
            "balls of validation": nearest <= unseen_radii,
        }
        for name, inside in within.items():
            fails = wrong[unseen]
            counts = (fails[inside].sum(), inside.sum(), fails[~inside].sum(), (~inside).sum())
            parts.setdefault(name, []).append((inside.mean(), expected, *map(int, counts)))
    return {name: _summed(np.array(rows)) for name, rows in parts.items()}


def _distances(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    squares = (rows**2).sum(axis=1)[:, np.newaxis] + (others**2).sum(axis=1) - 2 * rows @ others.T
    return np.sqrt(np.maximum(squares, 0))


def _summed(rows: np.ndarray) -> list[float | None]:
    fails, inside, fails_outside, outside = rows[:, 2:].sum(axis=0)
    found = (rows[:, 0].mean(), rows[:, 1].mean(), fails / inside)
    beyond = float(fails_outside / outside) if outside else None
    return [*(round(float(figure), 4) for figure in found), beyond and round(beyond, 4)]


def main() -> None:
    found = {
        name: {str(seed): covered(load_run(name, seed)) for seed in saved_seeds(name)}
        for name in SETS
    }
    write_results("reach", {name: of_set for name, of_set in found.items() if of_set})


if __name__ == "__main__":
    main()
