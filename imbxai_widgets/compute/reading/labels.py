"""Labels in the forms that datasets give them, as numbers of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from imbxai_widgets.compute.numeric.types import IntArray

_LISTED = 8  # class names that an error lists


def label_number(label: object, numbers: Mapping[str, int] | None = None) -> int:
    """Read one label.

    Parameters
    ----------
    label
        A whole number or Boolean, also of NumPy or torch and in an array of one; the name of a
        class; or a one-hot vector, of zeros and a single one.
    numbers
        The number of each class name; None if the names of the classes are not known.

    Returns
    -------
    int
        Number of the class, 0 or more.

    Raises
    ------
    ValueError
        If it is none of these. The message continues the words "the label".

    Examples
    --------
    >>> label_number(torch.tensor(2)), label_number([0, 1, 0]), label_number("dog", {"dog": 3})
    (2, 1, 3)
    """
    if isinstance(label, str):
        return _number_of_name(str(label), numbers)
    array = _array(label)
    if array.ndim > 1 or array.dtype.kind not in "biuf":
        raise ValueError(f"must be an integer, a class name or a one-hot vector, but is {label!r}")
    if array.size == 1:
        return _whole_number(array.reshape(()), label)
    return _number_of_one_hot(array)


def label_numbers(labels: Any, numbers: Mapping[str, int] | None = None) -> IntArray:
    """Read the labels of many images.

    Parameters
    ----------
    labels
        Array, tensor or list of N labels, each as for `label_number`.
    numbers
        As for `label_number`.

    Returns
    -------
    numpy.ndarray
        (N,) int64.

    Raises
    ------
    ValueError
        If one is none of the accepted forms; the message names its image.

    Examples
    --------
    >>> label_numbers([[0, 1], [1, 0]])
    array([1, 0])
    """
    if isinstance(labels, np.ndarray | torch.Tensor):
        array = _array(labels)
        if array.ndim == 1 and array.dtype.kind in "biu" and (array >= 0).all():
            return array.astype(np.int64, copy=False)
        labels = array
    found = np.empty(len(labels), dtype=np.int64)
    for index, label in enumerate(labels):
        try:
            found[index] = label_number(label, numbers)
        except ValueError as error:
            raise ValueError(f"the label of image {index} {error}") from None
    return found


def _array(values: Any) -> np.ndarray[Any, Any]:
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        return np.asarray(values.float() if values.dtype == torch.bfloat16 else values)
    try:
        return np.asarray(values)
    except ValueError:  # a list of lists of several lengths
        return np.asarray(None)


def _number_of_name(name: str, numbers: Mapping[str, int] | None) -> int:
    if not numbers:
        raise ValueError(
            f"is the name {name!r}, but the dataset does not number its classes; pass class_names "
            "in the order of the model's logits, which need not be the alphabet's"
        )
    if name not in numbers:
        known = ", ".join(map(repr, list(numbers)[:_LISTED]))
        more = f" and {len(numbers) - _LISTED} more" if len(numbers) > _LISTED else ""
        raise ValueError(
            f"is {name!r}, which is not a class name, or that of several classes; the names are "
            f"{known}{more}; pass class_names in the order of the model's logits, or numbers as "
            "labels"
        )
    return numbers[name]


def _whole_number(value: np.ndarray[Any, Any], label: object) -> int:
    if value.dtype.kind == "f":
        raise ValueError(f"must be an integer, but is {label!r}; convert it with int()")
    number = int(value)
    if number < 0:
        raise ValueError(
            f"must not be negative, but is {number}; leave out images without a label"
            + (" (-1 often marks them)" if number == -1 else "")
        )
    return number


def _number_of_one_hot(vector: np.ndarray[Any, Any]) -> int:
    ones = np.flatnonzero(vector == 1)
    if len(ones) == 1 and np.count_nonzero(vector) == 1:
        return int(ones[0])
    soft = not np.isin(vector, (0, 1)).all()
    what = "soft" if soft else "of several classes or none"
    raise ValueError(
        f"is a vector of {len(vector)} values, but not one-hot (a single 1, else 0): labels that "
        f"are {what} have no one class; give the number of the class that the image counts for"
    )
