"""What the bqplot charts have in common: percent axes, ranked rows, titles and legends.

Bars stand at ranks (0, 1, 2, ...) and the axis names the ranks. So a chart keeps its bars
when its classes change places, and names may be shortened, or occur twice, without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import bqplot
import ipywidgets as widgets
import numpy as np

from imbxai_widgets.explorer._names import shorten, width

_PIXELS_PER_CHARACTER = 6.6


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
    return _label(text, "imbxai-chart-title")


def note(text: str = "") -> widgets.Label:
    """Return the line below a chart that says what it rests on."""
    return _label(text, "imbxai-chart-note")


def message() -> widgets.Label:
    """Return the line that says what the panels wait for, and what went wrong."""
    return _label("", "imbxai-message")


def alternative(text: str = "") -> widgets.Label:
    """Return what a chart shows in words, for screen readers alone: its bars have no names."""
    return _label(text, "imbxai-alternative")


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


def as_written(label: widgets.DOMWidget) -> widgets.DOMWidget:
    """Keep JupyterLab from typesetting what a name has between dollar signs; return the label."""
    label.add_class("mathjax_ignore")
    return label


def _label(text: str, style: str) -> widgets.Label:
    label = widgets.Label(text)
    label.add_class(style)
    return as_written(label)
