"""How a network is trained: optimizer, learning rates and loss, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler

from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.training.losses import LDAMLoss, effective_number_weights


@dataclass(frozen=True)
class Regime:
    """How to train; as it stands, the regime of Cao et al. for long-tailed CIFAR.

    Source: Cao et al. (NeurIPS 2019), section 4 and appendix. Epochs count from 0.

    Parameters
    ----------
    method
        "ce": cross-entropy, blind to the imbalance. "ldam": `LDAMLoss`, with weights by the
        effective numbers of images from epoch `reweight_from` on (LDAM-DRW).
    epochs, batch_size, learning_rate, momentum, weight_decay, nesterov
        Of stochastic gradient descent.
    schedule
        "step": linear warm-up over `warmup` epochs, then the learning rate is multiplied by
        `decay` at each of `milestones`. "cosine": it falls to 0 along half a cosine.
    crop_padding
        Largest shift of an image, in pixels.
    max_margin, scale, reweight_from, beta
        For "ldam" only: see `LDAMLoss` and `effective_number_weights`.

    Examples
    --------
    >>> optimizer = Regime().optimizer(nn.Linear(1, 1))
    >>> round(optimizer.param_groups[0]["lr"], 4)
    0.1
    >>> schedule = Regime().learning_rates(optimizer)
    >>> round(optimizer.param_groups[0]["lr"], 4)  # a fifth, in the first epoch
    0.02
    """

    method: Literal["ce", "ldam"] = "ce"
    epochs: int = 200
    batch_size: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 2e-4
    nesterov: bool = False
    schedule: Literal["step", "cosine"] = "step"
    warmup: int = 5
    milestones: tuple[int, ...] = (160, 180)
    decay: float = 0.01
    crop_padding: int = 4
    max_margin: float = 0.5
    scale: float = 30
    reweight_from: int = 160
    beta: float = 0.9999

    @property
    def head_scale(self) -> float | None:
        """The `scale` of the `ResNet` to train: None for an ordinary head."""
        return self.scale if self.method == "ldam" else None

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return the optimizer of a model's parameters."""
        return torch.optim.SGD(
            model.parameters(),
            self.learning_rate,
            self.momentum,
            weight_decay=self.weight_decay,
            nesterov=self.nesterov,
        )

    def learning_rates(self, optimizer: torch.optim.Optimizer) -> LRScheduler:
        """Return the schedule, to be stepped once an epoch."""
        if self.schedule == "cosine":
            return CosineAnnealingLR(optimizer, self.epochs)
        return LambdaLR(optimizer, self._share)

    def loss(self, counts: IntArray, epoch: int) -> nn.Module:
        """Return the loss of an epoch, for classes of `counts` training images."""
        if self.method == "ce":
            return nn.CrossEntropyLoss()
        deferred = epoch < self.reweight_from
        weight = None if deferred else effective_number_weights(counts, self.beta)
        return LDAMLoss(counts, self.max_margin, self.scale, weight)

    def _share(self, epoch: int) -> float:
        """Return which part of the learning rate an epoch has."""
        if epoch < self.warmup:
            return (epoch + 1) / self.warmup
        return float(self.decay ** sum(epoch >= milestone for milestone in self.milestones))
