"""What an analysis holds, and what all of its tables need."""

from __future__ import annotations

from dataclasses import dataclass

from imbxai_widgets.analysis._class_names import class_number
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.colors.schemes import ColorScheme
from imbxai_widgets.compute.methods.projection import ProjectionName
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.types import FloatArray, Int8Array, IntArray
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.splits import SplitName


@dataclass(frozen=True, eq=False)
class AnalysisData:
    """The arrays and settings behind every table; see `imbxai_widgets.Analysis`."""

    class_names: tuple[str, ...]
    train: Split
    validation: Split | None
    color_counts: IntArray | None
    color_scheme: ColorScheme
    top_k: int
    salient_fraction: float | None
    edited_from: str | None = None  # of one made by `Analysis.with_edits`: a digest of the other
    projection: ProjectionName | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes, C."""
        return len(self.class_names)

    @property
    def k(self) -> int:
        """How many neighbors each image has."""
        return int(self.train.neighbors.shape[1])

    @property
    def embeddings(self) -> FloatArray:
        """Feature embeddings (FE) of the training images, shape (N, D)."""
        assert self.train.embeddings is not None  # of training images they are always kept
        return self.train.embeddings

    @property
    def head(self) -> Head | None:
        """How the network makes logits of embeddings; None where that is not linear or not known.

        Examples
        --------
        >>> analysis.head.weight.shape, analysis.head.bias.shape, analysis.head.normalized
        ((10, 64), (10,), False)
        >>> ldam_analysis.head.normalized, ldam_analysis.head.scale
        (True, 10.0)
        """
        return self.train.head

    @property
    def labels(self) -> IntArray:
        """True classes of the training images, shape (N,)."""
        return self.train.labels

    @property
    def predictions(self) -> IntArray:
        """Predicted classes of the training images, shape (N,)."""
        return self.train.predictions

    @property
    def archetypes(self) -> Int8Array:
        """Archetypes of the training images, shape (N,): 0 safe, 1 border, 2 rare, 3 outlier."""
        return self.train.archetypes

    @property
    def neighbors(self) -> IntArray:
        """Nearest other training images of each training image, shape (N, k)."""
        return self.train.neighbors

    @property
    def images(self) -> ImageSource | None:
        """Reads the training images for display."""
        return self.train.images

    def split(self, name: SplitName) -> Split:
        """Return the training or the validation images.

        Raises
        ------
        ValueError
            If `name` is neither "training" nor "validation", or there are no validation images.

        Examples
        --------
        >>> len(analysis.split("training")), len(analysis.split("validation"))
        (1922, 824)
        """
        if name == "training":
            return self.train
        if name != "validation":
            raise ValueError(f"split must be 'training' or 'validation', not {name!r}.")
        if self.validation is None:
            raise ValueError("No validation images: give `validation=` to analyze().")
        return self.validation

    def class_index(self, name: str) -> int:
        """Return the number of the class called `name`.

        Raises
        ------
        ValueError
            If there is no such class; lists the valid names, the most similar first.

        Examples
        --------
        >>> analysis.class_index("Plants")
        9
        """
        return class_number(name, self.class_names)
