"""Whether validation images that training images do not reach are wrong more often.

    python -m tests.benchmarks.reach

Reads all runs of three sets that are there (see `runs`). Written to results/reach.json, by set and
seed: the mean over the classes of the share of validation images that are covered, of the same for
training images, and how often images that are covered, and that are not, are wrong; with the one
radius of `Analysis.coverage`, and with a ball around each training image, or validation image,
as wide as its own k-th neighbor is far. Under "planted", what each covers of images like those of a
class with three outliers among 40, and of images six standard deviations away; under "nearest", how
near the nearest two training images of a network are, in the units of `Analysis.duplicates`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.compute.neighbors.near_groups import spread
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
        within, expected = definitions(own, run.validation.embeddings[unseen].astype(np.float64))
        for name, inside in within.items():
            fails = wrong[unseen]
            counts = (fails[inside].sum(), inside.sum(), fails[~inside].sum(), (~inside).sum())
            parts.setdefault(name, []).append((inside.mean(), expected, *map(int, counts)))
    return {name: _summed(np.array(rows)) for name, rows in parts.items()}


def definitions(own: np.ndarray, held_out: np.ndarray) -> tuple[dict[str, np.ndarray], float]:
    """Return which images of a class each definition covers, and what the first one expects."""
    beside, among = _distances(held_out, own), _distances(own, own)
    radii = np.sort(among, axis=1)[:, K]
    unseen_radii = np.sort(_distances(held_out, held_out), axis=1)[:, K]
    nearest, radius = beside.min(axis=1), np.median(radii)
    np.fill_diagonal(among, np.inf)
    within = {
        "one radius": nearest <= radius,
        "balls of training": (beside <= radii).any(axis=1),
        "balls of validation": nearest <= unseen_radii,
    }
    return within, float((among.min(axis=1) <= radius).mean())


def planted() -> dict[str, dict[str, float]]:
    """Return the mean share that each definition covers of like images, and of moved ones."""
    rng, found = np.random.default_rng(0), dict[str, dict[str, list[float]]]()
    for _ in range(200):
        own = rng.normal(size=(40, 16))
        own[:3] += 4 * rng.normal(size=(3, 16))
        for name, shift in (("like", 0), ("moved", 6)):
            held_out = rng.normal(size=(50, 16)) + shift * np.eye(16)[0]
            for definition, inside in definitions(own, held_out)[0].items():
                found.setdefault(definition, {}).setdefault(name, []).append(inside.mean())
    return {
        definition: {name: round(float(np.mean(shares)), 3) for name, shares in kinds.items()}
        for definition, kinds in found.items()
    }


def nearest(run: Run) -> float:
    """Return how near the nearest two training images are."""
    distances = run.analysis.train.neighbor_distances[:, 0]
    return round(float(distances.min()) / spread(run.training.embeddings), 4)


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
    runs = {name: of_set for name, of_set in found.items() if of_set}
    near = {name: nearest(load_run(name, min(map(int, of_set)))) for name, of_set in runs.items()}
    write_results("reach", {"sets": runs, "planted": planted(), "nearest": near})


if __name__ == "__main__":
    main()
