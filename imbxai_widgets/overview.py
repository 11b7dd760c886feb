"""What the overview of adversaries shows: one 100% bar per class (the paper's Fig. 4).

Like the class cards, it takes its numbers from `Analysis`; here they are only ordered, and
the rarer adversaries folded into one gray segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from imbxai_widgets.cards import CardDeck
from imbxai_widgets.class_rows import PairCounts
from imbxai_widgets.compute._types import IntArray
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
        Training first, then validation if there is any: ``title``, ``note``, ``words`` (R,),
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
        keys = ("words", "labels", "shares", "opacities")
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
    rows = deck.rows
    names = deck.analysis.class_names
    sizes = np.bincount(deck.analysis.labels, minlength=len(names))
    order = np.argsort(-sizes, kind="stable").astype(np.int64)
    errors = rows.training_groups.errors.sum(axis=1)
    pairs = [(*_TRAINING, rows.votes, errors)]
    if rows.validation_errors is not None:
        pairs.append((*_VALIDATION, rows.validation_errors, rows.validation_errors.totals))
    weight = np.sum([counts.weights() for *_, counts, _ in pairs], axis=0)
    ranking = np.argsort(-weight, kind="stable").astype(np.int64)
    own, rest = ranking[: len(SEGMENT_COLORS)], ranking[len(SEGMENT_COLORS) :]
    segments = [shown_name(names[index]) for index in own]
    if len(rest):
        segments.append(
            shown_name(names[rest[0]]) if len(rest) == 1 else f"{len(rest):,} other classes"
        )
    return OverviewData(
        segments=tuple(segments),
        colors=segment_colors(len(segments), other=bool(len(rest))),
        charts=[
            _chart(title, counts, errors, order, own, bool(len(rest)), names, nothing)
            for title, nothing, counts, errors in pairs
        ],
        order=order.tolist(),
    )


def _chart(
    title: str,
    counts: PairCounts,
    errors: IntArray,
    order: IntArray,
    own: IntArray,
    rest: bool,
    names: tuple[str, ...],
    nothing: str,
) -> dict[str, Any]:
    shares = counts.columns(own)[order]
    empty = counts.totals[order] == 0
    if rest:
        shares = np.column_stack([shares, np.where(empty, 0, 1 - shares.sum(axis=1))])
    weak = errors[order] < WEAK_SUPPORT
    marks = np.where(empty, "°", np.where(weak, "*", ""))
    labels = [
        f"{shown_name(shorten(names[index]))}{mark}"
        for index, mark in zip(order, marks, strict=True)
    ]
    notes = []
    if len(order) > WINDOW:
        notes.append(f"{WINDOW} of {len(order):,} classes, around the selected one.")
    if "*" in marks:
        notes.append(f"* fewer than {WEAK_SUPPORT} errors: read with care.")
    if "°" in marks:
        notes.append(f"° {nothing}.")
    return {
        "title": title,
        "note": " ".join(notes),
        "words": _in_words(counts, order, names),
        "labels": labels,
        "shares": np.round(shares, 5).tolist(),
        "opacities": np.where(weak, _WEAK_OPACITY, 1.0).tolist(),
    }


def _in_words(counts: PairCounts, order: IntArray, names: tuple[str, ...]) -> list[str]:
    """Name each class's largest adversary; nothing of a class without any."""
    adversaries, shares = counts.largest()
    return [
        f"{shown_name(names[index])}: {shown_name(names[adversaries[index]])} {shares[index]:.0%}"
        if adversaries[index] >= 0
        else ""
        for index in order
    ]
