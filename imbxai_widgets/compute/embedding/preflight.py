"""Checks on the first images: what would else fail, or go wrong unseen, after a long pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, NamedTuple

from torch import nn

from imbxai_widgets.compute.embedding.one_pass import run_pass
from imbxai_widgets.compute.embedding.options import PassOptions
from imbxai_widgets.compute.embedding.ray_cluster import ClusterImages
from imbxai_widgets.compute.numeric.checks import check_enough
from imbxai_widgets.compute.reading.agreement import hold_names_together
from imbxai_widgets.compute.reading.apart import read_apart, take_first
from imbxai_widgets.compute.reading.class_names import class_names_of
from imbxai_widgets.compute.reading.display import Display
from imbxai_widgets.compute.reading.labeled_images import LabeledImages, Skipped
from imbxai_widgets.compute.reading.randomness import changing_image
from imbxai_widgets.compute.reading.samples import Sample, Samples, TakenSamples
from imbxai_widgets.compute.reading.transforms import possibly_random_steps, random_steps


class FirstLook(NamedTuple):
    """What the first images tell of all.

    Attributes
    ----------
    class_names
        C names, in the order of the model's logits.
    changing
        An image of the training and one of the validation images that is another when it is read
        again; None where none was found, or names of transforms tell already that they are random.
    """

    class_names: tuple[str, ...]
    changing: tuple[int | None, int | None]

    @property
    def n_classes(self) -> int:
        """The number of logits, C."""
        return len(self.class_names)


def preflight(
    model: nn.Module,
    images: LabeledImages,
    validation: LabeledImages | None,
    options: PassOptions,
    *,
    k: int,
    shown: bool = False,
) -> FirstLook:
    """Check model, images and options by the first images.

    Parameters
    ----------
    model
        The network.
    images, validation
        The training images, and those that it has not seen.
    options
        As for the pass.
    k
        Neighbors of each image.
    shown
        Whether images must be fit to be shown; where saliency counts colors, they must anyway.

    Returns
    -------
    FirstLook

    Raises
    ------
    ValueError
        If the model does not take the images, their colors cannot be recovered, a label is not
        among the logits, the two datasets name their classes differently, the names are not as
        many as the logits, or there are not more than `k` training images.

    Warns
    -----
    UserWarning
        If an image is another one when it is read again.

    Examples
    --------
    >>> import torch
    >>> pairs = LabeledImages([(torch.rand(3, 4, 4), label) for label in (0, 1, 1)])
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(48, 2))
    >>> preflight(network, pairs, None, PassOptions(), k=2)
    FirstLook(class_names=('0', '1'), changing=(None, None))
    """
    hold_names_together(model, images, validation, options.class_names)
    with ExitStack() as stack:
        training = _First(stack, images, options)
        unseen = None
        if validation is not None:
            unseen = _First(stack, validation, replace(options, salient_fraction=None))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the long pass gives them again
            if shown and options.salient_fraction is None and not isinstance(images, ClusterImages):
                training.check_shown()
            n_classes = training.n_classes(model)
            if unseen is not None:
                with about_validation():
                    unseen.n_classes(model)
        names = class_names_of(images, n_classes, options.class_names)
        if not isinstance(images, ClusterImages):  # whose size is known at the end
            check_enough(len(images), k)
        changing = training.changing("dataset")
        changing_unseen = None if unseen is None else unseen.changing("validation")
    return FirstLook(names, (changing, changing_unseen))


class _First:
    """The first images of a dataset, read as they are asked for, where the pass reads the rest."""

    def __init__(self, stack: ExitStack, images: LabeledImages, options: PassOptions) -> None:
        self._images = images
        self._options = options
        self._samples = options.samples(images)
        jobs: list[Callable[[Samples], Any]] = [partial(take_first, on_error=options.on_error)]
        if not random_steps(images):  # else names tell, and the pass warns
            jobs.append(_changing_image)
        workers = 0 if isinstance(images, ClusterImages) else options.num_workers
        self._results = stack.enter_context(read_apart(jobs, self._samples, num_workers=workers))

    @cached_property
    def _taken(self) -> list[Sample | Skipped]:
        taken: list[Sample | Skipped] = next(self._results)
        return taken

    def check_shown(self) -> None:
        """Refuse images that cannot be shown, by the first that can be read."""
        for sample in self._taken:
            if isinstance(sample, Sample):
                display = Display(self._images, self._options.display_transform)
                display.shown(sample.number, sample.image)
                return

    def n_classes(self, model: nn.Module) -> int:
        """Run the first images through the network; return how many logits it gives."""
        taken = TakenSamples(self._samples, self._taken)
        # A cache would run most of so few again, to see that they are as they were.
        options = replace(self._options, num_workers=0, cache=None)
        found = run_pass(model, taken, options, progress=False)
        return found.n_classes

    def changing(self, name: str) -> int | None:
        """Find and warn of an image that changes, unless names of transforms tell so."""
        index: int | None = next(self._results, None)
        if index is None:
            return None
        steps = possibly_random_steps(self._images, index)
        which = ", ".join(steps)
        where = f"look at its transforms {which}" if steps else "its transforms look fixed"
        warnings.warn(
            f"image {index} of {name} is another one when it is read again, so the images "
            f"analyzed are not those shown; {where}, and give the dataset with its evaluation "
            "transforms",
            stacklevel=5,
        )
        return index


def _changing_image(samples: Samples) -> int | None:
    return changing_image(samples.images)


@contextmanager
def about_validation() -> Iterator[None]:
    """Tell which of the two datasets an error speaks of."""
    try:
        yield
    except Exception as error:
        error.add_note("This is about the validation images.")
        raise
