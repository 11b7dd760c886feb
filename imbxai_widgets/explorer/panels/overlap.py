"""The overlap table: which classes share top features with this one."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np
import traitlets

from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part

NEAREST = 3  # classes that are named
ROWS = 15  # as many as are seen at once; each costs a click layout and paint


class TopFeature(TypedDict):
    """A feature, its share in the sum of the top features' means, and how many others have it."""

    feature: int
    share: float
    classes: int


class OverlapRow(TypedDict):
    """A class that has some of the top features too."""

    index: int
    name: str
    shared: list[int]
    shareHere: float
    shareThere: float
    shareApart: float | None  # of what tells the two classes apart; None where it is not known


class Overlap(TypedDict):
    """The top features of a class, and the classes that share most of them."""

    features: list[TopFeature]
    rows: list[OverlapRow]
    sharing: int  # how many classes share any
    topK: int
    nearest: str  # which classes are nearest as the classifier's head sees it; "" if not known


class OverlapPart(Part):
    """Its part of a card."""

    overlap: Overlap


class OverlapContent(PanelContent):
    """The top features of each class, and who shares them (paper, Algorithm 2)."""

    name = "overlap"
    place = "tab"
    tab = "Shared features"
    turn = 6
    part_type = OverlapPart

    def part(self, index: int, page: int) -> OverlapPart:  # noqa: ARG002
        """List the top features of class `index`, and the classes that share most of them."""
        rows = self.deck.rows
        shared, sharing = rows.feature_overlap(index, ROWS)
        return {
            "overlap": {
                "features": [
                    {"feature": feature, "share": share, "classes": classes}
                    for feature, share, classes in rows.top_features(index)
                ],
                "rows": [
                    {
                        "index": row.index,
                        "name": self.deck.name(row.index),
                        "shared": row.features,
                        "shareHere": row.share_here,
                        "shareThere": row.share_there,
                        "shareApart": row.share_apart,
                    }
                    for row in shared
                ],
                "sharing": sharing,
                "topK": self.deck.analysis.top_k,
                "nearest": self._nearest(index),
            }
        }

    def _nearest(self, index: int) -> str:
        """Name the classes beyond whose boundary most of the class lies; see docs/overlap.md."""
        overlaps = self.deck.decision_overlap
        if overlaps is None or np.isnan(overlaps[index]).all():
            return ""
        beyond = np.nan_to_num(overlaps[index])
        largest = [other for other in np.argsort(-beyond, kind="stable")[:NEAREST] if beyond[other]]
        named = ", ".join(f"{self.deck.name(other)} ({beyond[other]:.0%})" for other in largest)
        return (
            f"As the classifier's head sees it, it lies nearest to {named}: so much of a normal "
            "distribution of its training images lies beyond the boundary. This told more often "
            "than shared features what is taken for what (Analysis.decision_margins)."
            if named
            else ""
        )

    def widget(self, selected: int) -> OverlapTable:
        """Return a table that is still empty."""
        return OverlapTable(selected=selected)


class OverlapTable(Panel):
    """Top features of one class, and the classes that have some of them too (Fig. 5).

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `OverlapPart`; empty while no class is shown.
    selected : int
        Index of the selected class. One picked in the page comes to Python by the linker alone.
    opens : dict
        Which feature a click opens; see js/src/parts/open.ts.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part.
    """

    _bundle = "overlap"

    card = Card(OverlapPart).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    opens: Any = traitlets.Dict().tag(sync=True)
