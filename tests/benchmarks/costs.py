"""What the cost matrix changes when the shipped network predicts with the least expected cost.

python -m tests.benchmarks.costs
"""

from __future__ import annotations

import numpy as np

from tests.benchmarks.emoji_runs import SHIPPED, load_run

SETTINGS = ((0, 0), (1, 0), (0, 0.5), (1, 0.5), (1, 1), (3, 0.5))


def main() -> None:
    analysis = load_run(SHIPPED)
    held_out = analysis.validation
    order = np.argsort(held_out.top.classes, axis=1)
    probabilities = np.take_along_axis(held_out.top.probabilities, order, axis=1)
    smallest = np.argsort(np.bincount(analysis.labels))[:3]
    print("strength imbalance accuracy class_mean smallest_3")
    for strength, imbalance in SETTINGS:
        costs = analysis.class_cost_matrix(strength=strength, imbalance=imbalance).to_numpy()
        right = (probabilities @ costs).argmin(axis=1) == held_out.labels
        of_classes = [right[held_out.labels == c].mean() for c in range(analysis.n_classes)]
        small = right[np.isin(held_out.labels, smallest)].mean()
        figures = (right.mean(), np.mean(of_classes), small)
        print(f"{strength:8} {imbalance:9}", *(f"{figure:.3f}" for figure in figures))


if __name__ == "__main__":
    main()
