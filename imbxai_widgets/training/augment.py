"""Random crops and mirror images of whole batches."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def augment(images: Tensor, generator: torch.Generator, *, padding: int, fill: int) -> Tensor:
    """Shift images by up to `padding` pixels and mirror half of them.

    It does for a batch what torchvision's `RandomCrop` and `RandomHorizontalFlip` do for an
    image, but draws from a generator of its own: what is drawn depends neither on the device nor
    on the number of workers, so training can go on where it was interrupted.

    Parameters
    ----------
    images
        uint8 (B, H, W, 3), on any device.
    generator
        Source of the random numbers, on the CPU.
    padding
        Pixels added at each side before the crop.
    fill
        Value of the pixels that move in, from 0 to 255.

    Returns
    -------
    Tensor
        uint8 (B, H, W, 3).
    """
    count, height, width, _ = images.shape
    sides = (padding, padding)
    padded = F.pad(images, (0, 0, *sides, *sides), value=fill)
    top, left = torch.randint(2 * padding + 1, (2, count, 1), generator=generator)
    mirrored = torch.randint(2, (count, 1), generator=generator).bool()
    rows = top + torch.arange(height)
    columns = left + torch.where(mirrored, torch.arange(width).flip(0), torch.arange(width))
    batch = torch.arange(count)[:, None, None]
    places = (batch, rows[:, :, None], columns[:, None, :])
    return padded[tuple(place.to(images.device) for place in places)]
