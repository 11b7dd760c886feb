"""Which features classes rest on and share (the paper's Fig. 5), and where they lead."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.comparison import check_same_classes
from imbxai_widgets.figures._rows import ChartRows, cell_note, chart_rows, draw_cells, row_axes
from imbxai_widgets.figures._style import (
    MUTED,
    PALE,
    SMALL,
    Target,
    ink,
    label_of,
    legend_above,
    note_below,
    percent_axis,
    whole,
)
from imbxai_widgets.presentation import OTHER_COLOR, SEGMENT_COLORS, WEAK_SUPPORT


def feature_overlap(
    analysis: Analysis,
    after: Analysis | None = None,
    classes: Sequence[str] | None = None,
    *,
    names: tuple[str, str] = ("before", "after"),
    figure: Target | None = None,
) -> Figure:
    """Draw the top features of each class and mark those that classes share (paper, Fig. 5).

    A bar is a class; its segments are the features with the largest class means, each with its
    number and as wide as its part in their sum. A feature that several of the classes shown have
    is colored: the more of a bar has colors, the less the class has of its own.

    With `after`, a second panel shows another model. Networks that were trained apart number
    their features differently: compare how much is shared, not which numbers. The paper's panels
    are a network trained with cross-entropy (a) and one trained with LDAM (b).

    Parameters
    ----------
    analysis : Analysis
    after : Analysis, optional
        A second model of the same classes.
    classes : sequence of str, optional
        The classes to show, from top to bottom; see `imbxai_widgets.figures`.
    names : tuple of str
        What to call the two models.
    figure : Figure or SubFigure, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If `classes` is no list of names of classes, or `after` has others than `analysis`.

    Examples
    --------
    >>> figure = feature_overlap(analysis, after=ldam_analysis, names=("CE", "LDAM"))
    >>> figure.savefig("features.pdf")
    """
    if after is not None:
        check_same_classes(analysis, after)
    rows = chart_rows(analysis, classes)
    models = [analysis] if after is None else [analysis, after]
    with row_axes(rows, analysis, figure, margin=1.1, panels=len(models)) as (target, axes):
        for ax, model, name, letter in zip(axes, models, names, "ab", strict=False):
            _draw_features(ax, rows, model, target.bbox.width / len(models))
            title = f"Top {model.top_k} features of each class"
            ax.set_title(title if after is None else f"({letter}) {title}: {label_of(name)}")
        legend_above(
            target,
            [
                (tuple(map(_patch, SEGMENT_COLORS[:4])), "shared by the most of these classes"),
                (_patch(OTHER_COLOR), "shared by some"),
                (_patch(PALE), "in one only"),
            ],
        )
        note_below(target, "numbers: the feature's place in the embedding")
        return whole(target)


def _patch(color: str) -> Patch:
    return Patch(color=color)


def _draw_features(ax: Axes, rows: ChartRows, analysis: Analysis, pixels: float) -> None:
    tops = [analysis.top_features(analysis.class_names[index])["share"] for index in rows.classes]
    features, counts = np.unique(
        np.concatenate([top.index.to_numpy() for top in tops]), return_counts=True
    )
    ranking = features[np.argsort(-counts, kind="stable")]
    shared = ranking[: np.count_nonzero(counts > 1)]
    colors = {int(f): OTHER_COLOR for f in shared} | {
        int(f): c for f, c in zip(shared, SEGMENT_COLORS, strict=False)
    }
    for place, top in zip(rows.positions, tops, strict=True):
        percent = 100 * top.to_numpy()
        left = np.cumsum(percent) - percent
        fills = [colors.get(int(feature), PALE) for feature in top.index]
        ax.barh(
            place, percent, left=left, height=0.8, color=fills, edgecolor="white", linewidth=0.4
        )
        for feature, width, start, fill in zip(top.index, percent, left, fills, strict=True):
            _number(ax, place, start + width / 2, width * pixels / 100, str(feature), fill)
        if not len(top):
            ax.text(1, place, "no feature responds", color=MUTED, va="center", fontsize=SMALL)
    percent_axis(ax, "share in the sum of the top features' means (%)")


def _number(ax: Axes, place: float, middle: float, pixels: float, text: str, fill: str) -> None:
    """Write a feature's number in its segment, if there is room for it."""
    points = 72 * pixels / ax.figure.get_dpi()
    # Digits are 0.64 em wide in the default type, and the axes take 70% of the width or more.
    if 0.64 * SMALL * len(text) <= 0.7 * points:
        ax.text(middle, place, text, ha="center", va="center", color=ink(fill), fontsize=SMALL)


def feature_density(
    analysis: Analysis,
    class_name: str,
    classes: Sequence[str] | None = None,
    *,
    figure: Target | None = None,
) -> Figure:
    """Draw how often the top features of a class lead in the images of each class.

    A cell tells in which part of a class's images the feature is among the image's own largest.
    The authors' FE_idx_density.py stacks bars: the count of each class over that of the reference
    class. Counts grow with the size of a class, and stacked bars have no common base line. Here
    each count is divided by the size of its class, and has a cell of its own.

    Parameters
    ----------
    analysis : Analysis
    class_name : str
        The class whose top features these are; the first row.
    classes : sequence of str, optional
        The other classes to show, from top to bottom; see `imbxai_widgets.figures`.
    figure : Figure or SubFigure, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no class of a name, or no feature ever responds in `class_name`.

    Examples
    --------
    >>> figure = feature_density(analysis, "Plants")
    >>> figure.savefig("density.pdf")
    """
    rows = chart_rows(analysis, classes, first=class_name)
    table = analysis.feature_density(class_name)
    if not table.shape[1]:
        raise ValueError(f"No feature responds in class {class_name!r}: it has no top features.")
    images = analysis.classes()["images"].to_numpy()[rows.classes]
    with row_axes(rows, analysis, figure, margin=0.9) as (target, (ax,)):
        values = table.to_numpy()[rows.classes]
        weak = np.broadcast_to(images[:, np.newaxis] < WEAK_SUPPORT, values.shape)
        draw_cells(ax, rows, values, weak, [str(f) for f in table.columns], mpl.colormaps["Blues"])
        ax.set_xlabel(f"top features of {label_of(class_name)}, the strongest first")
        ax.set_title(
            f"Images that have the feature among their {analysis.top_k} largest (% of the class)"
        )
        note_below(target, cell_note(values, weak))
        return whole(target)
