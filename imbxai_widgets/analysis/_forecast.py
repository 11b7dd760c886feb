"""Tables of forecasts: what training images tell of validation errors, and how well."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._tables import NO_VALIDATION, AnalysisTables
from imbxai_widgets.compute.methods.forecast import Evidence
from imbxai_widgets.compute.methods.forecast_quality import MIN_ERRORS, interval, measure
from imbxai_widgets.compute.numeric.checks import check_count, check_dense
from imbxai_widgets.compute.numeric.counts import count_pairs
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

# Tables of all classes by all that are made at once on the way to a forecast.
_AT_ONCE = 4
_COLUMNS = [f"{value}{end}" for value in ("kl", "js", "excess") for end in ("", "_low", "_high")]


class ForecastTables(AnalysisTables):
    """Which errors the training images forecast, held against simpler forecasts."""

    def forecast(self, kind: str = "votes", *, smoothing: float = 1.0) -> pd.DataFrame:
        """Forecast what the errors of each class will be taken for, from training images alone.

        Parameters
        ----------
        kind : str
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
            Above 0: what is added to the votes, images or probability of each other class
            before shares are taken, so that no share is zero. A class without votes is thus
            uniform. ``"fisher"`` needs none.

        Returns
        -------
        DataFrame
            (C, C): one row a class; shares of the other classes, which sum to 1, and 0 for the
            class itself.

        Raises
        ------
        ValueError
            If `kind` is none of these or needs probabilities that are not known, `smoothing` is
            not above 0, or there are fewer than two classes or too many for a table of all by all
            (from 8,193 on).

        Examples
        --------
        >>> analysis.forecast("combined").loc["Plants"].idxmax()
        'Animals'
        """
        _check_size(self.n_classes, "a forecast", _AT_ONCE)
        shares = self._evidence.forecast(kind, smoothing)
        return pd.DataFrame(
            shares, index=self._class_axis("class"), columns=self._class_axis("other class")
        )

    def forecast_quality(
        self,
        *,
        average: bool = False,
        reference: str = "votes",
        smoothing: float = 1.0,
        level: float = 0.95,
        replicates: int = 1000,
        draws: int = 100,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Measure how far the validation errors are from each forecast (paper, Table 2).

        Parameters
        ----------
        average : bool
            Whether to average over the classes that have validation errors, each class counting
            the same, rather than to list every class.
        reference : str
            The forecast that the others are held against.
        smoothing : float
            As for `forecast`.
        level : float
            Of the bootstrap intervals, above 0 and below 1.
        replicates : int
            How often the validation images of each class are drawn anew for the intervals, which
            hold for the forecasts as they are; 0 leaves the intervals out (NaN).
        draws : int
            How many random forecasts and random halves are averaged.
        seed : int
            Of resamples, draws and halves.

        Returns
        -------
        DataFrame
            Index ``(class, forecast)``, or ``forecast`` for the average. The forecasts are those
            of `forecast`, further ``"random"``, the mean of distributions drawn uniformly
            (Dirichlet with parameters of 1), and ``"split half"``, the noise in the errors
            themselves: one half of the errors as forecast of the other.
            Columns: ``errors``, the validation errors that all rests on; ``kl``, KL(validation
            errors || forecast) in nats; ``js``, the Jensen-Shannon divergence of the two in nats,
            at most 0.693; ``excess``, the KL beyond that of `reference`, above zero where the
            reference is closer; each with ``_low`` and ``_high``, the ends of its interval. All
            are taken to the smoothed forecasts. NaN for classes without errors, and for the
            intervals of classes with fewer than 5.

        Raises
        ------
        ValueError
            If the analysis has no validation images, an argument is out of range, or there are too
            many classes for the tables of all by all that are compared (from 4,379 on).

        Examples
        --------
        >>> quality = analysis.forecast_quality(replicates=100)
        >>> quality.xs("Plants").loc[["votes", "uniform"], ["errors", "kl", "excess"]].round(2)
                  errors    kl  excess
        forecast
        votes         15  0.31     0.0
        uniform       15  0.91     0.6
        """
        if self.validation is None:
            raise ValueError(NO_VALIDATION)
        check_count(replicates, "replicates", minimum=0)
        check_count(draws, "draws")
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, not {level!r}")
        evidence = self._evidence
        tables = len(evidence.kinds) + 1 + _AT_ONCE
        _check_size(self.n_classes, "a comparison of forecasts", tables)
        forecasts = {kind: evidence.forecast(kind, smoothing) for kind in evidence.kinds}
        if reference not in forecasts:
            raise ValueError(f"reference must be one of {', '.join(forecasts)}, not {reference!r}")
        shape = (self.n_classes, self.n_classes)
        confusion = count_pairs(self.validation.labels, self.validation.predictions, shape)
        found = measure(
            confusion,
            forecasts,
            reference=reference,
            smoothing=smoothing,
            replicates=replicates,
            draws=draws,
            seed=seed,
        )
        errors = confusion.sum(axis=1) - confusion.diagonal()
        if average:
            rows = {name: _average_row(values, level) for name, values in found.items()}
            table = pd.DataFrame(rows, index=_COLUMNS).T.rename_axis("forecast")
            table.insert(0, "errors", errors.sum())
            return table
        columns = np.stack(
            [_class_columns(values, errors, level) for values in found.values()], axis=1
        )
        table = pd.DataFrame(
            columns.reshape(-1, len(_COLUMNS)),
            columns=_COLUMNS,
            index=pd.MultiIndex.from_product(
                [self._class_axis("class"), pd.Index(list(found), dtype=object)],
                names=["class", "forecast"],
            ),
        )
        table.insert(0, "errors", np.repeat(errors, len(found)))
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
        )


def _check_size(n_classes: int, what: str, tables: int) -> None:
    way_out = "take the votes of one class at a time: Analysis.rows.votes.shares(index)"
    check_dense(n_classes, what, way_out, tables=tables)


def _class_columns(values: DoubleArray, errors: IntArray, level: float) -> DoubleArray:
    """Return the columns of each class for one forecast, (C, 9)."""
    ends = interval(values, level)
    ends[:, :, errors < MIN_ERRORS] = np.nan
    return _columns(values[0], ends).T


def _average_row(values: DoubleArray, level: float) -> DoubleArray:
    """Average over the classes that have errors, in each resample by itself."""
    known = ~np.isnan(values)
    numbers = known.sum(axis=2)
    means = np.full(numbers.shape, np.nan)
    np.divide(np.where(known, values, 0).sum(axis=2), numbers, out=means, where=numbers > 0)
    return _columns(means[0], interval(means, level))


def _columns(estimates: DoubleArray, ends: DoubleArray) -> DoubleArray:
    """Put (3, ...) estimates and the (2, 3, ...) ends of their intervals in columns' order."""
    return np.stack([estimates, *ends], axis=1).reshape(9, *estimates.shape[1:])
