"""What more training images of a class would bring: the way from an analysis to a curve."""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._calibration import groups_of
from imbxai_widgets.analysis._what_if import WhatIfTables
from imbxai_widgets.analysis.learning_curve import LearningCurve
from imbxai_widgets.analysis.reach import Reach
from imbxai_widgets.compute.methods.learning_curve import forecast_recall, shortfalls
from imbxai_widgets.compute.remedies.decision import Decision
from imbxai_widgets.compute.remedies.logits import LogitAdjustment

FACTORS: Final = (2, 4)  # what was measured
_NOT_MEASURED: Final = (
    "the head is normalized, as of networks trained with LDAM; learning curves were held to "
    "networks trained with cross-entropy alone (see docs/more-images.md)"
)


class LearningCurveTables(WhatIfTables):
    """Whether more training images would help a class."""

    def learning_curve(self, class_name: str, *, groups: Any = None) -> LearningCurve:
        """Forecast the recall of a class with twice and four times as many training images of it.

        With k times as many, its logit rises by 1.5 log(k): by log(k), since its odds are k times
        as large, and half as much again, as was measured where networks were trained with more.

        Parameters
        ----------
        class_name : str
        groups : optional
            One entry an image of the validation dataset, such as the patient or video that it comes
            from: intervals become wider. As for `what_if`.

        Returns
        -------
        LearningCurve
            ``print`` says it in plain sentences; ``table`` has the numbers.

        Raises
        ------
        ValueError
            If there is no such class, or it has no training or no validation images, or the logits
            of the validation images are not known.

        Warns
        -----
        UserWarning
            If the head is normalized, for which this was not measured.

        Notes
        -----
        It speaks of a training like the one before, in which each image counts once: a network
        that was trained with balanced classes or weights gets no larger odds from more images. The
        new images have to be like those that are there, with the same kinds of errors in their
        labels. What other classes lose is not told.

        Forecasts were held to networks that were trained with as many images, on three sets, twice
        and four times as many; docs/more-images.md has how far off they were, and why no curve is
        drawn of heads that are refitted to parts of the images: their features know all images
        already, and they told a third to two thirds of what came.

        Source of the shift by log(k): Saerens, Latinne and Decaestecker, "Adjusting the outputs of
        a classifier to new a priori probabilities" (Neural Computation 2002).

        Examples
        --------
        >>> curve = analysis.learning_curve("Plants")
        >>> print(curve)  # doctest: +NORMALIZE_WHITESPACE
        Plants: 17% of 18 validation images are right, with 40 training images. Twice as many (80):
        22% (9% to 47%). Four times as many (160): 61% (24% to 79%). With no more, but a decision
        adjusted to class sizes: 44%. 7 validation images lie beyond reach of the training images of
        the class.
        >>> curve.table["images"].tolist(), curve.table["recall"].round(2).tolist()
        ([40, 80, 160], [0.17, 0.22, 0.61])
        """
        index = self.class_index(class_name)
        images = int((self.labels == index).sum())
        rows = np.flatnonzero(self._held.split.labels == index)
        for number, part in ((images, "training"), (len(rows), "validation")):
            if not number:
                raise ValueError(
                    f"{class_name!r} has no {part} images, without which nothing is known of it"
                )
        if self.head is not None and self.head.normalized:
            warnings.warn(_NOT_MEASURED, UserWarning, stacklevel=2)
        missing = shortfalls(self._held.logits(Decision.before(self._network()), rows), index)
        codes = groups_of(self._held.split, groups)
        draws = self._own_draws if groups is None else self._draws(codes, 0)
        told = [forecast_recall(missing, index, factor, draws) for factor in FACTORS]
        before = float(told[0].before)
        found = [(images, before, before, before)]
        for factor, change in zip(FACTORS, told, strict=True):
            low, high = (before + float(end) for end in (change.change_low, change.change_high))
            found.append((factor * images, float(change.after), max(0.0, low), min(1.0, high)))
        times = pd.Index((1, *FACTORS), name="times as many")
        table = pd.DataFrame(found, times, ["images", "recall", "low", "high"])
        after = self.what_if(LogitAdjustment(tau=1)).after
        adjusted = float((after[rows] == index).mean())
        reach = Reach.of(self, index)
        beyond = None if reach is None else int((~reach.covered).sum())
        return LearningCurve(class_name, table, len(rows), adjusted, beyond)
