"""The review: labels that are likely wrong, worked off one after the other across classes."""

from __future__ import annotations

from functools import cached_property
from typing import TypedDict

import numpy as np
import traitlets

from imbxai_widgets.compute.methods.suspects import SuspectRows
from imbxai_widgets.explorer.deck import Deck, number
from imbxai_widgets.explorer.panel import Panel, PanelContent, Tiles
from imbxai_widgets.explorer.sprites import Sprite
from imbxai_widgets.explorer.thumbnails import Thumbnail, make_tiles, no_images

PAGE = 6  # suspects of an answer: each comes with its neighbors
TILE = 192  # pixels a side
LIKELY = 0.5  # score above which there is more evidence for the other label


class Suspect(TypedDict):
    """An image whose label is likely wrong, and why."""

    thumbnail: Thumbnail
    neighbors: list[Thumbnail]  # nearest first
    score: float  # 0 to 1, the part of the evidence that is for the other label
    index: int  # of its label
    suggested: int
    suggested_name: str
    same: int  # neighbors with its label
    other: int  # neighbors with the suggested one
    confidence: float | None  # the network's probability of its label, 0 to 1
    suggested_confidence: float | None  # of the suggested one, where it is known


class SuspectPage(TypedDict):
    """Some suspects, and the picture of all of their tiles."""

    suspects: list[Suspect]
    sprite: Sprite | None  # None where no images were given
    sprite_data: bytes
    missing: str  # how to give the images, where they were not given
    notice: str  # what went wrong in reading them, or ""


class SuspectKeys(TypedDict):
    """All suspects, in their order."""

    keys: list[str]


class ReviewContent(PanelContent):
    """The suspects of all classes together, in the order of `Analysis.suspects`."""

    name = "review"
    place = "tab"
    tab = "Review labels"
    turn = 9  # the same for all classes
    asked = ("order", "suspects")

    @classmethod
    def applies(cls, deck: Deck) -> bool:
        """Tell whether there is another label that could be right."""
        return deck.analysis.n_classes > 1

    def order(self, index: int | None = None) -> SuspectKeys:
        """Return the images that have more evidence for another label than for their own.

        Of all classes, or of those labeled as class `index`.
        """
        return {"keys": [f"training:{row}" for row in self._likely_of(index).rows.tolist()]}

    def suspects(self, first: int, index: int | None = None) -> SuspectPage:
        """Return up to `PAGE` suspects from number `first` on, of all classes or of one."""
        analysis, likely = self.deck.analysis, self._likely_of(index)
        rows = likely.rows[first : first + PAGE]
        near = analysis.neighbors[rows]
        every = np.concatenate([rows[:, np.newaxis], near], axis=1).astype(np.int64)
        tiles = make_tiles(self.deck, "training", every.ravel(), largest=TILE)
        width = every.shape[1]
        found = [
            self._suspect(likely, first + at, tiles["thumbnails"][at * width : (at + 1) * width])
            for at in range(len(rows))
        ]
        return {
            "suspects": found,
            "sprite": tiles["sprite"],
            "sprite_data": tiles["sprite_data"],
            "missing": no_images(self.deck, "training"),
            "notice": tiles["notice"],
        }

    def widget(self, selected: int) -> ReviewPanel:
        """Return a panel that asks for the suspects once it is in sight."""
        return ReviewPanel(selected=selected)

    @cached_property
    def _likely(self) -> SuspectRows:
        """Those that are more likely wrong than right, by this evidence."""
        found = self.deck.analysis.suspect_rows()
        likely = found.scores > LIKELY  # the first ones
        return SuspectRows(found.rows[likely], found.suggested[likely], found.scores[likely])

    def _likely_of(self, index: int | None) -> SuspectRows:
        """Those of them that are labeled as class `index`, if it is given."""
        found = self._likely
        if index is None:
            return found
        own = self.deck.analysis.labels[found.rows] == index
        return SuspectRows(found.rows[own], found.suggested[own], found.scores[own])

    def _suspect(self, found: SuspectRows, place: int, tiles: list[Thumbnail]) -> Suspect:
        analysis = self.deck.analysis
        row, suggested = int(found.rows[place]), int(found.suggested[place])
        near = analysis.labels[analysis.neighbors[row]]
        top = analysis.train.top
        known = np.flatnonzero(top.classes[row] == suggested)
        return {
            "thumbnail": tiles[0],
            "neighbors": tiles[1:],
            "score": float(found.scores[place]),
            "index": int(analysis.labels[row]),
            "suggested": suggested,
            "suggested_name": self.deck.name(suggested),
            "same": int(np.count_nonzero(near == analysis.labels[row])),
            "other": int(np.count_nonzero(near == suggested)),
            "confidence": number(top.of_labels[row]),
            "suggested_confidence": (
                number(top.probabilities[row, known[0]]) if known.size else None
            ),
        }


class ReviewPanel(Tiles, Panel):
    """One suspect after the other, with its neighbors and keys to decide.

    Parameters
    ----------
    selected : int
        Index of the selected class. A click on a class's name sets it in the page.
    opens : dict
        Which image a click looks at closer; see js/src/parts/open.ts.
    marked : list of str
        Keys of the marked images, in the order they were marked.
    """

    _bundle = "review"

    selected = traitlets.Int(0).tag(sync=True)
