"""Remedies that rescale and shift logits; none of them needs a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import ClassVar, Final, Literal

import numpy as np

from imbxai_widgets.compute.methods.scaling import fit_scaling
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray
from imbxai_widgets.compute.remedies.decision import Decision
from imbxai_widgets.compute.remedies.remedy import (
    Remedy,
    Stage,
    check_parameter,
    mean_class_accuracy,
)

TAUS: Final[tuple[float, ...]] = tuple(
    round(0.1 * step, 1) for step in range(31)
)  # that "best" tries
_ALIKE: Final = 1e-9
Best = Literal["best"]


@dataclass(frozen=True)
class LogitAdjustment(Remedy):
    """Takes the sizes of the classes out of the logits.

    Parameters
    ----------
    tau
        Logits become z - tau * log(share of the class among the training images, as they count).
        0 changes nothing; 1 is right where the logits are logarithms of probabilities and new
        images are of all classes alike. Below 0, large classes gain. "best": of 0, 0.1, ..., 3
        that with the best mean accuracy of the classes, the lowest of equally good ones.

    Raises
    ------
    ValueError
        If `tau` is neither a number nor "best".

    Notes
    -----
    Source: Menon et al., "Long-tail learning via logit adjustment" (ICLR 2021), equation 9. A class
    without training images counts as the smallest of the others. Where a head is refitted to images
    that count otherwise, the shares are those that it was fitted to: behind a balanced refit there
    is nothing left to take out.

    Examples
    --------
    >>> LogitAdjustment(tau=1).shifts(np.array([90.0, 10.0])).round(2)
    array([-1.1,  1.1])
    """

    tau: float | Best = "best"

    stage: ClassVar[Stage] = Stage.LOGITS
    source: ClassVar[str] = "Menon et al., ICLR 2021"

    def __post_init__(self) -> None:
        check_parameter(self.tau, "tau")

    def shifts(self, sizes: DoubleArray) -> DoubleArray:
        """Return what is added to the logits of classes of these sizes, (C,), of the mean 0."""
        assert self.tau != "best"
        present = sizes[sizes > 0]
        logs = np.log(np.where(sizes > 0, sizes, present.min() if len(present) else 1.0))
        if self.tau == 0 or np.ptp(logs) < _ALIKE:
            return np.zeros(len(sizes))
        shifts: DoubleArray = -self.tau * (logs - logs.mean())
        return shifts

    def apply(self, decision: Decision) -> Decision:
        """Shift the logits."""
        return replace(decision, shifts=decision.shifts + self.shifts(decision.sizes))

    def settled(self, decision: Decision, logits: FloatArray, labels: IntArray) -> LogitAdjustment:
        """Return it with the best tau."""
        unit = LogitAdjustment(1.0).shifts(decision.sizes)

        def score(tau: float) -> float:
            predictions = (logits + tau * unit).argmax(axis=1)
            return mean_class_accuracy(predictions, labels, len(unit))

        return LogitAdjustment(float(max(TAUS, key=score))) if self.is_open else self


@dataclass(frozen=True)
class Temperature(Remedy):
    """Divides all logits by one number: it changes confidences, and no prediction.

    Parameters
    ----------
    value
        Above 0; above 1 makes confidences smaller. "best": that of the largest likelihood.

    Raises
    ------
    ValueError
        If `value` is neither a number above 0 nor "best".

    Notes
    -----
    Source: Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017). Give it before
    `LogitAdjustment` to adjust calibrated logits.

    Examples
    --------
    >>> Temperature(2.0)
    Temperature(value=2.0)
    """

    value: float | Best = "best"

    stage: ClassVar[Stage] = Stage.LOGITS
    source: ClassVar[str] = "Guo et al., ICML 2017"

    def __post_init__(self) -> None:
        check_parameter(self.value, "value", above=0)

    def apply(self, decision: Decision) -> Decision:
        """Divide the logits, with what was added to them."""
        assert self.value != "best"
        shifts = decision.shifts / self.value
        return replace(decision, factor=decision.factor / self.value, shifts=shifts)

    def settled(self, decision: Decision, logits: FloatArray, labels: IntArray) -> Temperature:  # noqa: ARG002
        """Return it with the value of the largest likelihood."""
        if not self.is_open:
            return self
        return Temperature(fit_scaling(logits, labels, "temperature").temperature)


@dataclass(frozen=True)
class Threshold(Remedy):
    """Asks for another probability of some classes before one is decided for.

    Parameters
    ----------
    thresholds
        Of classes by their names, above 0 and below 1: the class with the largest probability /
        threshold is predicted. With two classes that is the one named where its probability is
        above its threshold. Classes that are not named share what is left to 1 evenly, so that
        1 / C for each class changes nothing.

    Raises
    ------
    ValueError
        If no class is named, a threshold is out of range, or those named add up to 1 or more while
        others are not named.

    Notes
    -----
    Source: Collell, Prelec and Patil, "Reviving threshold-moving: a simple plug-in bagging ensemble
    for binary and multiclass imbalanced data" (2018).

    Examples
    --------
    >>> Threshold({"defective": 0.3}).shifts(("sound", "defective")).round(2)
    array([0.36, 1.2 ])
    """

    thresholds: Mapping[str, float]

    stage: ClassVar[Stage] = Stage.LOGITS
    source: ClassVar[str] = "Collell, Prelec and Patil, 2018"

    def __post_init__(self) -> None:
        if not isinstance(self.thresholds, Mapping) or not self.thresholds:
            raise ValueError("thresholds must name classes: Threshold({'cat': 0.2})")
        for name, value in self.thresholds.items():
            if not 0 < value < 1:
                raise ValueError(f"the threshold of {name!r} must be between 0 and 1, not {value}")

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.thresholds.items())))

    def shifts(self, class_names: tuple[str, ...]) -> DoubleArray:
        """Return what is added to the logits, (C,)."""
        unknown = [name for name in self.thresholds if name not in class_names]
        if unknown:
            raise ValueError(f"there is no class {unknown[0]!r} to set a threshold for")
        left, others = 1 - sum(self.thresholds.values()), len(class_names) - len(self.thresholds)
        if others and left <= 0:
            raise ValueError(
                f"the thresholds add up to {1 - left:g}, which leaves nothing for the {others} "
                "classes that are not named; lower them, or name all classes"
            )
        rest = left / others if others else np.nan
        values = np.array([self.thresholds.get(name, rest) for name in class_names])
        if np.ptp(values) < _ALIKE:
            return np.zeros(len(values))
        shifts: DoubleArray = -np.log(values)
        return shifts

    def apply(self, decision: Decision) -> Decision:
        """Shift the logits."""
        shifts = self.shifts(decision.network.class_names)
        return replace(decision, shifts=decision.shifts + shifts)


@dataclass(frozen=True)
class LogitOffset(Remedy):
    """Adds a number to the logits of some classes: the bias of the decision, set by hand.

    Parameters
    ----------
    offsets
        Of classes by their names or numbers, finite: above 0 more images are taken for the class,
        below 0 fewer. Classes that are not named stay as they are.

    Raises
    ------
    ValueError
        If no class is named, or an offset is not finite; when it is applied, if there is no such
        class.

    Notes
    -----
    Source: King and Zeng, "Logistic Regression in Rare Events Data" (2001), section 4.1, who
    correct the intercept alone.

    Examples
    --------
    >>> LogitOffset({"defective": 1.5}).shifts(("sound", "defective"))
    array([0. , 1.5])
    """

    offsets: Mapping[str | int, float]

    stage: ClassVar[Stage] = Stage.LOGITS
    source: ClassVar[str] = "King and Zeng, 2001"

    def __post_init__(self) -> None:
        if not isinstance(self.offsets, Mapping) or not self.offsets:
            raise ValueError("offsets must name classes: LogitOffset({'cat': 0.5})")
        for name, value in self.offsets.items():
            if not isfinite(value):
                raise ValueError(f"the offset of {name!r} must be a finite number, not {value}")

    def __hash__(self) -> int:
        return hash(frozenset(self.offsets.items()))

    def shifts(self, class_names: tuple[str, ...]) -> DoubleArray:
        """Return what is added to the logits, (C,)."""
        shifts = np.zeros(len(class_names))
        for name, value in self.offsets.items():
            known = name in class_names if isinstance(name, str) else 0 <= name < len(class_names)
            if not known:
                raise ValueError(f"there is no class {name!r} to set an offset for")
            shifts[class_names.index(name) if isinstance(name, str) else name] += value
        return shifts

    def apply(self, decision: Decision) -> Decision:
        """Shift the logits."""
        shifts = self.shifts(decision.network.class_names)
        return replace(decision, shifts=decision.shifts + shifts)
