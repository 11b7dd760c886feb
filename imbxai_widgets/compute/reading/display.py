"""Images as people see them, from the tensors that a network sees."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence, Sized
from functools import cached_property
from operator import index as as_index
from operator import is_
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, Subset

from imbxai_widgets.compute.numeric.sending import sent
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray, UInt8Array
from imbxai_widgets.compute.reading.nesting import locate, route
from imbxai_widgets.compute.reading.normalization import Normalization
from imbxai_widgets.compute.reading.originals import check_original, has_opacity
from imbxai_widgets.compute.reading.own_copy import own_copy
from imbxai_widgets.compute.reading.sample_keys import image_in
from imbxai_widgets.compute.reading.transforms import (
    DisplayError,
    normalization_of,
    transforms_of,
)

DisplayTransform: TypeAlias = Callable[[torch.Tensor], "UInt8Array | torch.Tensor | Image.Image"]

_LARGEST = {torch.uint8: 255, torch.uint16: 65535}

# Resizing with a bicubic filter may overshoot [0, 1] a little; more means other units.
_OVERSHOOT = 0.05

_COMPARED = 8  # images, the first that are shown


class Display:
    """Recovers the 8-bit colors of a dataset's images.

    With `display_transform`, that function decides. Otherwise the normalization among the
    transforms of an image is inverted, ``x * std + mean``; without one, floats in [0, 1] are
    taken as they are, and integers as parts of their largest value (255, 65535). Values are
    rounded and clipped to 0..255. One channel is shown as gray. The fourth of four is opacity,
    shown over white, where the first such image comes from a picture at hand that has it (see
    `has_opacity`); else it may be another band, as near infrared, and four are refused.

    The picture that a transform started from is not shown instead: after a crop or a resize its
    pixels are not those of the network, even where the sizes agree. The first eight images are
    compared with their files where that tells something (see `check_original`).

    Parameters
    ----------
    dataset
        Where the images come from; `Subset` and `ConcatDataset` are looked through.
    display_transform
        Function from an image as ``dataset[index]`` gave it to a uint8 (H, W, 3) array, a PIL
        image, or a (C, H, W) tensor of uint8 or of floats in [0, 1].

    Examples
    --------
    >>> Display([]).shown(0, torch.tensor([[[0.0, 1.0]]])).tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    """

    def __init__(
        self, dataset: Dataset[Any], display_transform: DisplayTransform | None = None
    ) -> None:
        self._dataset = dataset
        self._display_transform = display_transform
        # The datasets that the last image passed through, and its normalization: looking through
        # the transforms of every image would take as long as reading a small one.
        self._last: tuple[list[Any], Normalization | None] = [], None
        self._compared = 0
        self._opacity: bool | None = None  # until an image has four channels

    def shown(
        self, index: int, image: torch.Tensor | Image.Image | np.ndarray[Any, Any]
    ) -> UInt8Array:
        """Return image `index` as people see it.

        Parameters
        ----------
        index
            Number of the image in the dataset.
        image
            (C, H, W) tensor, C being 1, 3 or 4, as ``dataset[index]`` gave it; or a picture that
            no transform has changed yet: a PIL image or a uint8 array (H, W) or (H, W, 3).

        Returns
        -------
        array
            (H, W, 3) uint8, in sRGB; it shares no memory with `image`.

        Raises
        ------
        DisplayError
            If the colors cannot be recovered for certain.
        """
        if self._display_transform is not None:
            shown = self._display_transform(image)  # type: ignore[arg-type]
            return _from_picture(shown, "display_transform returned ")
        if not isinstance(image, torch.Tensor):
            return _from_picture(image, f"image {index} is ")
        shown = _recovered(image, self._normalization(index), self._with_opacity(index, image))
        self._compare(index, shown)
        return shown

    def shown_batch(self, indices: Sequence[int], images: torch.Tensor) -> UInt8Array:
        """Return images as people see them, all at once where they were normalized alike.

        Parameters
        ----------
        indices
            The B numbers of the images in the dataset, at least one.
        images
            (B, C, H, W), as ``dataset[index]`` gave them.

        Returns
        -------
        array
            (B, H, W, 3) uint8, what `shown` returns of each.

        Raises
        ------
        DisplayError
            As `shown` does.
        ValueError
            If `display_transform` gives images of another size.

        Examples
        --------
        >>> Display([]).shown_batch([0, 1], torch.ones(2, 1, 4, 5)).shape
        (2, 4, 5, 3)
        """
        if self._display_transform is None:
            found = [self._normalization(index) for index in indices]
            if all(normalization is found[0] for normalization in found):
                opacity = self._with_opacity(indices[0], images)
                recovered = _recovered(images, found[0], opacity)
                for index, rgb in zip(indices, recovered, strict=True):
                    self._compare(index, rgb)
                return recovered
        shown = [self.shown(*pair) for pair in zip(indices, images, strict=True)]
        for index, rgb in zip(indices, shown, strict=True):
            check_size(index, images[0], rgb.shape[:2], "as shown")
        return np.stack(shown)

    def recovery(self, indices: Sequence[int], images: torch.Tensor) -> Recovery | None:
        """Return how the colors of images can be recovered elsewhere, as on a GPU.

        Parameters
        ----------
        indices, images
            As for `shown_batch`.

        Returns
        -------
        Recovery or None
            None where it takes `shown_batch`: the images are no floats of one or three channels,
            were not normalized alike, or do not fit their normalization.

        Raises
        ------
        DisplayError
            As `shown` does, of the first images.
        """
        channels = images.shape[1]
        if self._display_transform is not None or channels not in (1, 3):
            return None
        found = [self._normalization(index) for index in indices]
        if not (images.is_floating_point() and all(way is found[0] for way in found)):
            return None
        way = found[0]
        if way is not None and not {len(way.mean), len(way.std), channels} <= {1, channels}:
            return None
        first = max(0, _COMPARED - self._compared)
        if first:  # they are compared with their files
            self.shown_batch(indices[:first], images[:first])
        return Recovery(way)

    def _with_opacity(self, index: int, image: torch.Tensor) -> bool:
        if image.ndim < 3 or image.shape[-3] != 4:
            return False
        if self._opacity is None:
            self._opacity = has_opacity(self._dataset, index)
        return self._opacity

    def _compare(self, index: int, shown: UInt8Array) -> None:
        if self._compared < _COMPARED:
            self._compared += 1
            check_original(self._dataset, index, shown)

    def _normalization(self, index: int) -> Normalization | None:
        members = [member for member, _ in route(self._dataset, index)]
        last, found = self._last
        if len(last) != len(members) or not all(map(is_, last, members)):
            found = normalization_of(transforms_of(self._dataset, index))
            self._last = members, found
        return found


class Recovery(NamedTuple):
    """How floats of one or three channels become 8-bit colors, on any device.

    Attributes
    ----------
    normalization
        What is inverted; None for images in [0, 1].
    """

    normalization: Normalization | None

    def levels(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the same colors as `Display` does, and the range of the values.

        Parameters
        ----------
        images
            (B, C, H, W) floats, C being 1 or 3.

        Returns
        -------
        levels : torch.Tensor
            (B, C, H, W) int32, 0 to 255 where values are finite.
        extremes : torch.Tensor
            (2,) the smallest and the largest value, which `check` looks at. Nothing waits for them.
        """
        shares = _inverted(images.detach(), self.normalization)
        extremes = torch.stack(torch.aminmax(shares))
        return shares.float().mul(255).round_().clamp_(0, 255).int(), extremes

    def check(self, low: float, high: float) -> None:
        """Refuse values that are not in [0, 1].

        Raises
        ------
        DisplayError
            As `Display.shown` does.
        """
        _check_range(low, high, _when(self.normalization))


