"""Remedies that change which training images count, and how much.

What they would do to the whole network is forecast by what they do to its head, which is fitted
again to the images as they then count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from imbxai_widgets.compute.methods.class_weights import inverse_effective_numbers
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray
from imbxai_widgets.compute.remedies.decision import Decision
from imbxai_widgets.compute.remedies.remedy import Remedy, Stage
from imbxai_widgets.compute.remedies.weights import per_image


@dataclass(frozen=True)
class DropSuspects(Remedy):
    """Leaves out the training images whose labels are the most suspect.

    Parameters
    ----------
    n
        How many, 0 or more; see `Analysis.suspects` for their order.

    Raises
    ------
    ValueError
        If `n` is no whole number of at least 0; when it is applied, if a class is left without
        images.

    Notes
    -----
    Source: Northcutt et al., "Confident Learning: Estimating Uncertainty in Dataset Labels" (JAIR
    2021), prune before training; the order is that of this package's own `suspects`.

    Examples
    --------
    >>> DropSuspects(20)
    DropSuspects(n=20)
    """

    n: int

    stage: ClassVar[Stage] = Stage.DATA
    source: ClassVar[str] = "Northcutt et al., JAIR 2021"

    def __post_init__(self) -> None:
        check_count(self.n, "n", minimum=0)

    def rows(self, decision: Decision) -> IntArray:
        """Return the rows of the images that are left out, (n,) int64."""
        return decision.network.suspects()[: self.n]

    def apply(self, decision: Decision) -> Decision:
        """Count them no more."""
        if self.n > len(decision.labels):
            raise ValueError(f"there are {len(decision.labels)} training images, not {self.n}")
        kept = np.ones(len(decision.labels))
        kept[self.rows(decision)] = 0
        return decision.weighed(kept)


class TrainingEdits(Protocol):
    """What `ApplyEdits` asks of edits, as those of an Explorer are."""

    def of_split(self, split: Literal["training"]) -> tuple[dict[int, int], list[int]]:
        """Return the new labels of training images by row, and the rows that are left out."""


@dataclass(frozen=True, eq=False)
class ApplyEdits(Remedy):
    """Gives training images the labels that were edited, and leaves out those that were excluded.

    Parameters
    ----------
    edits
        Such as ``explorer.edits``, of the analysis that is asked; they are taken as they are now.
        Those of validation images have no effect: ``analysis.with_edits(edits)`` has them.

    Raises
    ------
    ValueError
        When it is applied, if the edits belong to other images, or leave a class without images.

    Notes
    -----
    Source: Northcutt et al., "Confident Learning: Estimating Uncertainty in Dataset Labels" (JAIR
    2021), train on cleaned data.

    Examples
    --------
    >>> from imbxai_widgets import Edits
    >>> edits = Edits(analysis)
    >>> edits.relabel(836, "Faces")
    >>> ApplyEdits(edits)
    ApplyEdits(1 relabeled, 0 left out)
    """

    edits: TrainingEdits
    labels: Mapping[int, int] = field(init=False)
    left_out: tuple[int, ...] = field(init=False)

    stage: ClassVar[Stage] = Stage.DATA
    source: ClassVar[str] = "Northcutt et al., JAIR 2021"

    def __post_init__(self) -> None:
        labels, left_out = self.edits.of_split("training")
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "left_out", tuple(left_out))

    def __repr__(self) -> str:
        return f"ApplyEdits({len(self.labels)} relabeled, {len(self.left_out)} left out)"

    def apply(self, decision: Decision) -> Decision:
        """Count images as edited."""
        if self.labels:
            labels = decision.labels.copy()
            labels[list(self.labels)] = list(self.labels.values())
            decision = replace(decision, labels=labels)
        kept = np.ones(len(decision.labels))
        kept[list(self.left_out)] = 0
        return decision.weighed(kept)


@dataclass(frozen=True)
class Reweight(Remedy):
    """Weighs the loss of each image by its class.

    Parameters
    ----------
    scheme
        "balanced": by the inverse of the class's size. "effective number": by the inverse of its
        effective number of images, (1 - beta ** size) / (1 - beta).
    beta
        In [0, 1), for "effective number": 0 weighs all alike; towards 1 it becomes "balanced".

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Source: King and Zeng, "Logistic Regression in Rare Events Data" (2001), for "balanced"; Cui et
    al., "Class-Balanced Loss Based on Effective Number of Samples" (CVPR 2019).

    Examples
    --------
    >>> Reweight().of_classes(np.array([30.0, 10.0]))
    array([0.5, 1.5])
    """

    scheme: Literal["balanced", "effective number"] = "balanced"
    beta: float = 0.9999

    stage: ClassVar[Stage] = Stage.DATA
    source: ClassVar[str] = "King and Zeng, 2001; Cui et al., CVPR 2019"

    def __post_init__(self) -> None:
        if self.scheme not in ("balanced", "effective number"):
            raise ValueError(
                f'scheme must be "balanced" or "effective number", not {self.scheme!r}'
            )
        inverse_effective_numbers([1], self.beta)  # which refuses what is out of range

    def of_classes(self, sizes: DoubleArray) -> DoubleArray:
        """Return the weights (C,) of classes of these sizes, of mean 1; an empty one as of 1."""
        present = np.where(sizes > 0, sizes, 1.0)
        if self.scheme == "effective number":
            return inverse_effective_numbers(present, self.beta)
        weights: DoubleArray = present.mean() / present
        weights /= weights.mean()
        return weights

    def apply(self, decision: Decision) -> Decision:
        """Weigh the images by their classes."""
        return decision.weighed(self.of_classes(decision.sizes)[decision.labels])


@dataclass(frozen=True, eq=False)
class Resample(Remedy):
    """Draws training images in proportion to the weights of a plan.

    Parameters
    ----------
    plan
        One weight of at least 0 of each image of the dataset, as `Analysis.resampling_plan` gives
        them, or of each class.

    Raises
    ------
    ValueError
        When it is applied, if the weights are none, or leave a class without images.

    Notes
    -----
    Source: the plan's; see `imbxai_widgets.compute.methods.sampling_weights`. The forecast is that
    of many draws: each image counts as often as it is expected to be drawn.

    Examples
    --------
    >>> Resample(analysis.resampling_plan(balance=1)).source
    'Dablain et al., 2022'
    """

    plan: Any

    stage: ClassVar[Stage] = Stage.DATA
    source: ClassVar[str] = "Dablain et al., 2022"

    def __repr__(self) -> str:
        return f"Resample({len(self.plan)} weights)"

    def apply(self, decision: Decision) -> Decision:
        """Weigh the images by the plan."""
        return decision.weighed(per_image(self.plan, decision, "plan"))
