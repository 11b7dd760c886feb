"""Whether the classes are called by one another's names: labels and logits in different orders.

A model with 97% of its predictions right has them nearly all wrong when its logits are named in
another order than the labels, and every figure then looks like that of a bad model. What tells the
two apart is that a bad model's errors do not go one to one: several classes are taken for one.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.numeric.checks import check_codes, check_count
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, IntArray

_FEWEST: Final = 3  # images of a class that count; of fewer, most are soon predicted alike
_FEWEST_MOVED: Final = 24  # images of all moved classes together
_MOST: Final = 0.5  # of the images, of a class or all, more than this share
_NEARLY_ALL: Final = 0.95  # where few classes are moved, which errors may do as well
_UNTRAINED: Final = 1.5  # times 1/C, above which a network is surer than by chance
_LISTED: Final = 3  # classes that the warning lists


class Permutation(NamedTuple):
    """Classes whose images are mostly predicted as one other class each, one to one.

    Attributes
    ----------
    classes
        (M,) int64, rising: the classes that seem to go by another's name.
    predicted
        (M,) int64: the class that most images of each are predicted as.
    accuracy
        The share of all images that are predicted right.
    fit
        That share if the predictions of these classes were called right.
    """

    classes: IntArray
    predicted: IntArray
    accuracy: float
    fit: float


def likely_permutation(
    labels: ArrayLike,
    predictions: ArrayLike,
    n_classes: int,
    confidences: ArrayLike | None = None,
) -> Permutation | None:
    """Find out whether labels and predictions number the classes in different orders.

    A class with at least 3 images is moved if more than half of them are predicted as one other
    class, as which no other class is predicted most. It takes two moved classes with 24 images
    together; and where they are only two, or fewer than half of the classes that have 3 images,
    95% of their images must be predicted so. More than half of all images must then be predicted
    right. A network that was not trained may happen to do all this; it is known by confidences
    near 1/C.

    Parameters
    ----------
    labels
        (N,) integers in 0..C-1.
    predictions
        (N,) integers in 0..C-1.
    n_classes
        C, at least 1.
    confidences
        (N,) probabilities of the predictions. If their mean over the moved classes is below 1.5/C,
        nothing is found. None or NaN where they are not known.

    Returns
    -------
    Permutation or None
        None if nothing speaks for it.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range.

    Examples
    --------
    >>> labels = np.repeat([0, 1, 2], 10)
    >>> likely_permutation(labels, (labels + 1) % 3, 3)
    Permutation(classes=array([0, 1, 2]), predicted=array([1, 2, 0]), accuracy=0.0, fit=1.0)
    >>> likely_permutation(labels, np.zeros_like(labels), 3) is None
    True
    """
    check_count(n_classes, "n_classes")
    actual = check_codes(labels, "labels", shape=(None,), limit=n_classes)
    found = check_codes(predictions, "predictions", shape=actual.shape, limit=n_classes)
    sizes = np.bincount(actual, minlength=n_classes)
    classes, predicted, shares = _most_predicted(actual, found, sizes)
    moved = _moved(classes, predicted, shares)
    n_moved, n_images = int(moved.sum()), int(sizes[classes[moved]].sum())
    if n_moved < 2 or n_images < _FEWEST_MOVED:
        return None
    fitting = int(np.rint(shares * sizes[classes])[moved].sum())
    few = n_moved == 2 or 2 * n_moved < len(classes)
    if few and fitting < _NEARLY_ALL * n_images:
        return None
    of_moved = np.isin(actual, classes[moved])
    if confidences is not None:
        mean = np.asarray(confidences)[of_moved].mean(dtype=np.float64)
        if mean < _UNTRAINED / n_classes:
            return None
    right = actual == found
    fit = (int(right[~of_moved].sum()) + fitting) / len(actual)
    if fit <= _MOST:
        return None
    return Permutation(classes[moved], predicted[moved], float(right.mean()), fit)


def warn_of_permutation(
    labels: IntArray, top: TopProbabilities, class_names: Sequence[str], images: str
) -> None:
    """Warn where `likely_permutation` finds one.

    Parameters
    ----------
    labels
        As there.
    top
        The largest probability of each image gives prediction and confidence.
    class_names
        C names.
    images
        What the images are called: "training" or "validation".

    Warns
    -----
    UserWarning
        With the accuracy, that with other names, and some of these.
    """
    predictions, confidences = top.classes[:, 0], top.probabilities[:, 0]
    found = likely_permutation(labels, predictions, len(class_names), confidences)
    if found is None:
        return
    pairs = list(zip(found.classes, found.predicted, strict=True))
    listed = ", ".join(f"{class_names[a]!r} as {class_names[b]!r}" for a, b in pairs[:_LISTED])
    more = f" and {len(pairs) - _LISTED} more" if len(pairs) > _LISTED else ""
    warnings.warn(
        f"the accuracy on the {images} images is {found.accuracy:.0%}, but a permutation of the "
        f"classes fits {found.fit:.0%}: most images of {listed}{more} are predicted so, one to "
        "one. Are the names and the labels in the order of the model's logits?",
        stacklevel=4,
    )


def _most_predicted(
    labels: IntArray, predictions: IntArray, sizes: IntArray
) -> tuple[IntArray, IntArray, DoubleArray]:
    """Return the classes that count, what each is predicted as most, and for which share of it."""
    n_classes = len(sizes)
    pairs, counts = np.unique(labels * n_classes + predictions, return_counts=True)
    order = np.lexsort((-counts, pairs // n_classes))  # the most frequent first in each class
    classes, first = np.unique(pairs[order] // n_classes, return_index=True)
    predicted, shares = pairs[order][first] % n_classes, counts[order][first] / sizes[classes]
    counting = sizes[classes] >= _FEWEST
    return classes[counting], predicted[counting], shares[counting]


def _moved(classes: IntArray, predicted: IntArray, shares: DoubleArray) -> BoolArray:
    _, place, times = np.unique(predicted, return_inverse=True, return_counts=True)
    moved: BoolArray = (predicted != classes) & (shares > _MOST) & (times[place] == 1)
    return moved
