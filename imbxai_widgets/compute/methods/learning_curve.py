"""What more training images of a class would bring, told from the logits of validation images.

With k times as many images of a class, its odds are k times as large: the least that a network
learns of them is to add log(k) to its logit (Saerens, Latinne and Decaestecker, "Adjusting the
outputs of a classifier to new a priori probabilities", Neural Computation 2002). Networks that were
trained with more images moved further, since they also knew the class better. By how much more was
measured; see docs/more-images.md.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.compute.methods.paired import Change, PairedDraws
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray

STRENGTH: Final = 1.5  # by which log(k) is multiplied, as chosen in docs/more-images.md
SPREAD: Final = 0.2  # standard deviation of its logarithm over trainings, chosen there


def shortfalls(logits: FloatArray, label: int) -> FloatArray:
    """Return by how much a class's logit is below the largest of the others.

    Parameters
    ----------
    logits
        (n, C) float32.
    label
        The class, 0..C-1.

    Returns
    -------
    numpy.ndarray
        (n,) float32: what has to be added to the logit of the class for an image to be taken for
        it; below 0 where it is already, minus infinity where there are no others.

    Examples
    --------
    >>> shortfalls(np.array([[3.0, 1.0, 2.0], [0.0, 4.0, 1.0]], dtype=np.float32), 0)
    array([-1.,  4.], dtype=float32)
    """
    others: FloatArray = np.delete(logits, label, axis=1).max(axis=1, initial=-np.inf)
    return others - logits[:, label]


def forecast_recall(
    missing: FloatArray,
    label: int,
    factor: float,
    draws: PairedDraws,
    *,
    strength: float = STRENGTH,
    spread: float = SPREAD,
) -> Change:
    """Forecast the recall of a class after a training with more images of it.

    Parameters
    ----------
    missing
        (m,) float32, from `shortfalls`, of the class's validation images in their order.
    label
        The class.
    factor
        How many times as many training images it has, at least 1; the other classes keep theirs.
    draws
        Of all validation images, with what is right before.
    strength
        The logit of the class rises by ``strength * log(factor)``.
    spread
        Standard deviation of the logarithm of the strength from training to training, at least 0.

    Returns
    -------
    Change
        Numbers, 0 to 1; the interval holds 95% of what images and strengths drawn again give.

    Raises
    ------
    ValueError
        If `missing` is not one number an image of the class, there are none, or `factor` is below
        1.

    Examples
    --------
    >>> logits = np.array([[0.0, 0.5], [0.0, 2.0]] * 40 + [[1.0, 0.0]] * 20, dtype=np.float32)
    >>> labels = np.zeros(100, dtype=np.int64)
    >>> draws = PairedDraws(labels, logits.argmax(axis=1) == labels, 2, np.arange(100))
    >>> told = forecast_recall(shortfalls(logits, 0), 0, 2, draws)
    >>> float(told.before), float(told.after), float(told.change.round(2))
    (0.2, 0.6, 0.4)
    """
    rows = np.flatnonzero(draws.labels == label)
    if missing.shape != rows.shape or not len(rows):
        raise ValueError(
            f"missing must be one number for each of the {len(rows)} images of the class, at least "
            f"one, not of shape {missing.shape}"
        )
    if not factor >= 1:
        raise ValueError(f"factor must be at least 1, not {factor}")
    before, growth = draws.before[rows], np.log(factor)
    after = before | (missing < strength * growth)
    noise = np.random.default_rng(0).standard_normal(draws.weights.shape[1])
    shifts: DoubleArray = strength * np.exp(spread * noise) * growth
    won = (before | (missing < shift) for shift in shifts)
    return draws.of_class(label, after, won)
