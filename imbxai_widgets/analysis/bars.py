"""What bars of one class show: the classes that it meets, with support, interval and lift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis._tables import NO_VALIDATION, AnalysisTables
from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.methods.share_intervals import PairIntervals
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

BarKind: TypeAlias = Literal["votes", "neighbors", "errors", "false positives"]


@dataclass(frozen=True)
class Bars:
    """The classes that one class meets, those of the highest lower end first.

    Attributes
    ----------
    others : int64 array, shape (P,)
        Class numbers; where no interval is known, those of the largest counts first.
    counts : int64 array, shape (P,)
        Votes, or images.
    images : int64 array, shape (P,)
        On how many images a count rests.
    shares, low, high : float64 arrays, shape (P,)
        The part of all counts, and its 95% interval; NaN where it rests on too few images.
    lifts : float64 array, shape (P,)
        The share over the other class's share of all images that are not of this class.
    total, voters : int
        All counts, and on how many images they rest.
    """

    others: IntArray
    counts: IntArray
    images: IntArray
    shares: DoubleArray
    low: DoubleArray
    high: DoubleArray
    lifts: DoubleArray
    total: int
    voters: int


def bars_of(analysis: AnalysisData, index: int, kind: BarKind) -> Bars:
    """Return the bars of class `index`.

    Parameters
    ----------
    analysis
        With validation images, if `kind` is of these.
    index
        Number of the class.
    kind
        The classes of the neighbors of its training errors ("votes") or of all of its training
        images ("neighbors"); what its validation images are taken for ("errors"); or which classes
        the validation images are of that are taken for it ("false positives").

    Examples
    --------
    >>> bars = bars_of(analysis, analysis.class_index("Plants"), "votes")
    >>> bars.total, bars.voters, bars.counts.tolist()
    (38, 9, [27, 10, 1])
    """
    met, sizes = _met(analysis, index, kind)
    own = np.full(len(met), index)
    pairs = PairCounts.of(np.repeat(own, met.shape[1]), met.ravel(), analysis.n_classes)
    intervals = PairIntervals.of(pairs, own, met)
    others, shares = pairs.shares(index)
    with np.errstate(divide="ignore"):
        lifts = shares * (sizes.sum() - sizes[index]) / sizes[others]
    order = np.lexsort((others, -pairs.counts, -np.nan_to_num(intervals.low, nan=-1.0)))
    return Bars(
        others=others[order],
        counts=pairs.counts[order],
        images=intervals.images[order],
        shares=shares[order],
        low=intervals.low[order],
        high=intervals.high[order],
        lifts=lifts[order],
        total=int(pairs.totals[index]),
        voters=int(np.count_nonzero((met != index).any(axis=1))),
    )


def _met(analysis: AnalysisData, index: int, kind: BarKind) -> tuple[IntArray, IntArray]:
    """Return the classes that each image meets, (n, k), and the sizes that lift is told by."""
    train, held_out = analysis.train, analysis.validation
    sizes: IntArray = np.bincount(train.labels, minlength=analysis.n_classes)
    if kind in ("votes", "neighbors"):
        own = train.labels == index
        if kind == "votes":
            own &= ~train.correct
        return train.labels[train.neighbors[own]], sizes
    if held_out is None:
        raise ValueError(NO_VALIDATION)
    if kind == "errors":
        wrong = ~held_out.correct & (held_out.labels == index)
        return held_out.predictions[wrong][:, np.newaxis], sizes
    wrong = ~held_out.correct & (held_out.predictions == index)
    seen = np.bincount(held_out.labels, minlength=analysis.n_classes)
    return held_out.labels[wrong][:, np.newaxis], seen


class BarTables(AnalysisTables):
    """Rows of `Analysis.adversaries` and `Analysis.validation_errors`, and how sure they are."""

    def adversary_bars(
        self, class_name: str, scope: Literal["errors", "all"] = "errors"
    ) -> pd.DataFrame:
        """Return the adversaries of one class, with support, interval and lift.

        Parameters
        ----------
        class_name : str
        scope : {"errors", "all"}
            Whose neighbors vote, as for `adversaries`. A class without training errors has no row
            by "errors"; "all" takes the neighbors of all of its images.

        Returns
        -------
        DataFrame
            One row for each class that neighbors belong to, that of the highest ``low`` first.
            Columns: ``votes``; ``support``, how many images cast them; ``share`` of all votes;
            ``low`` and ``high``, the 95% interval of the share, NaN where fewer than 4 images vote;
            and ``lift``, the share over the class's share of all training images of other classes:
            1 where neighbors are drawn at random.

        Raises
        ------
        ValueError
            If there is no such class, or `scope` is neither of the two.

        Notes
        -----
        The votes of one image belong together: see
        `imbxai_widgets.compute.methods.share_intervals` for the interval, and docs/trust.md for how
        often it holds the true share.

        Examples
        --------
        >>> bars = analysis.adversary_bars("Plants")
        >>> bars.loc["Animals", ["votes", "support"]].tolist()
        [27, 9]
        >>> bars.loc["Animals", ["share", "low", "high", "lift"]].round(2).tolist()
        [0.71, 0.43, 0.89, 6.75]
        """
        if scope not in ("errors", "all"):
            raise ValueError(f'scope must be "errors" or "all", not {scope!r}')
        kind: BarKind = "votes" if scope == "errors" else "neighbors"
        return self._bar_table(bars_of(self, self.class_index(class_name), kind), "votes")

    def error_bars(
        self, class_name: str, direction: Literal["rows", "columns"] = "rows"
    ) -> pd.DataFrame:
        """Return what one class is confused with on validation images, with interval and lift.

        Parameters
        ----------
        class_name : str
        direction : {"rows", "columns"}
            As for `validation_errors`.

        Returns
        -------
        DataFrame
            One row for each class that it is confused with, that of the highest ``low`` first.
            Columns: ``images``; ``support``, the same; ``share`` of all errors of the row; ``low``
            and ``high``, its 95% interval (Wilson's), NaN of fewer than 4 errors; and ``lift``, the
            share over the other class's share of all images that are not of this class: for rows of
            training images, by which the network learned how frequent it is, for columns of
            validation images.

        Raises
        ------
        ValueError
            If there is no such class, `direction` is neither of the two, or there are no
            validation images.

        Examples
        --------
        >>> bars = analysis.error_bars("Plants")
        >>> bars.loc["Animals", ["images", "share", "low", "high", "lift"]].round(2).tolist()
        [8.0, 0.53, 0.3, 0.75, 5.07]
        """
        if direction not in ("rows", "columns"):
            raise ValueError(f"direction must be 'rows' or 'columns', not {direction!r}.")
        kind: BarKind = "errors" if direction == "rows" else "false positives"
        return self._bar_table(bars_of(self, self.class_index(class_name), kind), "images")

    def _bar_table(self, bars: Bars, counted: str) -> pd.DataFrame:
        names = np.asarray(self.class_names, dtype=object)[bars.others]
        columns = {
            counted: bars.counts,
            "support": bars.images,
            "share": bars.shares,
            "low": bars.low,
            "high": bars.high,
            "lift": bars.lifts,
        }
        return pd.DataFrame(columns, index=pd.Index(names, name="class", dtype=object))
