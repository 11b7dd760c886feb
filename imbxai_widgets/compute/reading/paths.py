"""The files of images, where a dataset tells them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from torch.utils.data import Dataset

from imbxai_widgets.compute.reading.hugging_face import paths_in_columns
from imbxai_widgets.compute.reading.nesting import locate

# Where datasets of files keep their paths: `ImageFolder`, and torchvision's own by their names.
_PATH_LISTS = ("samples", "imgs", "_samples", "_image_files", "_images", "images")


def path_of(dataset: Dataset[Any], index: int) -> str | None:
    """Tell the file of an image, for messages about it; see `paths_of`.

    Examples
    --------
    >>> path_of([("image", 0)], 0) is None
    True
    """
    return paths_of(dataset, [index])[0]


def paths_of(dataset: Dataset[Any], indices: Sequence[int]) -> list[str | None]:
    """Tell the files of images; they are not read.

    Parameters
    ----------
    dataset
        Any dataset; `Subset` and `ConcatDataset` are looked through. Known are the lists of
        `ImageFolder` and its like, and the image columns of Hugging Face datasets.
    indices
        Numbers of the images in `dataset`.

    Returns
    -------
    list of str or None
        Of each image the path as the dataset has it, or None where it tells none. Never raises:
        it is asked while another error is being told.

    Examples
    --------
    >>> paths_of([("image", 0), ("image", 1)], [1, 0])
    [None, None]
    """
    found: list[str | None] = [None] * len(indices)
    within: dict[int, tuple[Any, list[tuple[int, int]]]] = {}  # of each innermost dataset
    for position, index in enumerate(indices):
        with suppress(Exception):
            member, place = locate(dataset, index)
            within.setdefault(id(member), (member, []))[1].append((position, place))
    for member, images in within.values():
        paths = _paths_in(member, [place for _, place in images])
        for (position, _), path in zip(images, paths, strict=True):
            found[position] = path
    return found


def _paths_in(member: Any, places: list[int]) -> list[str | None]:
    """Tell the files of images of an innermost dataset."""
    for name in _PATH_LISTS:
        with suppress(Exception):
            listed = getattr(member, name, None)
            paths = [_listed_path(listed, member, place) for place in places]
            if any(path is not None for path in paths):
                return paths
    with suppress(Exception):
        return paths_in_columns(member, places)
    return [None] * len(places)


def _listed_path(listed: object, dataset: Any, index: int) -> str | None:
    # The length last: a dataset may open its file to tell it.
    if not isinstance(listed, Sequence) or len(listed) != len(dataset):
        return None
    entry = listed[index]
    path = entry[0] if isinstance(entry, tuple | list) and entry else entry
    return os.fspath(path) if isinstance(path, str | os.PathLike) else None
