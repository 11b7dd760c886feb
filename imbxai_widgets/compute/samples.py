"""The samples of a dataset, with the colors of each image as it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from imbxai_widgets.compute._types import BoolArray, UInt8Array
from imbxai_widgets.compute.data import foreground_of
from imbxai_widgets.compute.images import Display, DisplayTransform
from imbxai_widgets.compute.labeled_images import LabeledImages, ReadError


class Sample(NamedTuple):
    """One image of a dataset; `rgb` and `candidates` are None unless colors are wanted."""

    number: int  # in the dataset
    image: Tensor  # (C, H, W)
    label: int
    rgb: UInt8Array | None  # (H, W, 3)
    candidates: BoolArray | None  # (H, W), the pixels that may be salient


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
        self._dataset = dataset if isinstance(dataset, LabeledImages) else LabeledImages(dataset)
        self._colors = colors
        self._display = Display(self._dataset, display_transform)

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int) -> Sample:
        image, label = self._dataset[index]
        if not self._colors:
            return Sample(index, image, label, None, None)
        rgb = self._display.shown(index, image)
        candidates = foreground_of(self._dataset, index)
        if candidates is None:
            candidates = np.ones(image.shape[1:], dtype=np.bool_)
        for name, shape in (("as shown", rgb.shape[:2]), ("foreground", candidates.shape)):
            if shape != tuple(image.shape[1:]):
                raise ValueError(
                    f"image {index} has {tuple(image.shape[1:])} pixels but {shape} {name}; "
                    "salient colors need the same size"
                )
        return Sample(index, image, label, rgb, candidates)


def readable(samples: Samples) -> Iterator[int]:
    """Yield the numbers of the samples that can be read, reading one by one."""
    for number in range(len(samples)):
        with suppress(ReadError):
            samples[number]
            yield number
