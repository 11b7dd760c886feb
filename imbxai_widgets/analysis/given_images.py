"""The images of a split, given back by the dataset that was analyzed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.reading.display import DisplayTransform, ImageSource
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.sample_keys import SampleKeys
from imbxai_widgets.datasets.same_images import Looks, label_difference


def images_given(
    split: Split,
    dataset: Any,
    argument: str,
    *,
    class_names: Sequence[str],
    transform: Callable[[Any], Any] | None = None,
    keys: SampleKeys | None = None,
    display_transform: DisplayTransform | None = None,
    as_tensors: bool = False,
) -> ImageSource:
    """Return the images of a split, of a dataset that proves to be the one analyzed.

    Labels are compared, all where the dataset tells them without its images, and how some images
    look, where that is known of the split.

    Parameters
    ----------
    split
        What was analyzed.
    dataset
        Any that `analyze` accepts.
    argument
        What the user calls it, for errors.
    class_names
        In the order of the logits.
    transform, keys, display_transform
        As for `analyze`.
    as_tensors
        Whether its images are read as a network takes them, and refused if they are no tensors.

    Raises
    ------
    ValueError
        If the dataset has another number of images, other labels, or images that look otherwise.

    Examples
    --------
    >>> images = images_given(analysis.train, train_set, "dataset", class_names=())
    >>> images[0].shape
    (32, 32, 3)
    """
    expected = len(split) + len(split.skipped)
    if len(dataset) != expected:
        raise ValueError(
            f"{argument} has {len(dataset)} images, but {expected} were analyzed; give the "
            "dataset that was analyzed, or none"
        )
    different = label_difference(
        dataset, split.labels, split.positions, class_names=class_names, keys=keys
    )
    if transform is not None or keys is not None or as_tensors:
        dataset = LabeledImages(dataset, transform=transform, class_names=class_names, keys=keys)
    images = ImageSource.of_rows(dataset, split.positions, display_transform)
    looks = split.looks
    if looks is None and split.images is not None:
        looks = Looks.of(split.images)
    if different is None and looks is not None:
        different = looks.difference(images, transformed=transform is not None)
    if different is not None:
        raise ValueError(
            f"{argument} is not what was analyzed: {different}. Give the same images in the same "
            "order, split and shuffled by the same seed and with the same transforms, or no "
            f"{argument} to do without the images"
        )
    return images
