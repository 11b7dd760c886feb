"""Makes the recipe of remedies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import WeightedRandomSampler

from imbxai_widgets.analysis._code import images, script
from imbxai_widgets.analysis._remedied import Step
from imbxai_widgets.analysis.adjusted import HeadLayer
from imbxai_widgets.analysis.recipe import Recipe
from imbxai_widgets.compute.numeric.types import DoubleArray
from imbxai_widgets.compute.remedies.data import ApplyEdits, DropSuspects, Resample, Reweight
from imbxai_widgets.compute.remedies.decision import Decision
from imbxai_widgets.compute.remedies.heads import (
    ClassifierRetraining,
    NearestClassMean,
    TauNormalization,
)
from imbxai_widgets.compute.remedies.logits import LogitAdjustment
from imbxai_widgets.compute.remedies.loss import AdjustedCrossEntropy
from imbxai_widgets.compute.remedies.weights import per_image


def recipe_of(steps: Sequence[Step], decision: Decision) -> Recipe:
    """Return the recipe of remedies.

    Parameters
    ----------
    steps
        The remedies, each with the decision before it.
    decision
        That after all.
    """
    suspects, edited = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    labels: dict[int, int] = {}
    sample_weights: DoubleArray | None = None
    class_weights: Tensor | None = None
    shifts: Tensor | None = None
    head_alone = False
    lengths: float | None = None
    for remedy, before in steps:
        if isinstance(remedy, DropSuspects):
            suspects = np.union1d(suspects, before.network.positions[remedy.rows(before)])
        elif isinstance(remedy, ApplyEdits):
            positions = before.network.positions
            labels |= {int(positions[row]): label for row, label in remedy.labels.items()}
            edited = np.union1d(edited, positions[list(remedy.left_out)])
        elif isinstance(remedy, Reweight):
            own = torch.tensor(remedy.of_classes(before.sizes), dtype=torch.float32)
            class_weights = own if class_weights is None else class_weights * own
        elif isinstance(remedy, Resample):
            factors = _of_dataset(per_image(remedy.plan, before, "plan"), before)
            sample_weights = factors if sample_weights is None else sample_weights * factors
        elif isinstance(remedy, ClassifierRetraining):
            sample_weights, head_alone = _of_dataset(decision.weights, decision), True
        elif isinstance(remedy, TauNormalization):
            assert not isinstance(remedy.tau, str)
            lengths = remedy.tau
        elif isinstance(remedy, LogitAdjustment):
            added = -torch.tensor(remedy.shifts(before.sizes), dtype=torch.float32)
            shifts = added if shifts is None else shifts + added
    left_out = np.union1d(suspects, edited)
    if sample_weights is not None:
        sample_weights[left_out] = 0
    bias = torch.tensor(decision.shifts, dtype=torch.float32) if decision.shifts.any() else None
    recipe = Recipe(
        "",
        left_out,
        labels,
        sample_weights,
        None if sample_weights is None else _sampler(sample_weights),
        class_weights,
        _loss(class_weights, shifts),
        1 / decision.factor,
        bias,
        HeadLayer(decision.head) if decision.head and decision.has_new_head else None,
    )
    means = any(isinstance(step.remedy, NearestClassMean) for step in steps)
    with_edits = any(isinstance(step.remedy, ApplyEdits) for step in steps)
    data = images(edited if with_edits else None, suspects)
    code = script(recipe, data, shifts, head_alone=head_alone, lengths=lengths, means=means)
    return replace(recipe, code=code)


def _of_dataset(weights: DoubleArray, decision: Decision) -> DoubleArray:
    """Return weights (N,) of the images that were analyzed as those of the whole dataset."""
    of_all = np.zeros(decision.network.dataset_size)
    of_all[decision.network.positions] = weights
    return of_all


def _sampler(weights: DoubleArray) -> WeightedRandomSampler:
    return WeightedRandomSampler(weights.tolist(), num_samples=len(weights))


def _loss(class_weights: Tensor | None, shifts: Tensor | None) -> nn.Module | None:
    if shifts is not None:
        return AdjustedCrossEntropy(shifts, class_weights)
    return None if class_weights is None else nn.CrossEntropyLoss(weight=class_weights)
