"""Feeds a dataset to a network: checked samples, and batches that name what is wrong."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from operator import index as as_index
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from imbxai_widgets.compute._types import BoolArray, IntArray, UInt8Array
from imbxai_widgets.compute.data import foreground_of
from imbxai_widgets.compute.images import DisplayTransform, shown_image


class Sample(NamedTuple):
    """One image of a dataset; `rgb` and `candidates` are None unless colors are wanted."""

    number: int  # in the dataset
    image: Tensor  # (C, H, W)
    label: int
    rgb: UInt8Array | None  # (H, W, 3)
    candidates: BoolArray | None  # (H, W), the pixels that may be salient


class Batch(NamedTuple):
    """Samples on a leading axis of length B."""

    start: int  # index of the first image; the others follow it
    images: Tensor
    labels: IntArray
    rgb: UInt8Array | None
    candidates: BoolArray | None


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
        (tensor of three axes, integer label) pair, or its colors or foreground do not fit it.
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
        image, label = _checked_pair(self._dataset[index], index)
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

    def batches(self, batch_size: int, num_workers: int) -> DataLoader[Batch]:
        """Return a loader of all samples in order.

        Its own random generator keeps the global one where it is.
        """
        loader = DataLoader(
            self,
            batch_size=batch_size,
            num_workers=num_workers,
            collate_fn=_collated,
            generator=torch.Generator(),
        )
        return cast("DataLoader[Batch]", loader)


def _checked_pair(sample: object, index: int) -> tuple[Tensor, int]:
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
    try:
        number = as_index(label)
    except TypeError:
        raise ValueError(
            f"the label of image {index} must be an integer, but is {label!r}"
        ) from None
    if number < 0:
        raise ValueError(f"the label of image {index} must not be negative, but is {number}")
    return image, number


def _collated(samples: Sequence[Sample]) -> Batch:
    first = samples[0]
    for sample in samples:
        if sample.image.shape != first.image.shape:
            raise ValueError(
                "the images of a batch must have one shape, but "
                f"image {first.number} has {tuple(first.image.shape)} and "
                f"image {sample.number} has {tuple(sample.image.shape)}; resize them in the "
                "dataset's transform, or use batch_size=1 if the model takes any size"
            )
    colors = [sample.rgb for sample in samples if sample.rgb is not None]
    candidates = [sample.candidates for sample in samples if sample.candidates is not None]
    return Batch(
        first.number,
        torch.stack([sample.image.as_subclass(Tensor) for sample in samples]),
        np.array([sample.label for sample in samples], dtype=np.int64),
        np.stack(colors) if colors else None,
        np.stack(candidates) if candidates else None,
    )
