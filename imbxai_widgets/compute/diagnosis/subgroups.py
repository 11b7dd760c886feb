"""Sub-groups of a class that fare worse than the rest: found on some images, tested on others."""

from __future__ import annotations

from math import comb
from typing import Final, NamedTuple

import numpy as np

from imbxai_widgets.compute.methods.intervals import wilson_interval
from imbxai_widgets.compute.methods.prototypes import medoids
from imbxai_widgets.compute.numeric.types import BoolArray, FloatArray, IntArray

GROUPS: Final = (2, 3, 4, 5)
FEWEST: Final = 5  # images of a sub-group, and of the rest, in the half that tests


class Subgroup(NamedTuple):
    """A sub-group that fares worse than the rest of its class.

    Attributes
    ----------
    difference, low, high : float
        Recall of the rest less that of the sub-group on the images that test, with its 95%
        interval, -1 to 1.
    p : float
        The chance of so large a difference where there is none, corrected for how many sub-groups
        were tried.
    recall, rest : float
        Of the sub-group and of the rest, on the images that test.
    tested : int
        Images of the sub-group that test.
    members : int64 array
        Rows of all images of the sub-group, among those that were given.
    """

    difference: float
    low: float
    high: float
    p: float
    recall: float
    rest: float
    tested: int
    members: IntArray


def worst_subgroup(
    looks: FloatArray, right: BoolArray, rng: np.random.Generator, seed: int = 0
) -> Subgroup | None:
    """Find the sub-group that fares worst, and test it on images that did not find it.

    One half of the images is cut into 2 to 5 groups around medoids, and that with the lowest chance
    of its errors is taken; the other half tests it.

    Parameters
    ----------
    looks
        (n, D) float32: what the images are grouped by. Embeddings would find errors by themselves,
        for the network decides by them: give pixels.
    right
        (n,) bool: whether each image is predicted right.
    rng
        Of the halves.
    seed
        Of the groups.

    Returns
    -------
    Subgroup or None
        None where no group has five images in either half, and as many outside.

    Notes
    -----
    Differences are tested by Fisher's exact test, one-sided, and Bonferroni's correction for the
    groups tried.

    Examples
    --------
    >>> looks = np.repeat(np.float32([[0.0], [9.0]]), 20, axis=0)
    >>> right = np.repeat([True, False], 20)
    >>> found = worst_subgroup(looks, right, np.random.default_rng(0))
    >>> found.difference, found.tested, found.p < 1e-3
    (1.0, 13, True)
    """
    finds = np.zeros(len(right), dtype=np.bool_)
    finds[rng.permutation(len(right))[::2]] = True
    best: tuple[float, BoolArray] | None = None
    tried = 0
    for count in GROUPS:
        if len(right) < 4 * FEWEST:
            return None
        centers = looks[finds][medoids(looks[finds], count, seed=seed, device="cpu")]
        distances = ((looks[:, np.newaxis] - centers) ** 2).sum(axis=2, dtype=np.float64)
        group = distances.argmin(axis=1)
        for number in range(len(centers)):
            members = group == number
            if min(_sizes(members, finds)) < FEWEST:
                continue
            tried += 1
            p = _chance(right[finds & members], right[finds & ~members])
            if best is None or p < best[0]:
                best = p, members
    if best is None:
        return None
    return _tested(right, best[1], ~finds, tried)


def _sizes(members: BoolArray, finds: BoolArray) -> list[int]:
    return [int((a & b).sum()) for a in (members, ~members) for b in (finds, ~finds)]


def _tested(right: BoolArray, members: BoolArray, tests: BoolArray, tried: int) -> Subgroup:
    own, rest = right[tests & members], right[tests & ~members]
    difference, low, high = recall_difference(own, rest)
    return Subgroup(
        difference,
        low,
        high,
        min(1.0, _chance(own, rest) * tried),
        float(own.mean()),
        float(rest.mean()),
        len(own),
        np.flatnonzero(members).astype(np.int64, copy=False),
    )


def recall_difference(own: BoolArray, rest: BoolArray) -> tuple[float, float, float]:
    """Return the recall of the rest less that of a group, with its 95% interval.

    The interval is Newcombe's ("Interval estimation for the difference between independent
    proportions", Statistics in Medicine 1998, method 10).

    Parameters
    ----------
    own, rest
        (n,) and (m,) bool, at least one of each: which images are right.

    Returns
    -------
    difference, low, high : float
        -1 to 1.

    Examples
    --------
    >>> found = recall_difference(np.arange(20) < 5, np.arange(40) < 30)
    >>> [round(value, 2) for value in found]
    [0.5, 0.23, 0.68]
    """
    recall, others = float(own.mean()), float(rest.mean())
    own_low, own_high = wilson_interval(int(own.sum()), len(own))
    low, high = wilson_interval(int(rest.sum()), len(rest))
    below = float(np.hypot(others - low, own_high - recall))
    above = float(np.hypot(high - others, recall - own_low))
    difference = others - recall
    return difference, difference - below, difference + above


def _chance(own: BoolArray, rest: BoolArray) -> float:
    """Return the chance of at least so many errors in the group: Fisher's exact test."""
    wrong_own, wrong = int((~own).sum()), int((~own).sum() + (~rest).sum())
    whole, size = len(own) + len(rest), len(own)
    most = min(size, wrong)
    found = sum(
        comb(wrong, count) * comb(whole - wrong, size - count)
        for count in range(wrong_own, most + 1)
        if size - count <= whole - wrong
    )
    return found / comb(whole, size)
