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

from imbxai_widgets.compute.methods.adversaries import (
    adversary_votes,
    error_matrix,
    row_shares,
)
from imbxai_widgets.compute.methods.backing_off import backed_off
from imbxai_widgets.compute.methods.fisher import fisher_ratios
from imbxai_widgets.compute.methods.spread import spread_errors
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray

KINDS: Final = (
    "votes",
    "all votes",
    "distance votes",
    "training errors",
    "softmax",
    "combined",
    "softmax and errors",
    "spread",
    "fisher",
    "popularity",
    "priors",
    "uniform",
)
# The first that can be made is the default.
PREFERRED: Final = ("spread", "softmax and errors", "training errors")
_NEED_PROBABILITIES: Final = ("softmax", "combined", "softmax and errors")
_NEEDS_HEAD: Final = "spread"
_NO_OUTPUTS: Final = (
    "the probabilities of the classes, but the analysis was made from predictions alone; give "
    "logits or probabilities"
)
_NO_HEAD: Final = (
    "the head, which makes logits of embeddings, but the analysis has none: it is not linear, or "
    "an older version saved the file, or from_arrays was not given head; analyze with the default "
    "layer, or give head"
)


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
    head
        What makes logits of embeddings; None where that is not known.
    """

    embeddings: FloatArray
    labels: IntArray
    neighbors: IntArray
    distances: FloatArray
    top: TopProbabilities
    n_classes: int
    head: Head | None = None

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The forecasts that can be made; without probabilities or head, fewer than `KINDS`."""
        missing: tuple[str, ...] = ()
        if not np.isfinite(self.top.probabilities).all():
            missing += _NEED_PROBABILITIES
        if self.head is None:
            missing += (_NEEDS_HEAD,)
        return tuple(kind for kind in KINDS if kind not in missing)

    @property
    def best_kind(self) -> str:
        """The forecast to make where none is asked for, of those that can be made."""
        return next(kind for kind in PREFERRED if kind in self.kinds)

    def counts(self, kind: str) -> DoubleArray:
        """Return what a forecast rests on: votes, images, or probabilities summed over images.

        Parameters
        ----------
        kind
            One of "votes", "all votes", "distance votes", "training errors", "softmax" and
            "spread".

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
        elif kind == "training errors":
            counts = error_matrix(self.labels, self._predictions, size)
        elif kind == "softmax":
            counts = self._sum(self.top.classes, self.top.probabilities)
        else:
            counts = self._spread
        return _others(counts.astype(np.float64))

    def forecast(self, kind: str, smoothing: float) -> DoubleArray:
        """Return one forecast.

        Parameters
        ----------
        kind
            One of `kinds`; see `imbxai_widgets.Analysis.forecast`.
        smoothing
            Above 0: the pseudo-counts of a row; see `smoothed_shares`.

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
                f"kind={kind!r} needs {_NO_HEAD if kind == _NEEDS_HEAD else _NO_OUTPUTS}"
            )
        if not (np.isfinite(smoothing) and smoothing > 0):
            raise ValueError(f"smoothing must be a number above 0, not {smoothing!r}")
        if kind == "combined":
            parts = [self.forecast(part, smoothing) for part in ("softmax", "popularity")]
            return (parts[0] + parts[1]) / 2
        if kind == "fisher":
            return similarity_shares(fisher_ratios(self.embeddings, self.labels, self.n_classes))
        if kind in ("softmax and errors", "spread"):
            expected = self.counts("softmax" if kind == "softmax and errors" else kind)
            return backed_off(self.counts("training errors"), smoothed_shares(expected, smoothing))
        if kind == "popularity":
            return column_shares(self.counts("votes").sum(axis=0), smoothing)
        if kind == "priors":
            return column_shares(np.bincount(self.labels, minlength=self.n_classes), smoothing)
        if kind == "uniform":
            return column_shares(np.zeros(self.n_classes), smoothing)
        return smoothed_shares(self.counts(kind), smoothing)

    @cached_property
    def _spread(self) -> DoubleArray:
        assert self.head is not None  # or `kinds` would not have it
        return spread_errors(self.embeddings, self.labels, self.head)

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
    """Divide each row by its sum, after adding some counts that are shared out as the columns are.

    A row that rests on little thus becomes like the others, and one that rests on nothing says
    which classes the errors of all others are taken for. As the counts added are a total of each
    row, they weigh as much with a thousand classes as with ten.

    Parameters
    ----------
    counts
        (C, C) numbers of at least 0; the diagonal is ignored.
    smoothing
        At least 0: what is added to each row in all, shared out as `column_shares` says. Above
        it, no other class gets a share of zero.

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
    >>> smoothed_shares([[0, 4, 0], [0, 0, 0], [1, 1, 0]], 1.0).round(2)
    array([[0.  , 0.98, 0.02],
           [0.75, 0.  , 0.25],
           [0.4 , 0.6 , 0.  ]])
    """
    own = _others(_square(counts, "counts"))
    return row_shares(own + smoothing * column_shares(own.sum(axis=0), smoothing))


def column_shares(sums: ArrayLike, smoothing: float) -> DoubleArray:
    """Share out each row as the columns are, the row's own class left out.

    Parameters
    ----------
    sums
        (C,) numbers of at least 0.
    smoothing
        At least 0: what is added to the sums in all, to each of the others alike.

    Returns
    -------
    numpy.ndarray
        (C, C) float64, 0 on the diagonal.

    Examples
    --------
    >>> column_shares([1, 5, 0], 1.0).round(2)
    array([[0.  , 0.92, 0.08],
           [0.75, 0.  , 0.25],
           [0.21, 0.79, 0.  ]])
    """
    columns = np.asarray(sums, dtype=np.float64)
    size = len(columns)
    return row_shares(_others(np.tile(columns + smoothing / max(size - 1, 1), (size, 1))))


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
