"""One pass of a dataset through a network: embeddings, predictions and salient colors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

import torch
from torch import nn
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from imbxai_widgets.compute.embedding.ahead import Ahead
from imbxai_widgets.compute.embedding.batch_fit import Fitting
from imbxai_widgets.compute.embedding.batch_step import BatchStep
from imbxai_widgets.compute.embedding.cache import BatchReader, Cache, CacheCheck, Entry
from imbxai_widgets.compute.embedding.device_colors import DeviceColors
from imbxai_widgets.compute.embedding.embedded import Collector, Embedded
from imbxai_widgets.compute.embedding.fused import Reader, quick_reader
from imbxai_widgets.compute.embedding.layers import EmbeddingReader
from imbxai_widgets.compute.embedding.model_state import (
    change_check,
    choose_device,
    lent_out,
    made_in_inference_mode,
)
from imbxai_widgets.compute.embedding.options import PassOptions
from imbxai_widgets.compute.embedding.saliency import (
    tell_of_colorless,
)
from imbxai_widgets.compute.embedding.steadiness import Steadiness
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.reading.batches import OnError, Reading, check_on_error
from imbxai_widgets.compute.reading.display import DisplayTransform
from imbxai_widgets.compute.reading.labeled_images import ReadError, Skipped
from imbxai_widgets.compute.reading.own_copy import own_copy
from imbxai_widgets.compute.reading.samples import Samples
from imbxai_widgets.compute.reading.transforms import random_steps
from imbxai_widgets.compute.reading.undo import undoing


def embed(
    model: nn.Module,
    dataset: Dataset[Any],
    *,
    layer: nn.Module | str | None = None,
    device: torch.device | str | None = None,
    batch_size: int = 128,
    num_workers: int = 0,
    salient_fraction: float | None = None,
    color_bins: str = "perceptual",
    display_transform: DisplayTransform | None = None,
    on_error: OnError = "raise",
    cache: str | os.PathLike[str] | Cache | None = None,
    cache_check: CacheCheck = "some",
    progress: bool = True,
    description: str = "Images",
) -> Embedded:
    """Run every image of a dataset through a network, once.

    One forward per batch gives embeddings and logits; with `salient_fraction`, one backward from
    the winning logits to the images adds the colors of the salient pixels. The model is in
    evaluation mode meanwhile, and afterwards as it was, whatever happens (see `lent_out`).

    Parameters
    ----------
    model
        Network that returns (B, C) logits, C > 1, alone or in a tuple, dict or output object
        (see `EmbeddingReader`, also for wrapped and half-precision models).
    dataset
        Map-style dataset of ((C', H, W) float tensor, integer label), with the transforms used
        for evaluation. Its method ``foreground(index)``, if it has one, gives an (H, W) Boolean
        array of the pixels that may be salient.
    layer
        Where the embedding is read; by default at the input of the classifier's head
        (see `EmbeddingReader`).
    device
        Where to run; by default where the model is, or on CUDA if it is on the CPU and there is a
        CUDA device (see `choose_device`).
    batch_size, num_workers
        As for `torch.utils.data.DataLoader`; a CPU runs large images of a batch a few at a time.
    salient_fraction
        Share of an image's pixels that count as salient, at most 1; None for no saliency.
    color_bins
        Name of the color scheme that salient pixels are counted in.
    display_transform
        How to recover an image's colors, where the dataset's transforms do not tell
        (see `Display`).
    on_error
        What happens to an image that cannot be read, or whose label is none: "raise" an error
        that names it, or "skip" it and list it in `Embedded.skipped`.
    cache
        A folder in which finished batches are kept, so that a pass that was cut off goes on where
        it was, and one that was finished need not be run again (see `Cache`). Embeddings then
        are read-only, and mapped into memory from a file.
    cache_check
        What is compared before anything that a cache keeps is used: "some" batches, which are read
        and run again, or also "all" images, which are read. A `Cache` has its own.
    progress, description
        Whether to show a progress bar, and its title.

    Returns
    -------
    Embedded

    Raises
    ------
    ValueError
        If the dataset has no images or gives something other than pairs of image and label,
        images of a batch differ in size, a label is not among the logits, or an embedding is not
        finite; `LayerError`, `DisplayError` and `ReadError` are kinds of it. `ReadError` is raised
        also if no image at all can be read.
    TypeError
        If `model` is no `torch.nn.Module`.
    WorkerError
        If a process that reads images is ended from outside, as for want of memory.

    Warns
    -----
    UserWarning
        If the dataset's transforms are random, as in training: what is analyzed would not be what
        is shown, and is not cached. If images were skipped. If images have no salient pixels
        because no gradient reaches them. If the cache is of another model or of other images, so
        that all is computed anew. If the cache cannot be written; all else goes on. If CUDA's
        memory did not hold `batch_size` images, so that the batches were
        halved.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2))
    >>> images = [(torch.rand(3, 4, 4), label) for label in (0, 1, 1)]
    >>> embed(model, images, progress=False).embeddings.shape
    (3, 16)
    """
    options = PassOptions(
        layer=layer,
        device=device,
        batch_size=batch_size,
        num_workers=num_workers,
        salient_fraction=salient_fraction,
        color_bins=color_bins,
        display_transform=display_transform,
        on_error=on_error,
        cache=cache,
        cache_check=cache_check,
    )
    return run_pass(model, dataset, options, progress=progress, description=description)


def run_pass(
    model: nn.Module,
    dataset: Dataset[Any] | Samples,
    options: PassOptions,
    *,
    progress: bool,
    description: str = "Images",
    check_steadiness: bool = False,
) -> Embedded:
    """Do what `embed` does, with all options in one object.

    If asked to, a few images of the first batch that runs are run several times, to warn of a model
    that is random or mixes the images of a batch (see `Steadiness`).

    How samples are read (`transform`, `keys`, `class_names`) is the dataset's own concern here: a
    `LabeledImages`, as `PassOptions.images` makes it, was given these options. `Samples` are run
    as they are.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, not {type(model).__name__}")
    saliency = options.saliency
    batch_size, on_error = options.batch_size, options.on_error
    check_count(batch_size, "batch_size")
    check_on_error(on_error)
    samples = dataset if isinstance(dataset, Samples) else options.samples(dataset)
    chosen = choose_device(model, options.device)
    store = None if _warn_of_random_transforms(samples.images) else options.store(model)
    if chosen.type == "cuda" and store is None:  # what is kept is compared by its colors
        samples = samples.recovered_later()
    # What this process reads, it reads from a copy, so that no file of the dataset is open here
    # when others are forked, by this pass or the user's own loader.
    here = own_copy(samples)
    entry = None
    reading = BatchReader(samples if options.num_workers else here, on_error, options.num_workers)
    if store is not None:
        settings = {"layer": options.layer, "batch_size": batch_size, "saliency": saliency}
        entry = store.entry(reading, chosen, settings)
    size = len(samples)
    collector = Collector(size)
    batches = [range(start, min(start + batch_size, size)) for start in range(0, size, batch_size)]
    whole, missing = None, list(range(len(batches)))
    with batch_runner(
        model,
        options,
        chosen,
        n_classes=samples.n_names,
        once=len(batches) == 1,
        check_steadiness=check_steadiness,
    ) as fitting:
        if entry is not None:
            whole, missing = entry.restore(collector, batches, fitting.run)
        if missing:  # else processes that read would start for nothing
            wanted = {number: batches[number] for number in missing}
            left = sum(map(len, wanted.values()))
            with _bar(size, left, description, progress) as bar:
                _run_batches(wanted, reading, fitting, collector, entry, bar)
    tell_of_skipped(collector.skipped if whole is None else whole.skipped, size)
    _warn_of_halved(fitting.largest, batch_size)
    found = collector.collected() if whole is None else whole
    tell_of_colorless(found.color_counts, options.color_bins)
    if entry is not None and whole is None:
        found = entry.keep_whole(found)
    return replace(found, head=fitting.head)


