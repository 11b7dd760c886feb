"""The files of images, where a dataset tells them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from torch.utils.data import Dataset

from imbxai_widgets.compute.reading.hugging_face import path_in_columns
from imbxai_widgets.compute.reading.nesting import locate

# Where datasets of files keep their paths: `ImageFolder`, and torchvision's own by their names.
_PATH_LISTS = ("samples", "imgs", "_samples", "_image_files", "_images", "images")


def path_of(dataset: Dataset[Any], index: int) -> str | None:
    """Tell the file of an image, for messages about it; the image is not read.

    Parameters
    ----------
    dataset
        Any dataset; `Subset` and `ConcatDataset` are looked through. Known are the lists of
        `ImageFolder` and its like, and the image columns of Hugging Face datasets.
    index
        Number of the image in `dataset`.

    Returns
    -------
    str or None
        The path as the dataset has it, or None where it tells none. Never raises: it is asked
        while another error is being told.

    Examples
    --------
    >>> path_of([("image", 0)], 0) is None
    True
    """
    try:
        member, place = locate(dataset, index)
        for name in _PATH_LISTS:
            path = _listed_path(getattr(member, name, None), member, place)
            if path is not None:
                return path
        return path_in_columns(member, place)
    except Exception:
        return None


def _listed_path(listed: object, dataset: Any, index: int) -> str | None:
    # The length last: a dataset may open its file to tell it.
    if not isinstance(listed, Sequence) or len(listed) != len(dataset):
        return None
    entry = listed[index]
    path = entry[0] if isinstance(entry, tuple | list) and entry else entry
    return os.fspath(path) if isinstance(path, str | os.PathLike) else None
