"""What one pass over the images yields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from imbxai_widgets.compute.embedding.found_head import FoundHead
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray
from imbxai_widgets.compute.reading.labeled_images import Skipped


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
    pixel_counts
        (N, B) int64, all pixels in each bin, or those of the foreground where the dataset tells it;
        None where `color_counts` is.
    positions
        (N,) int64, rising: the number of each image in the dataset.
    skipped
        The images that could not be read.
    head
        How the network makes logits of embeddings, if that is linear, as the first batch told; None
        of what a cache or a shard holds.
    """

    embeddings: FloatArray
    labels: IntArray
    top: TopProbabilities
    n_classes: int
    color_counts: IntArray | None
    positions: IntArray
    skipped: tuple[Skipped, ...] = ()
    head: FoundHead | None = None
    pixel_counts: IntArray | None = None

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
        colors = {"color_counts": self.color_counts, "pixel_counts": self.pixel_counts}
        return arrays | {name: array for name, array in colors.items() if array is not None}

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
            pixel_counts=arrays.get("pixel_counts"),
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
    >>> import torch
    >>> from imbxai_widgets.compute.numeric.probabilities import top_probabilities
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
