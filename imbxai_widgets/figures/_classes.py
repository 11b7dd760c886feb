"""Accuracy by class, and errors before and after a change (the paper's Fig. 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.comparison import check_same_classes, check_same_images
from imbxai_widgets.figures._rows import MOST_ROWS, OUTER, chart_rows, row_axes
from imbxai_widgets.figures._style import (
    MUTED,
    ONE_COLUMN,
    PALE,
    SMALL,
    TWO_COLUMNS,
    Target,
    drawing,
    label_of,
    legend_above,
    whole,
)
from imbxai_widgets.presentation import BAR_COLOR, SEGMENT_COLORS

# Color, marker and size of before and after: apart in lightness too, and to be seen when equal.
_DOTS = ((SEGMENT_COLORS[1], "o", 38), (SEGMENT_COLORS[8], "s", 12))


def class_accuracy(analysis: Analysis, *, figure: Target | None = None) -> Figure:
    """Draw the accuracy of every class with the curve of class sizes.

    Bars are the accuracy on validation images, or on training images where there are no others.
    The line is the class's number of training images in percent of the largest class's, as in
    the authors' class_accuracy.py, so that both share one axis. With more than 20 classes the
    axis counts them, and the five largest and five smallest are named at the side.

    Parameters
    ----------
    analysis : Analysis
    figure : Figure or SubFigure, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = class_accuracy(analysis)
    >>> figure.axes[0].get_ylabel()
    'accuracy and class size (%)'
    """
    table = analysis.classes()
    held_out = analysis.validation is not None
    order = analysis.rows.by_size
    many = len(order) > MOST_ROWS
    images = table["images"].to_numpy()[order]
    column = "validation_accuracy" if held_out else "training_accuracy"
    accuracy = 100 * table[column].to_numpy()[order]
    ranks = np.arange(1, len(order) + 1)
    names = [label_of(analysis.class_names[index]) for index in order]
    height = 2.6 if many else 2.1 + 0.05 * max(map(len, names))
    with drawing(figure, TWO_COLUMNS if many else ONE_COLUMN, height) as target:
        ax = target.subplots()
        bars = ax.bar(ranks, np.nan_to_num(accuracy), width=0.8, color=BAR_COLOR)
        (line,) = ax.plot(ranks, 100 * images / max(images.max(), 1), color="black", linewidth=1)
        line.set(marker="" if many else "o", markersize=2.5)
        ax.set(xlim=(0.3, len(ranks) + 0.7), ylim=(0, 104), ylabel="accuracy and class size (%)")
        ax.tick_params(axis="y", length=2.5)
        ax.set_title("Accuracy and size of each class")
        if many:
            ax.set_xlabel("classes, from the largest to the smallest")
            _name_outer(ax, names)
        else:
            ax.set_xticks(ranks, names, rotation=45, ha="right", rotation_mode="anchor")
            ax.tick_params(axis="x", length=0)
        entries: list[tuple[Any, str]] = [
            (bars, f"{'validation' if held_out else 'training'} accuracy"),
            (line, f"training images (100% = {images.max():,})"),
        ]
        unknown = ranks[np.isnan(accuracy)]
        if len(unknown):
            mark = ax.scatter(unknown, np.full(len(unknown), 1.5), marker="_", s=9, color=MUTED)
            entries.append((mark, "no images"))
        legend_above(target, entries)
        return whole(target)


def _name_outer(ax: Axes, names: Sequence[str]) -> None:
    """List the first and the last classes with their numbers on the axis."""
    numbers = range(1, len(names) + 1)
    for line, number in enumerate([*numbers[:OUTER], *numbers[-OUTER:]]):
        place = 0.99 - 0.09 * (line + 0.8 * (line >= OUTER))
        for x, text, side in ((1.05, str(number), "right"), (1.06, names[number - 1], "left")):
            ax.text(x, place, text, ha=side, va="top", transform=ax.transAxes, fontsize=SMALL)


def errors_before_after(
    before: Analysis,
    after: Analysis,
    classes: Sequence[str] | None = None,
    *,
    direction: Literal["rows", "columns"] = "rows",
    names: tuple[str, str] = ("before", "after"),
    figure: Target | None = None,
) -> Figure:
    """Draw the validation errors of each class under two models (paper, Fig. 6).

    The paper's figure shows one class, trucks: which others have most false positives with it,
    under cross-entropy (a) and LDAM (b). Here all classes are shown, each with the sum of its
    errors. Rows are in percent of the class's validation images, so that sets of unequal classes
    can be read, and columns are counts.

    Parameters
    ----------
    before, after : Analysis
        Two models on the same images, such as one trained with cross-entropy and one with LDAM.
    classes : sequence of str, optional
        The classes to show, from top to bottom; see `imbxai_widgets.figures`.
    direction : {"rows", "columns"}
        Which errors: images of the class that are predicted as another one, or images of others
        that are falsely predicted as the class (its false positives).
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
        If the two differ in classes or validation images, or have no validation images; if
        `classes` is no list of names of classes, or `direction` neither of the two.

    Examples
    --------
    >>> figure = errors_before_after(analysis, ldam_analysis, names=("CE", "LDAM"))
    >>> figure.savefig("errors.pdf")
    """
    check_same_classes(before, after)
    if before.validation is None or after.validation is None:
        raise ValueError("No validation errors: give `validation=` to analyze() for both models.")
    check_same_images(before.validation, after.validation, "validation")
    rows = chart_rows(before, classes)
    errors = np.stack([_errors(model, direction)[rows.classes] for model in (before, after)])
    with row_axes(rows, before, figure, margin=1.1, width=ONE_COLUMN) as (target, (ax,)):
        ax.hlines(rows.positions, errors.min(axis=0), errors.max(axis=0), color=MUTED, linewidth=1)
        dots = [
            ax.scatter(x, rows.positions, color=color, marker=marker, s=size, zorder=3)
            for x, (color, marker, size) in zip(errors, _DOTS, strict=True)
        ]
        for dot in dots:
            dot.set(edgecolor="black", linewidth=0.4, clip_on=False)
        unknown = np.isnan(errors).any(axis=0)
        for place in rows.positions[unknown]:
            ax.text(0, place, "no validation images", color=MUTED, va="center", fontsize=SMALL)
        ax.set_xlim(0, 1.05 * np.nanmax(errors, initial=1))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.hlines(rows.positions[~unknown], *ax.get_xlim(), color=PALE, linewidth=0.5, zorder=0)
        if direction == "rows":
            ax.set_title("Mistaken for another class")
            ax.set_xlabel("validation images of the class (%)")
        else:
            ax.set_title("Mistaken for the class")
            ax.set_xlabel("validation images of other classes")
        legend_above(target, [(d, label_of(n)) for d, n in zip(dots, names, strict=True)])
        return whole(target)


def _errors(analysis: Analysis, direction: Literal["rows", "columns"]) -> np.ndarray:
    if direction == "rows":
        return 100 * (1 - analysis.classes()["validation_accuracy"].to_numpy())
    table = analysis.validation_errors(direction)
    return table[("support", "errors")].to_numpy().astype(np.float64)
