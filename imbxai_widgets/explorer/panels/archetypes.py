"""The archetype gallery: safe, border, rare and outlying images of a class, side by side."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TypedDict

import numpy as np
import traitlets

from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.explorer.deck import PROTOTYPES, share_of
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part
from imbxai_widgets.explorer.sprites import Sprite
from imbxai_widgets.explorer.text import archetype_meanings
from imbxai_widgets.explorer.thumbnails import Thumbnail, Tiles, make_tiles

MORE = 24  # thumbnails that each "more" brings


class ArchetypeGroup(TypedDict):
    """The images of a class that are of one archetype; ratios 0 to 1, None where unknown."""

    name: str
    meaning: str  # how many of the neighbors are of the class, in words
    images: int
    share: float | None
    truePositiveRate: float | None
    validationImages: int | None
    validationErrorRate: float | None
    prototypes: int  # how many of `thumbnails` lead as prototypes
    thumbnails: list[Thumbnail]


class ArchetypePart(Part):
    """Its part of a card."""

    archetypes: list[ArchetypeGroup]
    sprite: Sprite | None  # None where no images were given
    sprite_data: bytes  # the picture of all thumbnails


class ArchetypeContent(PanelContent):
    """The images of each class by archetype, prototypes first."""

    name = "archetypes"
    turn = 1  # the browser decodes the images while the others change
    part_type = ArchetypePart
    asked = ("more",)

    def part(self, index: int, page: int) -> ArchetypePart:
        """Show up to `page` images of each archetype of class `index`."""
        train, held_out = self.deck.rows.training_groups, self.deck.rows.validation_groups
        groups: list[ArchetypeGroup] = []
        shown: list[IntArray] = []
        for number, name in enumerate(ARCHETYPES):
            members, prototypes = self.deck.ordered_members(index, number)
            images = members[: page or PROTOTYPES]
            errors = int(train.errors[index, number])
            unseen = None if held_out is None else int(held_out.images[index, number])
            missed = 0 if held_out is None else int(held_out.errors[index, number])
            groups.append(
                {
                    "name": name,
                    "meaning": self._meanings[number],
                    "images": len(members),
                    "share": share_of(len(members), int(train.images[index].sum())),
                    "truePositiveRate": share_of(len(members) - errors, len(members)),
                    "validationImages": unseen,
                    "validationErrorRate": share_of(missed, unseen or 0),
                    "prototypes": prototypes,
                    "thumbnails": [],
                }
            )
            shown.append(images)
        tiles = make_tiles(self.deck, "training", np.concatenate(shown))
        thumbnails = iter(tiles["thumbnails"])
        for group, images in zip(groups, shown, strict=True):
            group["thumbnails"] = list(islice(thumbnails, len(images)))
        return {
            "archetypes": groups,
            "sprite": tiles["sprite"],
            "sprite_data": tiles["sprite_data"],
            "notice": tiles["notice"],
        }

    def more(self, index: int, archetype: int, offset: int) -> Tiles:
        """Return the next images of a group, from position `offset` on.

        Parameters
        ----------
        index, archetype : int
            The class, and the position of the archetype in `ARCHETYPES`.
        offset : int
            How many images of the group are there already.
        """
        members, _ = self.deck.ordered_members(index, archetype)
        return make_tiles(self.deck, "training", members[offset : offset + MORE])

    def widget(self, selected: int) -> ArchetypeGallery:  # noqa: ARG002
        """Return a gallery that is still empty."""
        return ArchetypeGallery()

    @cached_property
    def _meanings(self) -> list[str]:
        return archetype_meanings(self.deck.analysis.k)


class ArchetypeGallery(Panel):
    """Four columns of images, with the rates of each archetype (Dablain et al., Fig. 2).

    Its front end asks for images beyond those of the card by
    ``ask("more", {index, archetype, offset})``; see `ArchetypeContent.more`.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `ArchetypePart`; empty while no class is shown.
    ahead : dict
        The same of a class that may be selected next: its images are decoded ahead.
    marked : list of str
        Keys of the marked images, in the order they were marked.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part, or `marked` is not a list of texts.
    """

    _bundle = "archetypes"

    card = Card(ArchetypePart).tag(sync=True)
    ahead = Card(ArchetypePart).tag(sync=True)
    marked = traitlets.List(traitlets.Unicode()).tag(sync=True)
