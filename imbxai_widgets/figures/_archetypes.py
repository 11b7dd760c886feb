"""Archetypes of each class, and the images that stand for them (the paper's Figs. 2 and 3)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.numeric.types import UInt8Array
from imbxai_widgets.figures._rows import (
    ChartRows,
    cell_note,
    chart_rows,
    draw_cells,
    numbers_of,
    row_axes,
)
from imbxai_widgets.figures._style import (
    MUTED,
    TWO_COLUMNS,
    Target,
    drawing,
    label_of,
    legend_above,
    note_below,
    percent_axis,
    whole,
)
from imbxai_widgets.presentation import ARCHETYPE_COLORS, WEAK_SUPPORT


def archetype_rates(
    analysis: Analysis, classes: Sequence[str] | None = None, *, figure: Target | None = None
) -> Figure:
    """Draw the archetypes of each class and how the model fares on them (paper, Fig. 2).

    Panel (a) is the composition of each class's training images, (b) the true positive rate of
    each archetype in training, (c) the error rate of the validation images that fall in the
    same places; (c) is left out without validation images.

    The paper's figure shows (b) alone, the true positives of each archetype in percent of its
    training images, for five sets. One row a class and one column an archetype are chosen here, so
    that every number can be read. The archetypes of (c) use the true labels of validation images.

    Parameters
    ----------
    analysis : Analysis
    classes : sequence of str, optional
        The classes to show, from top to bottom; see `imbxai_widgets.figures`.
    figure : Figure or SubFigure, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If `classes` is no list of names of classes.

    Examples
    --------
    >>> figure = archetype_rates(analysis)
    >>> [ax.get_title("left") for ax in figure.axes][1:]
    ['(b) True positive rate (%)', '(c) Validation errors (%)']
    >>> figure.savefig("archetypes.pdf")
    """
    rows = chart_rows(analysis, classes)
    table = analysis.archetype_rates()
    panels = [("(b) True positive rate (%)", "Blues", "true_positive_rate", "images")]
    if analysis.validation is not None:
        panels.append(
            (
                "(c) Validation errors (%)",
                "Oranges",
                "validation_error_rate",
                "validation_images",
            )
        )
    ratios = [1.3] + [1] * len(panels)
    with row_axes(rows, analysis, figure, margin=1.0, panels=len(ratios), width_ratios=ratios) as (
        target,
        axes,
    ):
        _draw_composition(axes[0], rows, table["share"].to_numpy().reshape(-1, len(ARCHETYPES)))
        cells, faint = [], []
        for ax, (title, cmap, rate, support) in zip(axes[1:], panels, strict=True):
            shape = (analysis.n_classes, len(ARCHETYPES))
            rates = table[rate].to_numpy().reshape(shape)[rows.classes]
            weak = table[support].to_numpy().reshape(shape)[rows.classes] < WEAK_SUPPORT
            ax.set_title(title)
            draw_cells(ax, rows, rates, weak, ARCHETYPES, mpl.colormaps[cmap])
            cells.append(rates)
            faint.append(weak)
        patches = [Patch(color=color) for color in ARCHETYPE_COLORS]
        legend_above(target, list(zip(patches, ARCHETYPES, strict=True)))
        note_below(target, cell_note(np.array(cells), np.array(faint)))
        return whole(target)


def _draw_composition(ax: Axes, rows: ChartRows, shares: np.ndarray) -> None:
    percent = 100 * np.nan_to_num(shares[rows.classes])
    left = np.cumsum(percent, axis=1) - percent
    for number, color in enumerate(ARCHETYPE_COLORS):
        ax.barh(rows.positions, percent[:, number], left=left[:, number], color=color, height=0.72)
    for place in rows.positions[percent.sum(axis=1) == 0]:
        ax.text(1, place, "no training images", color=MUTED, va="center")
    ax.set_title("(a) Training images by archetype")
    percent_axis(ax, "share of the class's images (%)")


def prototypes(
    analysis: Analysis,
    classes: Sequence[str] | None = None,
    *,
    n: int = 3,
    figure: Target | None = None,
) -> Figure:
    """Draw the images that stand for each archetype of a class (paper, Fig. 3).

    They are medoids in feature space, that of the largest cluster first. The authors' script
    shows one each of a large and of a small class, as here.

    Parameters
    ----------
    analysis : Analysis
    classes : sequence of str, optional
        The classes to show; by default the largest one and the smallest that has images.
    n : int
        How many images of each archetype, at most.
    figure : Figure or SubFigure, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the analysis has no images, `n` is less than 1, or `classes` is no list of names of
        classes.

    Examples
    --------
    >>> figure = prototypes(analysis, ["People", "Plants"], n=1)
    >>> [ax.get_xlabel() for ax in figure.axes][4:6]
    ['safe: 18 images (45%)', 'border: 12 images (30%)']
    """
    check_count(n, "n")
    if analysis.images is None:
        raise ValueError(
            "No images: give `dataset=` to Analysis.load(), or `images=` to Analysis.from_arrays()."
        )
    chosen = numbers_of(analysis, classes) if classes is not None else _extremes(analysis)
    width = TWO_COLUMNS / len(ARCHETYPES)
    height = len(chosen) * (width / n + 0.45)
    with drawing(figure, TWO_COLUMNS, height) as target:
        grid = target.subplots(len(chosen), len(ARCHETYPES), squeeze=False)
        for line, index in zip(grid, chosen, strict=True):
            name = analysis.class_names[index]
            rates = analysis.archetype_rates(name)
            for ax, archetype in zip(line, ARCHETYPES, strict=True):
                images, share = rates.loc[archetype, ["images", "share"]]
                _draw_prototypes(ax, analysis, analysis.prototypes(name, archetype, n), n)
                size = f"{images:,.0f} images ({share:.0%})" if images else "no images"
                ax.set_xlabel(f"{archetype}: {size}")
            line[0].set_title(label_of(name))
        return whole(target)


def _extremes(analysis: Analysis) -> np.ndarray:
    """Return the largest class and the smallest that has images; one class if they are the same."""
    filled = analysis.rows.by_size[: np.count_nonzero(analysis.rows.sizes)]
    return filled[[0, -1]] if len(filled) > 1 else filled


def _draw_prototypes(ax: Axes, analysis: Analysis, indices: np.ndarray, n: int) -> None:
    """Draw images side by side, each in a square of its own, so that none is stretched."""
    assert analysis.images is not None
    for place, index in enumerate(indices):
        image: UInt8Array = analysis.images[int(index)]
        height, width = np.array(image.shape[:2]) / max(image.shape[:2]) * 0.88
        x, y = place + 0.5, 0.5
        extent = (x - width / 2, x + width / 2, y - height / 2, y + height / 2)
        ax.imshow(image, extent=extent, interpolation="nearest")
    ax.set(xlim=(0, n), ylim=(0, 1), xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(False)
