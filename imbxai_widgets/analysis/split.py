"""One split of the data, training or validation, and how its images fare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.methods.archetypes import archetype_counts
from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import (
    BoolArray,
    DoubleArray,
    FloatArray,
    Int8Array,
    IntArray,
    SmallCounts,
)
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.labeled_images import Skipped
from imbxai_widgets.datasets.same_images import Looks


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
    embeddings : float32 array, shape (M, D), or None
        Feature embeddings (FE): the input of the classifier head. None for validation images of
        a file that an older version saved.
    head : Head or None
        How the network makes logits of embeddings; None where that is not linear, or not known.
    color_counts : uint8, uint16 or uint32 array, shape (M, B), or None
        Salient pixels of each image in each color bin, of the smallest type that holds them: 11
        bytes for an image of fewer than 2,560 pixels and eleven bins. None where saliency was not
        asked for, as of validation images.
    coordinates : float32 array, shape (M, 2), or None
        Where each image lies on the map; None before `Analysis.with_projection` makes one.
    pixel_counts : uint8, uint16 or uint32 array, shape (M, B), or None
        The same of all pixels of each image, or of its foreground where the dataset tells it; None
        where `color_counts` is, or an older version saved the file.
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
    embeddings: FloatArray | None = None
    head: Head | None = None
    color_counts: SmallCounts | None = None
    pixel_counts: SmallCounts | None = None
    coordinates: FloatArray | None = None
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

    def logits(self, rows: slice | ArrayLike | None = None) -> FloatArray:
        """Return logits of images, made of their embeddings and the head.

        The logits of 1,000,000 images and 1,000 classes are 4 GB: ask for blocks of rows.

        Parameters
        ----------
        rows
            A slice, or (n,) integers; all images by default.

        Returns
        -------
        float32 array, shape (n, C)
            Those of the pass to 1e-4 of the largest of an image (of 1, if that is below), and to
            the pass's own rounding, where it ran in half precision.

        Raises
        ------
        ValueError
            If embeddings or head are not known, or `rows` are none of the split.

        Examples
        --------
        >>> logits = analysis.validation.logits(slice(0, 3))
        >>> logits.shape, (logits.argmax(axis=1) == analysis.validation.predictions[:3]).all()
        ((3, 10), np.True_)
        """
        if self.head is None:
            raise ValueError(
                "logits cannot be made, for the analysis has no head: what the network makes of "
                "embeddings is not linear, or an older version saved the file, or from_arrays was "
                "not given head; analyze with the default layer, or give head"
            )
        if self.embeddings is None:
            raise ValueError(
                "logits cannot be made, for an older version saved the file without the "
                "embeddings of these images; analyze and save again"
            )
        if rows is None or isinstance(rows, slice):
            return self.head.logits(self.embeddings[slice(None) if rows is None else rows])
        chosen = check_codes(rows, "rows", shape=(None,), limit=len(self))
        return self.head.logits(self.embeddings[chosen])


@dataclass(frozen=True)
class ArchetypeErrors:
    """Images and errors for each class and archetype, both of shape (C, 4)."""

    images: IntArray
    errors: IntArray

    @classmethod
    def of(
        cls, split: Split, n_classes: int, archetypes: Int8Array | None = None
    ) -> ArchetypeErrors:
        """Count them in `split`, by its own archetypes or by others of its images."""
        wrong = ~split.correct
        found = split.archetypes if archetypes is None else archetypes
        return cls(
            archetype_counts(split.labels, found, n_classes),
            archetype_counts(split.labels[wrong], found[wrong], n_classes),
        )


def ratio(part: IntArray, whole: IntArray) -> DoubleArray:
    """Divide, giving NaN where there is nothing to divide by."""
    out = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
