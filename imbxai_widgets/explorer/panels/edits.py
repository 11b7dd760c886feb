"""The line of edits: how many there are, undo and redo, and what comes of them."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import traitlets

from imbxai_widgets.analysis import Analysis, compare
from imbxai_widgets.analysis.split import ArchetypeErrors
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.explorer.panel import Editing, Panel, PanelContent

ROWS = 12  # classes whose numbers are shown


class ClassEffect(TypedDict):
    """Numbers of a class before and after the edits."""

    index: int
    name: str
    images: list[int]  # training images
    wrong: list[int]  # of these
    archetypes: list[list[int]]  # training images of each, by their numbers
    failing: list[int] | None  # validation images that are wrong; None if there are none


class Effect(TypedDict):
    """What comes of the edits, without running the network."""

    rows: list[ClassEffect]  # classes whose numbers change, most first
    classes: int  # how many these are in all
    moved: int  # images without an edit of which the archetype is another


class EditsContent(PanelContent):
    """What was decided of single images, for all classes together."""

    name = "edits"
    place = "head"
    asked = ("effect",)

    def effect(self) -> Effect:
        """Return what the edits that are in force make of each class."""
        before = self.deck.analysis
        after = before.with_edits(self.deck.edits)
        tables = [_numbers(analysis) for analysis in (before, after)]
        change = abs(tables[1] - tables[0]).sum(axis=1)
        order = np.argsort(-change, kind="stable")[: np.count_nonzero(change)]
        rows, others = compare(before, after).pairs("training").kept
        moved = np.count_nonzero(before.archetypes[rows] != after.archetypes[others])
        return {
            "rows": [self._row(index, tables) for index in order[:ROWS].tolist()],
            "classes": len(order),
            "moved": int(moved),
        }

    def widget(self, selected: int) -> EditsPanel:
        """Return a line that shows nothing as long as there are no edits."""
        return EditsPanel(selected=selected)

    def _row(self, index: int, tables: list[IntArray]) -> ClassEffect:
        pairs = np.stack([table[index] for table in tables], axis=1).tolist()
        validation = self.deck.analysis.validation is not None
        return {
            "index": index,
            "name": self.deck.name(index),
            "images": pairs[0],
            "wrong": pairs[1],
            "failing": pairs[2] if validation else None,
            "archetypes": pairs[3:],
        }


def _numbers(analysis: Analysis) -> IntArray:
    """Return images, wrong ones, those that fail in validation and the archetypes; (C, 7)."""
    train: ArchetypeErrors = analysis.rows.training_groups
    unseen = analysis.rows.validation_groups
    failing = np.zeros(analysis.n_classes) if unseen is None else unseen.errors.sum(axis=1)
    totals = [train.images.sum(axis=1), train.errors.sum(axis=1), failing]
    return np.column_stack([*totals, train.images]).astype(np.int64)


class EditsPanel(Editing, Panel):
    """The line of edits above the panels.

    Parameters
    ----------
    selected : int
        Index of the selected class. A click on a class's name sets it in the page.
    """

    _bundle = "edits"

    selected = traitlets.Int(0).tag(sync=True)
