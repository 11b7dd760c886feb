"""`LearningCurve`: what more training images of a class would bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

_TIMES: Final = ("Twice as many", "Four times as many")


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Recall of a class by its number of training images; made by `Analysis.learning_curve`.

    Attributes
    ----------
    class_name : str
    table : DataFrame
        A row for 1, 2 and 4 times as many training images. Columns: ``images``; ``recall``, the
        share of the validation images of the class that are right, 0 to 1: measured in the first
        row, forecast in the others; and its 95% interval, ``low`` and ``high``, which is without
        width in the first.
    validation_images : int
        Of the class.
    adjusted : float
        Recall without any more images, if the sizes of the classes are taken out of the decision
        (`LogitAdjustment(tau=1)`), 0 to 1; other classes pay for it.
    beyond_reach : int or None
        How many validation images of the class have no training image of it near them, as of
        `Analysis.coverage`; None where the class has no more than k training images.

    Examples
    --------
    >>> curve = analysis.learning_curve("Plants")
    >>> curve.validation_images, curve.beyond_reach
    (18, 7)
    """

    class_name: str
    table: pd.DataFrame
    validation_images: int
    adjusted: float
    beyond_reach: int | None

    def __str__(self) -> str:
        """Say it in plain sentences."""
        images = self.table["images"].tolist()
        recall, low, high = self.table[["recall", "low", "high"]].to_numpy().T
        unseen = _counted(self.validation_images, "validation")
        known = _counted(images[0], "training")
        parts = [f"{self.class_name}: {recall[0]:.0%} of {unseen} are right, with {known}."]
        for row, times in enumerate(_TIMES, start=1):
            told = f"{recall[row]:.0%} ({low[row]:.0%} to {high[row]:.0%})"
            parts.append(f"{times} ({images[row]}): {told}.")
        parts.append(f"With no more, but a decision adjusted to class sizes: {self.adjusted:.0%}.")
        if self.beyond_reach:
            beyond = _counted(self.beyond_reach, "validation")
            lie = "lies" if self.beyond_reach == 1 else "lie"
            parts.append(f"{beyond} {lie} beyond reach of the training images of the class.")
        return " ".join(parts)


def _counted(number: int, kind: str) -> str:
    return f"{number} {kind} image{'' if number == 1 else 's'}"
