"""How well all classes together are predicted, as more than one panel says."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import pandas as pd

from imbxai_widgets.compute.numeric.types import DoubleArray
from imbxai_widgets.explorer.deck import Deck, number


class Summary(TypedDict):
    """Accuracy over all classes: one entry for each model, 0 to 1, None if unknown."""

    images: list[float | None]  # of all images
    classes: list[float | None]  # mean over the classes
    worst: list[int | None]  # the class with the lowest
    lowest: list[float | None]  # and its accuracy


def summary(deck: Deck) -> Summary:
    """Sum up how well all classes are predicted, by each model."""
    accuracies = deck.accuracies
    worst = [_lowest(each) for each in accuracies]
    return {
        "images": [number(share) for share in deck.overall_accuracies],
        "classes": [number(pd.Series(each).mean()) for each in accuracies],
        "worst": worst,
        "lowest": [
            None if index is None else number(each[index])
            for index, each in zip(worst, accuracies, strict=True)
        ],
    }


def _lowest(accuracies: DoubleArray) -> int | None:
    return None if np.isnan(accuracies).all() else int(np.nanargmin(accuracies))
