"""How far the training images of a class reach, and which validation images lie within."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.compute.neighbors.search import nearest_references
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, FloatArray, IntArray


@dataclass(frozen=True)
class Reach:
    """How far the training images of one class reach.

    Attributes
    ----------
    radius : float
        How far the k-th nearest other training image of the class usually is: the median over its
        training images, in units of the embedding.
    rows : int64 array, shape (m,)
        Validation images of the class.
    covered : bool array, shape (m,)
        Whether a training image of the class is at most so far from each.
    expected : float
        The share of training images to which this applies, another one taken: what to expect of
        validation images that are like them; 0 to 1.
    """

    radius: float
    rows: IntArray
    covered: BoolArray
    expected: float

    @classmethod
    def of(cls, analysis: AnalysisData, index: int) -> Reach | None:
        """Return that of class `index`; None if it has no more than k training images.

        Examples
        --------
        >>> reach = Reach.of(analysis, analysis.class_index("Plants"))
        >>> int(reach.covered.sum()), len(reach.rows)
        (11, 18)
        """
        train, held_out, k = analysis.train, analysis.validation, analysis.k
        members = np.flatnonzero(train.labels == index)
        rows = np.zeros(0, dtype=np.int64)
        if held_out is not None and held_out.embeddings is not None:
            rows = np.flatnonzero(held_out.labels == index).astype(np.int64, copy=False)
        if len(members) <= k:
            return None
        references = analysis.embeddings[members]
        near = train.labels[train.neighbors[members]] == index
        nearest = _first_of_class(near, train.neighbor_distances[members])
        kth = train.neighbor_distances[members, k - 1].astype(np.float64)
        # Of those with neighbors of other classes, the k-th of the class is further than is kept.
        others = np.flatnonzero(~near.all(axis=1))
        if len(others):
            found = nearest_references(references[others], references, k + 1).distances
            nearest[others], kth[others] = found[:, 1], found[:, k]  # the first is itself
        radius = float(np.median(kth))
        covered = np.zeros(len(rows), dtype=np.bool_)
        if held_out is not None and len(rows):
            covered = _nearest(analysis, index, rows, references) <= radius
        return cls(radius, rows, covered, float((nearest <= radius).mean()))


def _nearest(
    analysis: AnalysisData, index: int, rows: IntArray, references: FloatArray
) -> DoubleArray:
    """Return how far the nearest training image of the class is from validation images of it."""
    held_out = analysis.validation
    assert held_out is not None
    assert held_out.embeddings is not None
    near = analysis.labels[held_out.neighbors[rows]] == index
    nearest = _first_of_class(near, held_out.neighbor_distances[rows])
    far = np.flatnonzero(~near.any(axis=1))
    if len(far):
        found = nearest_references(held_out.embeddings[rows[far]], references, 1)
        nearest[far] = found.distances[:, 0]
    return nearest


def _first_of_class(near: BoolArray, distances: FloatArray) -> DoubleArray:
    """Return the distance of the first neighbor that is of the class; of none, infinity."""
    first = near.argmax(axis=1)
    found = np.take_along_axis(distances, first[:, np.newaxis], 1)[:, 0].astype(np.float64)
    return np.where(near.any(axis=1), found, np.inf)
