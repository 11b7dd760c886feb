"""How well all classes together are predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imbxai_widgets.compute.numeric.types import IntArray


@dataclass(frozen=True)
class Accuracies:
    """Accuracy over all images, and over classes; 0 to 1.

    Attributes
    ----------
    overall : float
        Share of all images that are predicted right.
    mean : float
        Mean of the classes' accuracies, each of which counts alike (balanced accuracy).
    worst : int
        The class with the lowest accuracy; of equal ones that with more images, then the first.
    lowest : float
        Its accuracy.
    """

    overall: float
    mean: float
    worst: int
    lowest: float


def accuracies(images: IntArray, errors: IntArray) -> Accuracies:
    """Sum up how well the classes are predicted, of those that have images.

    Parameters
    ----------
    images, errors
        (C,) int64, the images of each class and how many of them are misclassified.

    Returns
    -------
    Accuracies

    Raises
    ------
    ValueError
        If there are no images.

    Examples
    --------
    >>> accuracies(np.array([90, 10, 0]), np.array([9, 5, 0]))
    Accuracies(overall=0.86, mean=0.7, worst=1, lowest=0.5)
    """
    (known,) = np.nonzero(images)
    if not len(known):
        raise ValueError("there is no accuracy without images; give at least one")
    each = 1 - errors[known] / images[known]
    worst = int(known[np.lexsort((-images[known], each))[0]])
    return Accuracies(
        overall=float(1 - errors.sum() / images.sum()),
        mean=float(each.mean()),
        worst=worst,
        lowest=float(each.min()),
    )
