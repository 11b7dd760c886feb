"""What the cost matrix changes when networks predict with the least expected cost.

    python -m tests.benchmarks.costs

Prints a table for the shipped network, and writes results/costs.json: of each run that is there
(see `runs`), by strength and imbalance. Nothing was chosen on them, so all seeds report.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from imbxai_widgets import Analysis
from tests.benchmarks._results import write_results
from tests.benchmarks.emoji_runs import SHIPPED
from tests.benchmarks.emoji_runs import load_run as load_emoji
from tests.benchmarks.runs import RECIPES, load_run, saved_seeds

SETTINGS = ((0, 0), (1, 0), (0, 0.5), (1, 0.5), (0, 1), (1, 1), (3, 0.5))


def accuracies(
    analysis: Analysis, probabilities: np.ndarray, labels: np.ndarray
) -> dict[str, list[float]]:
    """Return, by "strength, imbalance": accuracy, mean of classes, that of the three smallest."""
    smallest = np.argsort(np.bincount(analysis.labels), kind="stable")[:3]
    found = {}
    for strength, imbalance in SETTINGS:
        costs = analysis.class_cost_matrix(strength=strength, imbalance=imbalance).to_numpy()
        right = (probabilities @ costs).argmin(axis=1) == labels
        of_classes = np.array([right[labels == c].mean() for c in range(analysis.n_classes)])
        figures = (right.mean(), of_classes.mean(), right[np.isin(labels, smallest)].mean())
        found[f"{strength}, {imbalance}"] = [round(float(figure), 6) for figure in figures]
    return found


def main() -> None:
    shipped = load_emoji(SHIPPED)
    top = shipped.validation.top
    probabilities = np.take_along_axis(top.probabilities, np.argsort(top.classes, axis=1), axis=1)
    found = {SHIPPED: accuracies(shipped, probabilities, shipped.validation.labels)}
    print("strength, imbalance: accuracy, mean of classes, smallest 3")
    for setting, figures in found[SHIPPED].items():
        print(setting, *figures)
    for name in RECIPES:
        for seed in saved_seeds(name):
            run = load_run(name, seed)
            given = softmax(run.validation.logits.astype(np.float64), axis=1)
            figures = accuracies(run.analysis, given, run.validation.labels)
            found.setdefault(name, {})[str(seed)] = figures
    write_results("costs", found)


if __name__ == "__main__":
    main()
