"""What each error should cost, by the size of the class and by what the two have in common.

Sources: without overlap, predicting with the least expected cost is the logit adjustment of Menon
et al., "Long-tail learning via logit adjustment" (ICLR 2021), after training; `imbalance` is its
tau. The overlap is an idea of Dablain et al., "Interpretable ML for Imbalanced Data"
(arXiv:2212.07743), Section 4.4: a greater cost where classes have feature indices in common.
"""

from __future__ import annotations

from math import isfinite

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.compute.methods.overlap import overlap_matrix
from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.types import DoubleArray


def overlap_costs(
    indices: ArrayLike, sizes: ArrayLike, *, strength: float = 0.0, imbalance: float = 0.5
) -> DoubleArray:
    """Price each error: more for small classes and, if asked for, where top features are shared.

    The cost of taking class i for j is (n_max / n_i) ** imbalance * (1 + strength * J), where J
    is the Jaccard index of the two classes' sets of top features. With a strength of 0 the least
    expected cost is that of the class with the largest p_j / n_j ** imbalance: logit adjustment.

    Parameters
    ----------
    indices
        (C, k) integers from `top_features`.
    sizes
        (C,) integers of at least 0, the images of each class.
    strength
        At least 0: what complete overlap adds to the cost, relative to none. Predictions got worse
        by it, or stayed as they were, wherever it was tried: see docs/actions.md.
    imbalance
        At least 0: the power of the imbalance; 0 ignores the sizes.

    Returns
    -------
    numpy.ndarray
        (C, C) float64, row the true class, column the prediction. 0 on the diagonal, at least 1
        elsewhere. A class without images counts as having one.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, type or range.

    Examples
    --------
    >>> features, sizes = [[0, 1], [0, 1], [2, 3]], [4, 4, 1]
    >>> overlap_costs(features, sizes)
    array([[0., 1., 1.],
           [1., 0., 1.],
           [2., 2., 0.]])
    >>> overlap_costs(features, sizes, strength=1)
    array([[0., 2., 1.],
           [2., 0., 1.],
           [2., 2., 0.]])
    """
    shared = overlap_matrix(indices)
    images = check_codes(sizes, "sizes", shape=(len(shared),))
    if (images < 0).any():
        raise ValueError("sizes must be at least 0")
    for value, name in ((strength, "strength"), (imbalance, "imbalance")):
        if not (isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be a number of at least 0, not {value!r}")
    union = shared.diagonal()[:, np.newaxis] + shared.diagonal() - shared
    jaccard = shared / np.maximum(union, 1)
    present = np.maximum(images, 1)
    rarity = (present.max(initial=1) / present) ** imbalance
    costs: DoubleArray = rarity[:, np.newaxis] * (1 + strength * jaccard)
    np.fill_diagonal(costs, 0)
    return costs
