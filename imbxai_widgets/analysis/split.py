"""One split of the data, training or validation, and how its images fare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from imbxai_widgets.analysis._same_images import Looks
from imbxai_widgets.compute.methods.archetypes import archetype_counts
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import (
    BoolArray,
    DoubleArray,
    FloatArray,
    Int8Array,
    IntArray,
)
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.labeled_images import Skipped

SplitName: TypeAlias = Literal["training", "validation"]


@dataclass(frozen=True, eq=False)
class Split:
    """The images of one split, training or validation, as the model sees them.

    Attributes
    ----------
    labels : int64 array, shape (M,)
        True class numbers.
    top : TopProbabilities
        The largest class probabilities of each image, the prediction's first.
    neighbors : int64 array, shape (M, k)
        The nearest *training* images in FE space, nearest first; a training image is
        never its own neighbor.
    neighbor_distances : float32 array, shape (M, k)
        Euclidean distances to them, in units of the embedding.
    archetypes : int8 array, shape (M,)
        0 safe, 1 border, 2 rare, 3 outlier.
    positions : int64 array, shape (M,)
        Number of each image in the dataset; they rise, with gaps where images were skipped.
    skipped : tuple of Skipped
        The images of the dataset that could not be read.
    images : ImageSource or None
        Reads the images for display, by row.
    looks : Looks or None
        How some images look, of an analysis that was loaded; by it their dataset is known.
    neighbor_method, neighbor_recall : str, float
        How the neighbors were found, and what share of the true ones, by a sample; see
        `imbxai_widgets.compute.neighbors.Neighbors`.
    """

    labels: IntArray
    top: TopProbabilities
    neighbors: IntArray
    neighbor_distances: FloatArray
    archetypes: Int8Array
    positions: IntArray
    skipped: tuple[Skipped, ...] = ()
    images: ImageSource | None = None
    looks: Looks | None = None
    neighbor_method: str = "exact"
    neighbor_recall: float = 1.0

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def predictions(self) -> IntArray:
        """Predicted class numbers, shape (M,)."""
        return self.top.classes[:, 0]

    @property
    def confidences(self) -> FloatArray:
        """Softmax probability of the predicted class, shape (M,); NaN where it is not known."""
        return self.top.probabilities[:, 0]

    @property
    def correct(self) -> BoolArray:
        """Whether each prediction equals its label, shape (M,)."""
        return np.asarray(self.predictions == self.labels, dtype=np.bool_)


@dataclass(frozen=True)
class ArchetypeErrors:
    """Images and errors for each class and archetype, both of shape (C, 4)."""

    images: IntArray
    errors: IntArray

    @classmethod
    def of(cls, split: Split, n_classes: int) -> ArchetypeErrors:
        """Count them in `split`."""
        wrong = ~split.correct
        return cls(
            archetype_counts(split.labels, split.archetypes, n_classes),
            archetype_counts(split.labels[wrong], split.archetypes[wrong], n_classes),
        )


def ratio(part: IntArray, whole: IntArray) -> DoubleArray:
    """Divide, giving NaN where there is nothing to divide by."""
    out = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
