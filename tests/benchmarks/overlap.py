"""Which measure of the overlap of classes names the class that images are most often mistaken for.

    python -m tests.benchmarks.overlap

Reads all runs that are there (see `runs`) and writes results/overlap.json: by set, seed and
measure, over the classes with at least 5 validation errors, the part in which the measure is
highest for the most frequent mistake (where several are equally high, their part of it), and the
mean rank correlation of the measure with the numbers of errors.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax
from scipy.stats import spearmanr

from imbxai_widgets.compute.methods.margins import class_margins
from tests.benchmarks._results import write_results
from tests.benchmarks.runs import RECIPES, Run, load_run, saved_seeds

FEWEST_ERRORS = 5


def measures(run: Run) -> dict[str, np.ndarray]:
    """Return all measures, (C, C): row the class, column that which it may be mistaken for."""
    labels, analysis, head = run.training.labels, run.analysis, run.head
    n_classes = len(run.class_names)
    margins = class_margins(run.training.embeddings, labels, head)
    rows = run.weight / np.linalg.norm(run.weight, axis=1, keepdims=True)
    means = np.stack([run.training.embeddings[labels == c].mean(axis=0) for c in range(n_classes)])
    # What each feature of the mean embedding of class i adds to the logit of class j.
    parts = means[:, np.newaxis] * (rows if head.normalized else run.weight)
    own = parts[np.arange(n_classes), np.arange(n_classes)][:, np.newaxis]
    chances = softmax(run.training.logits.astype(np.float64), axis=1)
    predictions = run.training.logits.argmax(axis=1)
    return {
        "shared top features": analysis.overlap().to_numpy(float),
        "decision overlap": -margins.mean / np.maximum(margins.spread, 1e-12),
        "mean difference of logits": -margins.mean,
        "angle of head rows": rows @ rows.T,
        "shared contributions": np.minimum(parts, own).clip(0).sum(axis=2),
        "votes": analysis.adversaries()["share"].to_numpy(),
        "training errors": _counted(labels, np.eye(n_classes)[predictions]),
        "softmax": _counted(labels, chances),
    }


def judge(measure: np.ndarray, errors: np.ndarray) -> tuple[float, float, float]:
    """Return the part of hits, that of chance, and the mean rank correlation."""
    hits, chances, ranks = [], [], []
    for label, row in enumerate(errors):
        others = np.arange(len(row)) != label
        given, found = measure[label, others], row[others]
        if found.sum() < FEWEST_ERRORS:
            continue
        named, most = given == given.max(), found == found.max()
        hits.append((named & most).sum() / named.sum())
        chances.append(most.mean())
        ranks.append(0.0 if np.ptp(given) == 0 else spearmanr(given, found).statistic)
    return float(np.mean(hits)), float(np.mean(chances)), float(np.mean(ranks))


def _counted(labels: np.ndarray, chances: np.ndarray) -> np.ndarray:
    total = np.zeros((chances.shape[1],) * 2)
    np.add.at(total, labels, chances)
    np.fill_diagonal(total, 0)
    return total


def judged(run: Run) -> dict[str, list[float]]:
    """Return, by measure, the part of hits and the mean rank correlation."""
    predictions = run.validation.logits.argmax(axis=1)
    errors = _counted(run.validation.labels, np.eye(len(run.class_names))[predictions])
    found = {}
    for measure, values in measures(run).items():
        hits, chance, rank = judge(values, errors)
        found[measure] = [round(hits, 6), round(rank, 6)]
        found["chance"] = [round(chance, 6), 0.0]
    return found


def main() -> None:
    found = {
        name: {str(seed): judged(load_run(name, seed)) for seed in saved_seeds(name)}
        for name in RECIPES
    }
    write_results("overlap", {name: of_set for name, of_set in found.items() if of_set})


if __name__ == "__main__":
    main()
