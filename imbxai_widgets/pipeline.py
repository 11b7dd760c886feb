"""`analyze`: from a model and its images to an `Analysis`, in one pass over the data."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch import nn

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.assemble import assemble, check_enough
from imbxai_widgets.compute.colors.schemes import color_scheme
from imbxai_widgets.compute.embedding.cache import Cache
from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.ray_cluster import (
    Cluster,
    RayImages,
    embed_anywhere,
    labeled_images,
)
from imbxai_widgets.compute.methods.overlap import negative_share
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.numeric.types import FloatArray
from imbxai_widgets.compute.reading.agreement import hold_names_together
from imbxai_widgets.compute.reading.batches import OnError
from imbxai_widgets.compute.reading.class_names import class_names_of
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.randomness import changing_image
from imbxai_widgets.compute.reading.sample_keys import SampleKeys
from imbxai_widgets.compute.reading.samples import Samples, readable
from imbxai_widgets.compute.reading.transforms import possibly_random_steps, random_steps

_SIGNED = 0.1  # behind a ReLU it is 0, behind a LayerNorm about one half


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
    shards: str | os.PathLike[str] | None = None,
    num_gpus: float = 0,
    progress: bool | str = True,
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
        and Hugging Face do; `docs/datasets.md` lists what is accepted. Or a `ray.data.Dataset`,
        which a cluster reads; see `docs/scale.md`. The images that the
        model was trained on, with its evaluation transform: random crops or flips would blur
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
        names.
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
    shards : str or path-like, optional
        For a Ray dataset: a new folder, or a URI as ``s3://bucket/run``, for what the pass finds,
        as Parquet files; without it they are deleted at the end. See `docs/scale.md`.
    num_gpus : float
        For a Ray dataset: GPUs of each of its `num_workers` actors.
    progress : bool or str
        Whether to show progress bars; a text, such as the model's name, leads their titles.

    Returns
    -------
    Analysis

    Raises
    ------
    ValueError
        If an argument is out of range, a dataset does not give (image tensor, integer label),
        the head can't be found, the images' colors can't be recovered, or the two datasets name
        their classes differently. The message names the argument and the way out.
        Whatever the first images tell is checked before the long passes over all of them.
    TypeError
        If `model` is no module.

    Warns
    -----
    UserWarning
        If the dataset's transforms are random, or much of the embeddings is negative, so that
        shared top features need not be likeness.

    Examples
    --------
    >>> from imbxai_widgets import analyze
    >>> from imbxai_widgets.demo import load_demo
    >>> model, train, validation = load_demo()
    >>> analysis = analyze(model, train, validation=validation, progress=False)
    >>> list(analysis.errors_by_archetype().index)
    ['safe', 'border', 'rare', 'outlier']
    """
    scheme = color_scheme(color_bins)
    check_count(k, "k")
    check_count(top_k, "top_k")
    read = partial(
        labeled_images,
        cluster=Cluster(shards, num_gpus),
        transform=transform,
        class_names=class_names,
        keys=keys,
    )
    dataset = read(dataset, "training")
    if validation is not None:
        with _about_validation():
            validation = read(validation, "validation")
    hold_names_together(model, dataset, validation, class_names)
    run = partial(
        embed_anywhere,
        model,
        layer=layer,
        device=device,
        batch_size=batch_size,
        num_workers=num_workers,
        color_bins=color_bins,
        display_transform=display_transform,
        on_error=on_error,
        cache=None if cache is None else Cache(cache, model),
    )
    names = _checked_names(
        partial(run, salient_fraction=salient_fraction, num_workers=0),
        dataset,
        validation,
        class_names,
        on_error,
    )
    if not isinstance(dataset, RayImages):  # whose size is known at the end
        check_enough(len(dataset), k)
    for images in (dataset, validation):
        if images is not None:
            _warn_if_random(images, "validation" if images is validation else "dataset")
    embedded = run(
        dataset,
        salient_fraction=salient_fraction,
        progress=bool(progress),
        description=_titled("Training images", progress),
    )
    _warn_of_signed_features(embedded.embeddings)
    unseen = None
    if validation is not None:
        with _about_validation():
            unseen = run(
                validation,
                progress=bool(progress),
                description=_titled("Validation images", progress),
            )
    return Analysis.of(
        assemble(
            embedded,
            unseen,
            class_names=names,
            images=_shown(dataset, embedded, display_transform),
            validation_images=_shown(validation, unseen, display_transform),
            k=k,
            top_k=top_k,
            scheme=scheme,
            salient_fraction=salient_fraction,
            device=device,
        )
    )


def _shown(
    dataset: LabeledImages | None,
    embedded: Embedded | None,
    display_transform: Callable[[torch.Tensor], Any] | None,
) -> ImageSource | None:
    if dataset is None or embedded is None or isinstance(dataset, RayImages):
        return None
    return ImageSource.of_rows(dataset, embedded.positions, display_transform)


def _titled(images: str, progress: bool | str) -> str:
    return f"{progress}: {images.lower()}" if isinstance(progress, str) else images


def _checked_names(
    run: Callable[..., Embedded],
    dataset: LabeledImages,
    validation: LabeledImages | None,
    class_names: Sequence[str] | None,
    on_error: OnError,
) -> tuple[str, ...]:
    """Refuse by the first images what would else fail after a long pass; name the classes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the long pass gives them again
        first = run(_first_images(dataset, on_error), progress=False)
        if validation is not None:
            with _about_validation():
                first_unseen = _first_images(validation, on_error)
                run(first_unseen, salient_fraction=None, progress=False)
    return class_names_of(dataset, first.n_classes, class_names)


def _first_images(dataset: LabeledImages, on_error: OnError) -> LabeledImages:
    # Two, for there are models that take a batch of one for a single image.
    end = min(2, len(dataset))
    if on_error == "skip":
        end = max(islice(readable(Samples(dataset)), end), default=len(dataset) - 1) + 1
    return dataset.first(end)


def _warn_if_random(images: LabeledImages, name: str) -> None:
    """Warn of a dataset that changes its images, unless names tell so; see `embed`."""
    index = None if random_steps(images) else changing_image(images)
    if index is None:
        return
    steps = possibly_random_steps(images, index)
    where = f"look at its transforms {', '.join(steps)}" if steps else "its transforms look fixed"
    warnings.warn(
        f"image {index} of {name} is another one when it is read again, so the images analyzed "
        f"are not those shown; {where}, and give the dataset with its evaluation transforms",
        stacklevel=3,
    )


def _warn_of_signed_features(embeddings: FloatArray) -> None:
    share = negative_share(embeddings)
    if share > _SIGNED:
        warnings.warn(
            f"{share:.0%} of the magnitude of the features is negative, as in transformers and "
            "behind normalization layers. Top features go by magnitude, so two classes can share "
            "one in which they are opposite: do not read their overlap as likeness. Archetypes and "
            "adversaries rest on distances and are not concerned",
            stacklevel=3,
        )


@contextmanager
def _about_validation() -> Iterator[None]:
    """Tell which of the two datasets an error speaks of."""
    try:
        yield
    except Exception as error:
        error.add_note("This is about the validation images.")
        raise
