"""The datasets inside a dataset, and the way of an image through them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from torch.utils.data import ConcatDataset, Subset


def parts(dataset: Any) -> list[Any]:
    """Return the datasets right inside a `Subset` or a `ConcatDataset`; none of any other.

    Examples
    --------
    >>> from torch.utils.data import Subset
    >>> parts(Subset("abcdef", [4, 2]))
    ['abcdef']
    """
    if isinstance(dataset, Subset):
        return [dataset.dataset]
    return list(dataset.datasets) if isinstance(dataset, ConcatDataset) else []


def nested(dataset: Any) -> Iterator[Any]:
    """Yield a dataset and all that are inside it, the outer ones first.

    Examples
    --------
    >>> from torch.utils.data import ConcatDataset
    >>> list(nested(ConcatDataset(["ab", "cd"])))[1:]
    ['ab', 'cd']
    """
    yield dataset
    for part in parts(dataset):
        yield from nested(part)


def route(dataset: Any, index: int) -> list[tuple[Any, int]]:
    """List the datasets that an image passes through, with its number in each, outermost first.

    Examples
    --------
    >>> from torch.utils.data import Subset
    >>> route(Subset("abcdef", [4, 2]), 1)[1:]
    [('abcdef', 2)]
    """
    steps = [(dataset, index)]
    while True:
        if isinstance(dataset, Subset):
            dataset, index = dataset.dataset, int(dataset.indices[index])
        elif isinstance(dataset, ConcatDataset):
            member = bisect_right(dataset.cumulative_sizes, index)
            index -= dataset.cumulative_sizes[member - 1] if member else 0
            dataset = dataset.datasets[member]
        else:
            return steps
        steps.append((dataset, index))


def locate(dataset: Any, index: int) -> tuple[Any, int]:
    """Find the dataset that an image comes from, through `Subset` and `ConcatDataset`.

    Parameters
    ----------
    dataset
        Any map-style dataset.
    index
        Number of the image in `dataset`, from 0.

    Returns
    -------
    tuple
        The innermost dataset and the number of the image in it.

    Examples
    --------
    >>> from torch.utils.data import Subset
    >>> locate(Subset("abcdef", [4, 2]), 1)
    ('abcdef', 2)
    """
    return route(dataset, index)[-1]
