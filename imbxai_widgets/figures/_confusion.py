"""Which classes are confused, in training and on validation images (the paper's Fig. 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray
from imbxai_widgets.figures._rows import WEAK_NOTE, ChartRows, chart_rows, row_axes
from imbxai_widgets.figures._style import (
    MUTED,
    SMALL,
    Target,
    label_of,
    legend_above,
    note_below,
    percent_axis,
    whole,
)
from imbxai_widgets.presentation import SEGMENT_COLORS, WEAK_SUPPORT, segment_colors

_VALIDATION = {
    "rows": "Validation: what its images are mistaken for",
    "columns": "Validation: what is mistaken for it",
}
_TRAINING = "Training: neighbors of misclassified images"


def adversaries(
    analysis: Analysis,
    classes: Sequence[str] | None = None,
    *,
    direction: Literal["rows", "columns"] = "rows",
    figure: Target | None = None,
) -> Figure:
    """Draw each class's nearest adversaries beside its validation errors (paper, Fig. 4).

    Panel (a) shows how the validation errors of each class are spread over the other classes;
    without validation images it is left out. Panel (b) shows which classes the neighbors of its
    misclassified training images belong to. Where the two agree, training foretells the errors.
    The paper's text speaks of false positives (columns), while the authors' code for (b) takes the
    misclassified images of the class (rows), as here; with columns, (a) and (b) tell of different
    images.
    Of more than ten classes, those with the largest shares in the rows shown have colors, and the
    others share a gray. Beside each bar stands the number of errors that it rests on; bars that
    rest on few are faint.

    Parameters
    ----------
    analysis : Analysis
    classes : sequence of str, optional
        The classes to show, from top to bottom; see `imbxai_widgets.figures`.
    direction : {"rows", "columns"}
        What (a) shows: as what the images of a class are predicted, or which images are falsely
        predicted as the class (its false positives).
    figure : Figure or SubFigure, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If `classes` is no list of names of classes, or `direction` neither of the two.

    Examples
    --------
    >>> figure = adversaries(analysis, direction="columns")
    >>> figure.savefig("adversaries.pdf")
    """
    if direction not in _VALIDATION:
        raise ValueError(f"direction must be 'rows' or 'columns', not {direction!r}.")
    rows = chart_rows(analysis, classes)
    panels = [(_TRAINING, "votes", analysis.adversaries())]
    if analysis.validation is not None:
        table = analysis.validation_errors(direction)
        panels.insert(0, (_VALIDATION[direction], "errors", table))
    own, rest = _segments(analysis, [table for *_, table in panels], rows)
    names = [label_of(analysis.class_names[index]) for index in own]
    if len(rest):
        one = label_of(analysis.class_names[rest[0]])
        names.append(one if len(rest) == 1 else f"{len(rest)} other classes")
    colors = segment_colors(len(names), other=bool(len(rest)))
    with row_axes(rows, analysis, figure, margin=1.25, panels=len(panels)) as (target, axes):
        for letter, ax, (title, unit, table) in zip("ab", axes, panels, strict=False):
            shares = table["share"].to_numpy()[rows.classes]
            errors = table[("support", "errors")].to_numpy()[rows.classes]
            parts = shares[:, own]
            if len(rest):
                parts = np.column_stack([parts, shares[:, rest].sum(axis=1)])
            _draw_shares(ax, rows, 100 * parts, errors, unit, colors)
            ax.set_title(f"({letter}) {title}" if len(panels) > 1 else title)
        legend_above(target, [(Patch(color=c), n) for c, n in zip(colors, names, strict=True)])
        note_below(target, "numbers: errors that a bar rests on", f"{WEAK_NOTE} errors")
        return whole(target)


def _segments(
    analysis: Analysis, tables: list[pd.DataFrame], rows: ChartRows
) -> tuple[IntArray, IntArray]:
    """Return the classes that get a color of their own, and the other ones, which share a gray.

    Where the colors suffice for all classes, they are given by size, so that a class has one color
    in all figures of an analysis. Of more classes, those with the largest shares in the rows shown
    get them, and those without any share are left out.
    """
    if analysis.n_classes <= len(SEGMENT_COLORS) + 1:
        ranking = analysis.rows.by_size
    else:
        weight = np.sum([t["share"].to_numpy()[rows.classes].sum(axis=0) for t in tables], axis=0)
        ranking = np.argsort(-weight, kind="stable").astype(np.int64, copy=False)
        ranking = ranking[weight[ranking] > 0]
    return ranking[: len(SEGMENT_COLORS)], ranking[len(SEGMENT_COLORS) :]


def _draw_shares(
    ax: Axes,
    rows: ChartRows,
    percent: DoubleArray,
    errors: IntArray,
    unit: str,
    colors: Sequence[str],
) -> None:
    left = np.cumsum(percent, axis=1) - percent
    for part, start, color in zip(percent.T, left.T, colors, strict=True):
        bars = ax.barh(rows.positions, part, left=start, height=0.72, color=color)
        for bar, few in zip(bars, errors < WEAK_SUPPORT, strict=True):
            bar.set(alpha=0.5 if few else None, edgecolor="white", linewidth=0.4)
    for place, count, total in zip(rows.positions, errors, percent.sum(axis=1), strict=True):
        mark = "*" if 0 < count < WEAK_SUPPORT else ""
        ax.text(102, place, f"{count}{mark}", va="center", fontsize=SMALL)
        if not total:
            # With errors, all of their neighbors are of the class itself.
            ax.text(1, place, f"no {unit}", color=MUTED, va="center", fontsize=SMALL)
    percent_axis(ax, f"share of {unit} (%)")
