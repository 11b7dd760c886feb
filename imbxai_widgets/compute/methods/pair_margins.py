"""How far images are from being decided for one class or another."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from imbxai_widgets.compute.numeric.types import FloatArray, IntArray

NO_RIVAL: Final = -1


class PairLogits(NamedTuple):
    """The logits that decide between a class, its adversary and all others.

    Attributes
    ----------
    own, adversary
        (n,) float32: logits of the two classes.
    outside
        (n,) float32: the largest logit of all other classes; minus infinity where there are none.
    rival
        (n,) int64: the class that it is of, the lowest of equal ones; `NO_RIVAL` without any.
    """

    own: FloatArray
    adversary: FloatArray
    outside: FloatArray
    rival: IntArray


class PairMargins(NamedTuple):
    """Where images lie around the decision between two classes.

    Attributes
    ----------
    x
        (n,) float32: logit of the class less that of its adversary.
    y
        (n,) float32: logit of the class less the largest of all others but the adversary; infinity
        where there are no others.
    """

    x: FloatArray
    y: FloatArray


def pair_logits(logits: FloatArray, label: int, adversary: int) -> PairLogits:
    """Return the logits of two classes, and the largest of all others.

    Whatever is added to the logits of the two, the image is predicted as one of them, or as its
    rival: the first of the largest.

    Parameters
    ----------
    logits
        (n, C) float32.
    label, adversary
        Two different classes, 0..C-1.

    Returns
    -------
    PairLogits

    Raises
    ------
    ValueError
        If the two are one class.

    Examples
    --------
    >>> pair_logits(np.array([[3.0, 1.0, 2.0, 2.0]], dtype=np.float32), 0, 1)
    PairLogits(own=array([3.], dtype=float32), adversary=array([1.], dtype=float32), \
outside=array([2.], dtype=float32), rival=array([2]))
    """
    if label == adversary:
        raise ValueError("a class is no adversary of its own; name two classes")
    others = logits.copy()
    others[:, [label, adversary]] = -np.inf
    rival = others.argmax(axis=1)
    outside = others[np.arange(len(others)), rival]
    if logits.shape[1] == 2:
        rival = np.full(len(logits), NO_RIVAL)
    return PairLogits(logits[:, label], logits[:, adversary], outside, rival)


def pair_margins(logits: FloatArray, label: int, adversary: int) -> PairMargins:
    """Return how far images are from the decisions between two classes and against all others.

    An image is predicted as the class where x > 0 and y > 0, and as the adversary where x < 0 and
    y > x. Adding b to the logit of the class moves every image by b to the right and upward; adding
    it to that of the adversary moves it by b to the left.

    Parameters
    ----------
    logits
        (n, C) float32.
    label, adversary
        Two different classes, 0..C-1.

    Returns
    -------
    PairMargins

    Raises
    ------
    ValueError
        If the two are one class.

    Examples
    --------
    >>> logits = np.array([[3.0, 1.0, 2.0], [0.0, 4.0, 1.0]], dtype=np.float32)
    >>> pair_margins(logits, 0, 1)
    PairMargins(x=array([ 2., -4.], dtype=float32), y=array([ 1., -1.], dtype=float32))
    """
    own, other, outside, _ = pair_logits(logits, label, adversary)
    return PairMargins(own - other, own - outside)