def check_size(index: int, image: torch.Tensor, shape: tuple[int, ...], what: str) -> None:
    """Refuse what belongs to the pixels of an image (C, H, W), but is not (H, W) large."""
    if shape != tuple(image.shape[1:]):
        raise ValueError(
            f"image {index} has {tuple(image.shape[1:])} pixels but {shape} {what}; "
            "salient colors need the same size"
        )


def _recovered(
    image: torch.Tensor, normalization: Normalization | None, opacity: bool
) -> UInt8Array:
    """Invert a normalization: from (..., C, H, W) to (..., H, W, 3)."""
    image = image.detach().cpu().as_subclass(torch.Tensor)
    if normalization is not None:
        mean, std, channels = normalization.mean, normalization.std, image.shape[-3]
        if not {len(mean), len(std), channels} <= {1, channels}:
            raise DisplayError.because(
                f"Normalize has {len(mean)} means and {len(std)} stds, "
                f"but the image has {channels} channels"
            )
    return _to_rgb(_inverted(image, normalization), _when(normalization), opacity)


def _when(normalization: Normalization | None) -> str:
    if normalization is None:
        return "without a Normalize step in the dataset's transform, "
    return "after inverting Normalize, "


def _inverted(image: torch.Tensor, normalization: Normalization | None) -> torch.Tensor:
    if normalization is None:
        return image
    shares = image * sent(torch.from_numpy(normalization.std), image.device)[:, None, None]
    shares += sent(torch.from_numpy(normalization.mean), image.device)[:, None, None]
    return shares


