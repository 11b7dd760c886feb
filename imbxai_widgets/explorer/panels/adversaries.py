"""What a class is mistaken for, and what its training images foretold of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypedDict

import bqplot
import numpy as np
import traitlets

from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray
from imbxai_widgets.explorer.panel import Card, PanelContent, Part
from imbxai_widgets.explorer.panels import _charts
from imbxai_widgets.explorer.panels._facts import ClassFacts
from imbxai_widgets.explorer.text import counted
from imbxai_widgets.names import width

ROWS = 7  # on the first screen
ROW_HEIGHT = 23  # pixels; js/src/panels/adversaries.css has the same
_LEAST = 0.5  # errors: a mark that foretells fewer takes no row
_PADDING = 0.48  # between bars, of their distance, and as much above and below all of them
# Of bqplot's rectangle: 2.5 x 20 pixels.
_TICK_SIZE, _TICK_SKEW = 50, 0.903


class AdversaryRow(TypedDict):
    """Another class, and what a class has to do with it."""

    index: int
    name: str
    count: int  # validation images taken for it, or without any, votes for it
    votes: int
    foretold: float | None  # of the validation errors, by the forecast


class Adversaries(TypedDict):
    """What a class is mistaken for, most first."""

    bars: Literal["errors", "votes"]  # what `count` counts
    total: int  # of all classes, shown or not
    votes: int  # likewise
    wrong: int  # misclassified training images, which the votes come from
    top: float  # at the end of the longest bar, or beyond the last mark
    rows: list[AdversaryRow]
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
        facts, rows = ClassFacts.of(self.deck, index), self.deck.rows
        votes, errors = rows.votes, rows.validation_errors
        drawn = errors is not None and errors.totals[index] > 0
        bars = errors if errors is not None and drawn else votes
        counts, cast = self._counts(bars, index), self._counts(votes, index)
        total, of_votes = int(counts.sum()), int(cast.sum())
        shares = self._foretold(cast, index) if drawn else None
        foretold = np.zeros(len(cast)) if shares is None else shares * total
        ranked = np.lexsort((-foretold, -counts))
        known = ranked[(counts[ranked] > 0) | (foretold[ranked] >= _LEAST)]
        # The largest by either, so that no large bar and no large mark is left out.
        largest = known[np.argsort(-np.maximum(counts, foretold)[known], kind="stable")][:ROWS]
        shown = known[np.isin(known, largest)]
        return {
            "adversaries": {
                "bars": "errors" if drawn else "votes",
                "total": total,
                "votes": of_votes,
                "wrong": facts.training_wrong,
                "top": float(max(counts.max(initial=0), foretold.max(initial=0.0), 1)),
                "rows": [
                    {
                        "index": other,
                        "name": self.deck.name(other),
                        "count": int(counts[other]),
                        "votes": int(cast[other]),
                        "foretold": None if shares is None else float(foretold[other]),
                    }
                    for other in shown.tolist()
                ],
                "note": self._note(facts, total, len(known) - len(shown)),
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

    def _counts(self, pairs: PairCounts, index: int) -> IntArray:
        counts = np.zeros(self.deck.analysis.n_classes, dtype=np.int64)
        others, met = pairs.row(index)
        counts[others] = met
        return counts

    def _note(self, facts: ClassFacts, total: int, left_out: int) -> str:
        """Say why there are no bars, or no errors among them, and how many classes are left out."""
        spared = facts.split == "validation" and not facts.wrong
        none = f"None of its {counted(facts.images, 'validation image')} is mistaken."
        if not total:
            return none if spared else self._nothing(facts)
        others = f"{counted(left_out, 'more class', 'more classes')} with fewer."
        return " ".join([f"{none} The bars are votes."] * spared + [others] * (left_out > 0))

    def _nothing(self, facts: ClassFacts) -> str:
        if self.deck.analysis.n_classes == 1:
            return "There is no other class."
        if not facts.training_images:
            return "No images of the class are known."
        if not facts.training_wrong:
            return "None of its training images is wrong."
        wrong = counted(facts.training_wrong, "wrong training image")
        return f"All neighbors of its {wrong} are of the class itself."


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
    name_width : int
        Room for the longest name of a class, in narrow characters.
    marks : dict of str to Widget
        What `card` changes: ``bars``, ``ticks``.
    """

    _bundle = "adversaries"

    card = Card(AdversaryPart).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    filter: Any = traitlets.Dict().tag(sync=True)
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