def _run_batches(
    wanted: dict[int, range],
    reading: BatchReader,
    fitting: Fitting,
    collector: Collector,
    entry: Entry | None,
    bar: tqdm[NoReturn],
) -> None:
    """Read and run batches, given by their numbers; keep each as soon as it is there.

    A GPU has the next batch to do before what it found of the last is kept.
    """
    waiting = Ahead(fitting.ahead)

    def keep(
        number: int, images: range, finish: Callable[[], Embedded] | None, reading: Reading
    ) -> None:
        collector.skip(reading.skipped)
        if finish is not None:
            part = replace(finish(), skipped=reading.skipped)
            collector.add(part)
            if entry is not None:
                entry.keep_batch(number, part, images)
        bar.update(len(images))
        if reading.skipped:
            bar.set_postfix(skipped=len(collector.skipped))

    try:
        with reading.batches(list(wanted.values())) as readings:
            for (number, images), read in zip(wanted.items(), readings, strict=True):
                finish = None
                if read.batch is not None:
                    if entry is not None:
                        entry.note(read.batch)
                    finish = fitting.begin(read.batch)
                waiting.add(partial(keep, number, images, finish, read))
    finally:  # also before an error of a later batch
        waiting.end()


@contextmanager
def batch_runner(
    model: nn.Module,
    options: PassOptions,
    device: torch.device,
    *,
    n_classes: int | None = None,
    once: bool = False,
    check_steadiness: bool = False,
) -> Iterator[Fitting]:
    """Have a network ready to run batches, and give it back as it was.

    Parameters
    ----------
    model
        The network.
    options
        Which layer gives the embedding, and what counts as salient.
    device
        Where to run.
    n_classes
        How many classes are named; None if that is not known.
    once
        Whether a single batch will be run.
    check_steadiness
        As for `run_pass`.
    """
    frozen = made_in_inference_mode(model)
    if frozen is not None and options.saliency is not None:
        raise ValueError(
            f"{frozen!r} of the model was made in torch.inference_mode, so that no gradients for "
            "salient colors can flow through it; build or load the model outside of it, or pass "
            "salient_fraction=None to do without"
        )
    with (
        # Else the caller's would freeze what the model keeps; a frozen model runs in no other.
        torch.inference_mode(frozen is not None),
        lent_out(model, device) as changes,
        _reader(model, options.layer, device=device, n_classes=n_classes, once=once) as reader,
    ):
        changes.add(partial(torch.set_grad_enabled, torch.is_grad_enabled()))
        steadiness = Steadiness(model) if check_steadiness else None
        saliency = options.saliency
        colors = None if saliency is None else DeviceColors(saliency.scheme, device)
        step = BatchStep(model, reader, steadiness, change_check(model), device, saliency, colors)
        yield Fitting(step.begin, device)


