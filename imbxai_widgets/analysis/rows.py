"""What is known of each class: the results behind the tables of `Analysis`, one class at a time.

The tables hold all classes, and some every pair of them: 10,000 classes make 800 MB. Here each row
is found by itself, from sums and orders that are made once; the tables are made of these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis.split import ArchetypeErrors
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.confusion_order import ConfusionTree, confusion_tree
from imbxai_widgets.compute.methods.contributions import (
    mean_inputs,
    separating_terms,
    share_apart,
    weight_terms,
)
from imbxai_widgets.compute.methods.holders import FeatureHolders
from imbxai_widgets.compute.methods.overlap import top_features
from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.methods.share_intervals import PairIntervals
from imbxai_widgets.compute.numeric.blocks import CACHED_BYTES, row_blocks
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray


@dataclass(frozen=True)
class SharedFeatures:
    """One class that has top features of another among its own, as `Analysis.feature_overlap`."""

    index: int
    features: list[int]
    jaccard: float
    share_here: float
    share_there: float
    share_apart: float | None  # of what tells the two apart; None where it is not known


class ClassRows:
    """Rows of the tables of one analysis; `Analysis.rows` has those of an `Analysis`.

    Parameters
    ----------
    analysis : AnalysisData
    """

    def __init__(self, analysis: AnalysisData) -> None:
        # Not the analysis, which holds these rows: its arrays would outlive their last user.
        self._train, self._validation = analysis.train, analysis.validation
        self._n_classes, self._top_k = analysis.n_classes, analysis.top_k
        self._embeddings = analysis.embeddings

    # -- images --------------------------------------------------------------------------

    def members(self, index: int, archetype: int | None = None) -> IntArray:
        """Return the training images of a class, of one archetype or of all, rising."""
        order, starts = self._groups
        group = index * len(ARCHETYPES)
        if archetype is None:
            return np.sort(order[starts[group] : starts[group + len(ARCHETYPES)]])
        group += archetype
        return order[starts[group] : starts[group + 1]].copy()

    @cached_property
    def _groups(self) -> tuple[IntArray, IntArray]:
        """All images by class and archetype, and where each group begins."""
        number = len(ARCHETYPES)
        groups = self._train.labels * number + self._train.archetypes
        order = np.argsort(groups, kind="stable")
        return order, np.concatenate([[0], np.cumsum(self.training_groups.images)])

    @cached_property
    def training_groups(self) -> ArchetypeErrors:
        """Images and errors of each class and archetype."""
        return ArchetypeErrors.of(self._train, self._n_classes)

    @cached_property
    def validation_groups(self) -> ArchetypeErrors | None:
        """The same of the validation images, if there are any."""
        if self._validation is None:
            return None
        return ArchetypeErrors.of(self._validation, self._n_classes)

    @property
    def sizes(self) -> IntArray:
        """Training images of each class, shape (C,)."""
        images: IntArray = self.training_groups.images.sum(axis=1)
        return images

    @cached_property
    def by_size(self) -> IntArray:
        """Class numbers from the largest class to the smallest; of equal ones the lower first."""
        return np.argsort(-self.sizes, kind="stable").astype(np.int64, copy=False)

    # -- classes that meet ---------------------------------------------------------------

    @cached_property
    def votes(self) -> PairCounts:
        """Neighbors of other classes over the training errors of each class."""
        return self._votes(np.flatnonzero(~self._train.correct))

    @property
    def all_votes(self) -> PairCounts:
        """Neighbors of other classes over all training images of each class."""
        return self._votes(np.arange(len(self._train)))

    def _votes(self, images: IntArray) -> PairCounts:
        labels, neighbors = self._train.labels, self._train.neighbors[images]
        own = np.repeat(labels[images], neighbors.shape[1])
        return PairCounts.of(own, labels[neighbors].ravel(), self._n_classes)

    @property
    def vote_intervals(self) -> PairIntervals:
        """Intervals of the shares of `votes`."""
        errors = np.flatnonzero(~self._train.correct)
        met = self._train.labels[self._train.neighbors[errors]]
        return PairIntervals.of(self.votes, self._train.labels[errors], met)

    @property
    def error_intervals(self) -> PairIntervals | None:
        """Intervals of the shares of `validation_errors`, if there are validation images."""
        held_out, pairs = self._validation, self.validation_errors
        if held_out is None or pairs is None:
            return None
        return PairIntervals.of(pairs, held_out.labels, held_out.predictions[:, np.newaxis])

    @cached_property
    def training_errors(self) -> PairCounts:
        """What the training images of each class are mistaken for."""
        return PairCounts.of(self._train.labels, self._train.predictions, self._n_classes)

    @cached_property
    def validation_errors(self) -> PairCounts | None:
        """What the validation images of each class are mistaken for, if there are any."""
        held_out = self._validation
        if held_out is None:
            return None
        return PairCounts.of(held_out.labels, held_out.predictions, self._n_classes)

    @property
    def false_positives(self) -> PairCounts | None:
        """Which classes the validation images are of that are mistaken for each class, if any."""
        held_out = self._validation
        if held_out is None:
            return None
        return PairCounts.of(held_out.predictions, held_out.labels, self._n_classes)

    @cached_property
    def confusion_tree(self) -> ConfusionTree:
        """Classes joined by what share of either is taken for the other.

        By validation errors; where there are none, by votes for each training image.
        """
        pairs, groups = self.validation_errors, self.validation_groups
        if pairs is None or groups is None or not len(pairs.counts):
            pairs, groups = self.votes, self.training_groups
        rows = np.repeat(np.arange(self._n_classes), np.diff(pairs.starts))
        rates = pairs.counts / groups.images.sum(axis=1)[rows]
        return confusion_tree(rows, pairs.others, rates, self._n_classes)

    # -- features ------------------------------------------------------------------------

    @cached_property
    def top(self) -> tuple[IntArray, DoubleArray]:
        """Top features of each class and their shares, as `compute.methods.top_features`."""
        return top_features(self._embeddings, self._train.labels, self._n_classes, self._top_k)

    @cached_property
    def holders(self) -> FeatureHolders:
        """Which classes have which features among their top ones."""
        return FeatureHolders.of(self.top[0])

    def top_features(self, index: int) -> list[tuple[int, float, int]]:
        """Return (feature, share, other classes that have it), the largest share first."""
        indices, shares = self.top
        own = slice(self.holders.starts[index], self.holders.starts[index + 1])
        having = self.holders.last[own] - self.holders.first[own]
        others = dict(zip(self.holders.features[own].tolist(), (having - 1).tolist(), strict=True))
        return [
            (feature, share, others[feature])
            for feature, share in zip(indices[index].tolist(), shares[index].tolist(), strict=True)
            if feature >= 0
        ]

    def shared_counts(self, index: int) -> IntArray:
        """Return how many top features each class shares with this one; 0 for itself."""
        number = self.holders.shared_counts(index)
        number[index] = 0
        return number

    def feature_overlap(self, index: int, limit: int) -> tuple[list[SharedFeatures], int]:
        """Return the classes that share top features with this one, and how many these are.

        Parameters
        ----------
        index
            Number of the class.
        limit
            At most so many are returned: those that share most features; of equally many, those
            whose features have the largest share in this class; else the lower class.
        """
        number = self.shared_counts(index)
        sharing = int(np.count_nonzero(number))
        limit = min(limit, sharing)
        if not limit:
            return [], sharing
        # Sums are taken of those alone that may be among the first `limit`.
        near = number >= np.partition(number, -limit)[-limit]
        pairs = self.holders.sharing(index)
        pairs = pairs[near[self.holders.classes[pairs]]]
        pairs = pairs[np.argsort(self.holders.classes[pairs], kind="stable")]
        others, ends = np.flatnonzero(near), np.cumsum(number[near])
        here = self._sums(pairs, self._shares_of(index)[self.holders.features[pairs]], ends)
        ranked = np.lexsort((-here, -number[others]))[:limit]
        common = [pairs[ends[place] - number[others[place]] : ends[place]] for place in ranked]
        chosen = np.concatenate(common)
        there = self._sums(chosen, self._shares[chosen], np.cumsum(number[others[ranked]]))
        sizes = self.holders.sizes
        jaccard = number / np.maximum(sizes + sizes[index] - number, 1)
        rows = [
            SharedFeatures(
                index=int(others[place]),
                features=self.holders.features[own].tolist(),
                jaccard=float(jaccard[others[place]]),
                share_here=float(here[place]),
                share_there=float(share_there),
                share_apart=self.share_apart(index, int(others[place]), self.holders.features[own]),
            )
            for place, own, share_there in zip(ranked, common, there, strict=True)
        ]
        return rows, sharing

    @cached_property
    def mean_inputs(self) -> DoubleArray | None:
        """What enters the head, averaged over the images of each class, shape (C, D).

        As `compute.methods.contributions.mean_inputs`; None where the head is not known.
        """
        head = self._train.head
        return None if head is None else mean_inputs(self._embeddings, self._train.labels, head)

    def share_apart(self, index: int, other: int, features: ArrayLike) -> float | None:
        """Return the share that features make of what tells two classes apart.

        As `compute.methods.contributions.share_apart`; None where it is not known.
        """
        if self._train.head is None or self.mean_inputs is None:
            return None
        terms = separating_terms(self._train.head, self.mean_inputs, index, other)
        share = share_apart(terms, features)
        return None if np.isnan(share) else share

    def feature_means(self, index: int, feature: int) -> tuple[float | None, float | None]:
        """Return the mean of a feature in a class, and of what it adds to the class's logit.

        None for a class without images; the second also where the head is not known.
        """
        members = self.members(index)
        if not len(members):
            return None, None
        mean = float(self._embeddings[members, feature].mean(dtype=np.float64))
        if self._train.head is None or self.mean_inputs is None:
            return mean, None
        (weights,) = weight_terms(self._train.head, np.array([index]))
        return mean, float(weights[feature] * self.mean_inputs[index, feature])

    @cached_property
    def _shares(self) -> DoubleArray:
        """The share of each of the pairs of `holders`."""
        return self.top[1].ravel()[self.holders.places]

    def _shares_of(self, index: int) -> DoubleArray:
        """Return the share of every feature in a class, shape (D,); 0 if it is no top one."""
        shares = np.zeros(self._embeddings.shape[1])
        own = slice(self.holders.starts[index], self.holders.starts[index + 1])
        shares[self.holders.features[own]] = self._shares[own]
        return shares

    def _sums(self, pairs: IntArray, shares: DoubleArray, ends: IntArray) -> DoubleArray:
        """Add up the shares of pairs, those of each class up to its place in `ends`.

        A share is added at the place of its feature in the embedding. So the sums of classes that
        have the same features are the same to the last bit, and the classes tie.
        """
        width, features = self._embeddings.shape[1], self.holders.features[pairs]
        starts = np.append(0, ends)
        sums = np.empty(len(ends))
        for block in row_blocks(len(ends), width * 8, limit=CACHED_BYTES):
            own = slice(starts[block.start], starts[block.stop])
            numbers = np.diff(starts[block.start : block.stop + 1])
            table = np.zeros((len(numbers), width))
            table[np.repeat(np.arange(len(numbers)), numbers), features[own]] = shares[own]
            sums[block] = table.sum(axis=1)
        return sums
