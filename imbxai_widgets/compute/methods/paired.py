"""How sure a change of accuracy is, where the same images are judged before and after.

Sources: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13: images are
drawn again, each with what became of it; Agresti and Min, "Effects and non-effects of paired
identical observations in comparing proportions with binary matched-pairs data" (Statistics in
Medicine 2004, 2005), for half an image that is made up of each kind (right before and after, lost,
won, wrong before and after): without these, a class of which no image changes would be certain
never to change.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imbxai_widgets.compute.methods.bootstrap import resample
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, IntArray

DRAWS: Final = 1000
_FEWEST: Final = 200
_MOST_BYTES: Final = 2**27  # of the draws: 1,000 of up to 134,217 images, fewer of more
_MADE_UP: Final = 2.0  # images of each class


class Change(NamedTuple):
    """An accuracy before and after, and the interval of the change; NaN where there are no images.

    Attributes
    ----------
    before, after, change, change_low, change_high
        Float64 arrays of one shape.
    """

    before: DoubleArray
    after: DoubleArray
    change: DoubleArray
    change_low: DoubleArray
    change_high: DoubleArray


class PairedDraws:
    """Samples of images, drawn once, by which any number of changes are judged.

    Parameters
    ----------
    labels
        (M,) int64, 0..C-1.
    before
        (M,) bool: whether each image is right before.
    n_classes
        C.
    groups
        (M,) int64, from `group_codes`: images of one group are drawn together.
    seed
        Of the draws.

    Examples
    --------
    >>> labels, before = np.zeros(100, dtype=np.int64), np.arange(100) < 50
    >>> draws = PairedDraws(labels, before, 1, np.arange(100))
    >>> change = draws.of_classes(np.arange(100) < 60)
    >>> change.change.round(2), change.change_low.round(2), change.change_high.round(2)
    (array([0.1]), array([0.05]), array([0.16]))
    """

    def __init__(
        self,
        labels: IntArray,
        before: BoolArray,
        n_classes: int,
        groups: IntArray,
        seed: int = 0,
    ) -> None:
        self.labels, self.before, self.n_classes = labels, before, n_classes
        self.groups, self.seed = groups, seed
        self.sizes = np.bincount(labels, minlength=n_classes).astype(np.float64)

    @cached_property
    def _random(self) -> tuple[NDArray[np.uint8], DoubleArray]:
        """Draw: how often each image is in each sample, (M, draws), and noise, (draws, C).

        It takes most of the time, and is not needed before an interval is.
        """
        rng = np.random.default_rng(self.seed)
        number = int(np.clip(_MOST_BYTES // max(1, len(self.labels)), _FEWEST, DRAWS))
        # A row an image, since a change takes those of some images alone.
        weights: NDArray[np.uint8] = np.empty((len(self.labels), number), dtype=np.uint8)
        for draw in range(number):
            weights[:, draw] = np.minimum(resample(self.groups, rng), np.iinfo(np.uint8).max)
        return weights, rng.standard_normal((number, self.n_classes))

    @property
    def weights(self) -> NDArray[np.uint8]:
        """How often each image is in each sample, (M, draws)."""
        return self._random[0]

    @property
    def noise(self) -> DoubleArray:
        """Of made-up images won or lost, (draws, C)."""
        return self._random[1]

    @cached_property
    def drawn_sizes(self) -> DoubleArray:
        """How many images of each class are in each sample, (draws, C)."""
        return self._sums(np.arange(len(self.labels)), np.ones(len(self.labels)))

    @cached_property
    def drawn_before(self) -> DoubleArray:
        """How many of these are right before, (draws, C)."""
        right = np.flatnonzero(self.before)
        return self._sums(right, np.ones(len(right)))

    def of_classes(self, after: BoolArray, drawn: DoubleArray | None = None) -> Change:
        """Return the accuracy of each class, (C,) each.

        Parameters
        ----------
        after
            (M,) bool: whether each image is right after.
        drawn
            From `drawn`, where it is there already.
        """
        with np.errstate(invalid="ignore"):
            before, now = (self._counted(right) / self.sizes for right in (self.before, after))
        return _interval(before, now, self._rates(self.drawn(after) if drawn is None else drawn))

    def of_class(self, label: int, after: BoolArray, drawn: Iterable[BoolArray]) -> Change:
        """Return the accuracy of one class where what becomes of its images is uncertain.

        Parameters
        ----------
        label
            The class.
        after
            (m,) bool: whether each of its images is right after.
        drawn
            The same, (m,), of each sample, as it may become instead.
        """
        rows = np.flatnonzero(self.labels == label)
        before = self.before[rows]
        won = [
            float(weights @ (right.astype(np.int8) - before).astype(np.float32))
            for weights, right in zip(self.weights[rows].T, drawn, strict=True)
        ]
        sizes = self.drawn_sizes[:, label] + _MADE_UP
        rates = (np.array(won) + self.noise[:, label]) / sizes
        return _interval(before.mean(), after.mean(), rates)

    def of_groups(
        self, after: BoolArray, tail: IntArray, drawn: DoubleArray | None = None
    ) -> Change:
        """Return four figures: of all images, the mean of the classes, the worst class, the tail.

        Parameters
        ----------
        after
            (M,) bool.
        tail
            (t,) int64, the classes of the tail; the mean of their accuracies is told.
        drawn
            From `drawn`, where it is there already.
        """
        before, now = self.figures(self.before, tail), self.figures(after, tail)
        present = np.flatnonzero(self.sizes > 0)
        if not len(present):
            return _interval(before, now, np.full((1, 4), np.nan))
        tail = np.intersect1d(tail, present)
        changes = self.drawn(after) if drawn is None else drawn
        drawn_sizes = self.drawn_sizes
        made_up = self.noise.sum(axis=1) / np.sqrt(self.n_classes)
        of_all = (changes.sum(axis=1) + made_up) / (drawn_sizes.sum(axis=1) + _MADE_UP)
        rates = self._rates(changes)
        lowest = self._drawn_worst(rates, present)
        columns = [of_all, rates[:, present].mean(axis=1), lowest]
        columns.append(rates[:, tail].mean(axis=1) if len(tail) else np.full(len(rates), np.nan))
        return _interval(before, now, np.stack(columns, axis=1))

    def figures(self, right: BoolArray, tail: IntArray) -> DoubleArray:
        """Return the accuracies of `of_groups`, (4,), where `right` (M,) says which are right."""
        if not len(right):
            return np.full(4, np.nan)
        rates = self._counted(right) / np.where(self.sizes > 0, self.sizes, np.nan)
        found, in_tail = rates[self.sizes > 0], rates[tail][self.sizes[tail] > 0]
        of_tail = in_tail.mean() if len(in_tail) else np.nan
        return np.array([right.mean(), found.mean(), found.min(), of_tail])

    def _drawn_worst(self, rates: DoubleArray, present: IntArray) -> DoubleArray:
        """Return how the accuracy of the worst class changes in each sample, (draws,)."""
        sizes = self.drawn_sizes[:, present]
        was = np.full(sizes.shape, np.inf)  # a class that is not drawn is not the worst
        np.divide(self.drawn_before[:, present], sizes, out=was, where=sizes > 0)
        worst: DoubleArray = (was + rates[:, present]).min(axis=1) - was.min(axis=1)
        return worst

    def drawn(self, after: BoolArray) -> DoubleArray:
        """Return won less lost images of each class in each sample, (draws, C)."""
        gain = after.astype(np.int8) - self.before.astype(np.int8)
        moved = np.flatnonzero(gain)
        return self._sums(moved, gain[moved].astype(np.float64))

    def _sums(self, rows: IntArray, values: DoubleArray) -> DoubleArray:
        sums = np.zeros((self.weights.shape[1], self.n_classes))
        order = np.argsort(self.labels[rows], kind="stable")
        rows, values = rows[order], values[order]
        bounds = np.searchsorted(self.labels[rows], np.arange(self.n_classes + 1))
        for label in np.flatnonzero(np.diff(bounds)):
            own = slice(bounds[label], bounds[label + 1])
            drawn = self.weights[rows[own]].astype(np.float32)
            sums[:, label] = values[own].astype(np.float32) @ drawn
        return sums

    def _rates(self, changes: DoubleArray) -> DoubleArray:
        return (changes + self.noise) / (self.drawn_sizes + _MADE_UP)

    def _counted(self, right: BoolArray) -> DoubleArray:
        return np.bincount(self.labels[right], minlength=self.n_classes).astype(np.float64)


def _interval(before: DoubleArray, after: DoubleArray, drawn: DoubleArray) -> Change:
    """Return a change with the middle 95% of what was drawn, or as far as the change itself."""
    change = after - before
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    missing = np.isnan(change)
    low = np.where(missing, np.nan, np.clip(np.minimum(low, change), -1, 1))
    high = np.where(missing, np.nan, np.clip(np.maximum(high, change), -1, 1))
    return Change(before, after, change, low, high)
