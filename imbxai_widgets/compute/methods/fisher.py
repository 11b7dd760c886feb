"""Fisher's discriminant ratio: how well single features tell two classes apart.

Source: T. K. Ho and M. Basu, "Complexity measures of supervised classification problems" (2002),
for two classes and one feature. Dablain et al. (arXiv:2212.07743), Equation 1, take it of
embeddings, lower for classes that are more alike, and compare adversaries with it (Table 2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.blocks import as_matrix, row_blocks, scale_factor, scaled
from imbxai_widgets.compute.numeric.checks import check_codes, check_count
from imbxai_widgets.compute.numeric.types import DoubleArray


def fisher_ratios(embeddings: ArrayLike, labels: ArrayLike, n_classes: int) -> DoubleArray:
    """Average Fisher's discriminant ratio over the features, for each pair of classes.

    The ratio of a feature is the squared difference of the two class means over the sum of the
    two class variances. Features that are constant and equal in both classes are left out.

    Parameters
    ----------
    embeddings
        (N, D) float32 or float64, finite.
    labels
        (N,) integers in 0..C-1.
    n_classes
        C, at least 1.

    Returns
    -------
    numpy.ndarray
        (C, C) float64, symmetric, at least 0: the lower, the more alike. 0 on the diagonal, NaN
        for classes without images. Infinite where a feature is constant in both classes, with
        another value.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range, or an embedding is not finite.

    Examples
    --------
    >>> fisher_ratios([[0.0], [2.0], [5.0], [7.0]], [0, 0, 1, 1], 2)
    array([[ 0. , 12.5],
           [12.5,  0. ]])
    """
    matrix = as_matrix(embeddings, "embeddings")
    n_classes = check_count(n_classes, "n_classes")
    rows_of = check_codes(labels, "labels", shape=(len(matrix),), limit=n_classes)
    factor = scale_factor(matrix)  # the ratios are the same in any unit
    means = np.full((n_classes, matrix.shape[1]), np.nan)
    variances = means.copy()
    for index in np.unique(rows_of):
        members = scaled(matrix[rows_of == index], factor)
        means[index], variances[index] = members.mean(axis=0), members.var(axis=0)
    ratios = np.zeros((n_classes, n_classes))
    for block in row_blocks(n_classes, 3 * means.nbytes):
        between = (means[block, np.newaxis] - means) ** 2
        within = variances[block, np.newaxis] + variances
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            features = between / within
        used = ~((between == 0) & (within == 0))
        total = np.where(used, features, 0).sum(axis=2)
        ratios[block] = total / np.maximum(used.sum(axis=2), 1)
    np.fill_diagonal(ratios, np.where(np.isnan(means[:, 0]), np.nan, 0))
    return ratios
