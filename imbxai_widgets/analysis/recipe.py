"""`Recipe`: remedies as PyTorch objects for a training script, and as its code."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.utils.data import WeightedRandomSampler

from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray


@dataclass(frozen=True, eq=False)
class Recipe:
    """What to put into a training script; made by `WhatIf.recipe`.

    Attributes
    ----------
    code : str
        A script that makes all of it, of ``model``, ``head`` (its last layer), ``train_set``,
        ``edits``, ``recipe`` and ``what_if``, as far as it needs them.
    left_out : int64 array, shape (n,)
        Numbers of the images of the dataset to leave out.
    labels : dict
        New labels by the number of the image in the dataset.
    sample_weights : float64 array, shape (size of the dataset,), or None
        How often to draw each image.
    sampler : WeightedRandomSampler or None
        Draws so, as many as the dataset has images.
    class_weights : float32 Tensor, shape (C,), or None
        Weights of the classes in the loss.
    loss : torch.nn.Module or None
        To train with. With `LogitAdjustment`, that which makes an adjustment afterwards
        unnecessary: give up ``bias`` then.
    temperature : float
        What to divide the logits of the trained network by; 1 for nothing.
    bias : float32 Tensor, shape (C,), or None
        What to add to them then.
    head : torch.nn.Module or None
        The head that was fitted here, from embeddings to logits before temperature and bias; None
        where it is the network's own.
    """

    code: str
    left_out: IntArray
    labels: dict[int, int]
    sample_weights: DoubleArray | None
    sampler: WeightedRandomSampler | None
    class_weights: Tensor | None
    loss: nn.Module | None
    temperature: float
    bias: Tensor | None
    head: nn.Module | None

    def __repr__(self) -> str:
        return self.code
