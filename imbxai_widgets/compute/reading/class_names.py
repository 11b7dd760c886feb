"""Class names that can be told apart, whatever a dataset calls its classes."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from imbxai_widgets.compute.reading.hugging_face import class_columns, features_of
from imbxai_widgets.compute.reading.nesting import nested, parts
from imbxai_widgets.compute.reading.sample_keys import label_key


def distinct_names(names: Sequence[str]) -> tuple[str, ...]:
    r"""Make every name one that can be read and that means one class.

    ImageNet has two classes called "crane", the bird and the machine; files may leave a name
    empty. Since results are looked up by name, such names get the number of their class. All
    other names stay as they are, but for characters that no text can be written with (what is
    left of file names in another encoding), which become escapes such as ``\udcff``.

    Parameters
    ----------
    names
        Names in the order of the labels. They count as equal where they look equal, that is up
        to white space and Unicode's composed forms.

    Returns
    -------
    tuple of str
        As many names, all different, none without anything to see.

    Examples
    --------
    >>> distinct_names(["crane", "dog", "crane", " "])
    ('crane (#0)', 'dog', 'crane (#2)', '(unnamed #3)')
    """
    written = (name.encode("utf-8", "backslashreplace").decode() for name in names)
    found = [name if _shows(name) else f"(unnamed #{i})" for i, name in enumerate(written)]
    while True:
        times = Counter(map(_look, found))
        if len(times) == len(found):
            return tuple(found)
        # Again, for the dataset that calls one more class "crane (#0)".
        found = [
            f"{name} (#{i})" if times[_look(name)] > 1 else name for i, name in enumerate(found)
        ]


def _look(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


def _shows(name: str) -> bool:
    """Whether a name has any character besides spaces, controls and invisible marks."""
    return not all(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Zs") for c in name)


def class_names_of(
    dataset: Dataset[Any], n_classes: int, class_names: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Name the classes: as told, else as the dataset says, else by their numbers.

    The dataset is asked for `classes` (names in the order of the labels), then for
    `class_to_idx` (name to label), then for the names of a Hugging Face dataset's column of
    labels; a `Subset` or `ConcatDataset` without any is asked through its members. A class with
    several names, as in ImageNet, goes by the first. Names that are empty or occur twice get the
    number of their class; see `distinct_names`.

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
        names, source = _told_names(class_names), "class_names"
    else:
        found = names_in(dataset)
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
    pairs = zip(names_in(dataset) or (), names_in(validation) or (), strict=False)
    for label, (here, there) in enumerate(pairs):
        if here != there:
            raise ValueError(
                f"validation gives label {label} the name {there!r}, but dataset the name "
                f"{here!r}: one label must mean one class. Change the labels of validation to "
                "those of dataset; or, if only the names differ, pass class_names"
            )


def class_numbers_of(dataset: Any, class_names: Sequence[str] | None = None) -> dict[str, int]:
    """Return the number of each class name, for labels that are names.

    Parameters
    ----------
    dataset, class_names
        As for `class_names_of`.

    Returns
    -------
    dict
        Without the names that several classes share; empty if the classes have no names.

    Examples
    --------
    >>> class_numbers_of([], ["cat", "dog"])
    {'cat': 0, 'dog': 1}
    """
    names = names_in(dataset) if class_names is None else _told_names(class_names)
    numbers = {} if class_names is not None else _aliases(dataset)
    times = Counter(names)
    return {name: label for label, name in enumerate(names or ()) if times[name] == 1} | numbers


def names_in(dataset: Any) -> tuple[str, ...] | None:
    """Return the class names that a dataset tells, in the order of the labels, or None.

    Raises
    ------
    ValueError
        If its sources contradict each other.

    Examples
    --------
    >>> names_in([]) is None
    True
    """
    listed = _listed_names(getattr(dataset, "classes", None))
    indexed = _indexed_names(getattr(dataset, "class_to_idx", None))
    if listed is not None and indexed is not None and not _agree(listed, dataset):
        raise ValueError(
            f"{type(dataset).__name__}.classes and .class_to_idx contradict each other; "
            "pass class_names in the order of the labels"
        )
    names = listed if listed is not None else indexed
    if names is None:
        names = _names_in_columns(dataset)
    if names is not None:
        return names
    found = {names for names in map(names_in, parts(dataset)) if names is not None}
    if len(found) > 1:
        raise ValueError(
            "the concatenated datasets name their classes differently; pass class_names"
        )
    return found.pop() if found else None


def _names_in_columns(dataset: Any) -> tuple[str, ...] | None:
    named = class_columns(features_of(dataset))
    try:
        return named.get(label_key(features_of(dataset), dataset)) if named else None
    except ValueError:  # not certain which column holds the labels
        return None


def _told_names(class_names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(class_names, str) or not isinstance(class_names, Sequence | np.ndarray):
        raise ValueError(
            "class_names must be a sequence of names in the order of the labels, "
            f"not the {type(class_names).__name__} {class_names!r}"
        )
    return tuple(str(name) for name in class_names)


def _aliases(dataset: Any) -> dict[str, int]:
    """Return every name of every class, from the outermost `class_to_idx` there is."""
    for member in nested(dataset):
        if isinstance(getattr(member, "class_to_idx", None), Mapping):
            return {str(name): int(label) for name, label in member.class_to_idx.items()}
    return {}


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
