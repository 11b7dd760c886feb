"""Overlap of classes as the head sees it: by how much the logit of a class leads over another's.

Two classes may share their top features and yet never be confused, where the head tells them apart
by others. What decides is the difference of two logits. Its mean over the images of a class, in
units of its spread, says how many of them lie beyond the boundary, were the difference normally
distributed. docs/overlap.md has how often this, and how often the paper's shared top features, name
the class that images are most often mistaken for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.blocks import as_matrix, class_blocks
from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.types import DoubleArray

# The variance of a class counts as if this many images more had that of all classes: a few images
# tell too little of it. Chosen among 0 to 50; from 1 to 10 little depends on it.
_SHARED_IMAGES: Final = 5


@dataclass(frozen=True, eq=False)
class Margins:
    """By how much each class leads over each other one, on its own images.

    Attributes
    ----------
    mean : float64 array, shape (C, C)
        [i, j]: the mean of logit i less logit j over the images of class i. NaN for a class without
        images, 0 on the diagonal.
    spread : float64 array, shape (C, C)
        Standard deviation of the same, drawn a little toward that over the images of all classes.
    """

    mean: DoubleArray
    spread: DoubleArray

    @property
    def overlap(self) -> DoubleArray:
        """The part of class i that is beyond the boundary to j, if its differences are normal.

        (C, C) float64, 0 to 1; NaN on the diagonal and for a class without images.
        """
        tiny = np.finfo(np.float64).tiny
        with np.errstate(over="ignore"):  # no spread: all images are on one side
            lead = self.mean / np.maximum(self.spread, tiny)
        overlap: DoubleArray = torch.special.ndtr(torch.from_numpy(-lead)).numpy()
        np.fill_diagonal(overlap, np.nan)
        return overlap


def class_margins(embeddings: ArrayLike, labels: ArrayLike, head: Head) -> Margins:
    """Measure by how much the logit of each class leads on its own images.

    Parameters
    ----------
    embeddings
        (N, D) float32 or float64, finite.
    labels
        (N,) integers in 0..C-1.
    head
        Of C classes and D features.

    Returns
    -------
    Margins

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range.

    Examples
    --------
    >>> head = Head([[1.0, 0.0], [0.0, 1.0]])
    >>> embeddings = [[3.0, 1.0], [2.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
    >>> margins = class_margins(embeddings, [0, 0, 1, 1], head)
    >>> margins.mean
    array([[0. , 1.5],
           [1. , 0. ]])
    >>> margins.overlap.round(4)
    array([[   nan, 0.0001],
           [0.0004,    nan]])
    """
    matrix = as_matrix(embeddings, "embeddings")
    n_classes = head.n_classes
    own = check_codes(labels, "labels", shape=(len(matrix),), limit=n_classes)
    logit_sums = np.zeros((n_classes, n_classes))
    lead_sums, squares, products = (np.zeros_like(logit_sums) for _ in range(3))
    row_bytes = 8 * (matrix.shape[1] + 3 * n_classes)
    for rows, classes, starts in class_blocks(own, row_bytes):
        with np.errstate(over="ignore", invalid="ignore"):  # which is told of next
            logits = head.logits(matrix[rows]).astype(np.float64)
        if not np.isfinite(logits).all():
            raise ValueError("embeddings times weights of the head exceed the range of float32")
        leads = np.take_along_axis(logits, own[rows, np.newaxis], axis=1) - logits
        logit_sums[classes] += np.add.reduceat(logits, starts, axis=0)
        lead_sums[classes] += np.add.reduceat(leads, starts, axis=0)
        squares[classes] += np.add.reduceat(leads**2, starts, axis=0)
        products += logits.T @ logits
    sizes = np.bincount(own, minlength=n_classes)[:, np.newaxis]
    present = np.where(sizes > 0, sizes, np.nan)
    mean = lead_sums / present
    # What is left of the logits when the means of their classes are taken away.
    within = products - logit_sums.T @ (logit_sums / np.maximum(sizes, 1))
    within /= max(len(own), 1)
    variances = within.diagonal()
    shared = variances[:, np.newaxis] + variances - 2 * within
    own_part = np.maximum(squares - lead_sums**2 / present, 0)
    total = own_part + _SHARED_IMAGES * np.maximum(shared, 0)
    return Margins(mean, np.sqrt(total / (present + _SHARED_IMAGES)))
