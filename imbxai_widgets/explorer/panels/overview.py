"""The overview: the adversaries of all classes, one 100% bar each (the paper's Fig. 4).

Its numbers are those of `Analysis`; here they are only ordered, and the rarer adversaries folded
into one gray segment.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict

import numpy as np
import traitlets

from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.panel import Panel, PanelContent
from imbxai_widgets.names import shorten, shown_name, width
from imbxai_widgets.presentation import SEGMENT_COLORS, WEAK_SUPPORT, segment_colors

WINDOW = 30  # bars at once: those of the page that the selected class is on


class OverviewChart(TypedDict):
    """One chart; its lists hold one entry a class, from the largest class on."""

    title: str
    axis: str  # what the lengths of segments are
    note: str
    labels: list[str]
    words: list[str]  # each class with its largest adversary
    faint: list[bool]  # whether a bar rests on few errors


class OverviewPage(TypedDict):
    """Bars that are shown at once."""

    first: int  # place of the first bar's class in the order
    segments: list[str]  # a class each, or "other classes"
    colors: list[str]
    shares: list[list[list[float]]]  # of each chart, bar and segment


class Overview(TypedDict):
    """The adversaries of all classes, in pages of `WINDOW` bars."""

    order: list[int]  # class numbers, from the largest class to the smallest
    labelWidth: int  # of the longest label, in characters
    charts: list[OverviewChart]
    pages: list[OverviewPage]


class OverviewContent(PanelContent):
    """The adversaries of all classes."""

    name = "overview"
    place = "tab"
    tab = "All classes"

    def widget(self, selected: int) -> OverviewPanel:
        """Return the overview with the page of class `selected`."""
        return OverviewPanel(overview=overview(self.deck), selected=selected)


class OverviewPanel(Panel):
    """One 100% bar per class, its segments colored by adversary (Fig. 4), a page at a time.

    Parameters
    ----------
    overview : dict
        Bars of all classes; see `Overview`.
    selected : int
        Index of the selected class: its page is shown, and its bar marked. A class picked in the
        page comes to Python by the linker alone.
    """

    waits = True
    _bundle = "overview"

    overview: Any = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)


class _Kind(NamedTuple):
    """One of the charts: what it counts, on how many errors each class's bar rests, and words."""

    counts: PairCounts
    errors: IntArray
    title: str
    axis: str  # what the lengths of segments are
    nothing: str  # why a class may have no bar


def overview(deck: Deck) -> Overview:
    """Return the overview of all classes of `deck`, in pages of `WINDOW` bars.

    On each page the adversaries that weigh most in its bars get a color of their own, the rest
    share a gray segment. Bars that rest on fewer than `WEAK_SUPPORT` errors are faint and
    starred; classes without a bar carry a ring.

    Returns
    -------
    Overview
        With a chart of training, and one of validation if there are validation images.
    """
    rows, order = deck.rows, deck.rows.by_size
    names = deck.analysis.class_names
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


def _page(kinds: list[_Kind], order: IntArray, first: int, names: tuple[str, ...]) -> OverviewPage:
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


def _chart(kind: _Kind, order: IntArray, names: tuple[str, ...]) -> OverviewChart:
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
