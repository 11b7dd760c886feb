"""The loss that trains a network with adjusted logits."""

from __future__ import annotations

from torch import Tensor, nn


class AdjustedCrossEntropy(nn.Module):
    """Cross-entropy of logits to which, in training alone, a number of each class is added.

    Source: Menon et al., "Long-tail learning via logit adjustment" (ICLR 2021), equation 10: with
    tau * log(share of the class) added, the network learns logits that need no adjustment after.

    Parameters
    ----------
    shifts
        (C,) what is added.
    weight
        (C,) weights of the classes; None weighs all images alike.

    Examples
    --------
    >>> import torch
    >>> loss = AdjustedCrossEntropy(torch.tensor([0.9, 0.1]).log())
    >>> round(float(loss(torch.zeros(1, 2), torch.tensor([1]))), 3)  # -log(0.1)
    2.303
    """

    shifts: Tensor
    weight: Tensor | None

    def __init__(self, shifts: Tensor, weight: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("shifts", shifts)
        self.register_buffer("weight", weight)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of logits (B, C) and int64 labels (B,)."""
        return nn.functional.cross_entropy(logits + self.shifts, labels, weight=self.weight)
