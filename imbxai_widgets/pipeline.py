"""`analyze`: from a model and its images to an `Analysis`, in one pass over the data."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypedDict

import torch
from torch import nn

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.assemble import assemble
from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.embedding.cache import CacheCheck
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.options import PassOptions
from imbxai_widgets.compute.embedding.preflight import about_validation, preflight
from imbxai_widgets.compute.embedding.ray_cluster import (
    ClusterImages,
    embed_anywhere,
    labeled_images,
    own_cluster,
)
from imbxai_widgets.compute.methods.overlap import negative_share
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.numeric.types import FloatArray
from imbxai_widgets.compute.reading.batches import OnError
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.sample_keys import SampleKeys

_SIGNED = 0.1  # behind a ReLU it is 0, behind a LayerNorm about one half


class AnalyzeOptions(TypedDict, total=False):
    """The options of `analyze` beside its datasets, for those who hand them on."""

    layer: nn.Module | str | None
    transform: Callable[[Any], torch.Tensor] | None
    keys: SampleKeys | None
    class_names: Sequence[str] | None
    device: str | torch.device | None
    batch_size: int
    num_workers: int
    k: int
    top_k: int
    salient_fraction: float | None
    color_bins: str
    display_transform: Callable[[torch.Tensor], Any] | None
    on_error: OnError
    cache: str | os.PathLike[str] | None
    cache_check: CacheCheck
    progress: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class AnalyzeSettings(PassOptions):
    """All options of `analyze`, with its defaults, as one object that goes through it whole.

    Examples
    --------
    >>> AnalyzeSettings(k=3).top_k
    10
    """

    k: int = 5
    top_k: int = 10
    progress: bool = True


def analyze(
    model: nn.Module,
    dataset: Any,
    *,
    validation: Any = None,
    layer: nn.Module | str | None = None,
    transform: Callable[[Any], torch.Tensor] | None = None,
    keys: SampleKeys | None = None,
    class_names: Sequence[str] | None = None,
    device: str | torch.device | None = None,
    batch_size: int = 128,
    num_workers: int = 0,
    k: int = 5,
    top_k: int = 10,
    salient_fraction: float | None = 0.1,
    color_bins: str = "perceptual",
    display_transform: Callable[[torch.Tensor], Any] | None = None,
    on_error: OnError = "raise",
    cache: str | os.PathLike[str] | None = None,
    cache_check: CacheCheck = "some",
    progress: bool = True,
) -> Analysis:
    """Analyze why `model` fails on some classes of `dataset`.

    Embeddings, predictions and salient colors come from one pass over the images; the model
    is left as it was (mode, ``requires_grad``, hooks, device), also after an error.

    Parameters
    ----------
    model : torch.nn.Module
        An image classifier: (B, channels, H, W) to logits (B, C), whose head is found by itself
        in most networks (docs/models.md lists those tested).
    dataset : torch.utils.data.Dataset
        Map-style, giving pairs or dicts of an image and its label, as datasets of torchvision
        and Hugging Face do; `docs/datasets.md` lists what is accepted. Or `RayImages`, or a
        `ray.data.Dataset` by itself, which a cluster reads; see `docs/scale.md`. The images that
        the model was trained on, with its evaluation transform: random crops or flips would blur
        embeddings and saliency. Where it has a method ``foreground(index)`` that returns a
        bool array (H, W), only those pixels can be salient.
    validation : Dataset, optional
        Images that the model has not seen. Adds validation errors and error rates.
    layer : torch.nn.Module or str, optional
        Where to take the embedding, if not at the input of the head: a module or its dotted
        name for its output (pooled when it is a map), or ``"<name"`` for its input.
    transform : callable, optional
        From the dataset's image, for instance a PIL image, to the (channels, H, W) tensor for
        the model; for datasets that do not give such tensors themselves.
    keys : pair, optional
        Where image and label are in a sample, such as ``("img", "fine_label")``; needed for
        dicts in which either is not certain, and for tuples of more than two.
    class_names : sequence of str, optional
        Names in the order of the logits; read from the dataset if not given. Labels may be such
        names; where they are numbers, the dataset's own names, if they are the same, must have
        these.
    device : str or torch.device, optional
        Where to run the model; see `imbxai_widgets.compute.embedding.one_pass.embed`.
    batch_size, num_workers : int
        As for `torch.utils.data.DataLoader`; a CPU runs large images of a batch a few at a time.
    k : int
        Neighbors of each image that decide its archetype and vote for adversaries (paper: 5).
    top_k : int
        Top features of each class (paper: 10).
    salient_fraction : float or None
        Part of each image's pixels that counts as salient, above 0 and at most 1 (paper: 0.1).
        None leaves saliency out, and with it the colors and the backward pass.
    color_bins : {"perceptual", "paper"}
        How salient pixels are named; see `imbxai_widgets.compute.colors`.
    display_transform : callable, optional
        From an image tensor to the RGB image to show; by default the normalization found in
        the dataset's transform is undone. See `imbxai_widgets.compute.reading.display`.
    on_error : {"raise", "skip"}
        What happens to an image that cannot be read, or whose label is none: an error that names
        it, or it is left out, with a warning, and listed by `Analysis.skipped`.
    cache : str or path-like, optional
        A folder in which finished batches are kept: an analysis that was cut off goes on where
        it was, and one with the same model, images and settings need not run the model again.
        See the notes on faults for what makes them the same.
    cache_check : {"some", "all"}
        What is compared before the cache is used: some batches, which are read and run again, or
        also all images, which are read.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    Analysis

    Raises
    ------
    ValueError
        If an argument is out of range, a dataset does not give (image tensor, integer label),
        the head can't be found, the images' colors can't be recovered, or names of classes go with
        other labels in one place than in another (docs/datasets.md). The message names the
        argument and the way out.
        Whatever the first images tell is checked before the long passes over all of them.
    TypeError
        If `model` is no module.

    Warns
    -----
    UserWarning
        If the dataset's transforms are random; if the model gives an image other logits when it
        runs again or beside other images; if much of the embeddings is negative, so that shared top
        features need not be likeness; if labels and predictions seem to number the classes in
        different orders; or if the model returns several tensors that may be its logits.

    Examples
    --------
    >>> from imbxai_widgets import analyze
    >>> from imbxai_widgets.demo import load_demo
    >>> model, train, validation = load_demo()
    >>> analysis = analyze(model, train, validation=validation, progress=False)
    >>> list(analysis.errors_by_archetype().index)
    ['safe', 'border', 'rare', 'outlier']
    """
    settings = AnalyzeSettings(
        layer=layer,
        transform=transform,
        keys=keys,
        class_names=class_names,
        device=device,
        batch_size=batch_size,
        num_workers=num_workers,
        k=k,
        top_k=top_k,
        salient_fraction=salient_fraction,
        color_bins=color_bins,
        display_transform=display_transform,
        on_error=on_error,
        cache=cache,
        cache_check=cache_check,
        progress=progress,
    )
    return analyze_with(model, dataset, validation, settings)


def analyze_with(
    model: nn.Module,
    dataset: Any,
    validation: Any,
    settings: AnalyzeSettings,
    *,
    title: str = "",
    shown: bool = False,
) -> Analysis:
    """Do what `analyze` does, for the `Explorer`.

    Parameters
    ----------
    model, dataset, validation
        As for `analyze`.
    settings
        Its options.
    title
        What leads the titles of the progress bars, such as which of two models it is.
    shown
        Whether the images must be fit to be shown, also where no colors are counted.
    """
    scheme = color_scheme(settings.color_bins)
    check_count(settings.k, "k")
    check_count(settings.top_k, "top_k")
    with own_cluster(dataset, validation):
        images, unseen = _both(dataset, validation, settings)
        settings = replace(settings, cache=settings.store(model))
        first = preflight(model, images, unseen, settings, k=settings.k, shown=shown)
        run = partial(embed_anywhere, model, progress=settings.progress)
        embedded = run(
            images,
            settings,
            description=_titled("Training images", title),
            check_steadiness=True,
        )
        _warn_of_signed_features(embedded.embeddings)
        held_out = None
        if unseen is not None:
            with about_validation():
                plain = replace(settings, salient_fraction=None)
                held_out = run(unseen, plain, description=_titled("Validation images", title))
    return Analysis.of(
        assemble(
            embedded,
            held_out,
            class_names=first.class_names,
            images=_shown(images, embedded, settings),
            validation_images=_shown(unseen, held_out, settings),
            k=settings.k,
            top_k=settings.top_k,
            scheme=scheme,
            salient_fraction=settings.salient_fraction,
            device=settings.device,
        )
    )


def _both(
    dataset: Any, validation: Any, settings: AnalyzeSettings
) -> tuple[LabeledImages, LabeledImages | None]:
    images = labeled_images(dataset, "training", settings)
    if validation is None:
        return images, None
    with about_validation():
        return images, labeled_images(validation, "validation", settings)


def _shown(
    images: LabeledImages | None, embedded: Embedded | None, settings: AnalyzeSettings
) -> ImageSource | None:
    if images is None or embedded is None or isinstance(images, ClusterImages):
        return None
    return ImageSource.of_rows(images, embedded.positions, settings.display_transform)


def _titled(images: str, title: str) -> str:
    return f"{title}: {images.lower()}" if title else images


def _warn_of_signed_features(embeddings: FloatArray) -> None:
    share = negative_share(embeddings)
    if share > _SIGNED:
        warnings.warn(
            f"{share:.0%} of the magnitude of the features is negative, as in transformers and "
            "behind normalization layers. Top features go by magnitude, so two classes can share "
            "one in which they are opposite: do not read their overlap as likeness. Archetypes and "
            "adversaries rest on distances and are not concerned",
            stacklevel=4,
        )
