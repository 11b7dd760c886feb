"""What moving a decision changes, by all logits of all images: what the decision map must tell."""

from __future__ import annotations

import numpy as np

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.splits import SplitName

GROUPS = ("class", "adversary", "others")


def predictions_after(
    analysis: Analysis, split: SplitName, offsets: dict[int, float]
) -> tuple[IntArray, IntArray]:
    """Return the recorded predictions of a split, and those once offsets are added to logits.

    Where the largest logit stays that of the same class, the recorded prediction stands.
    """
    before = analysis.split(split).predictions
    logits = analysis.what_if().logits(split)
    added = np.zeros(analysis.n_classes)
    for label, offset in offsets.items():
        added[label] = offset
    after = (logits + added).astype(np.float32).argmax(axis=1)
    return before, np.where(after == logits.argmax(axis=1), before, after)


def counts_after(
    analysis: Analysis, label: int, adversary: int, offsets: dict[int, float]
) -> dict[SplitName, dict[str, dict[str, int]]]:
    """Return how many images of the class, the adversary and all others are right, won and lost."""
    found: dict[SplitName, dict[str, dict[str, int]]] = {}
    splits: tuple[SplitName, ...] = ("training", "validation")
    for split in splits:
        labels = analysis.split(split).labels
        was, now = (each == labels for each in predictions_after(analysis, split, offsets))
        own, other = labels == label, labels == adversary
        masks = (own, other, ~own & ~other)
        found[split] = {
            group: {
                "right": int((mask & now).sum()),
                "won": int((mask & now & ~was).sum()),
                "lost": int((mask & was & ~now).sum()),
            }
            for group, mask in zip(GROUPS, masks, strict=True)
        }
    return found
