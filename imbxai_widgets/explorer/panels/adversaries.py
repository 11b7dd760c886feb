"""Bar chart of the adversaries of one class.

The linker moves the bars in the front end. The Python side of the marks keeps the data they
were made with: read the numbers from `Analysis.adversaries()`, not from the marks.
"""

from __future__ import annotations

from collections.abc import Sequence

import bqplot
import ipywidgets as widgets
import numpy as np

from imbxai_widgets.explorer.panels import _charts
from imbxai_widgets.presentation import TRAINING_COLOR, VALIDATION_COLOR


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
