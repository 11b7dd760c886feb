"""Which images are likely to bear a wrong label.

Source: Dablain et al., "Interpretable ML for Imbalanced Data" (arXiv:2212.07743), who look for
wrong labels among the outliers. Here two kinds of evidence are multiplied, as in a product of
experts (Hinton, 2002): the network's probabilities, and the labels of the neighbors, which help
where the network has learned a wrong label by heart. Both contain the class priors. These are
divided out (cf. Menon et al., "Long-tail learning via logit adjustment", 2021), since otherwise
every image of a small class would be suspect.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.blocks import row_blocks
from imbxai_widgets.compute.numeric.checks import check_codes, check_count
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

# Added to each probability: networks are often too sure, and 0 would outweigh all neighbors.
_FLOOR: Final = 1e-3


class SuspectRows(NamedTuple):
    """Images, the most suspect first, as `imbxai_widgets.Analysis.suspect_rows` finds them.

    Attributes
    ----------
    rows
        (N,) int64.
    suggested
        (N,) int64: the class that has the most evidence beside the label.
    scores
        (N,) float64, falling, 0 to 1: the part of the evidence for the two that is for `suggested`.
    """

    rows: IntArray
    suggested: IntArray
    scores: DoubleArray


def label_odds(
    labels: ArrayLike,
    neighbor_labels: ArrayLike,
    top: TopProbabilities,
    n_classes: int,
    *,
    prior_power: float = 1.0,
) -> tuple[IntArray, DoubleArray]:
    """Find the class that is the best alternative to each label, and weigh one against the other.

    The evidence for class j is p_j * m_j / prior_j ** `prior_power`, with p_j the network's
    probability plus 0.001, and m_j = (n_j + prior_j) / (k + 1) for n_j of the k neighbors.

    Parameters
    ----------
    labels
        (N,) integers in 0..C-1.
    neighbor_labels
        (N, k) integers in 0..C-1, k at least 1: the classes of each image's neighbors.
    top
        The largest class probabilities of each image. What they leave over is spread evenly over
        the other classes. Where they are not known (NaN), neighbors alone count.
    n_classes
        C, at least 2.
    prior_power
        At least 0. 1 leaves the priors in the product once; 0 leaves them in twice, which makes
        images of small classes suspect; 2 takes them out, as if all classes were of one size.

    Returns
    -------
    alternatives : numpy.ndarray
        (N,) int64: of the classes that the network or a neighbor names, the one with the most
        evidence, not the label.
    log_odds : numpy.ndarray
        (N,) float64: log of its evidence over that of the label, above 0 where it has more.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range.

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9]], dtype=np.float32)
    >>> top = TopProbabilities(np.array([[0, 1], [0, 1], [0, 1]]), sure, sure[[0, 1, 2], [0, 0, 0]])
    >>> alternatives, log_odds = label_odds([0, 0, 0], [[0, 0], [0, 1], [1, 1]], top, 2)
    >>> alternatives
    array([1, 1, 1])
    >>> log_odds.argmax()
    np.int64(2)
    """
    n_classes = check_count(n_classes, "n_classes", minimum=2)
    own = check_codes(labels, "labels", shape=(None,), limit=n_classes)[:, np.newaxis]
    near = check_codes(neighbor_labels, "neighbor_labels", shape=(len(own), None), limit=n_classes)
    if not (np.isfinite(prior_power) and prior_power >= 0):
        raise ValueError(f"prior_power must be a number of at least 0, not {prior_power!r}")
    if near.shape[1] == 0:
        raise ValueError("neighbor_labels must hold at least one neighbor per image, not 0")
    # Classes that no label names can be predicted; they count as if one image bore it.
    priors = np.maximum(np.bincount(own[:, 0], minlength=n_classes), 1) / max(1, len(own))
    alternatives, log_odds = np.zeros(len(own), dtype=np.int64), np.zeros(len(own))
    cells = (top.classes.shape[1] + near.shape[1] + 1) ** 2
    for rows in row_blocks(len(own), 8 * cells):
        part = TopProbabilities(top.classes[rows], top.probabilities[rows], top.of_labels[rows])
        alternatives[rows], log_odds[rows] = _best(own[rows], near[rows], part, priors, prior_power)
    return alternatives, log_odds


def _best(
    own: IntArray,
    near: IntArray,
    top: TopProbabilities,
    priors: DoubleArray,
    prior_power: float,
) -> tuple[IntArray, DoubleArray]:
    """Return each image's best alternative to its label, own (B, 1), and the log of their odds."""

    def log_evidence(classes: IntArray, probabilities: DoubleArray) -> DoubleArray:
        votes = (classes[:, :, np.newaxis] == near[:, np.newaxis]).sum(axis=2)
        neighborhood = np.log((votes + priors[classes]) / (near.shape[1] + 1))
        # Unknown probabilities are the same for all classes.
        network = np.log(np.nan_to_num(probabilities, nan=1.0) + _FLOOR)
        evidence: DoubleArray = neighborhood + network - prior_power * np.log(priors[classes])
        return evidence

    # One candidate is never the label, also where the network and all neighbors name nothing else.
    spare = np.where(own == 0, 1, 0)
    candidates = np.concatenate([top.classes, near, spare], axis=1)
    odds = log_evidence(candidates, _probabilities(candidates, top, len(priors)))
    odds -= log_evidence(own, top.of_labels[:, np.newaxis].astype(np.float64))
    odds[candidates == own] = -np.inf
    best = odds.argmax(axis=1)[:, np.newaxis]
    return (
        np.take_along_axis(candidates, best, axis=1)[:, 0],
        np.take_along_axis(odds, best, axis=1)[:, 0],
    )


def _probabilities(classes: IntArray, top: TopProbabilities, n_classes: int) -> DoubleArray:
    """Return the probabilities of the given (B, m) classes; NaN if unknown."""
    known = top.probabilities.astype(np.float64)
    n_others = n_classes - known.shape[1]
    rest = np.clip(1 - known.sum(axis=1, keepdims=True), 0, 1) / max(1, n_others)
    places = classes[:, :, np.newaxis] == top.classes[:, np.newaxis]
    found = np.where(places, known[:, np.newaxis], 0).sum(axis=2)
    result: DoubleArray = np.where(places.any(axis=2), found, rest)
    return result
