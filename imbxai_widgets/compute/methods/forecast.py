"""Forecasts of validation errors from the training images alone, and what to hold them against.

Source: Dablain et al., "Interpretable ML for Imbalanced Data" (arXiv:2212.07743), Table 2, which
compares the nearest adversaries, Fisher's discriminant ratio and chance. All forecasts here are
(C, C): row i says which other classes the errors of class i will be taken for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imbxai_widgets.compute.methods.adversaries import adversary_votes, row_shares
from imbxai_widgets.compute.methods.fisher import fisher_ratios
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray

KINDS: Final = (
    "votes",
    "all votes",
    "distance votes",
    "softmax",
    "combined",
    "fisher",
    "popularity",
    "priors",
    "uniform",
)
_NEED_PROBABILITIES: Final = ("softmax", "combined")


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the N training images say about which classes will be confused.

    Attributes
    ----------
    embeddings
        (N, D) float32, finite.
    labels
        (N,) int64 in 0..C-1.
    neighbors
        (N, k) int64, the nearest other training images, nearest first.
    distances
        (N, k) float32, the distances to them.
    top
        The largest class probabilities of each image.
    n_classes
        C, at least 2.
    """

    embeddings: FloatArray
    labels: IntArray
    neighbors: IntArray
    distances: FloatArray
    top: TopProbabilities
    n_classes: int

    @property
    def kinds(self) -> tuple[str, ...]:
        """The forecasts that can be made; without probabilities, fewer than `KINDS`."""
        if np.isfinite(self.top.probabilities).all():
            return KINDS
        return tuple(kind for kind in KINDS if kind not in _NEED_PROBABILITIES)

    def counts(self, kind: str) -> DoubleArray:
        """Return what a forecast rests on: votes, images, or probabilities summed over images.

        Parameters
        ----------
        kind
            One of "votes", "all votes", "distance votes", "softmax", "popularity" and "priors".

        Returns
        -------
        numpy.ndarray
            (C, C) float64, at least 0, 0 on the diagonal.
        """
        size = self.n_classes
        counts: NDArray[np.float64 | np.int64]
        if kind == "votes":
            counts = adversary_votes(self.labels, self._predictions, self._neighbor_labels, size)
        elif kind == "all votes":
            counts = self._sum(self._neighbor_labels, np.ones_like(self.distances))
        elif kind == "distance votes":
            counts = self._sum(self._neighbor_labels, _nearness(self.distances))
        elif kind == "softmax":
            counts = self._sum(self.top.classes, self.top.probabilities)
        elif kind == "popularity":
            counts = np.tile(self.counts("votes").sum(axis=0), (size, 1))
        else:
            counts = np.tile(np.bincount(self.labels, minlength=size), (size, 1))
        return _others(counts.astype(np.float64))

    def forecast(self, kind: str, smoothing: float) -> DoubleArray:
        """Return one forecast.

        Parameters
        ----------
        kind
            One of `kinds`; see `imbxai_widgets.Analysis.forecast`.
        smoothing
            Above 0: what is added to the count of each other class.

        Returns
        -------
        numpy.ndarray
            (C, C) float64, 0 on the diagonal, above 0 elsewhere; each row sums to 1.

        Raises
        ------
        ValueError
            If `kind` is unknown, needs probabilities that are not known, or `smoothing` is not
            above 0.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
        if kind not in self.kinds:
            raise ValueError(
                f"kind={kind!r} needs the probabilities of the classes, but the analysis was made "
                "from predictions alone; give logits or probabilities"
            )
        if not (np.isfinite(smoothing) and smoothing > 0):
            raise ValueError(f"smoothing must be a number above 0, not {smoothing!r}")
        if kind == "combined":
            parts = [self.forecast(part, smoothing) for part in ("softmax", "popularity")]
            return (parts[0] + parts[1]) / 2
        if kind == "fisher":
            return similarity_shares(fisher_ratios(self.embeddings, self.labels, self.n_classes))
        if kind == "uniform":
            return smoothed_shares(np.zeros((self.n_classes, self.n_classes)), smoothing)
        return smoothed_shares(self.counts(kind), smoothing)

    @cached_property
    def _neighbor_labels(self) -> IntArray:
        return self.labels[self.neighbors]

    @property
    def _predictions(self) -> IntArray:
        return self.top.classes[:, 0]

    def _sum(self, classes: IntArray, weights: FloatArray) -> DoubleArray:
        """Add the weight of each (image, class) to the row of the image's class."""
        cells = self.labels[:, np.newaxis] * self.n_classes + classes
        total = np.bincount(cells.ravel(), weights.ravel(), minlength=self.n_classes**2)
        return total.astype(np.float64).reshape(self.n_classes, self.n_classes)


