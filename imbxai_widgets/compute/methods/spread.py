"""What a network would take training images for, if they were less like their class-mates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from imbxai_widgets.compute.numeric.blocks import row_blocks
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray

# Chosen on networks that no result reported is from; see docs/forecast.md.
FACTORS: Final = (1.0, 2.0)


def spread_errors(
    embeddings: FloatArray, labels: IntArray, head: Head, factors: Sequence[float] = FACTORS
) -> DoubleArray:
    """Sum the probabilities that spread embeddings give to other classes.

    A network has seen its training images: their embeddings lie closer to those of their class
    than embeddings of new images do. So each is also moved away from the mean of its class-mates,
    and put through the head again.

    Parameters
    ----------
    embeddings
        (N, D) float32, finite. If none is negative, as after a ReLU, moved ones are cut off at 0.
    labels
        (N,) int64 in 0..C-1.
    head
        What makes C logits of an embedding.
    factors
        How many times as far from that mean the embeddings are moved, one after the other; 1
        leaves them where they are.

    Returns
    -------
    numpy.ndarray
        (C, C) float64: [i, j] is the probability of class j, summed over the images of class i and
        the factors; 0 on the diagonal.

    Examples
    --------
    An image halfway between two others of its class leaves the mean of them by nothing; each of
    the two moves beyond zero, into the other class:

    >>> head = Head([[4.0], [-4.0]])
    >>> embeddings = np.array([[1.0], [2.0], [3.0], [-2.0]], dtype=np.float32)
    >>> spread_errors(embeddings, np.array([0, 0, 0, 1]), head, [3]).round(2)
    array([[0., 1.],
           [0., 0.]])
    """
    size = head.n_classes
    total = np.zeros((size, size))
    floor = 0.0 if not (embeddings < 0).any() else -np.inf
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(size + 1))
    for label, (start, stop) in enumerate(pairwise(starts)):
        own = order[start:stop]
        # An image alone in its class has no class-mates to move away from.
        mates = max(len(own) - 1, 1)
        mean = embeddings[own].mean(axis=0, dtype=np.float64) if len(own) else 0.0
        for block in row_blocks(len(own), 8 * (3 * head.n_features + 3 * size)):
            rows = embeddings[own[block]].astype(np.float64)
            # From the mean of the others an image is len(own) / mates as far as from that of all.
            away = (rows - mean) * (len(own) / mates)
            for factor in factors:
                moved = np.maximum(rows + (factor - 1) * away, floor)
                total[label] += _softmax(head.logits(_within_float32(moved))).sum(axis=0)
    np.fill_diagonal(total, 0)
    return total


def _softmax(logits: FloatArray) -> DoubleArray:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)


def _within_float32(values: DoubleArray) -> FloatArray:
    limit = float(np.finfo(np.float32).max)
    return np.clip(values, -limit, limit).astype(np.float32)
