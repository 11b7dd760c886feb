"""What the bqplot charts have in common: percent axes, ranked rows, titles and legends.

Bars stand at ranks (0, 1, 2, ...) and the axis names the ranks. So a chart keeps its bars
when its classes change places, and names may be shortened, or occur twice, without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple, Self, TypedDict

import bqplot
import ipywidgets as widgets
import numpy as np
import traitlets

from imbxai_widgets.explorer.labels import as_written, label
from imbxai_widgets.explorer.panel import Panel
from imbxai_widgets.names import shorten, width

_PIXELS_PER_CHARACTER = 6.6


class ChartData(TypedDict):
    """What every chart is given of a class, beside its bars."""

    title: str
    note: str
    text: str  # the bars in words, for screen readers
    ticks: list[float]  # of the axis of shares, from zero


class Chart(NamedTuple):
    """What a chart is drawn with."""

    figure: bqplot.Figure
    legend: widgets.HTML
    bars: bqplot.Bars
    rank_axis: bqplot.Axis
    share_axis: bqplot.Axis


def marks_trait() -> traitlets.Dict[str, widgets.Widget]:
    """Return a trait that names the marks, axes and labels that a panel steers in the page."""
    return traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Instance(widgets.Widget)
    ).tag(sync=True, **widgets.widget_serialization)


class ChartPanel(Panel):
    """Steers a chart of bqplot in the front end; itself invisible in the chart's box.

    The Python side of the marks keeps the data they were made with: read the numbers from
    `Analysis`, not from the marks.

    Parameters
    ----------
    marks : dict of str to Widget
        What `card` changes: ``title``, ``note``, ``text``, ``bars``, ``rankAxis``, ``shareAxis``.
    """

    marks = marks_trait()

    @classmethod
    def around(cls, chart: Chart, style: str, **traits: Any) -> Self:
        """Put a chart into a box with title, note and words, and steer it."""
        head, foot, words = title(), note(), alternative()
        panel = cls(
            marks={
                "title": head,
                "note": foot,
                "text": words,
                "bars": chart.bars,
                "rankAxis": chart.rank_axis,
                "shareAxis": chart.share_axis,
            },
            layout=widgets.Layout(display="none"),
            **traits,
        )
        panel._box = widgets.VBox([head, chart.legend, chart.figure, foot, words, panel])
        panel._box.add_class(style)
        return panel

    @property
    def box(self) -> widgets.DOMWidget:
        """The chart with its title, legend, note and words."""
        return self._box


def rank_scale(rows: int) -> bqplot.OrdinalScale:
    """Return a scale of `rows` ranks, with rank 0 on top."""
    return bqplot.OrdinalScale(domain=list(range(rows))[::-1])


def rank_axis(scale: bqplot.OrdinalScale, labels: Sequence[str]) -> bqplot.Axis:
    """Return the axis that writes `labels` at the ranks."""
    return bqplot.Axis(
        scale=scale,
        side="left",
        grid_lines="none",
        tick_labels={str(rank): label for rank, label in enumerate(labels)},
    )


def percent_scale(top: float = 1.0) -> bqplot.LinearScale:
    """Return a scale of shares that begins at exactly zero."""
    return bqplot.LinearScale(min=0.0, max=top, allow_padding=False)


def percent_axis(scale: bqplot.LinearScale, label: str, ticks: Sequence[float]) -> bqplot.Axis:
    """Return the axis of `scale`, in percent."""
    return bqplot.Axis(
        scale=scale,
        label=label,
        label_offset="30px",
        tick_format=".0%",
        tick_values=np.asarray(ticks, dtype=np.float64),
    )


def row_figure(
    marks: Sequence[bqplot.Mark],
    axes: Sequence[bqplot.Axis],
    *,
    rows: int,
    row_height: int,
    labels: Sequence[str],
    right: int = 24,
    bottom: int = 44,
) -> bqplot.Figure:
    """Return a figure of horizontal bars, as high as its `rows` need.

    Parameters
    ----------
    marks, axes
        What the figure draws.
    rows, row_height
        Number of rows, and pixels of each.
    labels
        All names that may stand at the left; the margin fits the longest.
    right, bottom
        Pixels kept free at the right, for numbers beside bars, and below, for the axis.
    """
    longest = max((width(shorten(name)) for name in labels), default=0)
    left = round(_PIXELS_PER_CHARACTER * (longest + 2)) + 12
    margin = {"top": 4, "bottom": bottom, "left": left, "right": right}
    height = rows * row_height + margin["top"] + margin["bottom"]
    figure = bqplot.Figure(
        marks=list(marks),
        axes=list(axes),
        fig_margin=margin,
        padding_x=0.0,
        padding_y=0.0,
        display_toolbar=False,
        animation_duration=0,
        layout=widgets.Layout(width="100%", height=f"{height}px", min_width="280px"),
    )
    figure.add_class("imbxai-chart")
    return figure


def title(text: str = "") -> widgets.Label:
    """Return a chart's title; a Label shows names as text, never as markup."""
    return label(text, "imbxai-chart-title")


def note(text: str = "") -> widgets.Label:
    """Return the line below a chart that says what it rests on."""
    return label(text, "imbxai-chart-note")


def alternative(text: str = "") -> widgets.Label:
    """Return what a chart shows in words, for screen readers alone: its bars have no names."""
    return label(text, "imbxai-alternative")


def legend(entries: Sequence[tuple[str, str]], *, marker: str = "square") -> widgets.HTML:
    """Return a legend of (color, text) pairs that wraps on narrow pages."""
    items = "".join(
        f'<span class="imbxai-legend-item">'
        f'<span class="imbxai-legend-{marker}" style="background:{escape(color)}"></span>'
        f"{escape(text)}</span>"
        for color, text in entries
    )
    html = widgets.HTML(f'<div class="imbxai-legend">{items}</div>')
    html.add_class("imbxai-legend-box")
    return as_written(html)
