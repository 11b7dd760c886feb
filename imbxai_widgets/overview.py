"""What the overview of adversaries shows: one 100% bar per class (the paper's Fig. 4).

Like the class cards, it takes its numbers from `Analysis`; here they are only ordered, and
the rarer adversaries folded into one gray segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from imbxai_widgets.cards import CardDeck
from imbxai_widgets.compute._types import DoubleArray, IntArray
from imbxai_widgets.presentation import SEGMENT_COLORS, WEAK_SUPPORT, segment_colors
from imbxai_widgets.views._names import shorten, shown_name

WINDOW = 30  # bars at once: the linker shows those around the selected class
_WEAK_OPACITY = 0.5
# Titles of the charts, and why a class may have no bar in them.
_TRAINING = (
    "Training: whose images stand near its misclassified ones",
    "no votes: no errors, or all their neighbors are of the class itself",
)
_VALIDATION = ("Validation: what its images are mistaken for (rows)", "no validation errors")


@dataclass(frozen=True)
class OverviewData:
    """The two overview charts, ready to draw.

    Attributes
    ----------
    segments : tuple of str
        What each segment stands for: a class, or "other classes".
    colors : list of str
        One per segment.
    charts : list of dict
        Training first, then validation if there is any: ``title``, ``note``, ``text``,
        ``labels`` (R,), ``shares`` (R, S) and ``opacities`` (R,), rows in order of `order`.
    order : list of int
        Class numbers from the largest class to the smallest.
    """

    segments: tuple[str, ...]
    colors: list[str]
    charts: list[dict[str, Any]]
    order: list[int]

    def state(self) -> dict[str, Any]:
        """Return what the linker needs to move the window and to mark the selected class."""
        keys = ("labels", "shares", "opacities")
        return {
            "order": self.order,
            "window": min(WINDOW, len(self.order)),
            "charts": [{key: chart[key] for key in keys} for chart in self.charts],
        }


def overview(deck: CardDeck) -> OverviewData:
    """Return the overview of all classes of `deck`.

    The adversaries that weigh most over all classes get a color of their own, the rest share
    a gray segment. Bars that rest on fewer than `WEAK_SUPPORT` errors are faint and starred;
    classes without a bar carry a ring.
    """
    names = deck.analysis.class_names
    sizes = np.bincount(deck.analysis.labels, minlength=len(names))
    order = np.argsort(-sizes, kind="stable").astype(np.int64)
    tables = [(*_TRAINING, deck.training)]
    if deck.validation is not None:
        tables.append((*_VALIDATION, deck.validation))
    weight = np.sum([table["share"].to_numpy().sum(axis=0) for *_, table in tables], axis=0)
    ranking = np.argsort(-weight, kind="stable").astype(np.int64)
    own, rest = ranking[: len(SEGMENT_COLORS)], ranking[len(SEGMENT_COLORS) :]
    segments = [names[index] for index in own]
    if len(rest):
        segments.append(names[rest[0]] if len(rest) == 1 else f"{len(rest)} other classes")
    return OverviewData(
        segments=tuple(segments),
        colors=segment_colors(len(segments), other=bool(len(rest))),
        charts=[
            _chart(title, table, order, own, rest, names, nothing)
            for title, nothing, table in tables
        ],
        order=order.tolist(),
    )


def _chart(
    title: str,
    table: pd.DataFrame,
    order: IntArray,
    own: IntArray,
    rest: IntArray,
    names: tuple[str, ...],
    nothing: str,
) -> dict[str, Any]:
    shares: DoubleArray = table["share"].to_numpy()[order]
    errors = table[("support", "errors")].to_numpy()[order]
    segments = shares[:, own]
    if len(rest):
        segments = np.column_stack([segments, shares[:, rest].sum(axis=1)])
    weak = errors < WEAK_SUPPORT
    empty = shares.sum(axis=1) == 0
    marks = np.where(empty, "°", np.where(weak, "*", ""))
    labels = [
        f"{shown_name(shorten(names[index]))}{mark}"
        for index, mark in zip(order, marks, strict=True)
    ]
    notes = []
    if len(order) > WINDOW:
        notes.append(f"{WINDOW} of {len(order)} classes, around the selected one.")
    if "*" in marks:
        notes.append(f"* fewer than {WEAK_SUPPORT} errors: read with care.")
    if "°" in marks:
        notes.append(f"° {nothing}.")
    return {
        "title": title,
        "note": " ".join(notes),
        "text": _in_words(shares, order, names),
        "labels": labels,
        "shares": np.round(segments, 5).tolist(),
        "opacities": np.where(weak, _WEAK_OPACITY, 1.0).tolist(),
    }


def _in_words(shares: DoubleArray, order: IntArray, names: tuple[str, ...]) -> str:
    """Name each class's largest adversary."""
    rows = (
        f"{shown_name(names[index])}: {shown_name(names[row.argmax()])} {row.max():.0%}"
        for index, row in zip(order, shares, strict=True)
        if row.any()
    )
    return f"Largest adversary of each class: {'; '.join(rows)}."
