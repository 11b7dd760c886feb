"""What the overview of adversaries shows: one 100% bar per class (the paper's Fig. 4).

Like the class cards, it takes its numbers from `Analysis`; here they are only ordered, and
the rarer adversaries folded into one gray segment.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.explorer._names import shorten, shown_name, width
from imbxai_widgets.explorer.deck import CardDeck
from imbxai_widgets.presentation import SEGMENT_COLORS, WEAK_SUPPORT, segment_colors

WINDOW = 30  # bars at once: those of the page that the selected class is on


class _Kind(NamedTuple):
    """One of the charts: what it counts, on how many errors each class's bar rests, and words."""

    counts: PairCounts
    errors: IntArray
    title: str
    axis: str  # what the lengths of segments are
    nothing: str  # why a class may have no bar


def overview(deck: CardDeck) -> dict[str, Any]:
    """Return the overview of all classes of `deck`, in pages of `WINDOW` bars.

    On each page the adversaries that weigh most in its bars get a color of their own, the rest
    share a gray segment. Bars that rest on fewer than `WEAK_SUPPORT` errors are faint and
    starred; classes without a bar carry a ring.

    Returns
    -------
    dict
        ``order`` (class numbers from the largest class to the smallest), ``labelWidth`` (of the
        longest label, in characters), ``charts`` and ``pages``. A chart, of training and of
        validation if there is any, has ``title``, ``axis`` and ``note`` and for each class, in that
        order, ``labels``, ``words`` and ``faint``. A page has ``first`` (its first place in the
        order), ``segments`` (a class, or "other classes"), their ``colors``, and ``shares``: of
        each chart, bar and segment.
    """
    rows = deck.rows
    names = deck.analysis.class_names
    sizes = np.bincount(deck.analysis.labels, minlength=len(names))
    order = np.argsort(-sizes, kind="stable").astype(np.int64)
    kinds = [
        _Kind(
            rows.votes,
            rows.training_groups.errors.sum(axis=1),
            "Training: whose images stand near its misclassified ones",
            "share of votes",
            "no votes: no errors, or all their neighbors are of the class itself",
        )
    ]
    if rows.validation_errors is not None:
        kinds.append(
            _Kind(
                rows.validation_errors,
                rows.validation_errors.totals,
                "Validation: what its images are mistaken for (rows)",
                "share of errors",
                "no validation errors",
            )
        )
    last = max(len(order) - WINDOW, 0)
    return {
        "order": order.tolist(),
        "labelWidth": max(width(shorten(name)) for name in names) + 1,
        "charts": [_chart(kind, order, names) for kind in kinds],
        "pages": [
            _page(kinds, order, min(first, last), names) for first in range(0, len(order), WINDOW)
        ],
    }


def _page(
    kinds: list[_Kind], order: IntArray, first: int, names: tuple[str, ...]
) -> dict[str, Any]:
    shown = order[first : first + WINDOW]
    parts = [kind.counts.parts(shown) for kind in kinds]
    shares = np.concatenate([each for *_, each in parts])
    adversaries, place = np.unique(
        np.concatenate([others for _, others, _ in parts]), return_inverse=True
    )
    weights = np.bincount(place, shares, minlength=len(adversaries))
    ranking = adversaries[np.argsort(-weights, kind="stable")]
    own, rest = ranking[: len(SEGMENT_COLORS)], ranking[len(SEGMENT_COLORS) :]
    segments = [shown_name(names[index]) for index in own]
    if len(rest):
        segments.append(
            shown_name(names[rest[0]]) if len(rest) == 1 else f"{len(rest):,} other classes"
        )
    column = np.full(len(names), len(own))
    column[own] = np.arange(len(own))
    tables = np.zeros((len(kinds), len(shown), len(segments)))
    for table, (bars, others, each) in zip(tables, parts, strict=True):
        np.add.at(table, (bars, column[others]), each)
    return {
        "first": first,
        "segments": segments,
        "colors": segment_colors(len(segments), other=bool(len(rest))),
        "shares": np.round(tables, 4).tolist(),
    }


def _chart(kind: _Kind, order: IntArray, names: tuple[str, ...]) -> dict[str, Any]:
    empty = kind.counts.totals[order] == 0
    weak = kind.errors[order] < WEAK_SUPPORT
    marks = np.where(empty, "°", np.where(weak, "*", ""))
    labels = [
        f"{shown_name(shorten(names[index]))}{mark}"
        for index, mark in zip(order, marks, strict=True)
    ]
    notes = []
    if "*" in marks:
        notes.append(f"* fewer than {WEAK_SUPPORT} errors: read with care.")
    if "°" in marks:
        notes.append(f"° {kind.nothing}.")
    return {
        "title": kind.title,
        "axis": kind.axis,
        "note": " ".join(notes),
        "labels": labels,
        "words": _in_words(kind.counts, order, names),
        "faint": weak.tolist(),
    }


def _in_words(counts: PairCounts, order: IntArray, names: tuple[str, ...]) -> list[str]:
    """Name each class and its largest adversary, if there is one."""
    adversaries, shares = counts.largest()
    return [
        f"{shown_name(names[index])}: "
        + (
            f"{shown_name(names[adversaries[index]])} {shares[index]:.0%}"
            if adversaries[index] >= 0
            else "none"
        )
        for index in order
    ]
