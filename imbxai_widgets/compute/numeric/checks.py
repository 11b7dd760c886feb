"""Checks of arguments that several computations share."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.types import IntArray

_MOST_CLASSES: Final = 1_000_000  # more are a stray label rather than classes
_MOST_BYTES: Final = 2 * 2**30  # of one table of all classes by all classes


def check_count(value: int, name: str, minimum: int = 1) -> int:
    """Return `value` as an ``int`` if it is a whole number of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < minimum:
        raise ValueError(f"{name} must be a whole number of at least {minimum}, not {value!r}")
    return int(value)


def check_enough(n_images: int, k: int) -> None:
    """Refuse fewer images than an image and its `k` neighbors."""
    if n_images <= k:
        raise ValueError(
            f"k={k} neighbors need at least {k + 1} images, but the dataset has {n_images}. "
            "Give more images or a smaller k."
        )


def check_codes(
    values: ArrayLike, name: str, *, shape: tuple[int | None, ...], limit: int | None = None
) -> IntArray:
    """Return `values` as int64 if they are integers of the given shape in ``[0, limit)``.

    Parameters
    ----------
    values
        Class labels, predictions or other small integers; any integer type, for the narrow ones
        wrap around as soon as they are used in arithmetic.
    name
        What to call `values` in an error.
    shape
        The lengths expected; None accepts any.
    limit
        The first number that is too large; None sets no bounds.

    Returns
    -------
    numpy.ndarray
        int64, of the shape of `values`.

    Raises
    ------
    ValueError
        If the type, the shape or a value is wrong.
    """
    array = np.asarray(values)
    fits = array.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"{name} must have the shape ({wanted}), not {array.shape}")
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must hold integers, not {array.dtype}; convert them with .astype(numpy.int64)"
        )
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must be smaller than 2**63, but holds {int(array.max())}")
    codes = array.astype(np.int64, copy=False)
    if limit is not None and codes.size:
        wrong = codes[(codes < 0) | (codes >= limit)]
        if wrong.size:
            raise ValueError(f"{name} must lie in 0..{limit - 1}, but holds {int(wrong[0])}")
    return codes


def highest_code(values: ArrayLike, name: str = "labels") -> int:
    """Return the largest of some class numbers, where their number follows from them alone.

    Parameters
    ----------
    values
        Integers, of any shape.
    name
        What to call `values` in an error.

    Returns
    -------
    int
        The largest; -1 if there are none.

    Raises
    ------
    ValueError
        If they are no integers, or one is so large that it can be no class.

    Examples
    --------
    >>> highest_code([0, 2, 1])
    2
    """
    array = np.asarray(values)
    codes = check_codes(array, name, shape=(None,) * array.ndim)
    highest = int(codes.max(initial=-1))
    if highest >= _MOST_CLASSES:
        at = int(codes.argmax())
        raise ValueError(
            f"{name} holds {highest} (number {at}), which would mean {highest + 1:,} classes: take "
            "out stray labels, number the classes from 0 on with numpy.unique(labels, "
            "return_inverse=True), or pass class_names to say how many there are"
        )
    return highest


def check_dense(n_classes: int, what: str, way_out: str, *, tables: int = 1) -> None:
    """Refuse a table of all classes by all classes before it takes more memory than is sensible.

    Parameters
    ----------
    n_classes
        C, the length of either side.
    what
        What to call the table in the error, as the subject of a sentence.
    way_out
        What to do instead, as a command.
    tables
        How many of them, of 8 bytes a cell, are made at once.

    Raises
    ------
    ValueError
        If they take more than 2 GiB, that is from 16,385 classes on for one table.

    Examples
    --------
    >>> check_dense(1000, "the confusion", "ask for some classes")
    >>> check_dense(50_000, "the confusion", "ask for some classes")
    Traceback (most recent call last):
        ...
    ValueError: the confusion of 50,000 classes takes 18.6 GiB, of 2 at most; ask for some classes
    """
    wanted = 8 * tables * n_classes**2
    if wanted > _MOST_BYTES:
        raise ValueError(
            f"{what} of {n_classes:,} classes takes {wanted / 2**30:.1f} GiB, of "
            f"{_MOST_BYTES // 2**30} at most; {way_out}"
        )
