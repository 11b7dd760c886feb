"""From stored images to the network's input, without torchvision.

The names and attributes are those of torchvision's transforms, so that whatever recovers an
image's colors from `transforms`, `mean` and `std` does so for these too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from imbxai_widgets.compute.numeric.types import UInt8Array


class Compose:
    """Apply transforms one after the other.

    Parameters
    ----------
    transforms
        What to apply, in this order.
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)

    def __call__(self, image: Any) -> Any:
        """Return `image` after all transforms."""
        for transform in self.transforms:
            image = transform(image)
        return image

    def __repr__(self) -> str:
        return f"Compose({self.transforms})"


class ToTensor:
    """Turn a uint8 image (H, W, 3) into a float32 tensor (3, H, W) in [0, 1]."""

    def __call__(self, image: UInt8Array) -> Tensor:
        """Return the tensor of `image`, sharing no memory with it."""
        channels_first = np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32)
        return torch.from_numpy(channels_first).div_(255)

    def __repr__(self) -> str:
        return "ToTensor()"


class Normalize:
    """Subtract the mean and divide by the standard deviation, channel by channel.

    Parameters
    ----------
    mean, std
        One value per channel, in the units of the tensor.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        self.mean = tuple(mean)
        self.std = tuple(std)

    def __call__(self, image: Tensor) -> Tensor:
        """Return `image` (..., C, H, W), normalized."""
        mean = torch.tensor(self.mean, dtype=image.dtype, device=image.device)[:, None, None]
        std = torch.tensor(self.std, dtype=image.dtype, device=image.device)[:, None, None]
        return (image - mean) / std

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"