def _to_rgb(image: torch.Tensor, when: str = "", opacity: bool = False) -> UInt8Array:
    """Turn (..., C, H, W) into (..., H, W, 3); four channels only where one is opacity."""
    if opacity:
        shares = _shares(image, when)
        solid = shares[..., 3:, :, :]
        shares = shares[..., :3, :, :] * solid + (1 - solid)
        return _to_rgb(torch.from_numpy(shares), when)
    if image.ndim >= 3 and image.shape[-3] == 4:
        raise DisplayError.because(
            f"{when}the image has four channels, and whether the fourth is opacity or another "
            "band, as near infrared, cannot be told; display_transform may return the three that "
            "are red, green and blue, or a PIL image of mode RGBA"
        )
    if image.ndim < 3 or image.shape[-3] not in (1, 3):
        raise DisplayError.because(
            f"{when}the image has shape {tuple(image.shape[-3:])}, not (1 or 3, H, W)"
        )
    if image.dtype == torch.uint8:
        values = image.numpy()
    else:
        # In NumPy: torch.round starts its threads even for a single small image.
        values = np.rint(_shares(image, when) * 255).clip(0, 255).astype(np.uint8)
    values = np.moveaxis(values, -3, -1)
    return np.array(np.broadcast_to(values, (*values.shape[:-1], 3)), order="C")


def _shares(image: torch.Tensor, when: str) -> FloatArray:
    """Return an image's values as parts of the largest that its type is for."""
    if image.dtype in _LARGEST:
        return image.numpy().astype(np.float32) / np.float32(_LARGEST[image.dtype])
    if not image.is_floating_point():
        raise DisplayError.because(
            f"{when}the image is of {image.dtype}, which does not tell how bright its largest "
            "value is, as uint8, uint16 and floats do"
        )
    _check_range(image.min().item(), image.max().item(), when)
    return image.float().numpy()


def _check_range(low: float, high: float, when: str) -> None:
    if not -_OVERSHOOT <= low <= high <= 1 + _OVERSHOOT:
        raise DisplayError.because(f"{when}values run from {low:.4g} to {high:.4g}, not in [0, 1]")


def _from_picture(shown: object, what: str) -> UInt8Array:
    """Turn what is meant for eyes into (H, W, 3)."""
    if isinstance(shown, Image.Image):
        return _from_pil(shown, what)
    if isinstance(shown, torch.Tensor):
        return _to_rgb(shown.detach().cpu().as_subclass(torch.Tensor), "in display_transform, ")
    if isinstance(shown, np.ndarray) and shown.dtype == np.uint8:
        if shown.ndim == 3 and shown.shape[2] == 3:
            return shown.copy()
        if shown.ndim == 2:
            return np.repeat(shown[:, :, np.newaxis], 3, axis=2)
        problem = f"a uint8 array of shape {shown.shape}"
    else:
        problem = f"an array of {shown.dtype}" if isinstance(shown, np.ndarray) else repr(shown)
    raise DisplayError.because(f"{what}{problem}")


def _from_pil(picture: Image.Image, what: str) -> UInt8Array:
    if picture.mode in ("I", "F"):
        raise DisplayError.because(
            f"{what}a PIL image of mode {picture.mode!r}, which does not tell how bright its "
            "largest value is"
        )
    if picture.mode.startswith("I;16"):  # PIL's own conversion clips these at 255
        values = torch.from_numpy(np.array(picture).astype(np.uint16))
        return _to_rgb(values[np.newaxis])
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.array(picture.convert("RGB"))


class ImageSource:
    """The images of a dataset as people see them, by index.

    The images last asked for are kept, so that a gallery that is drawn again costs nothing.

    Parameters
    ----------
    dataset
        Map-style: its samples are images for `Display.shown`, or pairs or dicts with such.
    display_transform
        As for `Display`.

    Examples
    --------
    >>> source = ImageSource([(torch.ones(1, 2, 2), 0)])
    >>> len(source), source[0].shape
    (1, (2, 2, 3))
    """

    _KEPT = 512
    _KEPT_BYTES = 100_000_000  # pictures that no transform has made small can be large

    def __init__(
        self, dataset: Dataset[Any], display_transform: DisplayTransform | None = None
    ) -> None:
        self._dataset = dataset
        self._display_transform = display_transform
        self._display = Display(dataset, display_transform)
        self._recent: OrderedDict[int, UInt8Array] = OrderedDict()
        self._recent_bytes = 0

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

    def chosen(self, rows: IntArray) -> ImageSource:
        """Return a source of some of the images, in the order of `rows`."""
        return ImageSource(Subset(self._dataset, rows.tolist()), self._display_transform)

    @property
    def dataset(self) -> Dataset[Any]:
        """Where the images come from."""
        return self._dataset

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
        image = image_in(self._own[index], locate(self._dataset, index)[0])
        shown = self._display.shown(index, image)
        shown.setflags(write=False)
        self._keep(index, shown)
        return shown

    @cached_property
    def _own(self) -> Dataset[Any]:
        """What is read: not the user's dataset, which is not to be left with an open file."""
        return own_copy(self._dataset)

    def _keep(self, index: int, shown: UInt8Array) -> None:
        self._recent[index] = shown
        self._recent_bytes += shown.nbytes
        while len(self._recent) > self._KEPT or (
            self._recent_bytes > self._KEPT_BYTES and len(self._recent) > 1
        ):
            _, oldest = self._recent.popitem(last=False)
            self._recent_bytes -= oldest.nbytes
