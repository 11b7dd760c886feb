"""Label-distribution-aware margins, and weights that are put off until late in training.

Sources: Cao et al., "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss"
(NeurIPS 2019), section 3; the weights are those of Cui et al., "Class-Balanced Loss Based on
Effective Number of Samples" (CVPR 2019), section 3.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import ArrayLike
from torch import Tensor, nn

from imbxai_widgets.compute.methods.class_weights import inverse_effective_numbers
from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.types import IntArray


def ldam_margins(counts: ArrayLike, max_margin: float = 0.5) -> Tensor:
    """Return by how much the cosine of each class has to win.

    Parameters
    ----------
    counts
        (C,) integers, images of each class, 1 or more.
    max_margin
        The margin of the smallest class, above 0.

    Returns
    -------
    Tensor
        float32 (C,), proportional to ``counts ** (-1/4)``.

    Raises
    ------
    ValueError
        If a class has no images, or `max_margin` is not above 0.

    Examples
    --------
    >>> ldam_margins([5000, 50]).tolist()
    [0.15811388194561005, 0.5]
    """
    if not max_margin > 0:
        raise ValueError(f"max_margin must be above 0, not {max_margin}")
    roots = _counted(counts) ** -0.25
    return torch.tensor(max_margin * roots / roots.max(), dtype=torch.float32)


def effective_number_weights(counts: ArrayLike, beta: float = 0.9999) -> Tensor:
    """Return the weights of the classes by their effective numbers of images.

    Parameters
    ----------
    counts
        (C,) integers, images of each class, 1 or more.
    beta
        In [0, 1): 0 weighs all classes alike; the nearer to 1, the nearer the weights are to the
        inverse of `counts`.

    Returns
    -------
    Tensor
        float32 (C,), proportional to ``(1 - beta) / (1 - beta ** counts)``, of mean 1.

    Raises
    ------
    ValueError
        If a class has no images, or `beta` is out of range.

    Examples
    --------
    >>> effective_number_weights([100, 100, 100]).tolist()
    [1.0, 1.0, 1.0]
    """
    return torch.tensor(inverse_effective_numbers(_counted(counts), beta), dtype=torch.float32)


class LDAMLoss(nn.Module):
    """Cross-entropy that asks for a larger margin the fewer images a class has.

    Parameters
    ----------
    counts
        (C,) integers, images of each class in training, 1 or more.
    max_margin
        The margin of the smallest class, in units of the cosine.
    scale
        The scale of the network's `NormalizedLinear` head, which gives ``scale * cosine``.
    weight
        (C,) weights of the classes; None weighs all images alike.

    Raises
    ------
    ValueError
        If a class has no images, or `max_margin` is not above 0.

    Examples
    --------
    >>> loss = LDAMLoss([400, 25], max_margin=0.5, scale=30)
    >>> logits = torch.tensor([[0.0, 30.0]])  # cosines 0 and 1
    >>> margin = torch.tensor([[0.0, 15.0]])  # 0.5 * 30
    >>> torch.equal(loss(logits, torch.tensor([1])), nn.CrossEntropyLoss()(logits - margin,
    ...     torch.tensor([1])))
    True
    """

    scaled_margins: Tensor
    weight: Tensor | None

    def __init__(
        self,
        counts: ArrayLike,
        max_margin: float = 0.5,
        scale: float = 30,
        weight: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("scaled_margins", scale * ldam_margins(counts, max_margin))
        self.register_buffer("weight", weight)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of logits (B, C) and int64 labels (B,).

        Raises
        ------
        ValueError
            If there are not as many logits as `counts`.
        """
        if logits.shape[1] != len(self.scaled_margins):
            raise ValueError(
                f"the model gives {logits.shape[1]} logits, but counts are of "
                f"{len(self.scaled_margins)} classes"
            )
        missing = F.one_hot(labels, logits.shape[1]) * self.scaled_margins
        return F.cross_entropy(logits - missing, labels, weight=self.weight)


def _counted(counts: ArrayLike) -> IntArray:
    checked = check_codes(counts, "counts", shape=(None,))
    if not checked.size or checked.min() < 1:
        raise ValueError(
            f"counts must be 1 or more for each class, got {np.asarray(counts).tolist()}; leave "
            "out classes without images"
        )
    return checked
