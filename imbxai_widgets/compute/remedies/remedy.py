"""What all remedies have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from enum import IntEnum
from math import isfinite
from typing import ClassVar

import numpy as np

from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray
from imbxai_widgets.compute.remedies.decision import Decision


class Stage(IntEnum):
    """When a remedy takes effect: those of one stage in the order in which they are given."""

    DATA = 0  # which training images count, as what and how much
    HEAD = 1  # a head is fitted, or made of class means
    LENGTHS = 2  # weights of the head are rescaled
    LOGITS = 3  # logits are rescaled and shifted


class Remedy(ABC):
    """Something that may be done about a class that fails."""

    stage: ClassVar[Stage]
    source: ClassVar[str]

    @abstractmethod
    def apply(self, decision: Decision) -> Decision:
        """Return how classes are decided on after it; `decision` stays as it is."""

    @property
    def is_open(self) -> bool:
        """Whether a parameter is still to be found: one that was given as "best"."""
        given = vars(self).values()
        return any(isinstance(value, str) and value == "best" for value in given)

    def settled(self, decision: Decision, logits: FloatArray, labels: IntArray) -> Remedy:
        """Return it with its parameter found on some images, as they are before it.

        Parameters
        ----------
        decision
            What comes before it.
        logits
            (n, C) of the images, by `decision`, float32.
        labels
            (n,) int64, theirs.
        """
        del decision, logits, labels
        return self


def in_order(remedies: Iterable[Remedy]) -> tuple[Remedy, ...]:
    """Return remedies in the order in which they take effect.

    Raises
    ------
    ValueError
        If something is no remedy, or two make a head, of which the second would undo the first.

    Examples
    --------
    >>> from imbxai_widgets.remedies import LogitAdjustment, Reweight
    >>> in_order([LogitAdjustment(1), Reweight()])
    (Reweight(scheme='balanced', beta=0.9999), LogitAdjustment(tau=1))
    """
    given = list(remedies)
    for remedy in given:
        if not isinstance(remedy, Remedy):
            raise ValueError(
                f"a remedy is one of imbxai_widgets.remedies, such as LogitAdjustment(tau=1), not "
                f"{remedy!r}"
            )
    heads = [remedy for remedy in given if remedy.stage == Stage.HEAD]
    if len(heads) > 1:
        raise ValueError(f"{heads[1]!r} would undo {heads[0]!r}; give one of them")
    return tuple(sorted(given, key=lambda remedy: remedy.stage))


def class_means(values: DoubleArray, labels: IntArray, n_classes: int) -> DoubleArray:
    """Return the mean of values (n,) over the images of each class, (C,); NaN where none are."""
    sizes = np.bincount(labels, minlength=n_classes).astype(np.float64)
    sizes[sizes == 0] = np.nan
    means: DoubleArray = np.bincount(labels, values, minlength=n_classes) / sizes
    return means


def mean_class_accuracy(predictions: IntArray, labels: IntArray, n_classes: int) -> float:
    """Return the mean of the accuracies of the classes that have images."""
    right = (predictions == labels).astype(np.float64)
    return float(np.nanmean(class_means(right, labels, n_classes)))


def check_parameter(value: float | str, name: str, above: float = -np.inf) -> None:
    """Refuse what is neither a number above a bound nor "best"."""
    if value == "best":
        return
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (number and isfinite(float(value)) and float(value) > above):
        what = "a number" if above == -np.inf else f"a number above {above:g}"
        raise ValueError(f'{name} must be {what} or "best", not {value!r}')
