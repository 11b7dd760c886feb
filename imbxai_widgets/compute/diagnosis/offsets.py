"""What one offset, added to the logit of a class, brings back on images that did not choose it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, FloatArray, IntArray

SPLITS: Final = 5


class OffsetGain(NamedTuple):
    """What an offset brings, measured on halves of the images that did not choose it.

    Attributes
    ----------
    gain : float
        Change of the recall of the class, -1 to 1.
    low, high : float
        The 95% interval of the change, by the images of the class.
    cost : float
        Images of other classes that are lost, less those won, as a share of the images of the
        class.
    offset : float
        The median of the offsets that were chosen.
    """

    gain: float
    low: float
    high: float
    cost: float
    offset: float


def offset_gain(
    logits: FloatArray, labels: IntArray, label: int, rng: np.random.Generator
) -> OffsetGain | None:
    """Tell what a single offset brings a class.

    Half of the images choose the offset with the largest sum of the recalls of all classes, and the
    other half tells what becomes of the class with it: both ways, for five splits into halves.

    Parameters
    ----------
    logits
        (M, C) float32.
    labels
        (M,) int64, 0..C-1.
    label
        The class.
    rng
        Of the halves.

    Returns
    -------
    OffsetGain or None
        None if the class has fewer than two images.

    Examples
    --------
    >>> logits = np.zeros((8, 2), dtype=np.float32)
    >>> logits[:, 1] = [-1, -1, -1, -1, -2, -2, -2, -2]  # all are taken for class 0
    >>> labels = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    >>> found = offset_gain(logits, labels, 1, np.random.default_rng(0))
    >>> found.gain, found.cost, found.offset
    (1.0, 0.0, 1.5)
    """
    own = labels == label
    n_own = int(own.sum())
    if n_own < 2:
        return None
    rivals = logits.copy()
    rivals[:, label] = -np.inf
    best = rivals.argmax(axis=1)
    # An image is decided for the class where the offset is above its need.
    need = (rivals.max(axis=1) - logits[:, label]).astype(np.float64)
    was, would = need < 0, best == labels
    won, cost, offsets = np.zeros(len(labels)), 0.0, []
    for _ in range(SPLITS):
        half = _halves(labels, rng)
        for fitting in (half, ~half):
            offset = _best_offset(need[fitting], own[fitting], would[fitting], labels[fitting])
            now = need < offset
            judged = own & ~fitting
            won[judged] += now[judged].astype(np.float64) - was[judged]
            others = ~fitting & ~own & would
            cost += float(now[others].sum()) - float(was[others].sum())
            offsets.append(offset)
    changes = won[own] / SPLITS
    gain = float(changes.mean())
    # Half an image of each kind is made up: without them no change would be certain.
    spread = float(np.sqrt((changes.var() * n_own + 1) / (n_own + 2) / n_own))
    return OffsetGain(
        gain,
        max(-1.0, gain - 1.96 * spread),
        min(1.0, gain + 1.96 * spread),
        cost / SPLITS / n_own,
        float(np.median(offsets)),
    )


def _halves(labels: IntArray, rng: np.random.Generator) -> BoolArray:
    """Draw half of the images of each class."""
    order = np.lexsort((rng.random(len(labels)), labels))
    half = np.zeros(len(labels), dtype=np.bool_)
    half[order[::2]] = True
    return half


def _best_offset(need: DoubleArray, own: BoolArray, would: BoolArray, labels: IntArray) -> float:
    """Return the offset with the largest sum of recalls; of equal ones the nearest to 0."""
    sizes = np.bincount(labels).astype(np.float64)
    # With each image that is decided for the class, what its sum of recalls gains or loses.
    worth = np.where(own, 1.0, np.where(would, -1.0, 0.0)) / sizes[labels]
    order = np.argsort(need, kind="stable")
    ordered = need[order]
    sums = np.concatenate([[0.0], np.cumsum(worth[order])])
    bounds = np.concatenate([[ordered[0] - 1], (ordered[1:] + ordered[:-1]) / 2, [ordered[-1] + 1]])
    possible = np.concatenate([[True], ordered[1:] > ordered[:-1], [True]])
    best = np.flatnonzero(possible & (sums >= sums[possible].max() - 1e-12))
    now = int(np.searchsorted(ordered, 0.0))
    if now in best:
        return 0.0
    return float(bounds[best[np.abs(bounds[best]).argmin()]])
