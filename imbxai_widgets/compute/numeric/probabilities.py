"""The class probabilities that are kept of each image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from imbxai_widgets.compute.numeric.sending import sent
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray

# How many probabilities are kept of each image, the largest ones. With ten classes that is all of
# them; with a thousand it takes a hundredth of the memory.
TOP_CLASSES: Final = 10


_FEW: Final = 16  # scores, which may all lie in [0, 1] by chance
_HALF: Final = 0.5  # the sigmoid of 0; where all scores are below, they need be no sigmoids


@dataclass
class Extremes:
    """The range of many scores, by which sigmoids are told from logits.

    Examples
    --------
    >>> scores = Extremes()
    >>> scores.add(0.1, 0.9, 20)
    >>> scores.are_sigmoids
    True
    >>> scores.add(-3.0, 2.0, 20)
    >>> scores.are_sigmoids
    False
    """

    smallest: float = float("inf")
    largest: float = float("-inf")
    number: int = 0

    def add(self, smallest: float, largest: float, number: int) -> None:
        """Take in so many scores of this range."""
        self.smallest = min(self.smallest, smallest)
        self.largest = max(self.largest, largest)
        self.number += number

    @property
    def are_sigmoids(self) -> bool:
        """Whether there are many, all between 0 and 1, and some above one half."""
        return self.number >= _FEW and self.smallest >= 0 and _HALF < self.largest <= 1


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

    @classmethod
    def empty(cls, size: int, n_classes: int) -> TopProbabilities:
        """Make the arrays of `size` images, to be filled.

        Examples
        --------
        >>> TopProbabilities.empty(7, 1000).classes.shape
        (7, 10)
        """
        shape = (size, min(TOP_CLASSES, n_classes))
        return cls(
            np.empty(shape, dtype=np.int64),
            np.empty(shape, dtype=np.float32),
            np.empty(size, dtype=np.float32),
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
    return TopProbabilities(*(part.cpu().numpy() for part in device_top(logits, labels)))


def device_top(logits: Tensor, labels: IntArray) -> tuple[Tensor, Tensor, Tensor]:
    """Return what `top_probabilities` does, in its order, as tensors where `logits` are."""
    values = logits.detach()
    if values.dtype != torch.float64:  # which tells logits apart that are equal in float32
        values = values.float()
    order = _largest(values, min(TOP_CLASSES, values.shape[1]))
    probabilities = values.softmax(dim=1)
    own = sent(torch.tensor(labels), values.device)[:, None]
    return (
        order,
        probabilities.gather(1, order).float(),
        probabilities.gather(1, own)[:, 0].float(),
    )


def _largest(values: Tensor, number: int) -> Tensor:
    """Return the columns of the largest values of each row, equal ones by the lower column.

    Sorting all columns takes several times as long. It is done only for rows where the last of the
    largest values equals the next one.
    """
    if values.shape[1] <= 2 * number:
        return _sorted(values)[:, :number]
    found = values.topk(number + 1, dim=1)
    columns = found.indices[:, :number].sort(dim=1).values
    columns = columns.gather(1, _sorted(values.gather(1, columns)))
    tied = found.values[:, number - 1] == found.values[:, number]
    columns[tied] = _sorted(values[tied])[:, :number]
    return columns


def _sorted(values: Tensor) -> Tensor:
    return values.argsort(dim=1, descending=True, stable=True)
