"""Resampling images, alone or in the groups that they come in.

Sources: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13; for groups,
Davison and Hinkley, "Bootstrap Methods and their Application" (1997), section 3.8: whole groups
are drawn, since images of one patient, video or author tell less than as many others.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from imbxai_widgets.compute.numeric.types import IntArray

_FEWEST: Final = 2  # groups, of which some can be drawn twice and others not


def group_codes(groups: Any, size: int) -> IntArray:
    """Give each group of images a number.

    Parameters
    ----------
    groups
        One entry an image, such as the patient, video or author that it comes from: integers,
        text, or anything else that can be told apart. None: each image is a group of its own.
    size
        Number of images, M.

    Returns
    -------
    numpy.ndarray
        (M,) int64, 0..G-1.

    Raises
    ------
    ValueError
        If there is not one entry an image, an entry is missing (None, NaN), or all are the same.

    Examples
    --------
    >>> group_codes(["ann", "bob", "ann"], 3)
    array([0, 1, 0])
    """
    if groups is None:
        return np.arange(size)
    entries = list(groups)
    if len(entries) != size:
        raise ValueError(f"groups must be {size}, one entry an image, not {len(entries)}")
    missing = next((number for number, entry in enumerate(entries) if _is_missing(entry)), None)
    if missing is not None:
        raise ValueError(
            f"groups must name the group of every image, but that of image {missing} is missing; "
            "give images without a group entries of their own"
        )
    kinds: dict[Any, int] = {}
    codes = [kinds.setdefault(entry, len(kinds)) for entry in entries]
    if size and len(kinds) < _FEWEST:
        raise ValueError(
            "groups must be two or more, but all images are of one; without groups, images are "
            "drawn one by one"
        )
    return np.array(codes, dtype=np.int64)


def resample(groups: IntArray, rng: np.random.Generator) -> IntArray:
    """Draw as many groups as there are, with replacement, and tell how often each image comes.

    Parameters
    ----------
    groups
        (M,) int64, from `group_codes`.
    rng
        Where chance comes from.

    Returns
    -------
    numpy.ndarray
        (M,) int64, how often each image is in the sample: the weights of a statistic of it. All
        images of a group have the same; without groups they add up to M.

    Examples
    --------
    >>> resample(np.array([0, 1, 0, 2]), np.random.default_rng(0))
    array([0, 2, 0, 1])
    """
    if not len(groups):
        return np.zeros(0, dtype=np.int64)
    number = int(groups.max()) + 1
    drawn = np.bincount(rng.integers(number, size=number), minlength=number)
    return drawn[groups]


def folds(groups: IntArray, number: int, rng: np.random.Generator) -> IntArray:
    """Share groups out over folds of about equally many groups, whole.

    Parameters
    ----------
    groups
        (M,) int64, from `group_codes`.
    number
        Of folds, at least 2.
    rng
        Where chance comes from.

    Returns
    -------
    numpy.ndarray
        (M,) int64, the fold of each image, 0..`number` - 1.

    Examples
    --------
    >>> folds(np.array([0, 0, 1, 2, 3]), 2, np.random.default_rng(0))
    array([0, 0, 0, 1, 1])
    """
    of_groups = np.arange(int(groups.max(initial=-1)) + 1) % number
    return rng.permutation(of_groups)[groups]


def _is_missing(entry: object) -> bool:
    try:
        return entry is None or bool(entry != entry)  # as NaN is, and nothing else
    except TypeError:  # pandas.NA, which is neither
        return True
