"""Tables of forecasts: what training images tell of validation errors, and how well."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from imbxai_widgets.analysis._tables import NO_VALIDATION, AnalysisTables
from imbxai_widgets.compute.methods.bootstrap import group_codes
from imbxai_widgets.compute.methods.forecast import Evidence
from imbxai_widgets.compute.methods.forecast_quality import Mistakes, measure
from imbxai_widgets.compute.numeric.checks import check_dense

# Tables of all classes by all that are made at once on the way to a forecast.
_AT_ONCE = 4
_COLUMNS = ["kl", "js", "floor", "excess", "excess_low", "excess_high", "excess_p"]


class ForecastTables(AnalysisTables):
    """Which errors the training images forecast, held against simpler forecasts."""

    def forecast(self, kind: str | None = None, *, smoothing: float = 3.0) -> pd.DataFrame:
        """Forecast what the errors of each class will be taken for, from training images alone.

        Parameters
        ----------
        kind : str, optional
            By default ``"spread"``; without a head ``"softmax and errors"``, and without
            probabilities ``"training errors"``.
            ``"spread"``: the probability that the head gives to the other classes, for each image
            where it is and moved twice as far from the mean of its class-mates; mixed with
            ``"training errors"``, as far as these differ from it.
            ``"softmax and errors"``: the same without moved images.
            ``"training errors"``: what misclassified images are taken for.
            ``"votes"``: neighbors of misclassified images, the paper's nearest adversaries.
            ``"all votes"``: neighbors of all images.
            ``"distance votes"``: the same, each neighbor with the weight d1 / d, where d is its
            distance and d1 that of the nearest neighbor.
            ``"softmax"``: the probability that all images of the class give to the other classes.
            ``"combined"``: the mean of ``"softmax"`` and ``"popularity"``.
            ``"fisher"``: in proportion to 1 / F, where F is Fisher's discriminant ratio of the
            two classes, averaged over the features.
            ``"popularity"``: all votes for a class, whichever class they come from.
            ``"priors"``: the sizes of the classes.
            ``"uniform"``: every other class alike.
        smoothing : float
            Above 0: how many pseudo-counts are added to the votes, errors or probabilities of
            each class before shares are taken, so that no share is zero. They are shared out as
            those of all classes together are, to which as many are added that are shared out
            evenly. ``"fisher"`` needs none.

        Returns
        -------
        DataFrame
            (C, C): one row a class; shares of the other classes, which sum to 1, and 0 for the
            class itself.

        Raises
        ------
        ValueError
            If `kind` is none of these or needs probabilities or a head that are not known,
            `smoothing` is not above 0, or there are fewer than two classes or too many for a
            table of all by all (from 8,193 on).

        Examples
        --------
        >>> analysis.forecast().loc["Plants"].idxmax()
        'Animals'
        """
        _check_size(self.n_classes, "a forecast", _AT_ONCE)
        evidence = self._evidence
        shares = evidence.forecast(evidence.best_kind if kind is None else kind, smoothing)
        return pd.DataFrame(
            shares, index=self._class_axis("class"), columns=self._class_axis("other class")
        )

    def forecast_quality(
        self,
        *,
        average: bool = False,
        reference: str | None = None,
        smoothing: float = 3.0,
        level: float = 0.95,
        groups: ArrayLike | None = None,
    ) -> pd.DataFrame:
        """Measure how far the validation errors are from each forecast (paper, Table 2).

        Parameters
        ----------
        average : bool
            Whether to average over the classes that have validation errors, each class counting
            the same, rather than to list every class.
        reference : str, optional
            The forecast that the others are held against; by default that of `forecast`.
        smoothing : float
            As for `forecast`.
        level : float
            Of the intervals, above 0 and below 1. They hold for this network and these forecasts:
            networks trained again differ more.
        groups : array_like, optional
            Of each validation image its group, such as the patient, video or author that it comes
            from: images of one group tell less than as many others. By default each image stands
            for itself.

        Returns
        -------
        DataFrame
            Index ``(class, forecast)``, or ``forecast`` for the average. The forecasts are those
            of `forecast`, and ``"random"``, the mean of distributions drawn uniformly (Dirichlet
            with parameters of 1).
            Columns: ``errors``, the validation errors that all rests on; ``kl``, KL(validation
            errors || forecast) in nats; ``js``, the Jensen-Shannon divergence of the two in nats,
            at most 0.693; ``floor``, an estimate of the KL that a forecast would have that is
            right, from as many errors; ``excess``, the KL beyond that of `reference`, above zero
            where the reference is closer; ``excess_low`` and ``excess_high``, the ends of its
            interval; ``excess_p``, the p-value of its being zero. NaN for classes without errors,
            and, from the interval on, for those with fewer than 5.

        Raises
        ------
        ValueError
            If the analysis has no validation images, an argument is out of range, or there are too
            many classes for the tables of all by all that are compared (from 3,664 on).

        Examples
        --------
        >>> quality = analysis.forecast_quality()
        >>> quality.xs("Plants").loc[["votes", "uniform"], ["errors", "kl", "floor"]].round(2)
                  errors    kl  floor
        forecast
        votes         15  0.59   0.24
        uniform       15  0.91   0.24
        """
        if self.validation is None:
            raise ValueError(NO_VALIDATION)
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, not {level!r}")
        evidence, held_out = self._evidence, self.validation
        _check_size(self.n_classes, "a comparison of forecasts", len(evidence.kinds) + 2 * _AT_ONCE)
        forecasts = {kind: evidence.forecast(kind, smoothing) for kind in evidence.kinds}
        reference = evidence.best_kind if reference is None else reference
        if reference not in forecasts:
            raise ValueError(f"reference must be one of {', '.join(forecasts)}, not {reference!r}")
        wrong = ~held_out.correct
        mistakes = Mistakes(
            held_out.labels[wrong],
            held_out.predictions[wrong],
            group_codes(groups, len(held_out))[wrong],
            self.n_classes,
        )
        by_class, averages = measure(mistakes, forecasts, reference, level)
        errors = mistakes.counts.sum(axis=1)
        if average:
            table = pd.DataFrame(averages, index=_COLUMNS).T.rename_axis("forecast")
            table.insert(0, "errors", errors.sum())
            return table
        table = pd.DataFrame(
            np.stack(list(by_class.values()), axis=1).reshape(-1, len(_COLUMNS)),
            columns=_COLUMNS,
            index=pd.MultiIndex.from_product(
                [self._class_axis("class"), pd.Index(list(by_class), dtype=object)],
                names=["class", "forecast"],
            ),
        )
        table.insert(0, "errors", np.repeat(errors, len(by_class)))
        return table

    @cached_property
    def _evidence(self) -> Evidence:
        if self.n_classes < 2:
            raise ValueError("Forecasts need at least two classes.")
        return Evidence(
            self.embeddings,
            self.labels,
            self.neighbors,
            self.train.neighbor_distances,
            self.train.top,
            self.n_classes,
            self.head,
        )


def _check_size(n_classes: int, what: str, tables: int) -> None:
    way_out = "take the votes of one class at a time: Analysis.rows.votes.shares(index)"
    check_dense(n_classes, what, way_out, tables=tables)