def smoothed_shares(counts: ArrayLike, smoothing: float) -> DoubleArray:
    """Divide each row by its sum, after adding `smoothing` to the count of each other class.

    Parameters
    ----------
    counts
        (C, C) numbers of at least 0; the diagonal is ignored.
    smoothing
        At least 0. Above it, no other class gets a share of zero, and a row that rests on
        nothing is uniform.

    Returns
    -------
    numpy.ndarray
        (C, C) float64, 0 on the diagonal.

    Raises
    ------
    ValueError
        If the argument is no square matrix of numbers of at least 0.

    Examples
    --------
    >>> smoothed_shares([[0, 3, 0], [0, 0, 0], [1, 1, 0]], 1.0)
    array([[0. , 0.8, 0.2],
           [0.5, 0. , 0.5],
           [0.5, 0.5, 0. ]])
    """
    return row_shares(_others(_square(counts, "counts") + smoothing))


def similarity_shares(ratios: ArrayLike) -> DoubleArray:
    """Turn discriminant ratios into shares: each other class in proportion to 1 / ratio.

    Ratios below 1e-9 count as 1e-9, and those above 1e9 as 1e9.

    Parameters
    ----------
    ratios
        (C, C), symmetric, at least 0, as `fisher_ratios` gives them; the diagonal is ignored.

    Returns
    -------
    numpy.ndarray
        (C, C) float64, 0 on the diagonal; each row sums to 1. A pair whose ratio is not known
        counts as alike as the mean of the row's others; a row without any is uniform.

    Raises
    ------
    ValueError
        If the argument is no square matrix of numbers of at least 0.

    Examples
    --------
    >>> similarity_shares([[0.0, 1.0, 3.0], [1.0, 0.0, np.nan], [3.0, np.nan, 0.0]])
    array([[0.  , 0.75, 0.25],
           [0.5 , 0.  , 0.5 ],
           [0.5 , 0.5 , 0.  ]])
    """
    values = _square(ratios, "ratios")
    if (values < 0).any():
        raise ValueError("ratios must be at least 0")
    # Within bounds, for the inverse of 0 is no number, and that of infinity a share of zero.
    likeness = 1 / np.clip(values, 1e-9, 1e9)
    np.fill_diagonal(likeness, np.nan)
    found = ~np.isnan(likeness)
    sums = np.where(found, likeness, 0).sum(axis=1, keepdims=True)
    numbers = found.sum(axis=1, keepdims=True)
    means = np.where(numbers > 0, sums / np.maximum(numbers, 1), 1.0)
    return row_shares(_others(np.where(found, likeness, means)))


def _nearness(distances: FloatArray) -> FloatArray:
    """Weigh neighbors by the distance of the nearest one over theirs, from 0 to 1."""
    nearest = distances[:, :1]
    nearness = np.ones_like(distances)
    # Beyond the range of float32 all are as far as the nearest one.
    np.divide(nearest, distances, out=nearness, where=(distances > 0) & np.isfinite(nearest))
    return nearness


def _square(values: ArrayLike, name: str) -> DoubleArray:
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be a square matrix (C, C) of numbers, not {values!r}")
    return array.astype(np.float64)


def _others(counts: DoubleArray) -> DoubleArray:
    np.fill_diagonal(counts, 0)
    return counts
