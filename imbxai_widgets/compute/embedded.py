"""What one pass over the images yields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

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

    def arrays(self) -> dict[str, Any]:
        """Return the arrays by name, all of N rows."""
        arrays = {
            "embeddings": self.embeddings,
            "labels": self.labels,
            **{f"top_{name}": array for name, array in self.top._asdict().items()},
            "positions": self.positions,
        }
        return arrays if self.color_counts is None else arrays | {"color_counts": self.color_counts}

    @classmethod
    def of_arrays(
        cls, arrays: Mapping[str, Any], n_classes: int, skipped: tuple[Skipped, ...] = ()
    ) -> Embedded:
        """Make it of what `arrays` returned."""
        return cls(
            arrays["embeddings"],
            arrays["labels"],
            TopProbabilities(*(arrays[f"top_{name}"] for name in TopProbabilities._fields)),
            n_classes,
            arrays.get("color_counts"),
            arrays["positions"],
            skipped,
        )

    def between(self, start: int, stop: int) -> Embedded:
        """Return what is known of the images from `start` to before `stop` in the dataset."""
        rows = slice(*np.searchsorted(self.positions, [start, stop]))
        return Embedded.of_arrays(
            {name: array[rows] for name, array in self.arrays().items()},
            self.n_classes,
            tuple(image for image in self.skipped if start <= image.position < stop),
        )

    @classmethod
    def joined(cls, parts: Sequence[Embedded]) -> Embedded:
        """Put parts, at least one, behind each other."""
        if len(parts) == 1:
            return parts[0]
        arrays = [part.arrays() for part in parts]
        return cls.of_arrays(
            {name: np.concatenate([each[name] for each in arrays]) for name in arrays[0]},
            parts[0].n_classes,
            tuple(image for part in parts for image in part.skipped),
        )


class Collector:
    """Collects the parts of one pass, in any order, into arrays that are made once.

    Parameters
    ----------
    size
        Number of images in the dataset.

    Examples
    --------
    >>> top = top_probabilities(torch.eye(2), np.array([0, 1]))
    >>> collector = Collector(3)
    >>> collector.add(Embedded(np.ones((2, 4)), np.array([0, 1]), top, 2, None, np.array([0, 2])))
    >>> collector.skip([Skipped(1, None, "broken")])
    >>> collector.collected().positions
    array([0, 2])
    """

    _BLOCK = 4096  # rows that are moved at once

    def __init__(self, size: int) -> None:
        self._size = size
        self._arrays: dict[str, Any] = {}
        self._n_classes = 0
        self._skipped: dict[int, Skipped] = {}

    def add(self, part: Embedded) -> None:
        """Take in a part."""
        if not self._arrays:
            self._n_classes = part.n_classes
            self._arrays = {
                name: np.empty((self._size, *array.shape[1:]), array.dtype)
                for name, array in part.arrays().items()
            }
        for name, array in part.arrays().items():
            self._arrays[name][part.positions] = array
        self.skip(part.skipped)

    def skip(self, images: Iterable[Skipped]) -> None:
        """Note images that could not be read."""
        self._skipped.update((image.position, image) for image in images)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The images that could not be read, so far, in the order of the dataset."""
        return tuple(sorted(self._skipped.values()))

    def collected(self) -> Embedded:
        """Return everything, in the order of the dataset; every image was added or skipped."""
        skipped = self.skipped
        kept = np.delete(np.arange(self._size), [image.position for image in skipped])
        if skipped:
            for array in self._arrays.values():
                for start in range(0, len(kept), self._BLOCK):
                    rows = kept[start : start + self._BLOCK]
                    array[start : start + len(rows)] = array[rows]
        arrays = {name: array[: len(kept)] for name, array in self._arrays.items()}
        return Embedded.of_arrays(arrays, self._n_classes, skipped)


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
    values = logits.detach()
    if values.dtype != torch.float64:  # in which logits may differ that in float32 are equal
        values = values.float()
    order = _largest(values, min(TOP_CLASSES, values.shape[1]))
    probabilities = values.softmax(dim=1)
    own = torch.tensor(labels, device=values.device)[:, None]
    return TopProbabilities(
        order.cpu().numpy(),
        probabilities.gather(1, order).float().cpu().numpy(),
        probabilities.gather(1, own)[:, 0].float().cpu().numpy(),
    )


def _largest(values: Tensor, number: int) -> Tensor:
    """Return the columns of the largest values of each row, equal ones by the lower column.

    Sorting all columns would take several times as long, but decides where the last of them ties.
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
