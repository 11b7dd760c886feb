"""The archetype gallery: safe, border, rare and outlying images of a class, side by side."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TypedDict

import numpy as np
import traitlets

from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.prototypes import medoids
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.explorer.deck import Deck, share_of
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part
from imbxai_widgets.explorer.sprites import Sprite, make_sprite
from imbxai_widgets.explorer.text import archetype_meanings, unread_notice

PROTOTYPES = 3
MORE = 24  # thumbnails that each "more" brings


class Thumbnail(TypedDict):
    """One image."""

    tile: int  # position in the sprite, row by row
    image: int  # index in the training data set
    label: str
    prediction: str
    correct: bool


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
    sprite: Sprite
    sprite_data: bytes  # the picture of all thumbnails


class MoreImages(TypedDict):
    """Further images of a group, and the picture of their tiles; none when the group ends."""

    thumbnails: list[Thumbnail]
    sprite: Sprite
    sprite_data: bytes
    notice: str  # what went wrong in reading them, or ""


class ArchetypeContent(PanelContent):
    """The images of each class by archetype, prototypes first."""

    name = "archetypes"
    turn = 1  # the browser decodes the images while the others change
    part_type = ArchetypePart
    asked = ("more",)

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._ordered_members = lru_cache(maxsize=256)(self._order_members)

    def part(self, index: int, page: int) -> ArchetypePart:
        """Show up to `page` images of each archetype of class `index`."""
        train, held_out = self.deck.rows.training_groups, self.deck.rows.validation_groups
        groups: list[ArchetypeGroup] = []
        shown: list[IntArray] = []
        tile = 0
        for number, name in enumerate(ARCHETYPES):
            members, prototypes = self._ordered_members(index, number)
            images = members[:page]
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
                    "thumbnails": self._thumbnails(images, tile),
                }
            )
            shown.append(images)
            tile += len(images)
        sprite, picture, unread = make_sprite(self.deck.analysis.images, np.concatenate(shown))
        return {
            "archetypes": groups,
            "sprite": sprite,
            "sprite_data": picture,
            "notice": unread_notice(unread),
        }

    def more(self, index: int, archetype: int, offset: int) -> MoreImages:
        """Return the next images of a group, from position `offset` on.

        Parameters
        ----------
        index, archetype : int
            The class, and the position of the archetype in `ARCHETYPES`.
        offset : int
            How many images of the group are there already.
        """
        images = self._ordered_members(index, archetype)[0][offset : offset + MORE]
        sprite, picture, unread = make_sprite(self.deck.analysis.images, images)
        return {
            "thumbnails": self._thumbnails(images, 0),
            "sprite": sprite,
            "sprite_data": picture,
            "notice": unread_notice(unread),
        }

    def widget(self, selected: int) -> ArchetypeGallery:  # noqa: ARG002
        """Return a gallery that is still empty."""
        return ArchetypeGallery()

    @cached_property
    def _meanings(self) -> list[str]:
        return archetype_meanings(self.deck.analysis.k)

    def _order_members(self, index: int, archetype: int) -> tuple[IntArray, int]:
        """Return a group's images, prototypes first, and how many of them are prototypes."""
        members = self.deck.rows.members(index, archetype)
        prototypes = members[medoids(self.deck.analysis.embeddings[members], PROTOTYPES)]
        rest = members[~np.isin(members, prototypes)]
        return np.concatenate([prototypes, rest]), len(prototypes)

    def _thumbnails(self, images: IntArray, first_tile: int) -> list[Thumbnail]:
        train = self.deck.analysis.train
        placeholder = self.deck.analysis.images is None
        return [
            {
                "tile": 0 if placeholder else first_tile + position,
                "image": image,
                "label": self.deck.name(label),
                "prediction": self.deck.name(prediction),
                "correct": label == prediction,
            }
            for position, (image, label, prediction) in enumerate(
                zip(
                    images.tolist(),
                    train.labels[images].tolist(),
                    train.predictions[images].tolist(),
                    strict=True,
                )
            )
        ]


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
    marked : list of int
        Indices of the marked training images, in the order they were marked.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part, or `marked` is not a list of integers.
    """

    _bundle = "archetypes"

    card = Card(ArchetypePart).tag(sync=True)
    ahead = Card(ArchetypePart).tag(sync=True)
    marked = traitlets.List(traitlets.Int()).tag(sync=True)
