"""Where the training images of a class stand: safe, border, rare or outlying, with prototypes."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import Any, TypedDict

import numpy as np
import traitlets

from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part
from imbxai_widgets.explorer.sprites import Sprite
from imbxai_widgets.explorer.text import archetype_meanings, counted
from imbxai_widgets.explorer.thumbnails import Thumbnail, make_tiles

_UNREACHED = ("", "safe", "safe or border", "safe, border or rare")


class ArchetypeGroup(TypedDict):
    """The training images of a class that are of one archetype."""

    meaning: str  # how many of the neighbors are of the class, in words
    images: int
    wrong: int
    thumbnails: list[Thumbnail]  # of its prototypes


class Archetypes(TypedDict):
    """The training images of a class by archetype, in the order of `ARCHETYPES`."""

    groups: list[ArchetypeGroup]
    note: str  # what so few images cannot be


class ArchetypePart(Part):
    """Its part of a card."""

    archetypes: Archetypes
    prototype_sprite: Sprite | None  # None where no images were given
    prototype_data: bytes  # the picture of all thumbnails


class ArchetypeContent(PanelContent):
    """The training images of each class by archetype."""

    name = "archetypes"
    turn = 1  # the browser decodes the images while the others change
    part_type = ArchetypePart

    def part(self, index: int, page: int) -> ArchetypePart:  # noqa: ARG002
        """Count the archetypes of class `index`, and show prototypes of each."""
        counts = self.deck.rows.training_groups
        shown = []
        for number in range(len(ARCHETYPES)):
            members, prototypes = self.deck.ordered_members(index, number)
            shown.append(members[:prototypes])
        tiles = make_tiles(self.deck, "training", np.concatenate(shown))
        thumbnails = iter(tiles["thumbnails"])
        return {
            "archetypes": {
                "groups": [
                    {
                        "meaning": self._meanings[number],
                        "images": int(counts.images[index, number]),
                        "wrong": int(counts.errors[index, number]),
                        "thumbnails": list(islice(thumbnails, len(images))),
                    }
                    for number, images in enumerate(shown)
                ],
                "note": self._note(index),
            },
            "prototype_sprite": tiles["sprite"],
            "prototype_data": tiles["sprite_data"],
            "notice": tiles["notice"],
        }

    def widget(self, selected: int) -> ArchetypeStrip:  # noqa: ARG002
        """Return a strip that is still empty."""
        return ArchetypeStrip()

    def _note(self, index: int) -> str:
        """Say which archetypes are out of reach for a class of so few images."""
        k, images = self.deck.analysis.k, int(self.deck.rows.sizes[index])
        best = self.deck.classes[index]["best_archetype"]
        limit = ARCHETYPES.index(best) if images else 0
        if not limit:
            return ""
        none = "it cannot" if images == 1 else "none can"
        return (
            f"With {counted(images, 'image')}, {none} be {_UNREACHED[limit]}: "
            f"too few others of the class for the {counted(k, 'nearest neighbor')}."
        )

    @cached_property
    def _meanings(self) -> list[str]:
        return archetype_meanings(self.deck.analysis.k)


class ArchetypeStrip(Panel):
    """One bar in four parts, and four columns with prototypes (Dablain et al., Figs. 2 and 3).

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `ArchetypePart`; empty while no class is shown.
    ahead : dict
        The same of a class that may be selected next: its images are decoded ahead.
    filter : dict
        The images asked for in the page; see js/src/parts/filter.ts.
    marked : list of str
        Keys of the marked images, such as ``"training:12"``, in the order they were marked.
    opens : dict
        Which image a click opens; see js/src/parts/open.ts.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part, or `marked` is not a list of strings.
    """

    _bundle = "archetypes"

    card = Card(ArchetypePart).tag(sync=True)
    ahead = Card(ArchetypePart).tag(sync=True)
    filter: Any = traitlets.Dict().tag(sync=True)
    marked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    opens = traitlets.Dict().tag(sync=True)
