"""The labels of a dataset, read without reading its images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import ConcatDataset, Subset, TensorDataset

from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.class_names import class_numbers_of
from imbxai_widgets.compute.reading.edited import EditedDataset
from imbxai_widgets.compute.reading.hugging_face import column_of, features_of
from imbxai_widgets.compute.reading.labels import label_numbers
from imbxai_widgets.compute.reading.naming import namings
from imbxai_widgets.compute.reading.sample_keys import SampleKeys, image_and_label, label_key


def labels_of(
    dataset: Any, *, class_names: Sequence[str] | None = None, keys: SampleKeys | None = None
) -> IntArray:
    """Return the labels of all images, without reading any image.

    They are the labels that `imbxai_widgets.analyze` reads with the images, in any form that it
    accepts: numbers, class names or one-hot vectors.

    Parameters
    ----------
    dataset
        One with `targets` or `labels`, as torchvision's and `load_demo`'s have; a Hugging Face
        dataset, of which the stored column is read; a `TensorDataset` of images and labels; a
        list of pairs or dicts; or a `Subset` or `ConcatDataset` of such.
    class_names, keys
        As for `imbxai_widgets.analyze`.

    Returns
    -------
    numpy.ndarray
        (N,) int64.

    Raises
    ------
    TypeError
        If the labels cannot be known without reading the images.
    ValueError
        If there are not as many labels as images, or one is in no accepted form.

    Examples
    --------
    >>> labels_of(Subset([("image a", 1), ("image b", 0)], [1]))
    array([0])
    """
    return _read_labels(dataset, keys, partial(class_numbers_of, dataset, class_names))


def class_counts(dataset: Any) -> IntArray:
    """Return how many images each class has, without reading any.

    Parameters
    ----------
    dataset
        As for `labels_of`.

    Returns
    -------
    numpy.ndarray
        (C,) int64, where C is one more than the largest label that the dataset names or has.

    Examples
    --------
    >>> class_counts([("image a", 1), ("image b", 0), ("image c", 1)])
    array([1, 2])
    """
    named = (naming.pairs for naming in namings(dataset, strict=False))
    n_classes = max((label + 1 for pairs in named for _, label in pairs), default=0)
    return np.bincount(labels_of(dataset), minlength=n_classes).astype(np.int64, copy=False)


def imbalance_ratio(dataset: Any) -> float:
    """Return the size of the largest class over that of the smallest that has images.

    Raises
    ------
    ValueError
        If the dataset has no images.

    Examples
    --------
    >>> imbalance_ratio([("image a", 1), ("image b", 0), ("image c", 1)])
    2.0
    """
    counts = class_counts(dataset)
    present = counts[counts > 0]
    if not present.size:
        raise ValueError("dataset has no images, hence no imbalance ratio")
    return float(present.max() / present.min())


def _read_labels(
    dataset: Any, keys: SampleKeys | None, numbers: Callable[[], Mapping[str, int]]
) -> IntArray:
    if isinstance(dataset, Subset):
        every = _read_labels(dataset.dataset, keys, numbers)
        if isinstance(dataset, EditedDataset):
            every = every.copy()
            every[list(dataset.new_labels)] = list(dataset.new_labels.values())
        return every[np.asarray(dataset.indices, dtype=np.int64)]
    if isinstance(dataset, ConcatDataset):
        return np.concatenate([_read_labels(part, keys, numbers) for part in dataset.datasets])
    labels = _stored_labels(dataset, keys)
    if len(labels) != len(dataset):
        raise ValueError(
            f"{type(dataset).__name__} has {len(dataset)} images, but {len(labels)} labels"
        )
    transform = getattr(dataset, "target_transform", None)
    if transform is not None:
        # As numbers of Python, which is what torchvision's datasets give to it.
        plain = labels.tolist() if hasattr(labels, "tolist") else labels
        labels = [transform(label) for label in plain]
    named = not isinstance(labels, Tensor) and any(isinstance(label, str) for label in labels)
    return label_numbers(labels, numbers() if named else None)


def _stored_labels(dataset: Any, keys: SampleKeys | None) -> Any:
    if isinstance(dataset, TensorDataset):
        return image_and_label(dataset.tensors, dataset, keys)[1]
    if isinstance(dataset, list | tuple):
        return [image_and_label(sample, dataset, keys)[1] for sample in dataset]
    if features_of(dataset):
        key = label_key(features_of(dataset), dataset) if keys is None else keys[1]
        return column_of(dataset, key)
    for name in ("targets", "labels"):
        found = getattr(dataset, name, None)
        if found is not None:
            return found
    raise TypeError(
        f"{type(dataset).__name__} tells its labels only together with its images; give it an "
        "attribute `targets`, a sequence of one label per image"
    )
