"""The samples of a dataset, each checked; errors name the image and its file."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from contextlib import suppress
from operator import index as as_index
from typing import Any, NamedTuple, cast

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from imbxai_widgets.compute._types import BoolArray, UInt8Array
from imbxai_widgets.compute.data import foreground_of, path_of
from imbxai_widgets.compute.embedded import Skipped
from imbxai_widgets.compute.images import DisplayTransform, shown_image


class ReadError(ValueError):
    """An image, or its label, could not be read.

    Attributes
    ----------
    image : Skipped
        Its number, its file where that is known, and why.
    """

    image: Skipped

    @classmethod
    def of(cls, dataset: Dataset[Any], index: int, reason: str) -> ReadError:
        """Say which image it is, why it was not read, and how to do without."""
        image = Skipped(index, path_of(dataset, index), reason)
        file = "" if image.path is None else f" ({image.path})"
        error = cls(
            f"image {index}{file} could not be read: {reason}. Mend it or take it out of the "
            'dataset, or pass on_error="skip" to leave such images out'
        )
        error.image = image
        return error


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
        Map-style dataset of (image tensor, integer label).
    colors
        Whether to recover the colors and the foreground of every image.
    display_transform
        As for `shown_image`.

    Raises
    ------
    ValueError
        If `dataset` is no map-style dataset or has no images; on access, if a sample is not a
        pair with a tensor of three axes, or its colors or foreground do not fit it.
    ReadError
        On access, if the dataset fails to give the sample, or its label is no label.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        *,
        colors: bool = False,
        display_transform: DisplayTransform | None = None,
    ) -> None:
        kind = type(dataset).__name__
        mapped = hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")
        if isinstance(dataset, DataLoader):
            raise ValueError("dataset must be a dataset, not a DataLoader; pass its .dataset")
        if isinstance(dataset, IterableDataset) or not mapped:
            raise ValueError(
                f"dataset must be map-style, with __len__ and __getitem__, since images are shown "
                f"by their number; {kind} is not. Put its samples in a list, for instance"
            )
        self._size = len(cast(Sized, dataset))
        if self._size == 0:
            raise ValueError(f"dataset ({kind}) has no images")
        self._dataset = dataset
        self._colors = colors
        self._display_transform = display_transform

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> Sample:
        image, label = self._read(index)
        if not self._colors:
            return Sample(index, image, label, None, None)
        rgb = shown_image(self._dataset, index, image, self._display_transform)
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

    def _read(self, index: int) -> tuple[Tensor, int]:
        try:
            sample = self._dataset[index]
        except MemoryError:
            raise  # tells of the machine, not of this image
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".removesuffix(": ")
            raise ReadError.of(self._dataset, index, reason) from error
        image, label = _checked_pair(sample, index)
        try:
            return image, _checked_label(label)
        except ValueError as error:
            raise ReadError.of(self._dataset, index, str(error)) from None


def readable(samples: Samples) -> Iterator[int]:
    """Yield the numbers of the samples that can be read, reading one by one."""
    for number in range(len(samples)):
        with suppress(ReadError):
            samples[number]
            yield number


def _checked_pair(sample: object, index: int) -> tuple[Tensor, Any]:
    if not isinstance(sample, tuple | list) or len(sample) != 2:
        what = (
            f"{len(sample)} values" if isinstance(sample, tuple | list) else type(sample).__name__
        )
        raise ValueError(f"dataset[{index}] must be an (image, label) pair, but is {what}")
    image, label = sample
    if not isinstance(image, Tensor):
        raise ValueError(
            f"image {index} must be a tensor, but is {type(image).__name__}; give the dataset the "
            "transforms that the model was evaluated with, ending in a tensor (ToTensor)"
        )
    if image.ndim != 3:
        raise ValueError(f"image {index} must be (C, H, W), but has shape {tuple(image.shape)}")
    return image, label


def _checked_label(label: Any) -> int:
    try:
        number = as_index(label)
    except TypeError:
        raise ValueError(f"its label must be an integer, but is {label!r}") from None
    if number < 0:
        raise ValueError(f"its label must not be negative, but is {number}")
    return number
