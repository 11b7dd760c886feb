"""What a class is mistaken for, and what its training images foretold of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, TypedDict

import bqplot
import numpy as np
import traitlets

from imbxai_widgets.analysis.bars import Bars, bars_of
from imbxai_widgets.compute.methods.share_intervals import FEWEST
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray
from imbxai_widgets.explorer.deck import number
from imbxai_widgets.explorer.panel import Card, PanelContent, Part
from imbxai_widgets.explorer.panels import _charts
from imbxai_widgets.explorer.panels._facts import ClassFacts
from imbxai_widgets.explorer.text import counted
from imbxai_widgets.names import width
from imbxai_widgets.presentation import WEAK_SUPPORT

ROWS = 7  # on the first screen
ROW_HEIGHT = 23  # pixels; js/src/panels/adversaries.css has the same
_LEAST = 0.5  # errors: a mark that foretells fewer takes no row
_PADDING = 0.48  # between bars, of their distance, and as much above and below all of them
# Of bqplot's rectangle: 2.5 x 20 pixels.
_TICK_SIZE, _TICK_SKEW = 50, 0.903


Counted: TypeAlias = Literal["errors", "votes", "neighbors"]  # see `bars_of`


class AdversaryRow(TypedDict):
    """Another class, and what a class has to do with it."""

    index: int
    name: str
    count: int  # validation images taken for it, or without any, neighbors that are of it
    support: int  # images that the count rests on
    thin: bool  # whether these are few
    low: float | None  # ends of the interval of the count; None where too few images tell it
    high: float | None
    lift: float | None  # share of the counts over share of images; None where it has no images
    votes: int
    foretold: float | None  # of the validation errors, by the forecast


class Adversaries(TypedDict):
    """What a class is mistaken for, by the lower ends of the intervals."""

    bars: Counted  # what `count` counts
    total: int  # of all classes, shown or not
    support: int  # images that the total rests on
    votes: int  # of all classes
    images: int  # training images whose neighbors are counted: those that are wrong, or all
    top: float  # at the end of the longest bar or interval, or beyond the last mark
    rows: list[AdversaryRow]
    by_count: list[int]  # places in `rows`, that of the largest count first
    note: str


class AdversaryPart(Part):
    """Its part of a card."""

    adversaries: Adversaries


class AdversaryContent(PanelContent):
    """The adversaries of each class (paper, Algorithm 1), beside its validation errors."""

    name = "adversaries"
    place = "beside"
    turn = 2
    part_type = AdversaryPart

    def part(self, index: int, page: int) -> AdversaryPart:  # noqa: ARG002
        """Return what class `index` is mistaken for."""
        facts = ClassFacts.of(self.deck, index)
        errors = self.deck.rows.validation_errors
        right = facts.training_images and not facts.training_wrong
        kind: Counted = "neighbors" if right else "votes"
        if errors is not None and errors.totals[index] > 0:
            kind = "errors"
        bars = bars_of(self.deck.analysis, index, kind)
        known = self._rows(bars, self._votes(index), index, foretells=kind == "errors")
        # The largest by either, so that no large bar and no large mark is left out.
        shown = sorted(known, key=lambda row: -max(row["count"], row["foretold"] or 0.0))[:ROWS]
        counts = sorted(shown, key=_largest_count)
        shown = sorted(counts, key=lambda row: -1.0 if row["low"] is None else -1 - row["low"])
        ends = [row[end] or 0.0 for row in shown for end in ("count", "high", "foretold")]
        return {
            "adversaries": {
                "bars": kind,
                "total": bars.total,
                "support": bars.voters,
                "votes": int(self.deck.rows.votes.totals[index]),
                "images": facts.training_images if kind == "neighbors" else facts.training_wrong,
                "top": float(max([*ends, 1.0])),
                "rows": shown,
                "by_count": [shown.index(row) for row in counts],
                "note": self._note(facts, bars, kind, len(known) - len(shown)),
            }
        }

    def widget(self, selected: int) -> AdversaryChart:
        """Return a chart that is still empty."""
        return AdversaryChart.drawn(self.deck.analysis.class_names, selected=selected)

    def _foretold(self, votes: IntArray, index: int) -> DoubleArray | None:
        """Return the shares that training images foretell: of many classes, those of the votes."""
        forecast = self.deck.forecast
        if forecast is None:
            return votes / votes.sum() if votes.any() else None
        shares: DoubleArray = forecast[index]
        return shares

    def _votes(self, index: int) -> IntArray:
        """Return the votes of class `index` for each class."""
        votes = np.zeros(self.deck.analysis.n_classes, dtype=np.int64)
        others, counts = self.deck.rows.votes.row(index)
        votes[others] = counts
        return votes

    def _rows(
        self, bars: Bars, votes: IntArray, index: int, *, foretells: bool
    ) -> list[AdversaryRow]:
        """Return a row for each class that is met, or foretold."""
        shares = self._foretold(votes, index) if foretells else None
        foretold = np.zeros(len(votes)) if shares is None else shares * bars.total
        place = {other: at for at, other in enumerate(bars.others.tolist())}
        known = np.union1d(bars.others, np.flatnonzero(foretold >= _LEAST)).tolist()
        rows: list[AdversaryRow] = []
        for other in known:
            at = place.get(other)
            row: AdversaryRow = {
                "index": other,
                "name": self.deck.name(other),
                "count": 0,
                "support": 0,
                "thin": True,
                "low": None,
                "high": None,
                "lift": None,
                "votes": int(votes[other]),
                "foretold": None if shares is None else float(foretold[other]),
            }
            if at is not None:
                lift = float(bars.lifts[at])
                row |= {
                    "count": int(bars.counts[at]),
                    "support": int(bars.images[at]),
                    "thin": bool(bars.images[at] < WEAK_SUPPORT),
                    "low": number(bars.low[at] * bars.total),
                    "high": number(bars.high[at] * bars.total),
                    "lift": lift if np.isfinite(lift) else None,
                }
            rows.append(row)
        return rows

    def _note(self, facts: ClassFacts, bars: Bars, kind: Counted, left_out: int) -> str:
        """Say what the bars are instead of errors, what they lack, and how many are left out."""
        if not bars.total:
            return self._nothing(facts)
        sentences = []
        if facts.split == "validation" and not facts.wrong:
            none = f"None of its {counted(facts.images, 'validation image')} is mistaken."
            sentences.append(f"{none} The bars are votes." if kind == "votes" else none)
        if kind == "neighbors":
            sentences.append(
                "None of its training images is wrong: the bars are the neighbors of all of them."
            )
        if bars.voters < FEWEST:
            sentences.append(f"{counted(bars.voters, 'image')}: too few for an interval.")
        if left_out:
            sentences.append(f"{counted(left_out, 'more class', 'more classes')} with fewer.")
        return " ".join(sentences)

    def _nothing(self, facts: ClassFacts) -> str:
        if self.deck.analysis.n_classes == 1:
            return "There is no other class."
        if not facts.training_images:
            return "No images of the class are known."
        wrong = counted(facts.training_wrong, "wrong training image")
        if not facts.training_wrong:
            wrong = counted(facts.training_images, "training image")
            none = f"None of its {wrong} is wrong, and all of their neighbors are"
            return f"{none} of the class itself."
        return f"All neighbors of its {wrong} are of the class itself."


def _largest_count(row: AdversaryRow) -> tuple[float, float]:
    return -row["count"], -(row["foretold"] or 0.0)


class AdversaryChart(_charts.ChartPanel):
    """What a class is mistaken for, as bars, beside what its training images foretold, as marks.

    The bars and marks are drawn by bqplot; the names, numbers and all that can be clicked stand
    above it.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `AdversaryPart`; empty while no class is shown.
    selected : int
        Index of the selected class. A click on a name sets it in the page.
    filter : dict
        The images asked for in the page; see js/src/parts/filter.ts.
    by_lower_end : bool
        Whether the rows are in the order of the lower ends of their intervals, or of their counts.
    name_width : int
        Room for the longest name of a class, in narrow characters.
    marks : dict of str to Widget
        What `card` changes: ``bars``, ``ticks``.
    """

    _bundle = "adversaries"

    card = Card(AdversaryPart).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    filter: Any = traitlets.Dict().tag(sync=True)
    by_lower_end = traitlets.Bool(True).tag(sync=True)
    name_width = traitlets.Int(0).tag(sync=True)

    @classmethod
    def drawn(cls, names: Sequence[str], *, selected: int) -> AdversaryChart:
        """Draw the chart, for classes of these names.

        Parameters
        ----------
        names : sequence of str
            Names of all classes.
        selected : int
            Number of the selected class.
        """
        ranks, amounts = _charts.rank_scale(ROWS), _charts.length_scale()
        bars = bqplot.Bars(
            x=np.arange(ROWS),
            y=np.zeros(ROWS),
            scales={"x": ranks, "y": amounts},
            orientation="horizontal",
            colors=["var(--imbxai-wrong)"],
            padding=_PADDING,
            stroke_width=0,
            enable_hover=False,
        )
        ticks = bqplot.Scatter(
            x=np.zeros(0),
            y=np.zeros(0),
            scales={"x": amounts, "y": ranks},
            marker="rectangle",
            default_size=_TICK_SIZE,
            default_skew=_TICK_SKEW,
            colors=["var(--imbxai-text)"],
            stroke_width=0,
            apply_clip=False,  # or half of a mark at zero is cut
            enable_hover=False,
        )
        figure = _charts.row_figure([bars, ticks], height=round(ROW_HEIGHT * (ROWS + _PADDING)))
        return cls.around(
            figure,
            {"bars": bars, "ticks": ticks},
            selected=selected,
            name_width=max(map(width, names)),
        )
