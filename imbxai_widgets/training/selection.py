"""Which images of a published set an experiment trains on, and which it tests on."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.types import IntArray


def thinned_sizes(counts: ArrayLike, ratio: float, total: int) -> IntArray:
    """Limit classes to a multiple of the smallest, then thin all alike to a number of images.

    Parameters
    ----------
    counts
        (C,) integers, images of each class, 1 or more.
    ratio
        How many times as large as the smallest a class may be, 1 or more.
    total
        Sum of the sizes.

    Returns
    -------
    numpy.ndarray
        (C,) int64, of sum `total`. What rounding leaves goes to the largest fractions.

    Raises
    ------
    ValueError
        If a class has no images, `ratio` is below 1, or there are fewer images than `total`.

    Examples
    --------
    At most 10 times the smallest, which leaves 30, 20 and 3 images; of these the half:

    >>> thinned_sizes([50, 20, 3], ratio=10, total=26)
    array([15, 10,  1])
    """
    present = check_codes(counts, "counts", shape=(None,))
    if not present.size or present.min() < 1:
        raise ValueError("counts must be at least 1: every class needs images")
    if not ratio >= 1:
        raise ValueError(f"ratio must be 1 or more, not {ratio}")
    limited = np.minimum(present, np.floor(ratio * present.min()))
    if not 0 < total <= limited.sum():
        raise ValueError(
            f"total must be from 1 to {int(limited.sum())}, the images there are at a ratio of "
            f"{ratio:g}, not {total}"
        )
    exact = limited * (total / limited.sum())
    sizes: IntArray = np.floor(exact).astype(np.int64)
    fractions = np.argsort(sizes - exact, kind="stable")
    sizes[fractions[: total - sizes.sum()]] += 1
    return sizes
