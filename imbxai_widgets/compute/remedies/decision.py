"""What remedies work on: the training images as they count, and how logits are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Self

import numpy as np

from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray
from imbxai_widgets.compute.remedies.refit import Cancelled, refit

NO_LINEAR_HEAD: Final = (
    "what the network makes of embeddings is not linear, or not known: the analysis has no head; "
    "refit one first (ClassifierRetraining), or analyze with the default layer"
)


@dataclass(frozen=True, eq=False)
class Network:
    """The network as it is, with its training images.

    Attributes
    ----------
    class_names
        C names.
    embeddings
        (N, D) float32.
    labels
        (N,) int64.
    head
        None where logits are no linear function of embeddings.
    positions
        (N,) int64: the number of each image in the dataset.
    dataset_size
        How many images the dataset has; more than N where some could not be read.
    suspects
        Gives the rows of the images, that with the most suspect label first.
    cancelled
        Whether to give up; see `refit`.
    """

    class_names: tuple[str, ...]
    embeddings: FloatArray
    labels: IntArray
    head: Head | None
    positions: IntArray
    dataset_size: int
    suspects: Callable[[], IntArray]
    cancelled: Cancelled | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes, C."""
        return len(self.class_names)


@dataclass(frozen=True, eq=False)
class Decision:
    """How classes are decided on, after some remedies.

    The logits are ``factor * z + shifts``: z those of `head`, or where that is None the network's
    own.

    Attributes
    ----------
    network
        As it was before any remedy.
    labels
        (N,) int64, those of the training images.
    weights
        (N,) float64 of at least 0: how much each training image counts.
    head
        That which embeddings go through.
    factor
        Above 0.
    shifts
        (C,) float64.
    """

    network: Network
    labels: IntArray
    weights: DoubleArray
    head: Head | None
    factor: float
    shifts: DoubleArray

    @classmethod
    def before(cls, network: Network) -> Self:
        """Return that of the network as it is."""
        weights, shifts = np.ones(len(network.labels)), np.zeros(network.n_classes)
        return cls(network, network.labels, weights, network.head, 1.0, shifts)

    @cached_property
    def sizes(self) -> DoubleArray:
        """How much the training images of each class count, (C,) float64."""
        sizes = np.bincount(self.labels, self.weights, minlength=self.network.n_classes)
        return sizes.astype(np.float64)

    @property
    def has_new_data(self) -> bool:
        """Whether labels or weights are others than those the network was trained with."""
        return self.labels is not self.network.labels or bool((self.weights != 1).any())

    @property
    def has_new_head(self) -> bool:
        """Whether embeddings go through another head than the network's."""
        return self.head is not self.network.head

    def logits(self, embeddings: FloatArray, own: FloatArray | None = None) -> FloatArray:
        """Return the logits of images.

        Parameters
        ----------
        embeddings
            (n, D) float32.
        own
            (n, C), the network's own, for where `head` is None; else they are not needed.
        """
        if self.head is not None and (own is None or self.has_new_head):
            own = self.head.logits(embeddings)
        assert own is not None
        if self.factor == 1 and not self.shifts.any():
            return own
        return np.asarray(self.factor * own + self.shifts, dtype=np.float32)

    def weighed(self, factors: DoubleArray) -> Self:
        """Return it with the weights multiplied by factors (N,), and the same sum as images."""
        weights = self.weights * factors
        lost = (self.sizes > 0) & (np.bincount(self.labels, weights, len(self.sizes)) <= 0)
        if lost.any():
            name = self.network.class_names[int(lost.argmax())]
            raise ValueError(f"this leaves no training image of class {name!r}")
        return replace(self, weights=weights * (len(weights) / weights.sum()))

    def refitted(self) -> Self:
        """Return it with the head fitted to the training images as they count."""
        network = self.network
        start = network.n_classes if self.head is None else self.head
        head = refit(
            network.embeddings, self.labels, self.weights, start, cancelled=network.cancelled
        )
        return replace(self, head=head)
