"""Counts the colors of pixels where the images are: on a GPU."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.embedding.saliency import Salient
from imbxai_widgets.compute.reading.display import Recovery


class DeviceCounts(NamedTuple):
    """Counts of pixels in B' bins, and behind these those in none.

    Attributes
    ----------
    certain, tied
        (B, B' + 1) int64, of the pixels that `Salient` calls so.
    room
        (B,) int64, as in `Salient`.
    every
        (B, B' + 1) int64, of all pixels, or of those that may be salient.
    extremes
        (2,) the range of the images' values, for `Recovery.check`.
    """

    certain: Tensor
    tied: Tensor
    room: Tensor
    every: Tensor
    extremes: Tensor


class DeviceColors:
    """Does what `saliency.count_colors` does up to sharing out, without waiting for a result.

    Parameters
    ----------
    scheme
        Name of a color scheme.
    device
        Where images and salient pixels are.
    """

    def __init__(self, scheme: str, device: torch.device) -> None:
        self._scheme = color_scheme(scheme)
        self._device = device

    @cached_property
    def _bins(self) -> Tensor:
        """The bin of each color by its number, red in the lowest byte: 16 MB."""
        return torch.tensor(self._scheme.lookup.ravel("K")).to(self._device)

    def counted(
        self,
        images: Tensor,
        recovery: Recovery,
        salient: Salient,
        candidates: Tensor | None = None,
    ) -> DeviceCounts:
        """Count the pixels of images (B, C, H, W) in each bin: salient ones, and all.

        All are those of `candidates`, (B, H, W) bool, where these are given.
        """
        levels, extremes = recovery.levels(images)
        red, green, blue = levels.expand(-1, 3, -1, -1).unbind(1)
        # What is no number may have become anything; it is refused, but must be in the table.
        places = (red | green << 8 | blue << 16) & 0xFFFFFF
        bins = self._bins.index_select(0, places.flatten()).view(places.shape)
        n_bins = len(self._scheme.bins)
        numbers = [*range(n_bins), -1]
        whole = torch.ones_like(salient.certain) if candidates is None else candidates
        certain, tied, every = (
            torch.stack([(chosen & (bins == number)).sum(dim=(1, 2)) for number in numbers], dim=1)
            for chosen in (salient.certain, salient.tied, whole.to(bins.device))
        )
        return DeviceCounts(certain, tied, salient.room, every, extremes)
