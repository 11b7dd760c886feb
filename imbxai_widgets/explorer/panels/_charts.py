"""What the bqplot charts have in common: marks steered in the page, percent axes, ranked rows.

Bars stand at ranks (0, 1, 2, ...). So a chart keeps its bars when its classes change places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import bqplot
import ipywidgets as widgets
import numpy as np
import traitlets

from imbxai_widgets.explorer.panel import Panel
from imbxai_widgets.names import shorten, width

_PIXELS_PER_CHARACTER = 7.2


class ChartPanel(Panel):
    """Shows words and buttons around a chart of bqplot, and steers what it draws in the page.

    The Python side of the marks keeps the data they were made with: read the numbers from
    `Analysis`, not from the marks.

    Parameters
    ----------
    marks : dict of str to Widget
        What `card` changes.
    """

    marks = traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Instance(widgets.Widget)
    ).tag(sync=True, **widgets.widget_serialization)

    @classmethod
    def around(
        cls, figure: bqplot.Figure, marks: Mapping[str, widgets.Widget], **traits: Any
    ) -> Self:
        """Put a figure into one box with a new panel, which steers the marks."""
        panel = cls(marks=dict(marks), **traits)
        panel._box = widgets.VBox([panel, figure])
        panel._box.add_class(f"imbxai-{cls._bundle}")
        return panel

    @property
    def box(self) -> widgets.DOMWidget:
        """The panel with its figure."""
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


def length_scale(top: float = 1.0) -> bqplot.LinearScale:
    """Return a scale of lengths that begins at exactly zero."""
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
    axes: Sequence[bqplot.Axis] = (),
    *,
    height: int,
    labels: Sequence[str] = (),
) -> bqplot.Figure:
    """Return a figure of horizontal bars.

    Parameters
    ----------
    marks, axes
        What the figure draws.
    height
        Pixels that the bars share.
    labels
        What the axis at the left writes; the margin fits the longest.
    """
    longest = max((width(shorten(name)) for name in labels), default=0)
    left = round(_PIXELS_PER_CHARACTER * longest) + 12 if labels else 2
    margin = {"top": 4, "bottom": 44, "left": left, "right": 24}
    if not axes:
        margin = {"top": 0, "bottom": 0, "left": 2, "right": 2}
    height += margin["top"] + margin["bottom"]
    figure = bqplot.Figure(
        marks=list(marks),
        axes=list(axes),
        fig_margin=margin,
        padding_x=0.0,
        padding_y=0.0,
        display_toolbar=False,
        min_aspect_ratio=0.01,  # by default as wide as high at least, also beyond the page
        animation_duration=0,
        layout=widgets.Layout(width="100%", height=f"{height}px", min_width="0"),
    )
    figure.add_class("imbxai-chart")
    return figure
