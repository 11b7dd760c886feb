"""Imbalanced views of a dataset, with class sizes as in long-tailed CIFAR.

Source: Cao et al., "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss"
(NeurIPS 2019), section 4, whose sets Dablain et al. use as well.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from torch.utils.data import Dataset, Subset

from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray
from imbxai_widgets.datasets.labels import class_counts, labels_of


def long_tailed(
    dataset: Dataset[Any],
    kind: Literal["exp", "step"] = "exp",
    ratio: float = 100,
    seed: int = 0,
) -> Subset[Any]:
    """Return an imbalanced view of a labelled dataset; no image is read or copied.

    The largest class is as large as it can be while every class has the images for its own share.
    A dataset that is imbalanced as it comes, such as iNaturalist, needs no view.
    With one seed, a view of a larger ratio holds only images that a view of a smaller one holds
    too, unless the largest class has to shrink: so imbalance can be turned up and down.

    Parameters
    ----------
    dataset
        One whose labels `labels_of` can read.
    kind
        "exp": sizes fall exponentially from class 0 to the last. "step": the second half of the
        classes is smaller by `ratio`.
    ratio
        Size of the largest class over that of the smallest, 1 or more.
    seed
        Chooses the images.

    Returns
    -------
    torch.utils.data.Subset
        In the order of `dataset`.

    Raises
    ------
    TypeError
        If the labels cannot be known without reading the images.
    ValueError
        If `kind` is unknown, `ratio` below 1, or a class would be left without an image.

    Examples
    --------
    >>> balanced = [(f"image {i}", i % 2) for i in range(200)]
    >>> class_counts(long_tailed(balanced, ratio=10))
    array([100,  10])
    """
    labels, counts = labels_of(dataset), class_counts(dataset)
    if not counts.size:
        raise ValueError("dataset has no images")
    # Rounded down: rounded up, a class might need one image more than it has.
    largest = int(np.floor(counts / _shares(len(counts), kind, ratio)).min())
    sizes = long_tailed_sizes(largest, len(counts), kind, ratio)
    if sizes.min() < 1:
        label = int(sizes.argmin())
        raise ValueError(
            f"ratio={ratio} would leave class {label} without images, the largest class having "
            f"{largest}; lower the ratio"
        )
    return Subset(dataset, draw_classes(labels, sizes, seed).tolist())


def draw_classes(labels: IntArray, sizes: IntArray, seed: int = 0) -> IntArray:
    """Draw images of each class, without replacement.

    With one seed, a smaller draw of a class is a part of a larger one, whatever the other classes.

    Parameters
    ----------
    labels
        (N,) int64.
    sizes
        (C,) int64, images of each class.
    seed
        Chooses the images.

    Returns
    -------
    numpy.ndarray
        int64, positions in `labels`, rising.

    Raises
    ------
    ValueError
        If a class has fewer images than are asked for.

    Examples
    --------
    >>> draw_classes(np.array([0, 1, 1, 0, 1]), np.array([2, 0]))
    array([0, 3])
    """
    chosen = []
    for label, size in enumerate(sizes):
        own = np.flatnonzero(labels == label)
        if len(own) < size:
            raise ValueError(f"class {label} has {len(own)} images, but {size} were asked for")
        # A generator for each class, so that its images do not depend on the others' sizes.
        chosen.append(np.random.default_rng([seed, label]).permutation(own)[:size])
    return np.sort(np.concatenate(chosen))


def long_tailed_sizes(
    largest: int, n_classes: int, kind: Literal["exp", "step"] = "exp", ratio: float = 100
) -> IntArray:
    """Return the class sizes of a long-tailed set.

    Parameters
    ----------
    largest
        Images of the largest class.
    n_classes
        Number of classes, C.
    kind, ratio
        As for `long_tailed`.

    Returns
    -------
    numpy.ndarray
        (C,) int64: ``int(largest * (1 / ratio) ** (c / (C - 1)))`` for "exp"; `largest`, and
        from class C // 2 on ``int(largest / ratio)``, for "step".

    Raises
    ------
    ValueError
        If `kind` is unknown or `ratio` below 1.

    Examples
    --------
    Long-tailed CIFAR-10:

    >>> long_tailed_sizes(5000, 10, "exp", 100)
    array([5000, 2997, 1796, 1077,  645,  387,  232,  139,   83,   50])
    """
    return (largest * _shares(n_classes, kind, ratio)).astype(np.int64)


def _shares(n_classes: int, kind: str, ratio: float) -> DoubleArray:
    """Return the sizes of the classes over that of the largest."""
    if not ratio >= 1:
        raise ValueError(
            f"ratio must be 1 or more, the largest class over the smallest; got {ratio}"
        )
    ranks = np.arange(n_classes)
    if kind == "exp":
        shares: DoubleArray = (1 / ratio) ** (ranks / max(n_classes - 1, 1))
    elif kind == "step":
        shares = np.where(ranks < max(n_classes // 2, 1), 1.0, 1 / ratio)
    else:
        raise ValueError(f'kind must be "exp" or "step", not {kind!r}')
    return shares
