"""What each feature adds to a logit, of one image or of the mean image of a class.

A head is linear in what enters its product: the embedding, or, where it is normalized, the
embedding divided by its length. So a logit is a sum with one term a feature and one for the bias;
the terms are exact, unlike the attributions of a deep network.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.blocks import Matrix, class_blocks
from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

# Of the sum of the sizes of all terms: a difference that is smaller is what rounding left of it.
_ROUNDING = 1e-6


def logit_contributions(embeddings: ArrayLike, head: Head, classes: ArrayLike) -> DoubleArray:
    """Return what each feature of each image adds to the logit of a class.

    Parameters
    ----------
    embeddings
        (n, D) float32 or float64, finite.
    head
        Of C classes and D features.
    classes
        The class of the logit, 0 to C-1: (n,) integers, one an image, or one for all.

    Returns
    -------
    numpy.ndarray
        (n, D) float64, in units of logits: ``scale * weight[c, d] * x[d]``, where a normalized
        head has divided the weights of the class and the embedding by their lengths. With the
        class's term of `bias_terms`, a row adds up to the logit.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range.

    Examples
    --------
    >>> head = Head([[1.0, 0.0], [2.0, -1.0]], bias=[0.0, 0.5])
    >>> logit_contributions([[3.0, 4.0], [1.0, 0.0]], head, [1, 0])
    array([[ 6., -4.],
           [ 1.,  0.]])
    >>> float(logit_contributions([[3.0, 4.0]], head, 1).sum() + bias_terms(head)[1])
    2.5
    """
    rows = _inputs(head.fitting(embeddings), head)
    given = np.asarray(classes)
    chosen = check_codes(
        np.full(len(rows), given) if given.ndim == 0 else given,
        "classes",
        shape=(len(rows),),
        limit=head.n_classes,
    )
    return weight_terms(head, chosen) * rows


def weight_terms(head: Head, classes: IntArray | None = None) -> DoubleArray:
    """Return the weights by which features become terms of logits.

    Parameters
    ----------
    head
        Of C classes and D features.
    classes
        (n,) numbers of the classes; all by default.

    Returns
    -------
    numpy.ndarray
        (n, D) float64: ``scale * weight``, each row divided by its length first where the head is
        normalized.

    Examples
    --------
    >>> weight_terms(Head([[3.0, 4.0]], scale=10, normalized=True))
    array([[6., 8.]])
    """
    weight: DoubleArray = head.weight[slice(None) if classes is None else classes].astype(float)
    return head.scale * head.directions(weight)


def bias_terms(head: Head) -> DoubleArray:
    """Return what the bias adds to the logit of each class.

    Returns
    -------
    numpy.ndarray
        (C,) float64: ``scale * bias``, 0 for a head without one.

    Examples
    --------
    >>> bias_terms(Head([[1.0], [2.0]], bias=[0.5, -1.0], scale=2))
    array([ 1., -2.])
    """
    if head.bias is None:
        return np.zeros(head.n_classes)
    return head.scale * head.bias.astype(np.float64)


def mean_inputs(embeddings: ArrayLike, labels: ArrayLike, head: Head) -> DoubleArray:
    """Average what enters the product of the head over the images of each class.

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
    numpy.ndarray
        (C, D) float64: the mean embedding of each class, of embeddings of length 1 where the head
        is normalized; NaN for a class without images. Times `weight_terms` of any class, these are
        the mean contributions of its images to the logit of that class.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range.

    Examples
    --------
    >>> head = Head([[1.0, 0.0], [0.0, 1.0]])
    >>> mean_inputs([[3.0, 1.0], [1.0, 1.0]], [0, 0], head)
    array([[ 2.,  1.],
           [nan, nan]])
    """
    matrix = head.fitting(embeddings)
    own = check_codes(labels, "labels", shape=(len(matrix),), limit=head.n_classes)
    sums = np.zeros((head.n_classes, matrix.shape[1]))
    for rows, classes, starts in class_blocks(own, 2 * 8 * matrix.shape[1]):
        sums[classes] += np.add.reduceat(_inputs(matrix[rows], head), starts, axis=0)
    sizes = np.bincount(own, minlength=head.n_classes)[:, np.newaxis]
    means = np.full(sums.shape, np.nan)
    np.divide(sums, sizes, out=means, where=sizes > 0)
    return means


def separating_terms(head: Head, means: DoubleArray, index: int, other: int) -> DoubleArray:
    """Return what each feature adds to the difference by which a head tells two classes apart.

    The logit of class i less that of class j is larger on the images of i than on those of j; by
    how much, on average, is the sum over features of the difference of the two classes' weights
    times the difference of their mean inputs. A feature in which the images of both classes are
    alike, or which the head weighs alike for both, adds nothing, however strong it is. The bias
    adds nothing either: it is the same for all images.

    Parameters
    ----------
    head
        Of C classes and D features.
    means
        (C, D) float64, from `mean_inputs`.
    index, other
        Numbers of the classes i and j. The terms are the same the other way round.

    Returns
    -------
    numpy.ndarray
        (D,) float64, in units of logits; NaN where one of the two classes has no images.

    Examples
    --------
    Both classes are strong in feature 0, but alike in it. Feature 1 tells them apart:

    >>> head = Head([[2.0, 1.0], [1.0, -1.0]])
    >>> separating_terms(head, np.array([[5.0, 3.0], [5.0, 1.0]]), 0, 1)
    array([0., 4.])
    """
    here, there = weight_terms(head, np.array([index, other]))
    terms: DoubleArray = (here - there) * (means[index] - means[other])
    return terms


def share_apart(terms: DoubleArray, features: ArrayLike) -> float:
    """Return the share that some features make of the difference between two classes.

    Parameters
    ----------
    terms
        (D,) float64, a row of `separating_terms`.
    features
        Numbers of the features, 0 to D-1, none twice.

    Returns
    -------
    float
        Their sum over that of all. 0: the head does not tell the two classes apart by them; 1: by
        nothing else. Below 0 where by these features alone the head would rather take each of the
        classes for the other, above 1 where it would by all others. Shares of features that do not
        overlap add up to 1 in all. NaN where there is no difference to take a share of: the sum of
        all is not above 1e-6 of the sum of their sizes, or a class has no images.

    Examples
    --------
    >>> share_apart(np.array([0.0, 4.0, 1.0, -1.0]), [0, 2])
    0.25
    >>> share_apart(np.array([1.0, -1.0]), [0])
    nan
    """
    whole = float(terms.sum())
    if not whole > _ROUNDING * float(np.abs(terms).sum()):  # also where it is NaN
        return float("nan")
    return float(terms[np.asarray(features, dtype=np.int64)].sum()) / whole


def _inputs(rows: Matrix, head: Head) -> DoubleArray:
    """Return what enters the product of the head, in float64."""
    doubles: DoubleArray = rows.astype(np.float64)
    return head.directions(doubles)
