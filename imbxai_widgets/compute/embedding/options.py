"""The options of a pass over images, as one object that goes whole wherever the pass runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from torch import nn

from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.embedding.cache import Cache, CacheCheck, refuse_other_checks
from imbxai_widgets.compute.embedding.saliency import check_fraction
from imbxai_widgets.compute.reading.batches import OnError
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.sample_keys import SampleKeys
from imbxai_widgets.compute.reading.samples import Samples

# The names of the fields of `PassOptions`, for the type checker: where all must be dealt with,
# it finds the one that is forgotten.
PassOption: TypeAlias = Literal[
    "transform",
    "keys",
    "class_names",
    "layer",
    "device",
    "batch_size",
    "num_workers",
    "salient_fraction",
    "color_bins",
    "display_transform",
    "on_error",
    "cache",
    "cache_check",
]


class Saliency(NamedTuple):
    """What counts as salient, and in which bins its colors are counted."""

    fraction: float
    scheme: str

    @classmethod
    def of(cls, fraction: float | None, color_bins: str) -> Saliency | None:
        """Check both; None if no saliency is asked for."""
        if fraction is None:
            return None
        check_fraction(fraction)
        return cls(fraction, color_scheme(color_bins).name)


@dataclass(frozen=True, kw_only=True, eq=False)
class PassOptions:
    """How images are read and run through a network; the fields are options of `analyze`.

    Raises
    ------
    ValueError
        By `saliency` and `images`, if an option is out of range.

    Examples
    --------
    >>> options = PassOptions(salient_fraction=0.2, class_names=["cat", "dog"])
    >>> options.saliency
    Saliency(fraction=0.2, scheme='perceptual')
    >>> options.images([(torch.ones(3, 2, 2), "dog")])[0][1]
    1
    """

    transform: Callable[[Any], torch.Tensor] | None = None
    keys: SampleKeys | None = None
    class_names: Sequence[str] | None = None
    layer: nn.Module | str | None = None
    device: str | torch.device | None = None
    batch_size: int = 128
    num_workers: int = 0
    salient_fraction: float | None = 0.1
    color_bins: str = "perceptual"
    display_transform: Callable[[torch.Tensor], Any] | None = None
    on_error: OnError = "raise"
    cache: str | os.PathLike[str] | Cache | None = None
    cache_check: CacheCheck = "some"

    @property
    def saliency(self) -> Saliency | None:
        """What counts as salient; None for no saliency."""
        return Saliency.of(self.salient_fraction, self.color_bins)

    def store(self, model: nn.Module) -> Cache | None:
        """Open the cache for the passes of a model; several share one."""
        refuse_other_checks(self.cache_check)
        if self.cache is None or isinstance(self.cache, Cache):
            return self.cache
        return Cache(self.cache, model, check=self.cache_check)

    def images(self, dataset: Any) -> LabeledImages:
        """Read a map-style dataset as images and labels."""
        return LabeledImages(
            dataset, transform=self.transform, class_names=self.class_names, keys=self.keys
        )

    def samples(self, dataset: Any) -> Samples:
        """Read images with their colors, where saliency counts these."""
        return Samples(
            dataset,
            colors=self.salient_fraction is not None,
            display_transform=self.display_transform,
        )
