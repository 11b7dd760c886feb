"""The labels of a dataset, read without reading its images."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch.utils.data import ConcatDataset, Subset, TensorDataset

from imbxai_widgets.compute._checks import check_codes
from imbxai_widgets.compute._types import IntArray


def labels_of(dataset: Any) -> IntArray:
    """Return the labels of all images, without reading any image.

    Parameters
    ----------
    dataset
        One with `targets` or `labels`, as torchvision's and `load_demo`'s have; a
        `TensorDataset`, whose last tensor is taken; a list of (image, label); or a `Subset` or
        `ConcatDataset` of such.

    Returns
    -------
    numpy.ndarray
        (N,) int64.

    Raises
    ------
    TypeError
        If the labels cannot be known without reading the images.
    ValueError
        If there are not as many labels as images, or they are not whole numbers from 0 on.

    Examples
    --------
    >>> labels_of(Subset([("image a", 1), ("image b", 0)], [1]))
    array([0])
    """
    labels = check_codes(_found_labels(dataset), "the dataset's labels", shape=(None,))
    if len(labels) != len(dataset):
        raise ValueError(
            f"{type(dataset).__name__} has {len(dataset)} images, but {len(labels)} labels"
        )
    if labels.size and labels.min() < 0:
        raise ValueError(f"the dataset's labels must be 0 or more, but one is {labels.min()}")
    return labels


def class_counts(dataset: Any) -> IntArray:
    """Return how many images each class has, without reading any.

    Parameters
    ----------
    dataset
        As for `labels_of`.

    Returns
    -------
    numpy.ndarray
        (C,) int64, where C is the number of the dataset's `classes`, if it names them, and else
        one more than the largest label.

    Examples
    --------
    >>> class_counts([("image a", 1), ("image b", 0), ("image c", 1)])
    array([1, 2])
    """
    classes = getattr(_innermost(dataset), "classes", None)
    n_classes = 0 if classes is None else len(classes)
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


def _innermost(dataset: Any) -> Any:
    return _innermost(dataset.dataset) if isinstance(dataset, Subset) else dataset


def _found_labels(dataset: Any) -> Any:
    if isinstance(dataset, Subset):
        return labels_of(dataset.dataset)[np.asarray(dataset.indices, dtype=np.int64)]
    if isinstance(dataset, ConcatDataset):
        return np.concatenate([labels_of(member) for member in dataset.datasets])
    if isinstance(dataset, TensorDataset):
        return dataset.tensors[-1].cpu().numpy()
    if isinstance(dataset, list | tuple):
        return np.array([int(label) for _, label in dataset], dtype=np.int64)
    for name in ("targets", "labels"):
        found = getattr(dataset, name, None)
        if found is not None:
            return np.asarray(found)
    raise TypeError(
        f"{type(dataset).__name__} tells its labels only together with its images; give it an "
        "attribute `targets`, a sequence of one int per image"
    )
