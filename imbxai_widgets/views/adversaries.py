"""Bar charts of adversaries: one class, and all classes at once (the paper's Fig. 4).

The linker moves the bars in the front end. The Python side of the marks keeps the data they
were made with: read the numbers from `Analysis.adversaries()`, not from the marks.
"""

from __future__ import annotations

from collections.abc import Sequence

import bqplot
import ipywidgets as widgets
import numpy as np

from imbxai_widgets.presentation import TRAINING_COLOR, VALIDATION_COLOR
from imbxai_widgets.views import _charts

_OUTLINE = "#808080"


class AdversaryChart(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Share of each adversary among training neighbors, beside its share of validation errors.

    Parameters
    ----------
    labels : sequence of str
        Shortened names of all classes; the margin fits the longest.
    rows : int
        Number of adversaries shown.
    with_validation : bool
        Whether there are validation images to compare with.
    """

    def __init__(self, labels: Sequence[str], rows: int, *, with_validation: bool) -> None:
        self.title = _charts.title()
        self.note = _charts.note()
        self.text = _charts.alternative()
        ranks, shares = _charts.rank_scale(rows), _charts.percent_scale()
        series = 2 if with_validation else 1
        self.bars = bqplot.Bars(
            x=np.arange(rows),
            y=np.zeros((series, rows)),
            scales={"x": ranks, "y": shares},
            orientation="horizontal",
            type="grouped",
            color_mode="element",
            colors=[TRAINING_COLOR, VALIDATION_COLOR][:series],
            padding=0.25,
            stroke_width=0,
            label_display=True,
            label_display_format=".0%",
            label_font_style={"text-anchor": "start"},
            apply_clip=False,  # or the number beside the longest bar is cut
            enable_hover=False,
            interactions={"click": "select"},
        )
        self.rank_axis = _charts.rank_axis(ranks, [""] * rows)
        unit = "share of votes or errors" if with_validation else "share of votes"
        self.share_axis = _charts.percent_axis(shares, unit, ())
        self.figure = _charts.row_figure(
            [self.bars],
            [self.rank_axis, self.share_axis],
            rows=rows,
            row_height=26,
            labels=labels,
            right=44,
        )
        entries = [(TRAINING_COLOR, "training: neighbors of misclassified images")]
        if with_validation:
            entries.append((VALIDATION_COLOR, "validation: what they are mistaken for (rows)"))
        super().__init__([self.title, _charts.legend(entries), self.figure, self.note, self.text])
        self.add_class("imbxai-adversaries")


class OverviewChart(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """One 100% bar per class, segments colored by adversary class; filled by the linker.

    Parameters
    ----------
    title, note : str
        Lines above and below the chart.
    labels : sequence of str
        Names of all classes; the margin fits the longest.
    rows : int
        Bars shown at once.
    colors : sequence of str
        One color per segment.
    """

    def __init__(
        self,
        title: str,
        note: str,
        *,
        labels: Sequence[str],
        rows: int,
        colors: Sequence[str],
    ) -> None:
        ranks, shares = _charts.rank_scale(rows), _charts.percent_scale()
        self.bars = bqplot.Bars(
            x=np.arange(rows),
            y=np.zeros((len(colors), rows)),
            scales={"x": ranks, "y": shares},
            orientation="horizontal",
            type="stacked",
            color_mode="element",
            opacity_mode="no_group",
            colors=list(colors),
            stroke=_OUTLINE,
            stroke_width=0.5,
            padding=0.2,
            enable_hover=False,
            interactions={"click": "select"},
        )
        self.rank_axis = _charts.rank_axis(ranks, [""] * rows)
        figure = _charts.row_figure(
            [self.bars],
            [self.rank_axis, _charts.percent_axis(shares, "", (0, 0.25, 0.5, 0.75, 1))],
            rows=rows,
            row_height=22,
            labels=labels,
            bottom=24,
        )
        self.text = _charts.alternative()
        super().__init__([_charts.subtitle(title), figure, _charts.note(note), self.text])
        self.add_class("imbxai-overview-chart")
