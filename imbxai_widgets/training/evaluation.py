"""How often a trained network is right, over all images and class by class."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import torch
from torch import nn

from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.training.trainer import InMemoryImages


class Accuracies(TypedDict):
    """Shares of correct predictions, rounded to 4 digits.

    Attributes
    ----------
    all
        Of all images.
    mean
        The mean of `classes`, in which a small class counts as much as a large one.
    classes
        Of the images of each class; None for a class without images.
    """

    all: float
    mean: float
    classes: list[float | None]


@torch.inference_mode()
def predict(model: nn.Module, data: InMemoryImages, batch_size: int = 256) -> IntArray:
    """Return the class that a model in evaluation mode gives each image, int64 (N,)."""
    device = next(model.parameters()).device
    found = [
        model(data.inputs(pixels.to(device))).argmax(dim=1).cpu()
        for pixels in torch.split(data.pixels, batch_size)
    ]
    predictions: IntArray = torch.cat(found).numpy()
    return predictions


def evaluate(
    model: nn.Module, data: InMemoryImages, n_classes: int, batch_size: int = 256
) -> Accuracies:
    """Return the accuracies of a model in evaluation mode."""
    labels = data.labels.numpy()
    predictions = predict(model, data, batch_size)
    hits = np.bincount(labels[predictions == labels], minlength=n_classes)
    counts = np.bincount(labels, minlength=n_classes)
    present = counts > 0
    shares = np.full(n_classes, np.nan)
    shares[present] = hits[present] / counts[present]
    return {
        "all": round(float(hits.sum() / counts.sum()), 4),
        "mean": round(float(shares[present].mean()), 4),
        "classes": [None if np.isnan(share) else round(float(share), 4) for share in shares],
    }
