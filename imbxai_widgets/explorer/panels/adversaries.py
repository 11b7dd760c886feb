"""Bar chart of the adversaries of one class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import bqplot
import numpy as np
import traitlets

from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, IntArray
from imbxai_widgets.explorer.panel import Card, PanelContent, Part
from imbxai_widgets.explorer.panels import _charts
from imbxai_widgets.explorer.panels._forecast_notes import forecast_notes
from imbxai_widgets.explorer.text import counted, percent_ticks
from imbxai_widgets.names import shorten, shown_name
from imbxai_widgets.presentation import TRAINING_COLOR, VALIDATION_COLOR, WEAK_SUPPORT

ROWS = 10
_UNITS = ("training votes", "validation errors")


class Adversaries(_charts.ChartData):
    """The largest adversaries of a class, from the top."""

    classes: list[int]  # of each row the class; none if nothing is known
    shares: list[list[float]]  # of each series that rests on something; zeros where none does
    colors: list[str]  # of each series that rests on something


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
        """Return the adversaries of class `index`."""
        series = np.zeros((len(self._pairs), self.deck.analysis.n_classes))
        for row, pairs in zip(series, self._pairs, strict=True):
            met, parts = pairs.shares(index)
            row[met] = parts
        others = np.delete(np.arange(self.deck.analysis.n_classes), index)
        # The largest in either series, so that no large bar is left out, by training share.
        largest = others[np.argsort(-series[:, others].max(axis=0), kind="stable")]
        chosen = largest[:ROWS]
        chosen = chosen[np.argsort(-series[0, chosen], kind="stable")]
        # A series that rests on nothing has no bars: "0%" would say that it was measured.
        known = series.sum(axis=1) > 0
        colors = (TRAINING_COLOR, VALIDATION_COLOR)
        shares = series[:, chosen]
        return {
            "adversaries": {
                "title": f"Adversaries of {self.deck.name(index)}",
                "note": " ".join(self._notes(index, len(others) if known.any() else 0)),
                "text": self._in_words(chosen, shares, known) if known.any() else "",
                "classes": chosen.tolist() if known.any() else [],
                "shares": (shares[known] if known.any() else np.zeros((1, len(chosen)))).tolist(),
                "colors": [color for color, there in zip(colors, known, strict=False) if there],
                "ticks": percent_ticks(float(series.max(initial=0.0))),
            }
        }

    def widget(self, selected: int) -> AdversaryChart:
        """Return a chart that is still empty."""
        analysis = self.deck.analysis
        return AdversaryChart.drawn(
            analysis.class_names,
            min(ROWS, analysis.n_classes - 1),
            with_validation=analysis.validation is not None,
            selected=selected,
        )

    @property
    def _pairs(self) -> list[PairCounts]:
        votes, held_out = self.deck.rows.votes, self.deck.rows.validation_errors
        return [votes] if held_out is None else [votes, held_out]

    def _in_words(self, classes: IntArray, shares: DoubleArray, known: BoolArray) -> str:
        units = [unit for unit, there in zip(_UNITS, known, strict=False) if there]
        rows = []
        for other, row in zip(classes.tolist(), shares[known].T, strict=True):
            parts = [f"{share:.0%} of {unit}" for unit, share in zip(units, row, strict=True)]
            rows.append(f"{self.deck.name(other)} {', '.join(parts)}")
        return f"Adversaries: {'; '.join(rows)}."

    def _notes(self, index: int, others: int) -> Iterator[str]:
        row, rows = self.deck.classes[index], self.deck.rows
        errors, votes = int(row["training_errors"]), int(rows.votes.totals[index])
        if not row["images"]:
            yield "No training images, hence no votes."
        elif errors and votes:
            yield f"Training: {counted(votes, 'vote')} by neighbors of {counted(errors, 'error')}."
        elif errors:
            yield f"The neighbors of its {counted(errors, 'training error')} are all of this class."
        else:
            yield "No training errors, hence no votes."
        if 0 < errors < WEAK_SUPPORT:
            yield f"Only {counted(errors, 'training error')}: too few to tell a pattern."
        if rows.validation_errors is None:
            yield "No validation images were given."
        elif not row["validation_images"]:
            yield "No validation images of this class."
        else:
            held_out = int(rows.validation_errors.totals[index])
            yield f"Validation: {counted(held_out, 'error')}."
            if 0 < held_out < WEAK_SUPPORT:
                yield f"Only {counted(held_out, 'validation error')}: too few to tell a pattern."
            if self._forecast_notes[index]:
                yield self._forecast_notes[index]
        if others > ROWS:
            yield f"Shown are the {ROWS} largest of {others} classes."

    @cached_property
    def _forecast_notes(self) -> list[str]:
        return forecast_notes(self.deck.analysis)


class AdversaryChart(_charts.ChartPanel):
    """Share of each adversary among training neighbors, beside its share of validation errors.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `AdversaryPart`; empty while no class is shown.
    labels : list of str
        The names of all classes, shortened to fit beside a bar.
    selected : int
        Index of the selected class. A click on a bar sets it in the page.
    """

    _bundle = "adversaries"

    card = Card(AdversaryPart).tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)

    @classmethod
    def drawn(
        cls, names: Sequence[str], rows: int, *, with_validation: bool, selected: int
    ) -> AdversaryChart:
        """Draw the chart.

        Parameters
        ----------
        names : sequence of str
            Names of all classes; the margin fits the longest.
        rows : int
            Number of adversaries shown.
        with_validation : bool
            Whether there are validation images to compare with.
        selected : int
            Number of the selected class.
        """
        ranks, shares = _charts.rank_scale(rows), _charts.percent_scale()
        entries = [(TRAINING_COLOR, "training: neighbors of misclassified images")]
        if with_validation:
            entries.append((VALIDATION_COLOR, "validation: what they are mistaken for (rows)"))
        bars = bqplot.Bars(
            x=np.arange(rows),
            y=np.zeros((len(entries), rows)),
            scales={"x": ranks, "y": shares},
            orientation="horizontal",
            type="grouped",
            color_mode="element",
            colors=[color for color, _ in entries],
            padding=0.25,
            stroke_width=0,
            label_display=True,
            label_display_format=".0%",
            label_font_style={"text-anchor": "start"},
            apply_clip=False,  # or the number beside the longest bar is cut
            enable_hover=False,
            interactions={"click": "select"},
        )
        rank_axis = _charts.rank_axis(ranks, [""] * rows)
        unit = "share of votes or errors" if with_validation else "share of votes"
        share_axis = _charts.percent_axis(shares, unit, ())
        figure = _charts.row_figure(
            [bars], [rank_axis, share_axis], rows=rows, row_height=26, labels=names, right=44
        )
        return cls.around(
            _charts.Chart(figure, _charts.legend(entries), bars, rank_axis, share_axis),
            "imbxai-adversaries",
            labels=[shown_name(shorten(name)) for name in names],
            selected=selected,
        )
