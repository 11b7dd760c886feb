"""`compare`: what became of each class, and of each image, from one model to another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._images import archetype_number
from imbxai_widgets.analysis._pairs import Pairs
from imbxai_widgets.analysis.analysis import Analysis
from imbxai_widgets.analysis.edited import digest
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.numeric.counts import count_pairs
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.splits import SplitName

SIDES = ("before", "after")
EDITED = ("relabeled", "left out", "joined")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two analyses of the same images, side by side; made by `compare`.

    They are those of two models, or one before and after edits (`Analysis.with_edits`). Images are
    matched by their numbers in the dataset. Those that edits relabel or leave out are counted apart
    (`edits`), and nowhere as mended or broken.

    Attributes
    ----------
    before, after : Analysis
        The two analyses.
    """

    before: Analysis
    after: Analysis

    def __repr__(self) -> str:
        return f"Comparison({len(self.before.train)} images, {self.before.n_classes} classes)"

    def accuracies(self) -> pd.DataFrame:
        """Return the accuracy of each class under either model.

        Returns
        -------
        DataFrame
            One row a class. Columns ``(split, side)`` for the splits ``training`` and
            ``validation`` and the sides ``before``, ``after`` and ``change`` (-1 to 1), and
            ``("images", split)``. NaN where a class has no images.

        Examples
        --------
        >>> table = compare(analysis, ldam_analysis).accuracies()
        >>> table.loc["Plants", "training"].round(3).to_dict()
        {'before': 0.775, 'after': 0.975, 'change': 0.2}
        """
        here, there = self.before.classes(), self.after.classes()
        columns: dict[tuple[str, str], pd.Series[float]] = {}
        for split in ("training", "validation"):
            name = f"{split}_accuracy"
            columns[split, "before"] = here[name]
            columns[split, "after"] = there[name]
            columns[split, "change"] = there[name] - here[name]
        columns["images", "training"] = here["images"]
        columns["images", "validation"] = here["validation_images"]
        return pd.DataFrame(columns)

    def errors(
        self,
        split: Literal["training", "validation"] = "validation",
        direction: Literal["rows", "columns"] = "rows",
    ) -> pd.DataFrame:
        """Return how many images each class loses, or falsely gains, under either model (Fig. 6).

        Parameters
        ----------
        split : {"training", "validation"}
        direction : {"rows", "columns"}
            ``"rows"``: misclassified images of the class. ``"columns"``: images of other classes
            that are taken for it, its false positives.

        Returns
        -------
        DataFrame
            One row a class. Columns ``before``, ``after``, and of the misclassified images
            ``mended`` (wrong before alone), ``broken`` (wrong after alone) and ``both``; for
            columns, an image counts as both only where both models take it for the class. After
            edits further ``gone``, errors before of images that were relabeled or left out, and
            ``come``, errors after of images that were relabeled.

        Raises
        ------
        ValueError
            If there is no such split or direction, or there are no validation images.

        Examples
        --------
        >>> compare(analysis, ldam_analysis).errors().loc["Plants"].to_dict()
        {'before': 15, 'after': 9, 'mended': 6, 'broken': 0, 'both': 9}
        """
        if direction not in ("rows", "columns"):
            raise ValueError(f"direction must be 'rows' or 'columns', not {direction!r}.")
        one, other = self._splits(split)
        n_classes = self.before.n_classes
        wrong, still = ~one.correct, ~other.correct
        here = one.labels if direction == "rows" else one.predictions
        there = other.labels if direction == "rows" else other.predictions
        rows, others = self.pairs(split).kept
        twice = wrong[rows] & still[others] & (here[rows] == there[others])
        before, after, kept, left, both = (
            np.bincount(classes, minlength=n_classes)
            for classes in (
                here[wrong],
                there[still],
                here[rows][wrong[rows]],
                there[others][still[others]],
                here[rows][twice],
            )
        )
        columns = {"before": before, "after": after, "mended": kept - both}
        columns |= {"broken": left - both, "both": both}
        if self.edited:
            columns |= {"gone": before - kept, "come": after - left}
        return pd.DataFrame(columns, index=self.before._class_axis("class"))

    def edits(self) -> pd.DataFrame:
        """Return how many images of each class edits changed.

        Returns
        -------
        DataFrame
            One row a class. Columns ``(split, kind)`` for the splits ``training`` and, if there are
            such images, ``validation``, and the kinds ``relabeled`` (of this class before, of
            another after), ``left out``, and ``joined`` (of another before, of this class after).

        Examples
        --------
        >>> from imbxai_widgets import Edits
        >>> edits = Edits(analysis)
        >>> edits.relabel([836, 1715], "Faces")  # of the classes Signs and Vehicles
        >>> changed = compare(analysis, analysis.with_edits(edits)).edits()["training"]
        >>> changed.loc["Faces", "joined"], changed.loc["Signs", "relabeled"]
        (np.int64(2), np.int64(1))
        """
        axis = self.before._class_axis("class")
        columns = {}
        for split in self.splits:
            one, other = self._splits(split)
            pairs, bound = self.pairs(split), {"minlength": self.before.n_classes}
            here, there = one.labels[pairs.before], other.labels[pairs.after]
            gone = np.delete(one.labels, pairs.before)
            columns[split, "relabeled"] = np.bincount(here[~pairs.same], **bound)
            columns[split, "left out"] = np.bincount(gone, **bound)
            columns[split, "joined"] = np.bincount(there[~pairs.same], **bound)
        return pd.DataFrame(columns, index=axis)

    def archetype_flow(self, class_name: str | None = None) -> pd.DataFrame:
        """Return what became of the images of each archetype.

        Parameters
        ----------
        class_name : str, optional
            The class; all classes together if not given.

        Returns
        -------
        DataFrame, shape (4, 4)
            Training images by their archetype before (rows) and after (columns); after edits,
            those whose label is the same.

        Raises
        ------
        ValueError
            If there is no such class.

        Examples
        --------
        >>> compare(analysis, ldam_analysis).archetype_flow("Plants").loc["outlier"].to_dict()
        {'safe': 3, 'border': 0, 'rare': 1, 'outlier': 2}
        """
        flow = self.flows
        chosen = (
            flow.sum(axis=0) if class_name is None else flow[self.before.class_index(class_name)]
        )
        rows = pd.Index(ARCHETYPES, name="before", dtype=object)
        return pd.DataFrame(chosen, index=rows, columns=rows.rename("after"))

    def feature_overlap(self, class_name: str) -> pd.DataFrame:
        """Return with which classes a class shares top features under either model (Fig. 5).

        The features of two networks have nothing to do with each other; how many are shared does.

        Parameters
        ----------
        class_name : str

        Returns
        -------
        DataFrame
            One row for each other class, those that share most under either model first. Columns
            ``(side, value)``: ``shared``, the number of shared top features, and ``jaccard``, that
            over the size of both sets' union, for the sides ``before`` and ``after``.

        Raises
        ------
        ValueError
            If there is no such class.

        Examples
        --------
        >>> shared = compare(analysis, ldam_analysis).feature_overlap("Plants")
        >>> shared.xs("shared", axis=1, level=1).head(2).loc["Animals"].to_dict()
        {'before': 8, 'after': 3}
        """
        tables = {
            side: analysis.feature_overlap(class_name)[["shared", "jaccard"]]
            for side, analysis in zip(SIDES, (self.before, self.after), strict=True)
        }
        table = pd.concat(tables, axis=1)
        most = -table.loc[:, (slice(None), "shared")].max(axis=1)
        return table.loc[most.sort_values(kind="stable").index]

    def find_images(
        self,
        class_name: str | int,
        split: SplitName = "validation",
        *,
        before: bool | None = None,
        after: bool | None = None,
        becomes: str | int | None = None,
        edited: str | None = None,
        **conditions: Any,
    ) -> IntArray:
        """Return the images of a class that the two models predict right, or wrong.

        Parameters
        ----------
        class_name : str or int
            The class that the images are labeled as, by its name or number.
        split : {"training", "validation"}
            Which images.
        before, after : bool
            Whether the first, and the second model, predict them right; of the second, images with
            the same label alone.
        becomes : {"safe", "border", "rare", "outlier"} or int
            The archetype by the second model, its name or number; of images with the same label, as
            `archetype_flow` counts them.
        edited : {"relabeled", "left out", "joined"}
            Those that edits changed, as in `edits`; "joined" are of other classes before, and go
            with no other condition.
        **conditions
            Further ones of the first model, as for `Analysis.find_images`.

        Returns
        -------
        int64 array, shape (m,)
            Rows of the split of the first analysis, rising.

        Raises
        ------
        ValueError
            As `Analysis.find_images` does; or if `edited` is unknown, or goes with no other
            condition.

        Examples
        --------
        >>> comparison = compare(analysis, ldam_analysis)
        >>> len(comparison.find_images("Plants", before=False, after=True))  # mended
        6
        """
        if edited == "joined":
            if conditions or (before, after, becomes) != (None, None, None):
                raise ValueError('edited="joined" goes with no other condition')
            return self._joined(class_name, split)
        rows = self.before.find_images(class_name, split, **conditions)
        pairs = self.pairs(split)
        if before is not None:
            rows = rows[self.before.split(split).correct[rows] == before]
        if after is not None:
            kept, others = pairs.kept
            rows = np.intersect1d(rows, kept[self.after.split(split).correct[others] == after])
        if becomes is not None:
            kept, others = pairs.kept
            kinds = self.after.split(split).archetypes[others]
            rows = np.intersect1d(rows, kept[kinds == archetype_number(becomes)])
        if edited == "relabeled":
            rows = np.intersect1d(rows, pairs.before[~pairs.same])
        elif edited == "left out":
            rows = np.setdiff1d(rows, pairs.before)
        elif edited is not None:
            raise ValueError(f"edited must be one of {', '.join(EDITED)}, not {edited!r}")
        return rows

    @property
    def edited(self) -> bool:
        """Whether edits lie between the two: labels that differ, or images that one has alone."""
        for split in self.splits:
            same = self.pairs(split).same
            if not same.all() or len(same) < max(map(len, self._splits(split))):
                return True
        return False

    @property
    def splits(self) -> tuple[SplitName, ...]:
        """The splits that there are."""
        return ("training",) if self.before.validation is None else ("training", "validation")

    def pairs(self, split: SplitName) -> Pairs:
        """Return which rows of a split are one image in both.

        Examples
        --------
        >>> compare(analysis, ldam_analysis).pairs("validation").same.sum()
        np.int64(824)
        """
        return self._pairs[split]

    @cached_property
    def _pairs(self) -> dict[SplitName, Pairs]:
        return {split: Pairs.of(*self._splits(split)) for split in self.splits}

    def _joined(self, class_name: str | int, split: SplitName) -> IntArray:
        own = self.before._class_number(class_name)
        pairs = self.pairs(split)
        joined = ~pairs.same & (self.after.split(split).labels[pairs.after] == own)
        found: IntArray = pairs.before[joined]
        return found

    @cached_property
    def flows(self) -> IntArray:
        """Training images by class and by archetype before and after; int64, shape (C, 4, 4)."""
        kinds = len(ARCHETYPES)
        rows, others = self.pairs("training").kept
        pairs = kinds * self.before.archetypes[rows].astype(np.int64)
        pairs += self.after.archetypes[others]
        labels = self.before.labels[rows]
        counts = count_pairs(labels, pairs, (self.before.n_classes, kinds * kinds))
        return counts.reshape(-1, kinds, kinds)

    def _splits(self, split: str) -> tuple[Split, Split]:
        if split == "training":
            return self.before.train, self.after.train
        if split != "validation":
            raise ValueError(f"split must be 'training' or 'validation', not {split!r}.")
        if self.before.validation is None or self.after.validation is None:
            raise ValueError("No validation errors: give `validation=` to analyze(), both times.")
        return self.before.validation, self.after.validation


