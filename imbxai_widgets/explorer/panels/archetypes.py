"""Where the training images of a class stand: safe, border, rare or outlying, with prototypes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import Any, TypedDict

import numpy as np
import traitlets

from imbxai_widgets.analysis.split import ArchetypeErrors
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.balanced import best_balanced_archetypes
from imbxai_widgets.compute.numeric.types import Int8Array, IntArray
from imbxai_widgets.explorer.deck import prototypes_first
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part, Tiles
from imbxai_widgets.explorer.panels._reach import reach_sentence
from imbxai_widgets.explorer.sentence import Sentence
from imbxai_widgets.explorer.sprites import Sprite
from imbxai_widgets.explorer.text import archetype_meanings, balanced_meanings, counted
from imbxai_widgets.explorer.thumbnails import Thumbnail, make_tiles

_NO_IMAGES: Sequence[IntArray] = [np.zeros(0, np.int64)] * len(ARCHETYPES)
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
    note: str  # what so few images cannot be, and how neighbors count


class BalancedPage(TypedDict):
    """The training images of a class by class-balanced archetype, with prototypes."""

    archetypes: Archetypes
    sprite: Sprite | None  # None where no images were given
    sprite_data: bytes  # the picture of all thumbnails
    notice: str  # what went wrong in reading them, or ""


class ArchetypePart(Part):
    """Its part of a card."""

    archetypes: Archetypes
    balanced_archetypes: Archetypes | None  # without thumbnails; None where it takes a search
    prototype_sprite: Sprite | None  # None where no images were given
    prototype_data: bytes  # the picture of all thumbnails
    reach: Sentence  # how many validation images lie within reach of the training images


class ArchetypeContent(PanelContent):
    """The training images of each class by archetype."""

    name = "archetypes"
    turn = 1  # the browser decodes the images while the others change
    part_type = ArchetypePart
    asked = ("balanced",)

    def part(self, index: int, page: int) -> ArchetypePart:  # noqa: ARG002
        """Count the archetypes of class `index`, and show prototypes of each."""
        members = [self.deck.ordered_members(index, number) for number in range(len(ARCHETYPES))]
        shown = [rows[:prototypes] for rows, prototypes in members]
        tiles = make_tiles(self.deck, "training", np.concatenate(shown))
        at_hand = self.deck.balanced_at_hand is not None
        return {
            "archetypes": self._archetypes(index, shown, tiles["thumbnails"]),
            "balanced_archetypes": self._balanced(index, _NO_IMAGES, []) if at_hand else None,
            "prototype_sprite": tiles["sprite"],
            "prototype_data": tiles["sprite_data"],
            "reach": reach_sentence(self.deck, index),
            "notice": tiles["notice"],
        }

    def balanced(self, index: int) -> BalancedPage:
        """Return the class-balanced archetypes of class `index`, and prototypes of each.

        Of many images the search for their neighbors takes seconds or minutes, the first time.
        """
        found, own = self.deck.balanced.archetypes, self.deck.analysis.labels == index
        shown = []
        for number in range(len(ARCHETYPES)):
            members = np.flatnonzero(own & (found == number)).astype(np.int64, copy=False)
            ordered, prototypes = prototypes_first(members, self.deck.analysis.embeddings)
            shown.append(ordered[:prototypes])
        tiles = make_tiles(self.deck, "training", np.concatenate(shown))
        return {
            "archetypes": self._balanced(index, shown, tiles["thumbnails"]),
            "sprite": tiles["sprite"],
            "sprite_data": tiles["sprite_data"],
            "notice": tiles["notice"],
        }

    def widget(self, selected: int) -> ArchetypeStrip:  # noqa: ARG002
        """Return a strip that is still empty."""
        return ArchetypeStrip()

    def _archetypes(
        self, index: int, shown: Sequence[IntArray], thumbnails: list[Thumbnail]
    ) -> Archetypes:
        best = self.deck.classes[index]["best_archetype"] if self.deck.rows.sizes[index] else "safe"
        return {
            "groups": _groups(
                self.deck.rows.training_groups, index, self._meanings, shown, thumbnails
            ),
            "note": self._note(index, ARCHETYPES.index(best), self.deck.analysis.k),
        }

    def _balanced(
        self, index: int, shown: Sequence[IntArray], thumbnails: list[Thumbnail]
    ) -> Archetypes:
        neighbors = self.deck.balanced.neighbors
        note = (
            f"Classes count alike: each of its {counted(neighbors, 'nearest neighbor')} counts as "
            "1/n of a class of n images. So a few of a small class outweigh many of a large one."
        )
        limit = self._note(index, int(self._best_balanced[index]), neighbors)
        return {
            "groups": _groups(
                self._balanced_counts, index, balanced_meanings(neighbors), shown, thumbnails
            ),
            "note": f"{note} {limit}".rstrip(),
        }

    def _note(self, index: int, limit: int, neighbors: int) -> str:
        """Say which archetypes are out of reach for a class of so few images."""
        images = int(self.deck.rows.sizes[index])
        if not limit or not images:
            return ""
        none = "it cannot" if images == 1 else "none can"
        return (
            f"With {counted(images, 'image')}, {none} be {_UNREACHED[limit]}: "
            f"too few others of the class for the {counted(neighbors, 'nearest neighbor')}."
        )

    @cached_property
    def _meanings(self) -> list[str]:
        return archetype_meanings(self.deck.analysis.k)

    @cached_property
    def _balanced_counts(self) -> ArchetypeErrors:
        return self.deck.analysis.balanced_groups("training")

    @cached_property
    def _best_balanced(self) -> Int8Array:
        return best_balanced_archetypes(self.deck.rows.sizes, self.deck.analysis.k)


def _groups(
    counts: ArchetypeErrors,
    index: int,
    meanings: list[str],
    shown: Sequence[IntArray],
    thumbnails: list[Thumbnail],
) -> list[ArchetypeGroup]:
    """Return the groups of a class, each with as many of the thumbnails as it shows."""
    rest = iter(thumbnails)
    return [
        {
            "meaning": meanings[number],
            "images": int(counts.images[index, number]),
            "wrong": int(counts.errors[index, number]),
            "thumbnails": list(islice(rest, len(images))),
        }
        for number, images in enumerate(shown)
    ]


class ArchetypeStrip(Tiles, Panel):
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
    balanced : bool
        Whether class-balanced archetypes are shown. Their prototypes, and of many images their
        counts, are asked for by ``ask("balanced", {index})``; see `ArchetypeContent`.

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
    balanced = traitlets.Bool(False).tag(sync=True)
