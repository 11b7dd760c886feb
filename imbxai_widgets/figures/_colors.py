"""Colors of the salient pixels of one class and of two (the paper's Figs. 7 and 8)."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.numeric.types import DoubleArray
from imbxai_widgets.figures._style import (
    MUTED,
    ONE_COLUMN,
    TWO_COLUMNS,
    Target,
    drawing,
    label_of,
    legend_above,
    percent_axis,
    row_height,
    whole,
)


def salient_colors(analysis: Analysis, class_name: str, *, figure: Target | None = None) -> Figure:
    """Draw the colors of a class's salient pixels beside the average class (paper, Fig. 7).

    Bars have the mean color of their bin, and its name for readers who cannot tell colors apart.
    The average over the classes, which the paper does not draw, tells what is usual.

    Parameters
    ----------
    analysis : Analysis
    class_name : str
    figure : Figure or SubFigure, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no class of that name, or saliency was not computed.

    Examples
    --------
    >>> figure = salient_colors(analysis, "Plants")
    >>> figure.savefig("plants.pdf")
    """
    table = analysis.colors()
    shares = 100 * table.iloc[analysis.class_index(class_name)].to_numpy()
    averages = 100 * table.mean().to_numpy()
    top = 1.06 * max(np.nanmax(shares, initial=1), np.nanmax(averages, initial=1))
    with drawing(figure, ONE_COLUMN, row_height(len(shares), margin=0.9)) as target:
        ax = target.subplots()
        _draw_bins(ax, analysis, shares)
        rows = np.arange(len(averages))
        dots = ax.scatter(averages, rows, s=18, marker="D", color="white", zorder=3)
        dots.set(edgecolor="black", linewidth=0.8)
        ax.set_yticks(rows, analysis.color_scheme.bins)
        ax.set_title(f"Salient colors of {label_of(class_name)}")
        percent_axis(ax, "share of salient pixels (%)", top)
        legend_above(target, [(dots, "average of all classes")])
        return whole(target)


def color_comparison(
    analysis: Analysis, left: str, right: str, *, figure: Target | None = None
) -> Figure:
    """Draw the colors of two classes' salient pixels back to back (paper, Fig. 8).

    The paper's figure shows a large and a small class, with safe and border prototypes beside the
    colors; these are to be had from `prototypes`.

    Parameters
    ----------
    analysis : Analysis
    left, right : str
        The two classes, such as one and its nearest adversary.
    figure : Figure or SubFigure, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no class of a name, or saliency was not computed.

    Examples
    --------
    >>> figure = color_comparison(analysis, "Plants", "Animals")
    >>> len(figure.axes)
    2
    """
    table = analysis.colors()
    shares = [100 * table.iloc[analysis.class_index(name)].to_numpy() for name in (left, right)]
    top = 1.06 * np.nanmax(shares, initial=1)
    bins = analysis.color_scheme.bins
    with drawing(figure, TWO_COLUMNS * 0.75, row_height(len(bins), margin=0.7)) as target:
        axes = target.subplots(1, 2)
        for ax, name, values in zip(axes, (left, right), shares, strict=True):
            _draw_bins(ax, analysis, values)
            percent_axis(ax, "share of salient pixels (%)", top)
            ax.set_title(label_of(name), loc="center")
        axes[0].set_xlim(top, 0)
        axes[0].spines["left"].set_visible(False)
        axes[0].spines["right"].set_visible(True)
        axes[0].set_yticks([])
        axes[1].set_yticks(np.arange(len(bins)), bins, ha="center")
        axes[1].tick_params(axis="y", pad=24)
        return whole(target)


def _draw_bins(ax: Axes, analysis: Analysis, percent: DoubleArray) -> None:
    """Draw one bar a color bin, outlined, so that white ones can be seen."""
    rows = np.arange(len(percent))
    colors = analysis.color_scheme.colors
    ax.barh(
        rows, np.nan_to_num(percent), color=colors, edgecolor="black", linewidth=0.5, height=0.72
    )
    if np.isnan(percent).all():
        ax.text(0.5, 0.5, "no salient pixels", transform=ax.transAxes, ha="center", color=MUTED)
    ax.set_ylim(len(rows) - 0.5, -0.5)
