"""What one pass over the images yields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from imbxai_widgets.compute._types import FloatArray, IntArray

# The probabilities kept of each image, the largest ones: all of ten classes, and of a thousand
# classes a hundredth of the memory.
TOP_CLASSES: Final = 10


class Skipped(NamedTuple):
    """An image that could not be read."""

    position: int  # in the dataset
    path: str | None  # of its file, where the dataset tells
    reason: str


class TopProbabilities(NamedTuple):
    """The largest of each image's class probabilities, and that of its label.

    Attributes
    ----------
    classes
        (N, T) int64, T the smaller of C and `TOP_CLASSES`: the most probable first, and of
        equally probable ones the lower class.
    probabilities
        (N, T) float32, their softmax probabilities; NaN where only predictions are known.
    of_labels
        (N,) float32, the softmax probability of each label; NaN likewise.
    """

    classes: IntArray
    probabilities: FloatArray
    of_labels: FloatArray


@dataclass(frozen=True, eq=False)
class Embedded:
    """What one pass yields of the N images that could be read.

    Attributes
    ----------
    embeddings
        (N, D) float32, what enters the classifier's head.
    labels
        (N,) int64, 0..n_classes-1, as the dataset has them.
    top
        The largest class probabilities.
    n_classes
        Number of logits, C.
    color_counts
        (N, B) int64, salient pixels in each of the scheme's B color bins; None when no saliency
        was asked for.
    positions
        (N,) int64, rising: the number of each image in the dataset.
    skipped
        The images that could not be read.
    """

    embeddings: FloatArray
    labels: IntArray
    top: TopProbabilities
    n_classes: int
    color_counts: IntArray | None
    positions: IntArray
    skipped: tuple[Skipped, ...] = ()

    @property
    def predictions(self) -> IntArray:
        """The class of the largest logit, the lowest of equal ones, shape (N,)."""
        return self.top.classes[:, 0]

    @property
    def confidences(self) -> FloatArray:
        """The softmax probability of the prediction, shape (N,)."""
        return self.top.probabilities[:, 0]

    @classmethod
    def joined(cls, parts: Sequence[Embedded]) -> Embedded:
        """Put the parts of one dataset, at least one, behind each other."""
        counts = [part.color_counts for part in parts if part.color_counts is not None]
        return cls(
            np.concatenate([part.embeddings for part in parts]),
            np.concatenate([part.labels for part in parts]),
            TopProbabilities(*map(np.concatenate, zip(*(part.top for part in parts), strict=True))),
            parts[0].n_classes,
            np.concatenate(counts) if counts else None,
            np.concatenate([part.positions for part in parts]),
            tuple(image for part in parts for image in part.skipped),
        )


def top_probabilities(logits: Tensor, labels: IntArray) -> TopProbabilities:
    """Return what is kept of a batch's logits.

    Parameters
    ----------
    logits
        (B, C) finite, of any float type.
    labels
        (B,) int64, in 0..C-1.

    Examples
    --------
    >>> top = top_probabilities(torch.tensor([[1.0, 2.0, 2.0]]), np.array([0]))
    >>> top.classes
    array([[1, 2, 0]])
    """
    values = logits.detach().float()
    order = values.argsort(dim=1, descending=True, stable=True)[:, :TOP_CLASSES]
    probabilities = values.softmax(dim=1)
    own = torch.from_numpy(labels).to(values.device)[:, None]
    return TopProbabilities(
        order.cpu().numpy(),
        probabilities.gather(1, order).cpu().numpy(),
        probabilities.gather(1, own)[:, 0].cpu().numpy(),
    )
