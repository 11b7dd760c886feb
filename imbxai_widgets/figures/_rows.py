"""Rows of a chart, one a class, in the order of their size; of many classes, the outer ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, IntArray
from imbxai_widgets.figures._style import (
    MUTED,
    PALE,
    SMALL,
    TWO_COLUMNS,
    Target,
    drawing,
    ink,
    label_of,
    row_height,
)
from imbxai_widgets.presentation import WEAK_SUPPORT

MOST_ROWS: Final = 20
OUTER: Final = 5  # of more classes, so many of the largest and of the smallest are shown
WEAK_NOTE: Final = f"* fewer than {WEAK_SUPPORT}"
NOTHING: Final = "—"


@dataclass(frozen=True)
class ChartRows:
    """Which classes a chart shows, and where.

    Attributes
    ----------
    classes : int64 array, shape (R,)
        Class numbers, from top to bottom.
    positions : float64 array, shape (R,)
        Their vertical places.
    gaps : tuple of (float, str)
        Places between them, and what is left out there.
    by_size : bool
        Whether the order is that of the classes' sizes.
    """

    classes: IntArray
    positions: DoubleArray
    gaps: tuple[tuple[float, str], ...]
    by_size: bool

    @property
    def height(self) -> float:
        """How many rows the chart is high."""
        return float(self.positions[-1]) + 1

    def label(self, axes: Sequence[Axes], analysis: Analysis) -> None:
        """Name the rows at the left of `axes`, which share them."""
        ax = axes[0]
        names = [label_of(analysis.class_names[index]) for index in self.classes]
        places = [*self.positions, *(place for place, _ in self.gaps)]
        ax.set_yticks(places, [*names, *(text for _, text in self.gaps)])
        for tick in ax.get_yticklabels()[len(names) :]:
            tick.set(color=MUTED, fontsize=SMALL)
        ax.set_ylim(self.height - 0.5, -0.5)
        for each in axes:
            each.spines["left"].set_visible(False)
        if self.by_size:
            ax.set_ylabel("classes, from large to small", color=MUTED)


def chart_rows(
    analysis: Analysis, classes: Sequence[str] | None = None, *, first: str | None = None
) -> ChartRows:
    """Return rows for `classes`, by default for all or, of many, for the largest and smallest.

    Raises
    ------
    ValueError
        If `classes` is no list of names, empty, or names a class that there is not.
    """
    chosen = analysis.rows.by_size if classes is None else numbers_of(analysis, classes)
    groups = [chosen]
    if classes is None and len(chosen) > MOST_ROWS:
        # A class without images has nothing to show: it would only take the place of one that has.
        filled = chosen[analysis.rows.sizes[chosen] > 0]
        groups = [filled[:OUTER], filled[OUTER:][-OUTER:]]
    if first is not None:
        own = analysis.class_index(first)
        groups = [np.array([own]), *(group[group != own] for group in groups)]
    groups = [group for group in groups if len(group)]
    left_out = analysis.n_classes - sum(map(len, groups)) if classes is None else 0
    positions, gaps, start = [], [], 0.0
    for number, group in enumerate(groups):
        if number:
            last = number == len(groups) - 1 and left_out > 0
            gaps.append((start, f"⋮ {left_out} classes" if last else ""))
            start += 1.0 if last else 0.4
        positions.append(start + np.arange(len(group)))
        start += len(group)
    return ChartRows(
        np.concatenate(groups), np.concatenate(positions), tuple(gaps), classes is None
    )


@contextmanager
def row_axes(
    rows: ChartRows,
    analysis: Analysis,
    figure: Target | None,
    *,
    margin: float,
    panels: int = 1,
    width: float = TWO_COLUMNS,
    **options: Any,
) -> Iterator[tuple[Target, Sequence[Axes]]]:
    """Give the figure to draw in, as `drawing` does, and `panels` axes side by side for `rows`.

    The rows are named at the end. `margin` is the height in inches of all but the rows, and
    `options` are those of `matplotlib.figure.Figure.subplots`.
    """
    with drawing(figure, width, row_height(rows.height, margin=margin)) as target:
        axes = target.subplots(1, panels, sharey=True, squeeze=False, **options)[0]
        yield target, axes
        rows.label(axes, analysis)


def numbers_of(analysis: Analysis, classes: Sequence[str]) -> IntArray:
    """Return the numbers of the classes called `classes`; see `chart_rows` for what it raises."""
    if isinstance(classes, str) or not len(classes):
        raise ValueError(f"classes must be a list of class names, not {classes!r}.")
    return np.array([analysis.class_index(name) for name in classes], dtype=np.int64)


def draw_cells(
    ax: Axes,
    rows: ChartRows,
    values: DoubleArray,
    weak: BoolArray,
    columns: Sequence[str],
    cmap: Any,
) -> None:
    """Draw a table of percentages, darker for more; NaN is a dash, and `weak` ones get a star."""
    for column, (shares, faint) in enumerate(zip(values.T, weak.T, strict=True)):
        colors = [PALE if np.isnan(share) else cmap(0.85 * share) for share in shares]
        ax.barh(rows.positions, 0.94, left=column + 0.03, height=0.86, color=colors)
        for place, share, few, color in zip(rows.positions, shares, faint, colors, strict=True):
            text = NOTHING if np.isnan(share) else f"{100 * share:.0f}{'*' if few else ''}"
            ax.text(
                column + 0.5,
                place,
                text,
                ha="center",
                va="center",
                color=ink(color),
                fontsize=SMALL,
            )
    ax.set_xlim(0, len(columns))
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns)
    ax.tick_params(axis="x", length=0)
    ax.spines[:].set_visible(False)


def cell_note(values: DoubleArray, weak: BoolArray) -> str:
    """Say what the marks mean that `draw_cells` made, of those there are."""
    empty = np.isnan(values)
    notes = [
        (weak & ~empty, f"{WEAK_NOTE} images"),
        (empty, f"{NOTHING} no images"),
    ]
    return " · ".join(note for where, note in notes if where.any())
