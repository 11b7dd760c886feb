"""The numbers by which causes of a class's errors are told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from imbxai_widgets.analysis._looks import SmallImages
from imbxai_widgets.compute.diagnosis.label_evidence import doubted_labels
from imbxai_widgets.compute.diagnosis.offsets import OffsetGain, offset_gain
from imbxai_widgets.compute.diagnosis.refits import (
    balanced_head_predictions,
    cross_fitted_predictions,
    recalls,
)
from imbxai_widgets.compute.diagnosis.regions import (
    LocalDifference,
    RegionEffect,
    local_difference,
)
from imbxai_widgets.compute.diagnosis.repeats import NEAR, Repeats, repeats, usual_distance
from imbxai_widgets.compute.diagnosis.separation import Separation, separation
from imbxai_widgets.compute.diagnosis.subgroups import (
    Subgroup,
    recall_difference,
    worst_subgroup,
)
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, FloatArray, IntArray

FEWEST_TO_COMPARE: Final = 15  # images of a class in a split, or what sets it apart is not told


class Images(NamedTuple):
    """The images of one split that the evidence is taken of.

    Attributes
    ----------
    rows : int64 array, shape (n,)
        Their rows in the split.
    labels, predictions : int64 arrays, shape (n,)
    embeddings : float32 array, shape (n, D)
    looks : SmallImages
    copied : bool array, shape (n,)
        Whether an image has a copy in the other split.
    """

    rows: IntArray
    labels: IntArray
    predictions: IntArray
    embeddings: FloatArray
    looks: SmallImages
    copied: BoolArray


@dataclass(frozen=True, eq=False)
class ClassEvidence:
    """What is known of one class; None and NaN where it cannot be told.

    Attributes
    ----------
    index : int
    train_images, images : int
        Training and validation images.
    relative_size : float
        Training images over the median of the other classes.
    recall, train_recall, deficit : float
        Deficit: the median recall of the other classes less its own.
    offset : OffsetGain or None
    refit_training, refit_validation : float
        What a balanced head gains it, fitted to training images, and to others for validation.
    adversary : int or None
        The class that most of its validation errors go to.
    pair_training, pair_validation : Separation or None
        How well it is told from the adversary, by embeddings.
    doubted_in, doubted_out : int64 array, shape (d,)
        Training images of other labels that look like this class, and of it that look like others.
    doubted_validation : int
        Validation images that would count as doubted among themselves: so many are hard, and their
        labels not wrong.
    domain : Separation or None
        Training (first) against validation (second) images of the class by pixels, or where these
        are not known by embeddings.
    domain_by : str
        Which of the two.
    reverse : Separation or None
        The same, the other way around.
    local : LocalDifference or None
    region : RegionEffect or None
    repeated : Repeats or None
    leaked : int64 array
        Validation images with a copy among the training images.
    tells_apart : bool
        Whether features of images differ at all, so that equal ones mean a copy.
    subgroup : Subgroup or None
    overconfidence : tuple of three floats
        Mean confidence less accuracy of its validation images, and its interval.
    rows_training, rows_validation : int64 arrays
        Rows of its images in the splits.
    right, errors_to_adversary : bool arrays, shape (m,)
        Which of its validation images are right, and which are taken for the adversary.
    medians, spreads : mapping
        Of the other classes, for `AGAINST_OTHERS`: the median, and that of the distances from it.
    """

    index: int
    train_images: int
    images: int
    relative_size: float
    recall: float
    train_recall: float
    deficit: float
    offset: OffsetGain | None
    refit_training: float
    refit_validation: float
    adversary: int | None
    pair_training: Separation | None
    pair_validation: Separation | None
    doubted_in: IntArray
    doubted_out: IntArray
    doubted_validation: int
    domain: Separation | None
    domain_by: str
    reverse: Separation | None
    local: LocalDifference | None
    repeated: Repeats | None
    leaked: IntArray
    subgroup: Subgroup | None
    rows_training: IntArray
    rows_validation: IntArray
    right: BoolArray
    errors_to_adversary: BoolArray
    tells_apart: bool
    region: RegionEffect | None = None
    overconfidence: tuple[float, float, float] = (np.nan, np.nan, np.nan)
    medians: Mapping[str, float] = field(default_factory=dict)
    spreads: Mapping[str, float] = field(default_factory=dict)

    @property
    def beyond(self) -> BoolArray:
        """Which validation images lie beyond training images of the class, (m,); see `domain`."""
        found = np.zeros(self.images, dtype=np.bool_)
        if self.domain is not None:
            found[self.domain.beyond_rows] = True
        return found

    @property
    def recovered(self) -> float:
        """The share of the deficit that an offset or a balanced head brings back, 0 to 1."""
        return float(np.clip(self._best_gain / max(self.deficit, 1e-9), 0, 1))

    @property
    def _best_gain(self) -> float:
        offset = 0.0 if self.offset is None else self.offset.gain
        return max(offset, 0.0 if np.isnan(self.refit_training) else self.refit_training)

    @property
    def doubted(self) -> tuple[float, float, float]:
        """Doubted labels as a share of the training images, less that of validation images.

        With its 95% interval. Images of other labels that look like the class are counted with it.
        NaN for a class without training images.
        """
        if not self.train_images:
            return np.nan, np.nan, np.nan
        count = len(self.doubted_in) + len(self.doubted_out)
        seen = np.arange(self.train_images + len(self.doubted_in)) >= count
        held = np.arange(max(self.images, self.doubted_validation)) >= self.doubted_validation
        return recall_difference(seen, held)

    def excess(self, name: str) -> float:
        """Return a number less the median of the other classes."""
        return AGAINST_OTHERS[name](self) - self.medians.get(name, np.nan)

    def below(self, name: str) -> float:
        """Return how far a number is below the median of the others, beyond what is usual.

        What is usual is the median distance of the other classes from their median.
        """
        return -self.excess(name) - self.spreads.get(name, np.nan)


def _auc(found: Separation | None) -> float:
    return np.nan if found is None else found.auc


def _beyond(found: Separation | None) -> float:
    return np.nan if found is None else found.beyond


AGAINST_OTHERS: Final[dict[str, Callable[[ClassEvidence], float]]] = {
    "domain": lambda one: _auc(one.domain),
    "beyond": lambda one: _beyond(one.domain),
    "reverse": lambda one: _beyond(one.reverse),
    "pair_validation": lambda one: _auc(one.pair_validation),
    "pair_training": lambda one: _auc(one.pair_training),
    "doubted": lambda one: one.doubted[0],
    "outside": lambda one: np.nan if one.local is None else one.local.outside,
    "different": lambda one: (
        np.nan if one.repeated is None else one.repeated.different / max(1, one.train_images)
    ),
}


class Gatherer:
    """Takes the evidence of the classes of an analysis, what all need once.

    Parameters
    ----------
    training, validation
        The images.
    logits
        (M, C) of the validation images; None where they are not known.
    n_classes
        C.
    seed
        Of all halves and folds.
    """

    def __init__(
        self,
        training: Images,
        validation: Images,
        logits: FloatArray | None,
        n_classes: int,
        seed: int,
    ) -> None:
        self.training, self.validation, self.logits = training, validation, logits
        self.n_classes, self.seed = n_classes, seed
        self.sizes = np.bincount(training.labels, minlength=n_classes)
        self.recalls = recalls(validation.predictions, validation.labels, n_classes)
        self.train_recalls = recalls(training.predictions, training.labels, n_classes)
        self.refit_training = self._gain(
            balanced_head_predictions(
                training.embeddings, training.labels, validation.embeddings, n_classes
            )
        )
        self.refit_validation = self._gain(
            cross_fitted_predictions(
                validation.embeddings, validation.labels, n_classes, self._rng(0), 2
            )
        )
        looks = training.looks.flat
        self.doubted = self._doubted(training)
        self.doubted_validation = self._doubted(validation)
        self.usual = np.full(n_classes, np.nan)
        if looks is not None:
            for label in np.flatnonzero(self.sizes > 1):
                self.usual[label] = usual_distance(looks[training.labels == label])

    def _doubted(self, images: Images) -> IntArray:
        looks = images.embeddings if images.looks.flat is None else images.looks.flat
        return doubted_labels(images.embeddings, looks, images.labels, self.n_classes, self._rng(1))

    def _rng(self, *which: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, *which))

    def _gain(self, predictions: IntArray) -> DoubleArray:
        gain: DoubleArray = (
            recalls(predictions, self.validation.labels, self.n_classes) - self.recalls
        )
        return gain

    def of_class(self, index: int) -> ClassEvidence:
        """Take the evidence of a class that has validation images."""
        training, validation = self.training, self.validation
        seen = np.flatnonzero(training.labels == index)
        held = np.flatnonzero(validation.labels == index)
        others = np.delete(np.arange(self.n_classes), index)
        right = validation.predictions[held] == index
        adversary = self._adversary(held, index)
        repeated = self._repeated(seen, index)
        different = seen if repeated is None else seen[repeated.first]
        domain, by, reverse, local = self._domain(different, held, index)
        doubted = self.doubted
        looks = validation.looks.flat
        offset = None
        if self.logits is not None:
            offset = offset_gain(self.logits, validation.labels, index, self._rng(2, index))
        return ClassEvidence(
            index,
            len(seen),
            len(held),
            len(seen) / max(1.0, float(np.median(self.sizes[others]))),
            float(self.recalls[index]),
            float(self.train_recalls[index]),
            float(np.nanmedian(self.recalls[others]) - self.recalls[index]),
            offset,
            float(self.refit_training[index]),
            float(self.refit_validation[index]),
            adversary,
            self._pair(training, index, adversary, 3),
            self._pair(validation, index, adversary, 4),
            training.rows[np.flatnonzero(doubted == index)],
            training.rows[seen[doubted[seen] >= 0]],
            int((self.doubted_validation == index).sum())
            + int((self.doubted_validation[held] >= 0).sum()),
            domain,
            by,
            reverse,
            local,
            repeated,
            validation.rows[held[validation.copied[held]]],
            None if looks is None else worst_subgroup(looks[held], right, self._rng(5, index)),
            training.rows[seen],
            validation.rows[held],
            right,
            validation.predictions[held] == (-1 if adversary is None else adversary),
            bool(np.ptp(training.embeddings, axis=0).any()),
        )

    def _adversary(self, held: IntArray, index: int) -> int | None:
        wrong = np.bincount(self.validation.predictions[held], minlength=self.n_classes)
        wrong[index] = 0
        return int(wrong.argmax()) if wrong.any() else None

    def _pair(
        self, images: Images, index: int, adversary: int | None, which: int
    ) -> Separation | None:
        if adversary is None:
            return None
        own, other = (images.embeddings[images.labels == label] for label in (index, adversary))
        return separation(own, other, self._rng(which, index))

    def _domain(
        self, seen: IntArray, held: IntArray, index: int
    ) -> tuple[Separation | None, str, Separation | None, LocalDifference | None]:
        looks = self.training.looks.images, self.validation.looks.images
        if min(len(seen), len(held)) < FEWEST_TO_COMPARE:
            return None, "", None, None
        if looks[0] is None or looks[1] is None or looks[0].shape[1:] != looks[1].shape[1:]:
            first, second = self.training.embeddings[seen], self.validation.embeddings[held]
            both = [
                separation(*pair, self._rng(6, index))
                for pair in ((first, second), (second, first))
            ]
            return both[0], "embeddings", both[1], None
        small = looks[0][seen], looks[1][held]
        first, second = (part.reshape(len(part), -1) for part in small)
        domain = separation(first, second, self._rng(6, index))
        reverse = separation(second, first, self._rng(6, index))
        return domain, "pixels", reverse, local_difference(*small, self._rng(7, index))

    def _radius(self, index: int) -> float:
        """How near two images of a class are the same; NaN where that cannot be told."""
        usual = np.delete(self.usual, index)
        return np.nan if np.isnan(usual).all() else NEAR * float(np.nanmedian(usual))

    def _repeated(self, seen: IntArray, index: int) -> Repeats | None:
        looks, radius = self.training.looks.flat, self._radius(index)
        if looks is None or np.isnan(radius) or not len(seen):
            return None
        return repeats(looks[seen], radius)
