"""How close forecasts come to the validation errors, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from imbxai_widgets.compute.methods.adversaries import row_shares
from imbxai_widgets.compute.methods.divergence import js_divergence
from imbxai_widgets.compute.methods.entropy import noise_floor, shares_entropy
from imbxai_widgets.compute.numeric.blocks import CACHED_BYTES, row_blocks
from imbxai_widgets.compute.numeric.counts import count_pairs
from imbxai_widgets.compute.numeric.multiple import holm
from imbxai_widgets.compute.numeric.student import t_p_value, t_quantile
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, IntArray

MIN_ERRORS: Final = 5  # on fewer errors than this no number is relied on
CLAIM_ERRORS: Final = 20  # and on fewer than this no claim is made
RANDOM: Final = "random"
_DRAWS: Final = 100  # random forecasts, whose Jensen-Shannon divergences are averaged


@dataclass(frozen=True, eq=False)
class Forecast:
    """What the errors of each class will be taken for.

    Attributes
    ----------
    shares
        (C, C) float64, 0 on the diagonal, above it elsewhere; each row sums to 1.
    logs
        Their logarithms, 0 on the diagonal.
    """

    shares: DoubleArray
    logs: DoubleArray

    @classmethod
    def of(cls, shares: DoubleArray) -> Forecast:
        """Take the logarithms."""
        return cls(shares, np.log(shares, out=np.zeros(shares.shape), where=shares > 0))

    @classmethod
    def random(cls, n_classes: int) -> Forecast:
        """Return the mean of all distributions, each as likely as another, and of their logarithms.

        The logarithm of a share of theirs (Dirichlet with parameters of 1) has a mean of
        -(1 + 1/2 + ... + 1/(C - 2)).
        """
        shares = np.full((n_classes, n_classes), 1 / (n_classes - 1))
        logs = np.full((n_classes, n_classes), -(1 / np.arange(1, n_classes - 1)).sum())
        np.fill_diagonal(shares, 0)
        np.fill_diagonal(logs, 0)
        return cls(shares, logs)


class Excess(NamedTuple):
    """The KL of a forecast beyond that of another one, with its standard error.

    Attributes
    ----------
    value, error
        Float64, (C,) or (), in nats; NaN without errors.
    freedom
        Degrees of freedom of the standard error, at least 1.
    """

    value: DoubleArray
    error: DoubleArray
    freedom: DoubleArray

    def interval(self, level: float) -> DoubleArray:
        """Return the ends of Student's interval, (2, ...)."""
        reach = t_quantile(level, self.freedom) * self.error
        return np.stack([self.value - reach, self.value + reach])

    def p_value(self) -> DoubleArray:
        """Return how probable a value as far from zero is, if both forecasts are as close."""
        statistic = np.full(np.shape(self.value), np.nan)
        np.divide(self.value, self.error, out=statistic, where=self.error > 0)
        return t_p_value(statistic, self.freedom)


