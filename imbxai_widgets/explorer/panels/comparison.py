"""The comparison: what became of a class from one model to another."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypedDict

import numpy as np
import pandas as pd
import traitlets

from imbxai_widgets.analysis import Comparison
from imbxai_widgets.analysis.comparison import SIDES
from imbxai_widgets.analysis.rows import ClassRows
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.explorer.deck import Deck, number
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part
from imbxai_widgets.explorer.text import counted

ERROR_ROWS = 20  # classes at once; a class keeps its place among them whichever is selected
SHARED_ROWS = 10


class ComparedAccuracy(TypedDict):
    """How many images of a class are right under either model; accuracies 0 to 1, or None."""

    split: SplitName
    images: int
    before: float | None
    after: float | None
    right: int  # both times
    mended: int  # wrong before, right after
    broken: int  # right before, wrong after
    wrong: int  # both times
    relabeled: int  # by edits between the two; such images are in none of the four before
    left_out: int
    joined: int  # of other classes before


class ErrorRow(TypedDict):
    """Errors of a class; two values are of the first model and of the second."""

    index: int
    name: str
    lost: list[int]  # misclassified images of the class
    gained: list[int]  # images of others that are taken for it


class ComparedErrors(TypedDict):
    """Errors of a class and of those around it in the order of class size."""

    split: SplitName
    largest: int  # number of errors of any class, under either model
    first: int  # position of the first row among all classes, from the largest down
    classes: int
    rows: list[ErrorRow]


class ArchetypeFlow(TypedDict):
    """Training images by archetype before (rows) and after (columns)."""

    counts: list[list[int]]
    shares: list[list[float]]  # the same over the sums of the rows
    note: str


class SharedRow(TypedDict):
    """How many top features a class shares, under either model."""

    index: int
    name: str
    shared: list[int]


class ComparedOverlap(TypedDict):
    """The classes that share most top features under either model."""

    topK: list[int]
    sharing: int  # how many classes share any
    rows: list[SharedRow]


class ClassComparison(TypedDict):
    """Two models' numbers of one class, side by side."""

    edited: bool  # whether edits lie between the two
    accuracies: list[ComparedAccuracy]  # one a split
    errors: ComparedErrors
    flow: ArchetypeFlow
    shared: ComparedOverlap


class ComparisonPart(Part):
    """Its part of a card."""

    comparison: ClassComparison


class ComparisonContent(PanelContent):
    """Each class under two models."""

    name = "comparison"
    place = "tab"
    tab = "Before and after"
    turn = 5
    part_type = ComparisonPart

    @classmethod
    def applies(cls, deck: Deck) -> bool:
        """Tell whether there is a second model."""
        return deck.comparison is not None

    def part(self, index: int, page: int) -> ComparisonPart:  # noqa: ARG002
        """Compare class `index`."""
        return {
            "comparison": {
                "edited": self._comparison.edited,
                "accuracies": [self._accuracy(split, index) for split in self._splits],
                "errors": self._errors(index),
                "flow": self._flow(index),
                "shared": self._shared(index),
            }
        }

    def widget(self, selected: int) -> ComparisonPanel:
        """Return a panel that is still empty."""
        return ComparisonPanel(selected=selected)

    # -- tables of all classes, each made once -------------------------------------------

    @cached_property
    def _comparison(self) -> Comparison:
        assert self.deck.comparison is not None  # or the panel would not apply
        return self.deck.comparison

    @cached_property
    def _rows(self) -> tuple[ClassRows, ClassRows]:
        return self.deck.rows, self._comparison.after.rows

    @property
    def _splits(self) -> tuple[SplitName, ...]:
        held_out = self._comparison.before.validation is not None
        return ("training", "validation") if held_out else ("training",)

    @cached_property
    def _accuracies(self) -> pd.DataFrame:
        return self._comparison.accuracies()

    @cached_property
    def _edits(self) -> pd.DataFrame:
        return self._comparison.edits()

    @cached_property
    def _lost(self) -> dict[SplitName, pd.DataFrame]:
        return {split: self._comparison.errors(split, "rows") for split in self._splits}

    @cached_property
    def _gained(self) -> pd.DataFrame:
        return self._comparison.errors(self._splits[-1], "columns")

    # -- parts of a card -----------------------------------------------------------------

    def _accuracy(self, split: SplitName, index: int) -> ComparedAccuracy:
        row, errors = self._accuracies.iloc[index], self._lost[split].iloc[index]
        images, mended, broken, wrong = (
            int(count)
            for count in (row["images", split], errors["mended"], errors["broken"], errors["both"])
        )
        relabeled, left_out, joined = map(int, self._edits[split].iloc[index])
        return {
            "split": split,
            "images": images,
            "before": number(row[split, "before"]),
            "after": number(row[split, "after"]),
            "right": images - relabeled - left_out - mended - broken - wrong,
            "mended": mended,
            "broken": broken,
            "wrong": wrong,
            "relabeled": relabeled,
            "left_out": left_out,
            "joined": joined,
        }

    def _errors(self, index: int) -> ComparedErrors:
        split = self._splits[-1]
        order = self.deck.rows.by_size
        first = int(np.flatnonzero(order == index)[0]) // ERROR_ROWS * ERROR_ROWS
        lost, gained = (table[list(SIDES)] for table in (self._lost[split], self._gained))
        return {
            "split": split,
            "largest": max(int(table.to_numpy().max()) for table in (lost, gained)),
            "first": first,
            "classes": self._comparison.before.n_classes,
            "rows": [
                {
                    "index": other,
                    "name": self.deck.name(other),
                    "lost": lost.iloc[other].tolist(),
                    "gained": gained.iloc[other].tolist(),
                }
                for other in order[first : first + ERROR_ROWS].tolist()
            ],
        }

    def _flow(self, index: int) -> ArchetypeFlow:
        flow = self._comparison.flows[index]
        # From safe to outlier, an image's neighborhood is less and less of its own class.
        nearer, further = int(np.tril(flow, -1).sum()), int(np.triu(flow, 1).sum())
        same = int(np.trace(flow))
        stay = "stays where it was" if same == 1 else "stay where they were"
        note = (
            f"{counted(same, 'training image')} {stay}, {nearer:,} came nearer to safe, "
            f"{further:,} went further from it."
        )
        totals = flow.sum(axis=1, keepdims=True)
        shares = np.divide(flow, totals, out=np.zeros(flow.shape), where=totals > 0)
        return {"counts": flow.tolist(), "shares": shares.tolist(), "note": note}

    def _shared(self, index: int) -> ComparedOverlap:
        counts = np.stack([rows.shared_counts(index) for rows in self._rows])
        ranked = np.argsort(-counts.max(axis=0), kind="stable")
        sharing = int(np.count_nonzero(counts.any(axis=0)))
        return {
            "topK": [self._comparison.before.top_k, self._comparison.after.top_k],
            "sharing": sharing,
            "rows": [
                {
                    "index": other,
                    "name": self.deck.name(other),
                    "shared": counts[:, other].tolist(),
                }
                for other in ranked[: min(SHARED_ROWS, sharing)].tolist()
            ],
        }


class ComparisonPanel(Panel):
    """Accuracies, errors, archetypes and shared features before and after (Figs. 5 and 6).

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `ComparisonPart`; empty while no class is shown.
    selected : int
        Index of the selected class. One picked in the page comes to Python by the linker alone.
    filter : dict
        The images asked for in the page; see js/src/parts/filter.ts.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part.
    """

    _bundle = "comparison"

    card = Card(ComparisonPart).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    filter: Any = traitlets.Dict().tag(sync=True)
