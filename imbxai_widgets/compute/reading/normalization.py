"""What a normalization makes of a picture, and whether a step of a transform does that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from imbxai_widgets.compute.numeric.types import FloatArray, UInt8Array


@dataclass(frozen=True, eq=False)
class Normalization:
    """A step that made ``(x - mean) / std`` of each channel.

    Attributes
    ----------
    mean, std
        (C,) float32, for images in [0, 1]; C may be 1 for all channels alike.
    """

    mean: FloatArray
    std: FloatArray


def does_normalize(step: Any, expected: Normalization) -> bool:
    """Run a step on a small picture, given in the ways of several libraries.

    Parameters
    ----------
    step
        A transform; of what it raises, nothing comes through.
    expected
        What it should do to a picture in [0, 1].

    Returns
    -------
    bool
        Whether it does so with the picture given in one of these ways: a float tensor (C, H, W),
        or (1, C, H, W) as for kornia; a PIL image; an array (H, W, C) of uint8 or of float32 in
        [0, 1]; either array as ``step(image=array)["image"]``, as for albumentations.

    Examples
    --------
    >>> half = Normalization(np.float32([0.5]), np.float32([0.5]))
    >>> does_normalize(lambda x: (x - 0.5) / 0.5, half)
    True
    >>> does_normalize(lambda x: x * 0.5 + 0.5, half)
    False
    """
    channels = max(len(expected.mean), len(expected.std))
    picture = _picture(3 if channels == 1 else channels)
    wanted = (np.float32(picture) / 255 - expected.mean) / expected.std
    return any(_gives(way, step, picture, wanted) for way in _WAYS)


def _picture(channels: int) -> UInt8Array:
    """Make a picture whose channels differ, so that another scaling or order shows."""
    values = np.arange(4 * 5 * channels).reshape(4, 5, channels) * 37 % 150
    return (values + 20 * np.arange(channels) % 100).astype(np.uint8)


def _tensor(picture: UInt8Array) -> torch.Tensor:
    return torch.from_numpy(np.float32(picture) / 255).permute(2, 0, 1)


_WAYS: tuple[Callable[[Any, UInt8Array], Any], ...] = (
    lambda step, picture: step(_tensor(picture)),
    lambda step, picture: step(_tensor(picture)[np.newaxis])[0],
    lambda step, picture: step(Image.fromarray(picture)),
    lambda step, picture: step(picture.copy()),
    lambda step, picture: step(np.float32(picture) / 255),
    lambda step, picture: step(image=picture.copy())["image"],
    lambda step, picture: step(image=np.float32(picture) / 255)["image"],
)


def _gives(
    way: Callable[[Any, UInt8Array], Any], step: Any, picture: UInt8Array, wanted: FloatArray
) -> bool:
    try:
        found = way(step, picture)
        if isinstance(found, torch.Tensor):
            found = found.detach().cpu().permute(1, 2, 0).numpy()
        return np.shape(found) == wanted.shape and np.allclose(found, wanted, 1e-3, 1e-3)
    except Exception:  # it is not meant for pictures given in this way
        return False
