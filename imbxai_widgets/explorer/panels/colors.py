"""Bar chart of salient colors (the paper's Fig. 7), beside those of all pixels."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypedDict

import bqplot
import numpy as np
import pandas as pd
import traitlets

from imbxai_widgets.explorer.deck import Deck, number
from imbxai_widgets.explorer.panel import Card, PanelContent, Part
from imbxai_widgets.explorer.panels import _charts
from imbxai_widgets.explorer.text import counted, percent_ticks
from imbxai_widgets.names import shorten

# Between white and black: an outline that shows both on light and on dark pages.
_OUTLINE = "#808080"
_FEW = 10  # images: of a rare color in fewer, bounds hold less than they promise (docs/colors.md)
_SMALL = 0.005  # what rounds to no percent
_MISSING = (
    "The colors of all pixels, and of each image, are not known: an older version saved the "
    "analysis."
)
GRAYS = ("black", "gray", "white")
ALL_GRAY = 0.995  # share of pixels from which on bars would say no more than a sentence


class ColorRow(TypedDict):
    """One color of a class."""

    name: str
    color: str  # of the bin, hexadecimal
    images: int  # of the class that have salient pixels of it
    salient: str  # its share of the pixels that count most
    all: str  # and of all pixels
    words: str  # how the one compares with the other


class Colors(TypedDict):
    """The share of a class's salient pixels in each color bin."""

    shares: list[float]  # none where there is nothing to draw
    all: list[float]  # the same of all pixels; none where they are not known
    rows: list[ColorRow]  # of the colors that are there, the most salient first
    missing: str  # why colors of images and of all pixels are not known, if so
    note: str  # what the bars rest on, or why there are none
    text: str  # the bars in words, for screen readers
    ticks: list[float]  # of the axis, from zero


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
        bins = self.deck.analysis.color_scheme.bins
        shares = [number(share) for share in self.deck.colors.iloc[index]]
        known = [share for share in shares if share is not None]
        why = self._nothing(index, dict(zip(bins, known, strict=False)))
        if why:
            nothing: Colors = {
                "shares": [],
                "all": [],
                "rows": [],
                "missing": "",
                "note": why,
                "text": "",
                "ticks": [0.0, 1.0],
            }
            return {"colors": nothing}
        lift = self.deck.color_lift(index)
        every = [] if lift is None else lift["all"].tolist()
        words = (f"{color} {share:.0%}" for color, share in zip(bins, known, strict=True))
        return {
            "colors": {
                "shares": known,
                "all": every,
                "rows": [] if lift is None else self._rows(lift),
                "missing": _MISSING if lift is None else "",
                "note": self._basis(index),
                "text": f"Share of these pixels: {', '.join(words)}.",
                "ticks": percent_ticks(max([*known, *every, *self.averages])),
            }
        }

    def widget(self, selected: int) -> ColorChart:  # noqa: ARG002
        """Return a chart that is still empty."""
        scheme = self.deck.analysis.color_scheme
        return ColorChart.drawn(scheme.bins, scheme.colors, self.averages)

    def _rows(self, lift: pd.DataFrame) -> list[ColorRow]:
        """Return the colors that any pixel has, the most salient first."""
        scheme = self.deck.analysis.color_scheme
        order = np.argsort(-lift["salient"].to_numpy(dtype=np.float64), kind="stable")
        rows = lift.to_dict("records")
        return [
            {
                "name": scheme.bins[place],
                "color": scheme.colors[place],
                "images": int(rows[place]["images"]),
                "salient": _percent(rows[place]["salient"]),
                "all": _percent(rows[place]["all"]),
                "words": _in_words(rows[place]),
            }
            for place in order.tolist()
            if rows[place]["all"] > 0
        ]

    @property
    def averages(self) -> list[float]:
        """Mean share of each color bin over the classes that have images."""
        averages: list[float] = self.deck.color_averages.tolist()
        return averages

    def _basis(self, index: int) -> str:
        part = self.deck.analysis.salient_fraction
        images = counted(int(self.deck.classes[index]["images"]), "training image")
        pixels = "pixels that count most" if part is None else f"{part:.0%} of pixels"
        hang = "" if part is None else " that its prediction hangs on most"
        return f"Of each of its {images}, the {pixels}{hang}."

    def _nothing(self, index: int, shares: dict[str, float]) -> str:
        """Say why there is nothing to draw, if so."""
        if not self.deck.classes[index]["images"]:
            return f"{self.deck.name(index)} has no training images, hence no colors."
        if sum(shares.get(gray, 0.0) for gray in GRAYS) < ALL_GRAY:
            return ""
        others = sum(
            share for name, share in zip(shares, self.averages, strict=True) if name not in GRAYS
        )
        beside = (
            f" (on average over all classes, {others:.0%} have a color)"
            if others > 1 - ALL_GRAY
            else ""
        )
        return f"The pixels that count most are black, gray or white{beside}."


def _in_words(row: Mapping[Hashable, Any]) -> str:
    """Say whether a color is looked at more, or less, than it is there.

    Only where chance would not do as much, and enough images have it.
    """
    if not row["salient"]:
        return "never looked at"
    times = f"{row['lift']:.1f}\N{MULTIPLICATION SIGN}"
    if row["images"] < _FEW:
        return f"{times}: too few images"
    if row["low"] > 1:
        return f"{times}: looked at"
    if row["high"] < 1:
        return f"{times}: looked past"
    return f"{times}: no clear difference"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= _SMALL or not share else "under 1%"


class ColorChart(_charts.ChartPanel):
    """Share of a class's salient pixels in each color bin, with the average of all classes.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `ColorPart`; empty while no class is shown.
    filter : dict
        Which images a click asks for; see js/src/parts/filter.ts.
    marks : dict of str to Widget
        What `card` changes: ``bars``, ``pixels``, ``shareAxis``.
    """

    _bundle = "colors"

    card = Card(ColorPart).tag(sync=True)
    filter: Any = traitlets.Dict().tag(sync=True)

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
        ranks, shares = _charts.rank_scale(rows), _charts.length_scale()
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
        pixels = bqplot.Scatter(
            x=np.zeros(0),
            y=np.zeros(0),
            scales={"x": shares, "y": ranks},
            marker="triangle-up",
            default_size=48,
            colors=["#ffffff"],
            stroke="#000000",
            enable_hover=False,
        )
        share_axis = _charts.percent_axis(shares, "share of these pixels", ())
        rank_axis = _charts.rank_axis(ranks, [shorten(name) for name in bins])
        figure = _charts.row_figure(
            [bars, average, pixels], [rank_axis, share_axis], height=20 * rows, labels=bins
        )
        return cls.around(figure, {"bars": bars, "pixels": pixels, "shareAxis": share_axis})
