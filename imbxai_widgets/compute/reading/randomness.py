"""Finds what is random in a dataset by reading a few of its images twice."""

from __future__ import annotations

import numpy as np
import torch

from imbxai_widgets.compute.reading.generators import generators_kept
from imbxai_widgets.compute.reading.labeled_images import LabeledImages

_READ_TWICE = 8  # images; a flip of every second image escapes them once in 256 times


def changing_image(images: LabeledImages) -> int | None:
    """Return an image that is another when it is read again, or None if none was found.

    A few images, spread over the dataset, are read twice. The random generators of Python, NumPy
    and torch are afterwards as they were. Images that cannot be read are passed over.

    Examples
    --------
    >>> changing_image(LabeledImages([(torch.ones(1, 2, 2), 0)])) is None
    True
    >>> class Noise(torch.utils.data.Dataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         return torch.rand(1, 2, 2), 0
    >>> changing_image(LabeledImages(Noise()))
    0
    """
    spread = np.linspace(0, len(images) - 1, num=min(_READ_TWICE, len(images)), dtype=np.int64)
    with generators_kept():
        for index in map(int, spread):
            try:
                # A copy, for a dataset may give the same tensor again and change it in place.
                once, again = images[index][0].clone(), images[index][0]
            except Exception:
                continue
            if not _same(once, again):
                return index
    return None


def _same(once: torch.Tensor, again: torch.Tensor) -> bool:
    if once.shape != again.shape or once.dtype != again.dtype:
        return False
    return np.array_equal(once.cpu().numpy(), again.cpu().numpy(), equal_nan=True)
