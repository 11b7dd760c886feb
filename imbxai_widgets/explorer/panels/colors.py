"""Bar chart of salient colors (the paper's Fig. 7)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import bqplot
import numpy as np
import pandas as pd

from imbxai_widgets.explorer.deck import Deck, number
from imbxai_widgets.explorer.panel import Card, PanelContent, Part
from imbxai_widgets.explorer.panels import _charts
from imbxai_widgets.explorer.text import counted, percent_ticks
from imbxai_widgets.names import shorten

# Between white and black: an outline that shows both on light and on dark pages.
_OUTLINE = "#808080"


class Colors(_charts.ChartData):
    """The share of a class's salient pixels in each color bin."""

    shares: list[float]


class ColorPart(Part):
    """Its part of a card."""

    colors: Colors


class ColorContent(PanelContent):
    """The colors of each class's salient pixels (paper, Algorithm 3)."""

    name = "colors"
    place = "tab"
    tab = "Colors"
    turn = 3
    part_type = ColorPart

    @classmethod
    def applies(cls, deck: Deck) -> bool:
        """Tell whether saliency was computed."""
        return deck.analysis.color_counts is not None

    def part(self, index: int, page: int) -> ColorPart:  # noqa: ARG002
        """Return the color shares of class `index`."""
        analysis = self.deck.analysis
        shares = [number(share) for share in self._shares.iloc[index]]
        images = int(self.deck.classes[index]["images"])
        known = [share for share in shares if share is not None]
        bins = analysis.color_scheme.bins
        text = (f"{color} {share:.0%}" for color, share in zip(bins, known, strict=False))
        part = analysis.salient_fraction
        pixels = "" if part is None else f", the {part:.0%} most salient pixels of each"
        basis = f"{counted(images, 'training image')}{pixels}"
        if not images:
            basis = "No training images, hence no colors"
        return {
            "colors": {
                "title": f"Salient colors of {self.deck.name(index)}",
                "note": f"{basis}. ◆ average of all classes, each class counting the same.",
                "text": f"Share of salient pixels: {', '.join(text)}." if known else "",
                "shares": [share or 0.0 for share in shares],
                "ticks": percent_ticks(max([*known, *self.averages], default=0.0)),
            }
        }

    def widget(self, selected: int) -> ColorChart:  # noqa: ARG002
        """Return a chart that is still empty."""
        scheme = self.deck.analysis.color_scheme
        return ColorChart.drawn(scheme.bins, scheme.colors, self.averages)

    @cached_property
    def averages(self) -> list[float]:
        """Mean share of each color bin over the classes that have images."""
        return [number(mean) or 0.0 for mean in self._shares.mean()]

    @cached_property
    def _shares(self) -> pd.DataFrame:
        return self.deck.analysis.colors()


class ColorChart(_charts.ChartPanel):
    """Share of a class's salient pixels in each color bin, with the average of all classes."""

    _bundle = "colors"

    card = Card(ColorPart).tag(sync=True)

    @classmethod
    def drawn(
        cls, bins: Sequence[str], colors: Sequence[str], averages: Sequence[float]
    ) -> ColorChart:
        """Draw the chart.

        Parameters
        ----------
        bins : sequence of str
            Names of the color bins, in the order of the scheme.
        colors : sequence of str
            One hexadecimal color per bin: the mean of the bin's colors.
        averages : sequence of float
            Mean share per bin over all classes.
        """
        rows = len(bins)
        ranks, shares = _charts.rank_scale(rows), _charts.percent_scale()
        bars = bqplot.Bars(
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
        share_axis = _charts.percent_axis(shares, "share of salient pixels", ())
        rank_axis = _charts.rank_axis(ranks, [shorten(name) for name in bins])
        figure = _charts.row_figure(
            [bars, average], [rank_axis, share_axis], rows=rows, row_height=20, labels=bins
        )
        legend = _charts.legend([("#ffffff", "average of all classes")], marker="diamond")
        chart = _charts.Chart(figure, legend, bars, rank_axis, share_axis)
        return cls.around(chart, "imbxai-colors")
