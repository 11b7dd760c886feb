"""Names of classes in the forms in which users and datasets tell them."""

from __future__ import annotations

import operator
from collections.abc import KeysView, Mapping, Sequence, ValuesView
from typing import Any

import numpy as np

_KINDS = (Sequence, KeysView, ValuesView, np.ndarray)


def told_names(class_names: Any) -> tuple[str, ...]:
    """Read the argument `class_names`.

    Parameters
    ----------
    class_names
        Names in the order of the logits: a list, tuple, one-dimensional array, `pandas.Index`,
        `pandas.Series` whose index counts from 0, or the keys or values of a dict. A name may be
        bytes (UTF-8), and of a class with several names, as a tuple, the first is taken.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        If it is anything else. A dict or a set has no order that is certain, and a generator can
        be read but once.

    Examples
    --------
    >>> told_names(np.array(["cat", "dog"]))
    ('cat', 'dog')
    """
    names = listed_names(class_names)
    if names is None:
        mend = ""
        if isinstance(class_names, Mapping):
            mend = "; of a dict from number to name, pass [names[i] for i in range(len(names))]"
        elif hasattr(class_names, "__iter__") and not isinstance(class_names, str | bytes | set):
            mend = "; pass list(class_names), if that is their order"
        raise ValueError(
            "class_names must be a sequence of names in the order of the labels, "
            f"not the {type(class_names).__name__} {class_names!r}{mend}"
        )
    return names


def listed_names(names: Any) -> tuple[str, ...] | None:
    """Return names that are listed in the order of their labels, or None for anything else.

    Examples
    --------
    >>> listed_names([("tench", "Tinca tinca"), "shark"])
    ('tench', 'shark')
    >>> listed_names("ab") is None
    True
    """
    if hasattr(names, "to_numpy"):  # of pandas: an Index, an array, or a Series with an index
        index = getattr(names, "index", None)
        if index is not None and not np.array_equal(index, np.arange(len(names))):
            return None
    elif not isinstance(names, _KINDS) or isinstance(names, str | bytes):
        return None
    if getattr(names, "ndim", 1) != 1:
        return None
    return tuple(map(_name, names))


def numbered_names(names: Mapping[Any, Any], source: str) -> tuple[tuple[str, int], ...]:
    """Read a mapping from names to labels, or from labels to names.

    Parameters
    ----------
    names
        Such as ``class_to_idx`` of torchvision's datasets, or its inverse. Labels may be texts of
        digits, as JSON has them for keys.
    source
        What the error calls the mapping.

    Returns
    -------
    tuple of pairs
        Each name with its label, in the order of the mapping.

    Raises
    ------
    ValueError
        If neither its keys nor its values are labels.

    Examples
    --------
    >>> numbered_names({"cat": 0, "dog": 1}, "classes")
    (('cat', 0), ('dog', 1))
    >>> numbered_names({0: "cat", 1: "dog"}, "classes")
    (('cat', 0), ('dog', 1))
    """
    for is_label in (_is_integer, _reads_as_integer):
        if all(map(is_label, names.values())):
            return tuple((_name(name), int(label)) for name, label in names.items())
        if all(map(is_label, names)):
            return tuple((_name(name), int(label)) for label, name in names.items())
    raise ValueError(
        f"{source} must map names to labels, or labels to names, but is {names!r}; "
        "pass class_names in the order of the labels"
    )


def _name(name: Any) -> str:
    if isinstance(name, tuple | list) and len(name):
        name = name[0]
    return name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else str(name)


def _is_integer(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and operator.index(value) is not None
    except TypeError:
        return False


def _reads_as_integer(value: Any) -> bool:
    try:
        return int(value) == float(value)
    except (TypeError, ValueError):
        return False
