"""What a dataset tells beside its images: members, class names and foregrounds."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch.utils.data import ConcatDataset, Dataset, Subset

from imbxai_widgets.compute._types import BoolArray
from imbxai_widgets.compute.class_names import distinct_names


def locate(dataset: Dataset[Any], index: int) -> tuple[Dataset[Any], int]:
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
    if isinstance(dataset, Subset):
        return locate(dataset.dataset, int(dataset.indices[index]))
    if isinstance(dataset, ConcatDataset):
        member = bisect_right(dataset.cumulative_sizes, index)
        start = dataset.cumulative_sizes[member - 1] if member else 0
        return locate(dataset.datasets[member], index - start)
    return dataset, index


def members(dataset: Dataset[Any]) -> list[Dataset[Any]]:
    """List the innermost datasets, through `Subset` and `ConcatDataset`.

    Examples
    --------
    >>> from torch.utils.data import ConcatDataset, Subset
    >>> members(ConcatDataset([Subset("abcdef", [4, 2]), "ghi"]))
    ['abcdef', 'ghi']
    """
    if isinstance(dataset, Subset):
        return members(dataset.dataset)
    if isinstance(dataset, ConcatDataset):
        return [leaf for member in dataset.datasets for leaf in members(member)]
    return [dataset]


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
            path = _listed_path(getattr(member, name, None), len(member), place)  # type: ignore[arg-type]
            if path is not None:
                return path
        return _path_in_columns(member, place)
    except Exception:
        return None


def _listed_path(listed: object, size: int, index: int) -> str | None:
    if not isinstance(listed, Sequence) or len(listed) != size:
        return None
    entry = listed[index]
    path = entry[0] if isinstance(entry, tuple | list) and entry else entry
    return os.fspath(path) if isinstance(path, str | os.PathLike) else None


def _path_in_columns(dataset: Any, index: int) -> str | None:
    """Read the paths beside the images of a Hugging Face dataset, which its format hides."""
    if not hasattr(dataset, "features") or not hasattr(dataset, "with_format"):
        return None
    row = dataset.with_format("arrow")[index].to_pylist()[0]
    paths = (value.get("path") for value in row.values() if isinstance(value, Mapping))
    return next((path for path in paths if isinstance(path, str)), None)


def foreground_of(dataset: Dataset[Any], index: int) -> BoolArray | None:
    """Ask the dataset which pixels of an image show the object.

    Parameters
    ----------
    dataset
        A dataset; it, or the member that the image comes from, may have a method
        ``foreground(index)``.
    index
        Number of the image in `dataset`.

    Returns
    -------
    array or None
        (H, W) bool, or None where the dataset has no such method.

    Raises
    ------
    ValueError
        If `foreground` returns anything but a two-dimensional Boolean array.
    """
    if not hasattr(dataset, "foreground"):
        dataset, index = locate(dataset, index)
    if not hasattr(dataset, "foreground"):
        return None
    mask = np.asarray(dataset.foreground(index))
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise ValueError(
            f"{type(dataset).__name__}.foreground({index}) must return an (H, W) Boolean array, "
            f"but gave shape {mask.shape} of {mask.dtype}"
        )
    return mask


def class_names_of(
    dataset: Dataset[Any], n_classes: int, class_names: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Name the classes: as told, else as the dataset says, else by their numbers.

    The dataset is asked for `classes` (names in the order of the labels), then for
    `class_to_idx` (name to label); a `Subset` or `ConcatDataset` without either is asked through
    its members. A class with several names, as in ImageNet, goes by the first. Names that are
    empty or occur twice get the number of their class; see `distinct_names`.

    Parameters
    ----------
    dataset
        The dataset whose labels are to be named.
    n_classes
        Number of the model's logits.
    class_names
        Names in the order of the labels; they win over the dataset's own.

    Returns
    -------
    tuple of str
        `n_classes` different names.

    Raises
    ------
    ValueError
        If there are more or fewer names than logits, or the sources in the dataset contradict
        each other.

    Examples
    --------
    >>> class_names_of([], 3)
    ('0', '1', '2')
    >>> class_names_of([], 2, ["cat", "dog"])
    ('cat', 'dog')
    """
    if class_names is not None:
        if isinstance(class_names, str) or not isinstance(class_names, Sequence | np.ndarray):
            raise ValueError(
                "class_names must be a sequence of names in the order of the labels, "
                f"not the {type(class_names).__name__} {class_names!r}"
            )
        names, source = tuple(str(name) for name in class_names), "class_names"
    else:
        found = _names_in(dataset)
        if found is None:
            return tuple(str(label) for label in range(n_classes))
        names, source = found, f"the dataset ({type(dataset).__name__})"
    if len(names) != n_classes:
        mend = "" if source == "class_names" else "; pass class_names to name them yourself"
        raise ValueError(
            f"{source} gives {len(names)} class names, but the model has {n_classes} logits{mend}"
        )
    return distinct_names(names)


def check_same_labels(dataset: Dataset[Any], validation: Dataset[Any]) -> None:
    """Refuse validation images whose labels stand for other classes than the training images'.

    That happens when each folder of images numbers its own subfolders and one of them is missing;
    all results would then be wrong, and look right. Datasets that name no classes pass.

    Parameters
    ----------
    dataset, validation
        The training and the validation images.

    Raises
    ------
    ValueError
        If both name a class of one label, and differently.

    Examples
    --------
    >>> check_same_labels([], [])
    """
    pairs = zip(_names_in(dataset) or (), _names_in(validation) or (), strict=False)
    for label, (here, there) in enumerate(pairs):
        if here != there:
            raise ValueError(
                f"validation gives label {label} the name {there!r}, but dataset the name "
                f"{here!r}: one label must mean one class. Change the labels of validation to "
                "those of dataset; or, if only the names differ, pass class_names"
            )


def _names_in(dataset: Dataset[Any]) -> tuple[str, ...] | None:
    listed = _listed_names(getattr(dataset, "classes", None))
    indexed = _indexed_names(getattr(dataset, "class_to_idx", None))
    if listed is not None and indexed is not None and not _agree(listed, dataset):
        raise ValueError(
            f"{type(dataset).__name__}.classes and .class_to_idx contradict each other; "
            "pass class_names in the order of the labels"
        )
    names = listed if listed is not None else indexed
    leaves = members(dataset)
    if names is not None or leaves == [dataset]:
        return names
    found = {names for names in map(_names_in, leaves) if names is not None}
    if len(found) > 1:
        raise ValueError(
            "the concatenated datasets name their classes differently; pass class_names"
        )
    return found.pop() if found else None


def _listed_names(classes: object) -> tuple[str, ...] | None:
    if not isinstance(classes, Sequence | np.ndarray) or isinstance(classes, str):
        return None
    return tuple(str(name[0]) if isinstance(name, tuple) else str(name) for name in classes)


def _indexed_names(class_to_idx: object) -> tuple[str, ...] | None:
    if not isinstance(class_to_idx, Mapping):
        return None
    names: dict[int, str] = {}
    for name, label in class_to_idx.items():
        names.setdefault(int(label), str(name))
    if sorted(names) != list(range(len(names))):
        raise ValueError(
            f"the dataset's class_to_idx must use the labels 0 to {len(names) - 1}, "
            f"but uses {sorted(names)}; pass class_names"
        )
    return tuple(names[label] for label in range(len(names)))


def _agree(listed: tuple[str, ...], dataset: Any) -> bool:
    return all(dataset.class_to_idx.get(name, label) == label for label, name in enumerate(listed))
