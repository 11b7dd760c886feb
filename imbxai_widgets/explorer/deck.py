"""What all panels read of an analysis: its rows and names, each table made once."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd

from imbxai_widgets.analysis import Analysis, Comparison
from imbxai_widgets.analysis.balanced import Balanced
from imbxai_widgets.analysis.copies import Copies
from imbxai_widgets.analysis.decision_images import DecisionSource
from imbxai_widgets.analysis.reach import Reach
from imbxai_widgets.analysis.rows import ClassRows
from imbxai_widgets.compute.embedding.network import Network
from imbxai_widgets.compute.methods.calibration import Calibration, calibration
from imbxai_widgets.compute.methods.prototypes import medoids
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.edits import Edits
from imbxai_widgets.names import shown_name

PROTOTYPES = 3  # of an archetype
FORECAST_CLASSES = 50  # beyond, classes have few errors each, and a forecast is uncertain
BALANCED_AT_ONCE = 5_000  # training images, of which the wider search takes half a second
MOST_COMPARED = 100_000  # images; to look for copies among more would hold up the first card
MOST_REACHING = 5_000  # training images of a class; to measure more of them would hold up its card
MOST_TOLD = 200_000  # validation images; of more, error probabilities would hold up the first card


class Deck:
    """An analysis, and its comparison with another if there is one, as the panels read them.

    Parameters
    ----------
    analysis : Analysis
        What the panels show.
    comparison : Comparison, optional
        Of this analysis with that of another model.
    network : Network, optional
        The model that was analyzed and its images, for a closer look; an analysis has none.
    edits : Edits, optional
        Of its images; new ones by default.

    Attributes
    ----------
    rows : ClassRows
        The analysis, one class at a time.
    ordered_members : callable
        Of a class and an archetype, by number, the training images, prototypes first, and how
        many of these there are.
    """

    def __init__(
        self,
        analysis: Analysis,
        comparison: Comparison | None = None,
        network: Network | None = None,
        *,
        edits: Edits | None = None,
    ) -> None:
        self.analysis = analysis
        self.comparison = comparison
        self.network = network
        self.edits = Edits(analysis) if edits is None else edits
        self.rows = analysis.rows
        self._reaches: dict[int, Reach | None] = {}
        # Prototypes of a large group take a second, and several panels show them. What is kept does
        # not refer to the deck, which ends when nothing else does.
        order = partial(_order_members, analysis.rows, analysis.embeddings)
        self.ordered_members = lru_cache(maxsize=256)(order)

    @cached_property
    def classes(self) -> list[dict[Hashable, Any]]:
        """The rows of `Analysis.classes`, by class number: two classes may have one name."""
        return self._class_tables[0].to_dict("records")

    @cached_property
    def _class_tables(self) -> list[pd.DataFrame]:
        """`Analysis.classes` of each model."""
        return [each.classes() for each in self._analyses]

    @property
    def judged(self) -> SplitName:
        """The images by which classes are judged: those that the model has not seen, if any."""
        return "training" if self.analysis.validation is None else "validation"

    @cached_property
    def accuracies(self) -> list[DoubleArray]:
        """The accuracy of each class by each model, shape (C,), 0 to 1; NaN without images."""
        return [
            table[f"{self.judged}_accuracy"].to_numpy(dtype=np.float64)
            for table in self._class_tables
        ]

    @cached_property
    def overall_accuracies(self) -> list[float]:
        """The accuracy over all images by each model, 0 to 1; NaN without images."""
        splits = [each.split(self.judged) for each in self._analyses]
        return [float(split.correct.mean()) if len(split) else np.nan for split in splits]

    @property
    def _analyses(self) -> tuple[Analysis, ...]:
        second = () if self.comparison is None else (self.comparison.after,)
        return (self.analysis, *second)

    @cached_property
    def after_rows(self) -> dict[SplitName, IntArray]:
        """The row of each image in the second analysis; -1 where edits changed or left it out."""
        comparison = self.comparison
        assert comparison is not None  # or there is no second one
        found = {}
        for split in comparison.splits:
            here, there = comparison.pairs(split).kept
            found[split] = np.full(len(self.analysis.split(split)), -1, dtype=np.int64)
            found[split][here] = there
        return found

    @cached_property
    def forecast(self) -> DoubleArray | None:
        """Shares of the errors of each class that go to the others, shape (C, C), as foretold.

        None beyond `FORECAST_CLASSES` classes, where it would hold up the first card.
        """
        if not 2 <= self.analysis.n_classes <= FORECAST_CLASSES:
            return None
        return self.analysis.forecast().to_numpy(dtype=np.float64)

    @cached_property
    def decision_overlap(self) -> DoubleArray | None:
        """Parts of each class beyond the head's boundary to the others, shape (C, C), 0 to 1.

        None where the head is not known, and beyond `FORECAST_CLASSES` classes.
        """
        if self.analysis.head is None or not 2 <= self.analysis.n_classes <= FORECAST_CLASSES:
            return None
        return self.analysis.decision_overlap().to_numpy(dtype=np.float64)

    @cached_property
    def colors(self) -> pd.DataFrame:
        """Shares of salient pixels by class and color bin; NaN for classes without images.

        Only where saliency was computed.
        """
        return self.analysis.colors()

    def color_lift(self, index: int) -> pd.DataFrame | None:
        """Return `Analysis.color_lift` of a class; None where colors of images are not known."""
        train = self.analysis.train
        if train.color_counts is None or train.pixel_counts is None:
            return None
        return self.analysis.color_lift(index)

    @cached_property
    def color_averages(self) -> DoubleArray:
        """Mean share of each color bin over the classes that have images; 0 if none has."""
        return self.colors.mean().fillna(0.0).to_numpy(dtype=np.float64)

    @cached_property
    def error_probabilities(self) -> DoubleArray | None:
        """How likely the prediction of each validation image is wrong, shape (M,), 0 to 1.

        None where `Analysis.error_probability` cannot tell, and beyond 200,000 images.
        """
        held_out = self.analysis.validation
        if held_out is None or len(held_out) > MOST_TOLD:
            return None
        try:
            return np.asarray(self.analysis.error_probability(), dtype=np.float64)
        except ValueError:  # too few errors to learn from
            return None

    @cached_property
    def balanced(self) -> Balanced:
        """Class-balanced archetypes of the training images; of many, a search of minutes."""
        return self.analysis.balanced("training")

    @cached_property
    def decisions(self) -> DecisionSource:
        """The images around the decision between any two classes."""
        return DecisionSource(self.analysis)

    @property
    def copies(self) -> Copies | None:
        """Images that occur more than once; None of more images than `MOST_COMPARED`."""
        held_out = self.analysis.validation
        images = len(self.analysis.train) + (0 if held_out is None else len(held_out))
        return self.analysis.copies if images <= MOST_COMPARED else None

    def reach(self, index: int) -> Reach | None:
        """Return how far the training images of a class reach, and the validation images within.

        None of a class of no more than k training images, or of more than `MOST_REACHING`.
        """
        if index not in self._reaches:
            within = self.rows.sizes[index] <= MOST_REACHING
            self._reaches[index] = Reach.of(self.analysis, index) if within else None
        return self._reaches[index]

    @property
    def balanced_at_hand(self) -> Balanced | None:
        """The same where they are known, or few enough images to be found at once."""
        known = "balanced" in self.__dict__ or len(self.analysis.train) <= BALANCED_AT_ONCE
        return self.balanced if known else None

    def calibration(self, index: int) -> Calibration | None:
        """Return the row of class `index` in ``Analysis.calibration("class")``.

        One class alone: that of a thousand takes seconds. None without validation images, and where
        probabilities are not known.
        """
        held_out = self.analysis.validation
        if held_out is None:
            return None
        own = np.flatnonzero(held_out.labels == index)
        confidences = held_out.confidences[own]
        if np.isnan(confidences).any():
            return None
        return calibration(confidences, held_out.correct[own], np.arange(len(own)))

    def name(self, index: int) -> str:
        """Return the name of class `index` as it stands on a page."""
        return shown_name(self.analysis.class_names[index])


def _order_members(
    rows: ClassRows, embeddings: FloatArray, index: int, archetype: int
) -> tuple[IntArray, int]:
    """Return the training images of a class and archetype, and how many are prototypes."""
    return prototypes_first(rows.members(index, archetype), embeddings)


def prototypes_first(members: IntArray, embeddings: FloatArray) -> tuple[IntArray, int]:
    """Return images in the order of a page, and how many of them are prototypes.

    These come first, that of the largest cluster before the others; the rest rise.

    Examples
    --------
    >>> prototypes_first(analysis.members("Plants", "rare"), analysis.embeddings)[1]
    3
    """
    prototypes = members[medoids(embeddings[members], PROTOTYPES)]
    rest = members[~np.isin(members, prototypes)]
    return np.concatenate([prototypes, rest]), len(prototypes)


def number(value: Any) -> float | None:
    """Return what crosses to the front end of a number that may be unknown (NaN): None for that.

    >>> number(0.5), number(float("nan"))
    (0.5, None)
    """
    return None if pd.isna(value) else float(value)


def share_of(part: int, whole: int) -> float | None:
    """Return a part of a whole, 0 to 1; None if the whole is nothing.

    >>> share_of(1, 4), share_of(0, 0)
    (0.25, None)
    """
    return part / whole if whole else None
