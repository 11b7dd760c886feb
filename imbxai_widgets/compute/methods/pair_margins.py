"""How far images are from being decided for one class or another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from imbxai_widgets.compute.numeric.types import FloatArray


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
    if label == adversary:
        raise ValueError("a class is no adversary of its own; name two classes")
    others = np.delete(logits, [label, adversary], axis=1)
    own = logits[:, label]
    return PairMargins(own - logits[:, adversary], own - others.max(axis=1, initial=-np.inf))
