"""Checks on the first images: what would else fail, or go wrong unseen, after a long pass."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from torch import nn

from imbxai_widgets.compute.embedding.one_pass import run_pass
from imbxai_widgets.compute.embedding.options import PassOptions
from imbxai_widgets.compute.embedding.ray_cluster import ClusterImages
from imbxai_widgets.compute.numeric.checks import check_enough
from imbxai_widgets.compute.reading.agreement import hold_names_together
from imbxai_widgets.compute.reading.batches import OnError
from imbxai_widgets.compute.reading.class_names import class_names_of
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.randomness import changing_image
from imbxai_widgets.compute.reading.samples import Samples, readable
from imbxai_widgets.compute.reading.transforms import possibly_random_steps, random_steps

# Two, for there are models that take a batch of one for a single image.
_FIRST = 2


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
    first = replace(options, num_workers=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the long pass gives them again
        few = _first_images(images, options.on_error)
        if shown and options.salient_fraction is None and not isinstance(images, ClusterImages):
            skip = options.on_error == "skip"
            number = next(readable(Samples(few)), 0) if skip else 0
            ImageSource(few, options.display_transform)[number]
        n_classes = run_pass(model, few, first, progress=False).n_classes
        if validation is not None:
            with about_validation():
                few = _first_images(validation, options.on_error)
                run_pass(model, few, replace(first, salient_fraction=None), progress=False)
    names = class_names_of(images, n_classes, options.class_names)
    if not isinstance(images, ClusterImages):  # whose size is known at the end
        check_enough(len(images), k)
    changing = _changing(images, "dataset")
    unseen = None if validation is None else _changing(validation, "validation")
    return FirstLook(names, (changing, unseen))


@contextmanager
def about_validation() -> Iterator[None]:
    """Tell which of the two datasets an error speaks of."""
    try:
        yield
    except Exception as error:
        error.add_note("This is about the validation images.")
        raise


def _first_images(images: LabeledImages, on_error: OnError) -> LabeledImages:
    """Return the first images up to the second that can be read, or the first two."""
    end = min(_FIRST, len(images))
    if on_error == "skip":
        end = max(islice(readable(Samples(images)), end), default=len(images) - 1) + 1
    return images.first(end)


def _changing(images: LabeledImages, name: str) -> int | None:
    """Find and warn of an image that changes, unless names tell so; see `embed`."""
    index = None if random_steps(images) else changing_image(images)
    if index is None:
        return None
    steps = possibly_random_steps(images, index)
    where = f"look at its transforms {', '.join(steps)}" if steps else "its transforms look fixed"
    warnings.warn(
        f"image {index} of {name} is another one when it is read again, so the images analyzed "
        f"are not those shown; {where}, and give the dataset with its evaluation transforms",
        stacklevel=5,
    )
    return index