def _bar(size: int, left: int, title: str, shown: bool) -> tqdm[NoReturn]:
    done = size - left
    # A finished bar goes away: it would be the loudest thing above what it was waited for.
    return tqdm(total=size, initial=done, desc=title, unit="image", disable=not shown, leave=False)


@contextmanager
def _reader(
    model: nn.Module,
    layer: nn.Module | str | None,
    *,
    device: torch.device,
    n_classes: int | None,
    once: bool,
) -> Iterator[Reader]:
    """Choose how to run the batches; one alone is not worth a copy of the network."""
    if once:
        with undoing() as changes:
            yield changes.enter(EmbeddingReader(model, layer, n_classes=n_classes))
    else:
        with quick_reader(model, layer, device=device, n_classes=n_classes) as reader:
            yield reader


def tell_of_skipped(skipped: Sequence[Skipped], size: int) -> None:
    """Warn of images that were left out; refuse if it is all of them."""
    if not skipped:
        return
    first = skipped[0]
    file = "" if first.path is None else f" ({first.path})"
    example = f"the first is image {first.position}{file}: {first.reason}"
    if len(skipped) == size:
        raise ReadError(f"none of the {size} images could be read; {example}")
    warnings.warn(
        f"{len(skipped)} of {size} images could not be read and are left out; {example}. "
        "`skipped` of the result lists them all",
        stacklevel=3,
    )


def _warn_of_halved(largest: int | None, batch_size: int) -> None:
    if largest is not None:
        warnings.warn(
            f"CUDA's memory did not hold batches of {batch_size} images, so at most {largest} "
            f"were run at once; pass batch_size={largest} to begin with that",
            stacklevel=3,
        )


def _warn_of_random_transforms(dataset: Dataset[Any]) -> bool:
    steps = random_steps(dataset)
    if steps:
        warnings.warn(
            f"the dataset's transforms are random ({', '.join(steps)}), so the images analyzed "
            "are not those shown; give the dataset with its evaluation transforms",
            stacklevel=3,
        )
    return bool(steps)