@dataclass(frozen=True, eq=False)
class Mistakes:
    """The M validation errors.

    Attributes
    ----------
    labels, predictions
        (M,) int64 in 0..C-1, nowhere the same.
    groups
        (M,) int64 of at least 0: errors of one group are not evidence each by itself.
    n_classes
        C, at least 2.
    """

    labels: IntArray
    predictions: IntArray
    groups: IntArray
    n_classes: int

    @cached_property
    def counts(self) -> IntArray:
        """How many images of class i are taken for class j, (C, C) int64."""
        return count_pairs(self.labels, self.predictions, (self.n_classes, self.n_classes))

    def kl(self, forecast: Forecast) -> DoubleArray:
        """Return the KL divergence of each class's errors from a forecast.

        Returns
        -------
        numpy.ndarray
            (C,) float64, in nats; NaN for a class without errors.
        """
        crossed = self._means(-forecast.logs[self.labels, self.predictions])
        return np.maximum(crossed - shares_entropy(row_shares(self.counts)), 0)

    def js(self, forecast: Forecast) -> DoubleArray:
        """Return the Jensen-Shannon divergence of each class's errors and a forecast, as `kl`."""
        found = np.full(self.n_classes, np.nan)
        known = np.flatnonzero(self._numbers)
        for block in row_blocks(len(known), 8 * self.n_classes, limit=CACHED_BYTES):
            rows = known[block]
            found[rows] = js_divergence(row_shares(self.counts[rows]), forecast.shares[rows])
        return found

    def js_of_random(self) -> DoubleArray:
        """Return the mean Jensen-Shannon divergence from random forecasts, as `kl`."""
        draws = np.random.default_rng(0).dirichlet(np.ones(self.n_classes - 1), _DRAWS)
        found = np.full(self.n_classes, np.nan)
        for index in np.flatnonzero(self._numbers):
            row = self.counts[index]
            seen = row > 0
            # All classes are drawn alike, and those that nothing is taken for count as one.
            shares = draws[:, : seen.sum()]
            rest = np.maximum(1 - shares.sum(axis=1, keepdims=True), 0)
            truth = np.append(row[seen] / row.sum(), 0.0)
            found[index] = js_divergence(truth, np.append(shares, rest, axis=1)).mean()
        return found

    def excess(self, forecast: Forecast, reference: Forecast) -> tuple[Excess, Excess]:
        """Compare two forecasts, class by class and on average.

        The KL of one beyond that of the other is a mean over the errors: of how much larger, in
        its logarithm, the share is that the other gave to what happened. The standard error comes
        of how this differs between groups of errors, and one more group is added, which is taken
        for what the two forecasts expect on average: or else ten errors that are all alike would
        leave no doubt.

        Returns
        -------
        tuple of Excess
            Of each class, (C,), and of the mean over the classes that have errors, ().
        """
        size, numbers = self.n_classes, self._numbers
        gains = reference.logs - forecast.logs
        scores = gains[self.labels, self.predictions]
        means = self._means(scores)
        parts = (scores - means[self.labels]) / numbers[self.labels]  # in the mean of the class
        expected = (forecast.shares + reference.shares) / 2
        added = (expected * (gains - means[:, np.newaxis]) ** 2).sum(axis=1)
        owners, place = self._groups_of_classes
        freedom = np.bincount(owners, minlength=size).astype(np.float64)
        # As it would be a group of the usual size, it has the part of one in the mean.
        added = np.divide(added, freedom**2, out=np.full(size, np.nan), where=numbers > 0)
        sums = np.bincount(place, parts, minlength=len(owners))
        variances = np.bincount(owners, sums**2, minlength=size) + added
        by_class = Excess(means, np.sqrt(variances), np.maximum(freedom, 1))
        has = numbers > 0
        if not has.any():
            nothing = np.array(np.nan)
            return by_class, Excess(nothing, nothing, np.array(1.0))
        # A group may have images of several classes, so that their means are not independent.
        total = (np.bincount(self.groups, parts) ** 2).sum() + added[has].sum()
        own = variances[has]
        doubt = (own**2 / freedom[has]).sum()  # Satterthwaite's approximation
        average = Excess(
            np.array(means[has].mean()),
            np.array(np.sqrt(total) / has.sum()),
            np.array(own.sum() ** 2 / doubt if doubt > 0 else 1.0),
        )
        return by_class, average

    @cached_property
    def _numbers(self) -> IntArray:
        return np.bincount(self.labels, minlength=self.n_classes)

    @cached_property
    def _groups_of_classes(self) -> tuple[IntArray, IntArray]:
        """The class of each group within a class, and the number of that group for each error."""
        pairs = np.stack([self.labels, self.groups])
        found, place = np.unique(pairs, axis=1, return_inverse=True)
        return found[0], place.ravel()

    def _means(self, values: DoubleArray) -> DoubleArray:
        """Average over the errors of each class, (C,)."""
        sums = np.bincount(self.labels, values, minlength=self.n_classes)
        means = np.full(self.n_classes, np.nan)
        np.divide(sums, self._numbers, out=means, where=self._numbers > 0)
        return means


def measure(
    mistakes: Mistakes, forecasts: Mapping[str, DoubleArray], reference: str, level: float
) -> tuple[dict[str, DoubleArray], dict[str, DoubleArray]]:
    """Compare the errors of each class with each forecast, and with random ones.

    Parameters
    ----------
    mistakes
        The validation errors.
    forecasts
        By name, (C, C) shares with a zero diagonal, above zero elsewhere.
    reference
        The one that the others are held against.
    level
        Of the intervals.

    Returns
    -------
    tuple of dict
        By name, `RANDOM` included: of each class (C, 7), and of the mean over the classes that
        have errors (7,), float64: KL and Jensen-Shannon divergence, the KL that a right forecast
        would have, the KL beyond that of the reference, the ends of its interval, and its
        p-value. NaN where there are no errors, and intervals and p-values also where there are
        fewer than `MIN_ERRORS`.
    """
    floor = noise_floor(mistakes.counts)
    numbers = mistakes.counts.sum(axis=1)
    base = Forecast.of(forecasts[reference])
    tables, averages = {}, {}
    for name in (*forecasts, RANDOM):
        drawn = name == RANDOM
        forecast = Forecast.random(len(floor)) if drawn else Forecast.of(forecasts[name])
        js = mistakes.js_of_random() if drawn else mistakes.js(forecast)
        figures = np.stack([mistakes.kl(forecast), js, floor], axis=1)
        known = figures[numbers > 0]
        means = known.mean(axis=0) if len(known) else np.full(3, np.nan)
        by_class, average = (_columns(found, level) for found in mistakes.excess(forecast, base))
        by_class[1:, numbers < MIN_ERRORS] = np.nan
        if numbers.sum() < MIN_ERRORS:
            average[1:] = np.nan
        tables[name] = np.concatenate([figures, by_class.T], axis=1)
        averages[name] = np.append(means, average)
    return tables, averages


def sure_differences(p_values: DoubleArray, errors: IntArray, alpha: float = 0.05) -> BoolArray:
    """Tell which differences between forecasts may be claimed.

    Parameters
    ----------
    p_values
        (C, B) of each class and comparison, from `measure`.
    errors
        (C,) validation errors of each class.
    alpha
        How often any of all claims may be wrong.

    Returns
    -------
    numpy.ndarray
        bool (C, B): that the p-value is below `alpha` after Holm's correction for all that are
        compared, of classes with `CLAIM_ERRORS` or more.
    """
    sure = np.zeros(p_values.shape, dtype=np.bool_)
    enough = errors >= CLAIM_ERRORS
    sure[enough] = holm(p_values[enough]) < alpha
    return sure


def _columns(excess: Excess, level: float) -> DoubleArray:
    return np.stack([excess.value, *excess.interval(level), excess.p_value()])
