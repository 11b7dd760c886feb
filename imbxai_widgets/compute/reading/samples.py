"""The samples of a dataset, with the colors of each image as it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from imbxai_widgets.compute.numeric.types import BoolArray, UInt8Array
from imbxai_widgets.compute.reading.display import (
    Display,
    DisplayTransform,
    Recovery,
    check_size,
)
from imbxai_widgets.compute.reading.labeled_images import LabeledImages, ReadError, Skipped
from imbxai_widgets.compute.reading.nesting import route


class Sample(NamedTuple):
    """One image of a dataset; `foreground` is None unless colors are wanted and it is known."""

    number: int  # in the dataset
    image: Tensor  # (C, H, W)
    label: int
    foreground: BoolArray | None  # (H, W), the pixels that may be salient


class Samples(Dataset[Sample]):
    """A dataset whose samples are checked, with their colors if wanted.

    Parameters
    ----------
    dataset
        Map-style dataset, as `LabeledImages` reads it.
    colors
        Whether to recover the colors and the foreground of every image.
    display_transform
        As for `Display`.

    Attributes
    ----------
    images : LabeledImages
        The dataset as it is read.

    Raises
    ------
    ValueError
        As `LabeledImages` does; on access, also if an image's colors or foreground do not fit it.
    ReadError
        On access, if the image or its label cannot be read.
    """

    def __init__(
        self,
        dataset: Any,
        *,
        colors: bool = False,
        display_transform: DisplayTransform | None = None,
    ) -> None:
        self.images = dataset if isinstance(dataset, LabeledImages) else LabeledImages(dataset)
        self._colors = colors
        self._later = False
        self._display = Display(self.images, display_transform)

    @property
    def n_names(self) -> int | None:
        """How many classes are named; see `LabeledImages`."""
        return self.images.n_names

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Sample:
        image, label = self.images[index]
        foreground = foreground_of(self.images, index) if self._colors else None
        if foreground is not None:
            check_size(index, image, foreground.shape, "foreground")
        return Sample(index, image, label, foreground)

    def colors_of(self, numbers: Sequence[int], images: Tensor) -> UInt8Array | None:
        """Return images (B, C, H, W) of the dataset as seen, (B, H, W, 3); None if not wanted."""
        return self._display.shown_batch(numbers, images) if self._colors else None

    def recovery_of(self, numbers: Sequence[int], images: Tensor) -> Recovery | None:
        """Return how the colors can be recovered later; None where that is not to be, or cannot."""
        return self._display.recovery(numbers, images) if self._colors and self._later else None

    def recovered_later(self) -> Samples:
        """Return the same samples, whose colors wait for another device where they can."""
        others = copy(self)
        others._later = True
        return others


class TakenSamples(Samples):
    """The first samples of others, which were read before; the dataset is read no more.

    Parameters
    ----------
    source
        What they are of.
    taken
        The samples, and what is known of those that could not be read.

    Examples
    --------
    >>> import torch
    >>> source = Samples([(torch.ones(1, 2, 2), 3), (torch.ones(1, 2, 2), 4)])
    >>> len(TakenSamples(source, [source[0]]))
    1
    """

    def __init__(self, source: Samples, taken: Sequence[Sample | Skipped]) -> None:
        self.images, self._colors, self._display = source.images, source._colors, source._display
        self._later = source._later
        self._taken = list(taken)

    def __len__(self) -> int:
        return len(self._taken)

    def __getitem__(self, index: int) -> Sample:
        sample = self._taken[index]
        if isinstance(sample, Skipped):
            error = ReadError(sample.reason)
            error.image = sample
            raise error
        return sample


def foreground_of(dataset: Dataset[Any], index: int) -> BoolArray | None:
    """Ask the dataset which pixels of an image show the object.

    Parameters
    ----------
    dataset
        A dataset; it, or one inside it that the image comes from, may have a method
        ``foreground(index)``.
    index
        Number of the image in `dataset`.

    Returns
    -------
    array or None
        (H, W) bool, or None where the dataset has no such method.

    Raises
    ------
    ValueError
        If `foreground` returns anything but a two-dimensional Boolean array.
    """
    for member, place in route(dataset, index):
        if not hasattr(member, "foreground"):
            continue
        mask = np.asarray(member.foreground(place))
        if mask.ndim != 2 or mask.dtype != np.bool_:
            raise ValueError(
                f"{type(member).__name__}.foreground({place}) must return an (H, W) Boolean array, "
                f"but gave shape {mask.shape} of {mask.dtype}"
            )
        return mask
    return None