def compare(before: Analysis, after: Analysis) -> Comparison:
    """Compare two analyses of the same images: of two models, or before and after edits.

    Parameters
    ----------
    before, after : Analysis
        Such as of a model trained with cross-entropy, and with a loss for imbalanced data. Made
        of the same training images in the same order, and the same validation images, if any; or
        one of them what `Analysis.with_edits` made of the other, or of the other model's.

    Returns
    -------
    Comparison

    Raises
    ------
    TypeError
        If either is no `Analysis`.
    ValueError
        If they are not of the same classes and images.

    Examples
    --------
    >>> points, labels = [[0.0], [0.1], [1.0], [1.1]], [0, 0, 1, 1]
    >>> before = Analysis.from_arrays(points, labels, [0, 1, 1, 0], k=1)
    >>> after = Analysis.from_arrays(points, labels, [0, 0, 1, 0], k=1)
    >>> compare(before, after).errors("training")["mended"].tolist()
    [1, 0]
    """
    for name, analysis in zip(SIDES, (before, after), strict=True):
        if not isinstance(analysis, Analysis):
            raise TypeError(
                f"{name} must be an Analysis, not {type(analysis).__name__}; analyze() makes one"
            )
    check_same_classes(before, after)
    if (before.validation is None) != (after.validation is None):
        raise ValueError("only one of the analyses has validation images; give both or none")
    if _of_one(before) != _of_one(after):
        check_same_images(before.train, after.train, "training")
        if before.validation is not None and after.validation is not None:
            check_same_images(before.validation, after.validation, "validation")
    return Comparison(before, after)


def check_same_classes(before: Analysis, after: Analysis) -> None:
    """Refuse two analyses that do not have the same classes in the same order."""
    if before.class_names != after.class_names:
        raise ValueError(
            "the analyses before and after must have the same classes in the same order, but name "
            f"their classes differently: {_listed(before.class_names)} and "
            f"{_listed(after.class_names)}"
        )


def check_same_images(one: Split, other: Split, which: str) -> None:
    """Refuse two splits, called `which`, that are not of the same images in the same order."""
    if np.array_equal(one.positions, other.positions) and np.array_equal(one.labels, other.labels):
        return
    if len(one) != len(other):
        problem = f"{len(one)} and {len(other)}"
    elif not np.array_equal(one.positions, other.positions):
        problem = "different ones were skipped"
    else:
        problem = f"the labels differ from image {np.argmax(one.labels != other.labels)} on"
    raise ValueError(
        f"the analyses must be of the same {which} images in the same order, but are not "
        f"({problem})"
    )


def _of_one(analysis: Analysis) -> str:
    """Return what tells the images of an analysis, as they were before edits."""
    return digest(analysis) if analysis.edited_from is None else analysis.edited_from


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
