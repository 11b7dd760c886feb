"""Images as people see them, from the tensors that a network sees."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sized
from operator import index as as_index
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, Subset

from imbxai_widgets.compute._types import IntArray, UInt8Array
from imbxai_widgets.compute.data import locate
from imbxai_widgets.compute.transforms import DisplayError, normalization_of

DisplayTransform: TypeAlias = Callable[[torch.Tensor], "UInt8Array | torch.Tensor | Image.Image"]

# Resizing with a bicubic filter may overshoot [0, 1] a little; more means other units.
_OVERSHOOT = 0.05


def shown_image(
    dataset: Dataset[Any],
    index: int,
    image: torch.Tensor,
    display_transform: DisplayTransform | None = None,
) -> UInt8Array:
    """Recover the 8-bit colors of an image that the dataset gave as a tensor.

    With `display_transform`, that function decides. Otherwise the normalization among the
    dataset's transforms is inverted, ``x * std + mean``; without one, uint8 values and floats in
    [0, 1] are taken as they are. Values are rounded and clipped to 0..255, and one channel is
    shown as gray.

    Parameters
    ----------
    dataset, index
        Where the image comes from; `Subset` and `ConcatDataset` are looked through.
    image
        (C, H, W) tensor, C being 1 or 3, as ``dataset[index]`` gave it.
    display_transform
        Function from that tensor to a uint8 (H, W, 3) array, a PIL image, or a (C, H, W) tensor
        of uint8 or of floats in [0, 1].

    Returns
    -------
    array
        (H, W, 3) uint8, in sRGB; it shares no memory with `image`.

    Raises
    ------
    DisplayError
        If the colors cannot be recovered for certain.

    Examples
    --------
    >>> shown_image([], 0, torch.tensor([[[0.0, 1.0]]])).tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    """
    if display_transform is not None:
        return _from_display(display_transform(image))
    image = image.detach().cpu().as_subclass(torch.Tensor)
    member, _ = locate(dataset, index)
    normalization = normalization_of(member)
    if normalization is None:
        return _to_rgb(image, "without a Normalize step in the dataset's transform, ")
    channels = {len(normalization.mean), len(normalization.std), len(image)}
    if not channels <= {1, len(image)}:
        raise DisplayError.because(
            f"Normalize has {len(normalization.mean)} means and {len(normalization.std)} stds, "
            f"but the image has {len(image)} channels"
        )
    mean = torch.from_numpy(normalization.mean)[:, None, None]
    std = torch.from_numpy(normalization.std)[:, None, None]
    return _to_rgb(image * std + mean, "after inverting Normalize, ")


def _to_rgb(image: torch.Tensor, when: str = "") -> UInt8Array:
    if image.ndim != 3 or image.shape[0] not in (1, 3):
        raise DisplayError.because(
            f"{when}the image has shape {tuple(image.shape)}, not (1 or 3, H, W)"
        )
    if image.dtype == torch.uint8:
        values = image.numpy()
    else:
        if not image.is_floating_point():
            raise DisplayError.because(
                f"{when}the image is of {image.dtype}, not of uint8 or floats"
            )
        low, high = image.min().item(), image.max().item()
        if not -_OVERSHOOT <= low <= high <= 1 + _OVERSHOOT:
            raise DisplayError.because(
                f"{when}values run from {low:.4g} to {high:.4g}, not in [0, 1]"
            )
        # In NumPy: torch.round starts its threads even for a single small image.
        values = np.rint(image.float().numpy() * 255).clip(0, 255).astype(np.uint8)
    height, width = values.shape[1:]
    return np.array(np.broadcast_to(values.transpose(1, 2, 0), (height, width, 3)), order="C")


def _from_display(shown: object) -> UInt8Array:
    if isinstance(shown, Image.Image):
        return np.array(shown.convert("RGB"))
    if isinstance(shown, torch.Tensor):
        return _to_rgb(shown.detach().cpu().as_subclass(torch.Tensor), "in display_transform, ")
    if isinstance(shown, np.ndarray) and shown.dtype == np.uint8:
        if shown.ndim == 3 and shown.shape[2] == 3:
            return shown.copy()
        problem = f"a uint8 array of shape {shown.shape}"
    else:
        problem = f"an array of {shown.dtype}" if isinstance(shown, np.ndarray) else repr(shown)
    raise DisplayError.because(f"display_transform returned {problem}")


class ImageSource:
    """The images of a dataset as people see them, by index.

    The images last asked for are kept, so that a gallery that is drawn again costs nothing.

    Parameters
    ----------
    dataset
        Map-style dataset of (image tensor, label).
    display_transform
        As for `shown_image`.

    Examples
    --------
    >>> source = ImageSource([(torch.ones(1, 2, 2), 0)])
    >>> len(source), source[0].shape
    (1, (2, 2, 3))
    """

    _KEPT = 512

    def __init__(
        self, dataset: Dataset[Any], display_transform: DisplayTransform | None = None
    ) -> None:
        self._dataset = dataset
        self._display_transform = display_transform
        self._recent: OrderedDict[int, UInt8Array] = OrderedDict()

    @classmethod
    def of_rows(
        cls,
        dataset: Dataset[Any],
        positions: IntArray,
        display_transform: DisplayTransform | None = None,
    ) -> ImageSource:
        """Show the images of `dataset` at `positions`, in their order."""
        whole = len(positions) == len(cast(Sized, dataset))
        chosen = dataset if whole else Subset(dataset, positions.tolist())
        return cls(chosen, display_transform)

    def __len__(self) -> int:
        return len(cast(Sized, self._dataset))

    def __getitem__(self, index: int) -> UInt8Array:
        """Return image `index` as (H, W, 3) uint8, read-only.

        Raises
        ------
        IndexError
            If there is no such image.
        DisplayError
            If its colors cannot be recovered.
        """
        index = as_index(index)
        if not 0 <= index < len(self):
            raise IndexError(f"there is no image {index}; the dataset has {len(self)}")
        if index in self._recent:
            self._recent.move_to_end(index)
            return self._recent[index]
        image = self._dataset[index][0]
        shown = shown_image(self._dataset, index, image, self._display_transform)
        shown.setflags(write=False)
        self._recent[index] = shown
        if len(self._recent) > self._KEPT:
            self._recent.popitem(last=False)
        return shown
