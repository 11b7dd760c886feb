"""Bar chart of salient colors (the paper's Fig. 7), moved by the linker in the front end.

The Python side of the marks keeps the data they were made with: read the numbers from
`Analysis.colors()`, not from the marks.
"""

from __future__ import annotations

from collections.abc import Sequence

import bqplot
import ipywidgets as widgets
import numpy as np

from imbxai_widgets.explorer._names import shorten
from imbxai_widgets.explorer.panels import _charts

# Between white and black: an outline that shows both on light and on dark pages.
_OUTLINE = "#808080"


class ColorChart(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Share of a class's salient pixels in each color bin, with the average of all classes.

    Parameters
    ----------
    bins : sequence of str
        Names of the color bins, in the order of the scheme.
    colors : sequence of str
        One hexadecimal color per bin: the mean of the bin's colors.
    averages : sequence of float
        Mean share per bin over all classes.
    """

    def __init__(
        self, bins: Sequence[str], colors: Sequence[str], averages: Sequence[float]
    ) -> None:
        self.title = _charts.title()
        self.note = _charts.note()
        self.text = _charts.alternative()
        rows = len(bins)
        ranks, shares = _charts.rank_scale(rows), _charts.percent_scale()
        self.bars = bqplot.Bars(
            x=np.arange(rows),
            y=np.zeros(rows),
            scales={"x": ranks, "y": shares},
            orientation="horizontal",
            color_mode="group",
            colors=list(colors),
            stroke=_OUTLINE,
            stroke_width=1,
            padding=0.2,
            enable_hover=False,
        )
        average = bqplot.Scatter(
            x=np.asarray(averages, dtype=np.float64),
            y=np.arange(rows),
            scales={"x": shares, "y": ranks},
            marker="diamond",
            default_size=36,
            colors=["#ffffff"],
            stroke="#000000",
            enable_hover=False,
        )
        self.share_axis = _charts.percent_axis(shares, "share of salient pixels", ())
        figure = _charts.row_figure(
            [self.bars, average],
            [_charts.rank_axis(ranks, [shorten(name) for name in bins]), self.share_axis],
            rows=rows,
            row_height=20,
            labels=bins,
        )
        legend = _charts.legend([("#ffffff", "average of all classes")], marker="diamond")
        super().__init__([self.title, legend, figure, self.note, self.text])
        self.add_class("imbxai-colors")
