"""The learning curve of heads that are refitted to parts of a class's images, drawn on.

The features stay, so that it is fitted in seconds, and have seen all images, so that it is flat.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from imbxai_widgets.compute.methods.bootstrap import resample
from imbxai_widgets.compute.remedies.refit import refit
from tests.benchmarks.runs import Run

PARTS: Final = (1 / 8, 1 / 4, 1 / 2, 1.0)
DRAWS: Final = 3
SAMPLES: Final = 200  # for intervals


class Curve(NamedTuple):
    """What heads predict that were refitted to parts of a class's images.

    Attributes
    ----------
    sizes : float64 array, shape (4,)
        How many images of the class each part has, mean over its draws.
    right : bool array, shape (4, draws, m)
        Which of the class's validation images the head of each part and draw predicts right.
    """

    sizes: np.ndarray
    right: np.ndarray

    def falls(self, factor: float, weights: np.ndarray) -> tuple[float, float]:
        """Return how far it falls with more images, and which part of its errors that leaves.

        The share of errors is a power law of the number of images, fitted by least squares to
        logarithms. Half an error is made up; `weights` (m,) tell how often each image counts.
        """
        wrong = ((~self.right) @ weights + 0.5) / (weights.sum() + 1)
        slope, level = np.polyfit(np.log(self.sizes), np.log(wrong.mean(axis=1)), 1)
        left = float(factor ** min(slope, 0.0))
        last = np.exp(level + min(slope, 0.0) * np.log(self.sizes[-1]))
        return float(last * (1 - left)), left

    def drawn(self, rng: np.random.Generator) -> Curve:
        """Draw heads of each part again."""
        parts, draws, _ = self.right.shape
        heads = rng.integers(draws, size=(parts, draws))
        return Curve(self.sizes, self.right[np.arange(parts)[:, np.newaxis], heads])


@lru_cache(maxsize=1)  # the same for all factors
def curve_of(run: Run, label: int) -> Curve:
    """Refit heads to draws of a class's training images (groups of them), and to all others."""
    rng = np.random.default_rng(run.seed)
    training, own = run.training, run.training.labels == label
    groups = np.unique(training.groups[own])
    unseen = run.validation.embeddings[run.validation.labels == label]
    sizes, right = [], []
    for part in PARTS:
        for draw in range(DRAWS):
            drawn = rng.choice(groups, max(1, round(part * len(groups))), replace=False)
            rows = ~own | np.isin(training.groups, drawn)
            labels = training.labels[rows]
            sizes.append(int((labels == label).sum()))
            if part == 1 and draw:  # all images, as in the draw before
                right.append(right[-1])
                continue
            head = refit(training.embeddings[rows], labels, np.ones(len(labels)), run.head)
            right.append(head.logits(unseen).argmax(axis=1) == label)
    shape = (len(PARTS), DRAWS)
    return Curve(np.reshape(sizes, shape).mean(axis=1), np.reshape(right, (*shape, len(unseen))))


def by_curve(run: Run, label: int, factor: float) -> dict[str, tuple[float, float, float]]:
    """Forecast by the fall of the curve, and by its slope from the errors of the network."""
    rng = np.random.default_rng(run.seed)
    curve, held_out = curve_of(run, label), run.validation
    own = held_out.labels == label
    wrong = held_out.logits[own].argmax(axis=1) != label

    def told(weights: np.ndarray, found: Curve) -> tuple[float, float]:
        fall, left = found.falls(factor, weights)
        return fall, (wrong @ weights + 0.5) / (weights.sum() + 1) * (1 - left)

    samples = [
        told(resample(held_out.groups[own], rng).astype(float), curve.drawn(rng))
        for _ in range(SAMPLES)
    ]
    low, high = np.quantile(samples, (0.025, 0.975), axis=0)
    change = told(np.ones(len(wrong)), curve)
    names = ("refitted heads", "slope of refitted heads")
    return {name: (float(change[i]), float(low[i]), float(high[i])) for i, name in enumerate(names)}
