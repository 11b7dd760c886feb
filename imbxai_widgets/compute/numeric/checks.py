"""Checks of arguments that several computations share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.types import IntArray


def check_count(value: int, name: str, minimum: int = 1) -> int:
    """Return `value` as an ``int`` if it is a whole number of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < minimum:
        raise ValueError(f"{name} must be a whole number of at least {minimum}, not {value!r}")
    return int(value)


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
    codes = array.astype(np.int64, copy=False)
    if limit is not None and codes.size:
        wrong = codes[(codes < 0) | (codes >= limit)]
        if wrong.size:
            raise ValueError(f"{name} must lie in 0..{limit - 1}, but holds {int(wrong[0])}")
    return codes
