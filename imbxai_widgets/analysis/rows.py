"""What the panels ask of an analysis, one class at a time.

The tables of `Analysis` hold all classes, and some every pair of them: 10,000 classes make
800 MB. Here each row is found by itself, from sums and orders that are made once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis.split import ArchetypeErrors
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.overlap import top_features
from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, IntArray


@dataclass(frozen=True)
class SharedFeatures:
    """One class that has top features of another among its own, as `Analysis.feature_overlap`."""

    index: int
    features: list[int]
    jaccard: float
    share_here: float
    share_there: float


class ClassRows:
    """Rows of the tables of one analysis.

    Parameters
    ----------
    analysis : AnalysisData
    """

    def __init__(self, analysis: AnalysisData) -> None:
        self.analysis = analysis

    # -- images --------------------------------------------------------------------------

    def members(self, index: int, archetype: int) -> IntArray:
        """Return the training images of a class and archetype, as `Analysis.members` does."""
        order, starts = self._groups
        group = index * len(ARCHETYPES) + archetype
        return order[starts[group] : starts[group + 1]]

    @cached_property
    def _groups(self) -> tuple[IntArray, IntArray]:
        """All images by class and archetype, and where each group begins."""
        number = len(ARCHETYPES)
        groups = self.analysis.labels * number + self.analysis.archetypes
        order = np.argsort(groups, kind="stable")
        ends = np.cumsum(np.bincount(groups, minlength=number * self.analysis.n_classes))
        return order, np.concatenate([[0], ends])

    @cached_property
    def training_groups(self) -> ArchetypeErrors:
        """Images and errors of each class and archetype."""
        return ArchetypeErrors.of(self.analysis.train, self.analysis.n_classes)

    @cached_property
    def validation_groups(self) -> ArchetypeErrors | None:
        """The same of the validation images, if there are any."""
        held_out = self.analysis.validation
        return None if held_out is None else ArchetypeErrors.of(held_out, self.analysis.n_classes)

    # -- classes that meet ---------------------------------------------------------------

    @cached_property
    def votes(self) -> PairCounts:
        """Neighbors of other classes over the training errors of each class."""
        train = self.analysis.train
        wrong = np.flatnonzero(~train.correct)
        own = np.repeat(train.labels[wrong], self.analysis.k)
        met = train.labels[train.neighbors[wrong]].ravel()
        return PairCounts.of(own, met, self.analysis.n_classes)

    @cached_property
    def validation_errors(self) -> PairCounts | None:
        """What the validation images of each class are mistaken for, if there are any."""
        held_out = self.analysis.validation
        if held_out is None:
            return None
        return PairCounts.of(held_out.labels, held_out.predictions, self.analysis.n_classes)

    # -- features ------------------------------------------------------------------------

    @cached_property
    def _top(self) -> tuple[IntArray, DoubleArray]:
        analysis = self.analysis
        return top_features(
            analysis.embeddings, analysis.labels, analysis.n_classes, analysis.top_k
        )

    @cached_property
    def _holders(self) -> IntArray:
        """How many classes have each feature among their top ones, shape (D,)."""
        features = self._top[0]
        width = self.analysis.embeddings.shape[1]
        return np.bincount(features[features >= 0], minlength=width)

    def top_features(self, index: int) -> list[tuple[int, float, int]]:
        """Return (feature, share, other classes that have it), as `Analysis.top_features`."""
        indices, shares = self._top
        return [
            (int(feature), float(share), int(self._holders[feature]) - 1)
            for feature, share in zip(indices[index], shares[index], strict=True)
            if feature >= 0
        ]

    def shared_counts(self, index: int) -> IntArray:
        """Return how many top features each class shares with this one; 0 for itself."""
        number: IntArray = self._shared(index).sum(axis=1)
        number[index] = 0
        return number

    def _shared(self, index: int) -> BoolArray:
        """Tell which top features of each class are among those of this one, shape (C, k)."""
        indices = self._top[0]
        member = np.zeros(self.analysis.embeddings.shape[1] + 1, dtype=np.bool_)
        member[indices[index]] = True
        member[-1] = False  # -1 stands for no feature
        return member[indices]

    def feature_overlap(self, index: int, limit: int) -> tuple[list[SharedFeatures], int]:
        """Return the classes that share most top features with this one, and how many share any.

        The order is that of `Analysis.feature_overlap`.
        """
        indices, shares = self._top
        width = self.analysis.embeddings.shape[1]
        mine = np.zeros(width + 1)  # the last entry is for -1, no feature
        own = indices[index] >= 0
        mine[indices[index][own]] = shares[index][own]
        common = self._shared(index)
        number = self.shared_counts(index)
        here = (mine[indices] * common).sum(axis=1)
        ranked = np.lexsort((-here, -number))
        sharing = int(np.count_nonzero(number))
        rows = []
        for other in ranked[: min(limit, sharing)]:
            features = np.sort(indices[other][common[other]])
            union = own.sum() + (indices[other] >= 0).sum() - number[other]
            rows.append(
                SharedFeatures(
                    index=int(other),
                    features=features.tolist(),
                    jaccard=float(number[other] / union),
                    share_here=float(mine[features].sum()),
                    share_there=float(shares[other][common[other]].sum()),
                )
            )
        return rows, sharing
