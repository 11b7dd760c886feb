"""Tables of calibration: whether validation images are right as often as the network says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from statistics import NormalDist
from typing import Any, Final, Literal, Self

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._tables import NO_VALIDATION, AnalysisTables
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.bootstrap import group_codes
from imbxai_widgets.compute.methods.calibration import (
    MAX_BINS,
    Bins,
    Calibration,
    calibration,
    reliability,
)
from imbxai_widgets.compute.methods.scaling import (
    LogitsOf,
    Scaling,
    ScalingKind,
    check_kind,
    cross_fitted_top,
    fit_rows,
    scaled_top,
)
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray

By = Literal["class", "prediction", "archetype"]

_BY: Final = ("class", "prediction", "archetype")


class CalibrationTables(AnalysisTables):
    """How far confidences can be relied on, and how to mend them."""

    def calibration(
        self,
        by: By | None = None,
        *,
        scaling: ScalingKind | None = None,
        groups: Any = None,
        level: float = 0.95,
        bins: int = MAX_BINS,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Compare the confidences of validation images with how often they are right.

        Parameters
        ----------
        by : {"class", "prediction", "archetype"}, optional
            A row for each true class, predicted class, or archetype; by default one of all images.
        scaling : {"temperature", "bias"}, optional
            What the probabilities would be after scaling, which each image gets from a fit to other
            validation images (see `calibrated`); by default they are as the network gives them.
        groups : optional
            One entry an image of the validation dataset, such as the patient or video that it comes
            from: images of one group count as dependent, and intervals become wider.
        level : float
            Of the intervals, above 0 and below 1.
        bins : int
            The most bins of equal numbers of images for the calibration error; fewer where they
            would hold less than 20 each.
        seed : int
            Of the folds, for `scaling`.

        Returns
        -------
        DataFrame
            Columns: ``images``; ``accuracy``; ``confidence``, the mean; ``gap``, confidence less
            accuracy, above 0 where the network is too sure of itself; ``ece``, the expected
            calibration error, which is the mean absolute gap of bins by confidence, with the bias
            taken out that few images bring; and of both the ends of an interval, ``_low`` and
            ``_high``. NaN where there are no images; of fewer than 10, ``ece`` and intervals are.

        Raises
        ------
        ValueError
            If the analysis has no validation images or no probabilities, an argument is out of
            range, or logits for `scaling` are not known.

        Examples
        --------
        >>> table = analysis.calibration()
        >>> table[["accuracy", "confidence", "gap_low", "gap_high"]].round(2).to_numpy().tolist()
        [[0.78, 0.86, 0.05, 0.1]]
        """
        split, codes = self._calibrated_images(scaling, groups, level, bins, seed)
        shown = partial(_row, split, codes, level, bins)
        if by is None:
            rows = [shown(np.arange(len(split)))]
            return pd.DataFrame(rows, index=pd.Index(["all"], name="images of"))
        if by not in _BY:
            raise ValueError(f"by must be one of {', '.join(_BY)}, or None, not {by!r}")
        if by == "archetype":
            axis = pd.Index(ARCHETYPES, name=by, dtype=object)
            members = _members(split.archetypes, len(axis))
        else:
            axis = self._class_axis(by)
            members = _members(split.labels if by == "class" else split.predictions, len(axis))
        rows = [shown(own) for own in members]
        return pd.DataFrame(rows, index=axis, columns=Calibration._fields)

    def reliability(
        self,
        class_name: str | None = None,
        *,
        scaling: ScalingKind | None = None,
        groups: Any = None,
        level: float = 0.95,
        bins: int = MAX_BINS,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Cut validation images into bins by their confidence, and tell the accuracy of each.

        Parameters
        ----------
        class_name : str, optional
            The class that the images are of; all images by default.
        scaling, groups, level, bins, seed
            As for `calibration`.

        Returns
        -------
        DataFrame
            One row a bin, the least confident first; no row without images. Columns: ``images``;
            ``lowest`` and ``highest`` confidence; ``confidence``, the mean; ``accuracy``; and the
            ends of its interval, ``accuracy_low`` and ``accuracy_high``.

        Raises
        ------
        ValueError
            As `calibration` does, or if there is no such class.

        Examples
        --------
        >>> curve = analysis.reliability(bins=4)
        >>> (curve["confidence"] - curve["accuracy"]).round(2).tolist()
        [0.15, 0.14, 0.01, -0.0]
        """
        split, codes = self._calibrated_images(scaling, groups, level, bins, seed)
        rows = np.arange(len(split))
        if class_name is not None:
            rows = np.flatnonzero(split.labels == self.class_index(class_name))
        columns = [name for name in Bins._fields if not name.endswith("error")]
        table = pd.DataFrame(columns=columns, dtype=np.float64)
        if len(rows):
            right = split.correct[rows]
            found = reliability(split.confidences[rows], right, codes[rows], bins=bins)
            table = pd.DataFrame({name: getattr(found, name) for name in columns})
            far = NormalDist().inv_cdf((1 + level) / 2) * found.wide_error
            table["accuracy_low"] = np.clip(found.accuracy - far, 0, 1)
            table["accuracy_high"] = np.clip(found.accuracy + far, 0, 1)
        return table.rename_axis("bin")

    def calibrated(self, kind: ScalingKind = "temperature") -> Self:
        """Return the analysis of the same network with its logits scaled, so as to be calibrated.

        All that rests on probabilities then rests on the scaled ones: confidences, `suspects`, the
        forecasts by softmax, and costs of errors. `head` is that of the scaled network.

        Parameters
        ----------
        kind : {"temperature", "bias"}
            "temperature" divides all logits by one number, which changes no prediction. "bias" adds
            a number for each class as well: predictions change, and with them errors and votes.

        Returns
        -------
        Analysis
            Its scaling is fitted to all validation images. What it says of these is therefore
            somewhat too good; ``calibration(scaling=kind)`` is not.

        Raises
        ------
        ValueError
            If there are no validation images, or logits are not known.

        Examples
        --------
        >>> after = analysis.calibrated()
        >>> [float(a.calibration()["ece"].iloc[0].round(2)) for a in (analysis, after)]
        [0.07, 0.0]
        """
        check_kind(kind)
        held_out = self._known_validation
        every = np.arange(len(held_out))
        scaling = fit_rows(_logits_of(held_out, self.n_classes), held_out.labels, every, kind)
        return replace(
            self,
            train=_scaled(self.train, scaling, self.n_classes),
            validation=_scaled(held_out, scaling, self.n_classes),
        )

    @property
    def _known_validation(self) -> Split:
        """The validation images, whose probabilities must be known."""
        if self.validation is None:
            raise ValueError(NO_VALIDATION)
        if np.isnan(self.validation.confidences).any():
            raise ValueError(
                "calibration needs the probabilities of the classes, but the analysis was made "
                "from predictions alone; give logits or probabilities"
            )
        return self.validation

    def _calibrated_images(
        self, scaling: ScalingKind | None, groups: Any, level: float, bins: int, seed: int
    ) -> tuple[Split, IntArray]:
        """Return the validation images, scaled if asked to, and the numbers of their groups."""
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, not {level!r}")
        check_count(bins, "bins")
        split = self._known_validation
        codes = groups_of(split, groups)
        if scaling is None:
            return split, codes
        check_kind(scaling)
        logits_of, rng = _logits_of(split, self.n_classes), np.random.default_rng(seed)
        top = cross_fitted_top(logits_of, split.labels, scaling, codes, rng)
        return replace(split, top=top), codes


def groups_of(split: Split, groups: Any) -> IntArray:
    """Give each group of a split's images a number; `groups` names those of the whole dataset."""
    codes = group_codes(groups, len(split) + len(split.skipped))
    return codes[split.positions]


def _row(split: Split, codes: IntArray, level: float, bins: int, own: IntArray) -> Calibration:
    return calibration(
        split.confidences[own], split.correct[own], codes[own], level=level, bins=bins
    )


def _members(kinds: Any, number: int) -> Iterator[IntArray]:
    """Yield the rows of each kind, 0..number-1."""
    order = np.argsort(kinds, kind="stable")
    ends = np.cumsum(np.bincount(kinds, minlength=number))
    yield from np.split(order, ends[:-1])


def _scaled(split: Split, scaling: Scaling, n_classes: int) -> Split:
    logits_of = _logits_of(split, n_classes)
    top = scaled_top(logits_of, split.labels, np.arange(len(split)), scaling)
    head = split.head
    if head is not None:
        scale = head.scale / scaling.temperature
        bias = scaling.bias / scale + (0 if head.bias is None else head.bias)
        head = Head(head.weight, bias.astype(np.float32), scale, head.normalized)
    return replace(split, top=top, head=head)


def logits_if_known(split: Split, n_classes: int) -> FloatArray | None:
    """Return the logits (M, C) of a split, but for one number an image; None if unknown."""
    if not _makes_logits(split) and not _keeps_all(split, n_classes):
        return None
    return _logits_of(split, n_classes)(np.arange(len(split)))


def _logits_of(split: Split, n_classes: int) -> LogitsOf:
    """Return what gives the logits of rows: the head, or all probabilities, if all are kept."""
    if _makes_logits(split) or not _keeps_all(split, n_classes):
        return split.logits  # which says what is missing
    return partial(_logarithms, split.top)


def _makes_logits(split: Split) -> bool:
    return split.head is not None and split.embeddings is not None


def _keeps_all(split: Split, n_classes: int) -> bool:
    return split.top.classes.shape[1] == n_classes and not np.isnan(split.confidences).any()


def _logarithms(top: TopProbabilities, rows: IntArray) -> FloatArray:
    """Return logarithms of probabilities, which are logits but for one number an image."""
    found = np.empty((len(rows), top.classes.shape[1]), dtype=np.float32)
    values = np.log(np.maximum(top.probabilities[rows], np.finfo(np.float32).tiny))
    np.put_along_axis(found, top.classes[rows], values, axis=1)
    return found
