"""All images of a class, or those that a count counts, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import traitlets

from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.edits.identity import rows_of
from imbxai_widgets.explorer.lit import lit_images
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part, Tiles
from imbxai_widgets.explorer.sprites import Sprite
from imbxai_widgets.explorer.thumbnails import (
    Thumbnail,
    by_prediction,
    make_tiles,
    no_images,
    thumbnails_of,
)

FIRST = 12  # images of each group on a page of several groups
MORE = 24  # images of one group alone
ROOM = 96  # images of a page, at most
HELD_TILE = 128  # pixels a side, of images that come with a card
ASKED_TILE = 192


class ImageGroup(TypedDict):
    """Images of one archetype, or taken for one class."""

    name: str
    archetype: int | None  # what the filter of this group alone adds: one of these two,
    predicted: int | None  # or none where all images are one group
    images: int  # that meet the filter
    prototypes: int  # how many of `thumbnails` lead as prototypes
    thumbnails: list[Thumbnail]


class ImagePage(TypedDict):
    """Images that meet a filter, in groups, and the picture of their tiles."""

    images: int  # that meet the filter
    total: int  # of the class in the split
    groups: list[ImageGroup]
    sprite: Sprite | None  # None where no images were given
    sprite_data: bytes
    notice: str  # what went wrong in reading them, or ""
    note: str  # what is shown of them, where that is not the whole of it


class NamedClass(TypedDict):
    """A class beside the one that is shown."""

    index: int
    name: str


class ClassImages(TypedDict):
    """What a card holds of the images of a class in one split."""

    total: int
    missing: str  # how to give the images, where they were not given
    groups: list[ImageGroup]
    sprite: Sprite | None
    notice: str  # what went wrong in reading them, or ""
    counts: list[list[int]]  # of each pair that occurs: archetype, predicted class, images
    predicted: list[NamedClass]  # what its images are predicted as
    near: list[NamedClass]  # what its images have among their nearest training images


class ImagesPart(Part):
    """Its part of a card."""

    training_images: ClassImages
    training_images_data: bytes  # the picture of the thumbnails
    validation_images: ClassImages | None
    validation_images_data: bytes


class Marked(TypedDict):
    """What is known of marked images, in the order of the question."""

    thumbnails: list[Thumbnail]


class ImagesContent(PanelContent):
    """The training images of each class by archetype, its validation images by prediction."""

    name = "images"
    place = "tab"
    tab = "All images"
    turn = 8  # below the first screen
    part_type = ImagesPart
    asked = ("images", "neighbors", "known")

    def part(self, index: int, page: int) -> ImagesPart:
        """Hold up to `page` images of each archetype of class `index`, and of its failures."""
        training, picture = self._held(index, "training", page)
        validation: tuple[ClassImages | None, bytes] = (None, b"")
        if self.deck.analysis.validation is not None:
            validation = self._held(index, "validation", page)
        return {
            "training_images": training,
            "training_images_data": picture,
            "validation_images": validation[0],
            "validation_images_data": validation[1],
        }

    def images(self, filter: Mapping[str, Any], offset: int) -> ImagePage:
        """Return the images that meet a filter.

        Parameters
        ----------
        filter : dict
            As js/src/parts/filter.ts has it: ``index`` and ``split``, and any of the conditions
            of `Analysis.find_images`; with a second model also those of `Comparison.find_images`.
        offset : int
            How many images of each group are there already.
        """
        index, split, rows = self._find(filter)
        if "color" in filter:
            return self._by_color(index, rows, filter["color"], offset)
        return self._page(index, split, rows, offset, FIRST, ASKED_TILE)

    def neighbors(self, filter: Mapping[str, Any], offset: int) -> ImagePage:
        """Return the neighbors of a class that images have, those of most images first.

        Parameters
        ----------
        filter : dict
            As for `images`, with ``votes`` or ``near``: the class that these neighbors are of.
        offset : int
            How many of them are there already.
        """
        _, _, rows = self._find(filter)
        analysis = self.deck.analysis
        met = filter["votes"] if "votes" in filter else filter["near"]
        found = analysis.neighbors_among(rows, met)
        tiles = make_tiles(self.deck, "training", found[offset : offset + MORE], largest=ASKED_TILE)
        return {
            "images": len(found),
            "total": int(self.deck.rows.sizes[met]),
            "groups": [_group("", found, None) | {"thumbnails": tiles["thumbnails"]}],
            "sprite": tiles["sprite"],
            "sprite_data": tiles["sprite_data"],
            "notice": tiles["notice"],
            "note": "",
        }

    def known(self, keys: Sequence[str]) -> Marked:
        """Return what is known of marked images, by their keys."""
        found = {
            (split, thumbnail["image"]): thumbnail
            for split, rows in rows_of(keys, "marked must hold keys").items()
            if rows
            for thumbnail in thumbnails_of(self.deck, split, np.asarray(rows))
        }
        order = [(split, int(row)) for split, row in (key.split(":") for key in keys)]
        return {"thumbnails": [found[key] for key in order]}  # type: ignore[index]

    def widget(self, selected: int) -> ImagesPanel:
        """Return a panel that is still empty."""
        return ImagesPanel(selected=selected)

    def _by_color(self, index: int, rows: IntArray, color: str, offset: int) -> ImagePage:
        """Return training images with the pixels of a color lit, the largest share first."""
        shares = self.deck.analysis.color_shares(color)[rows]
        found = rows[np.argsort(-shares, kind="stable")]
        shown = found[offset : offset + MORE]
        lit, said = lit_images(self.deck, shown, color) if len(shown) else (None, "")
        tiles = make_tiles(self.deck, "training", shown, largest=ASKED_TILE, pictures=lit)
        return {
            "images": len(found),
            "total": int(self.deck.rows.sizes[index]),
            "groups": [_group("", found, None) | {"thumbnails": tiles["thumbnails"]}],
            "sprite": tiles["sprite"],
            "sprite_data": tiles["sprite_data"],
            "notice": tiles["notice"],
            "note": said,
        }

    def _find(self, filter: Mapping[str, Any]) -> tuple[int, SplitName, IntArray]:
        conditions = dict(filter)
        index, split = conditions.pop("index"), conditions.pop("split")
        whole = self.deck.comparison or self.deck.analysis
        return index, split, whole.find_images(index, split, **conditions)

    def _held(self, index: int, split: SplitName, page: int) -> tuple[ClassImages, bytes]:
        """Return what a card holds, and its picture."""
        # Of validation images those that fail are held: all others fit their class.
        right = False if split == "validation" else None
        rows = self.deck.analysis.find_images(index, split, right=right)
        held = self._page(index, split, rows, 0, page, HELD_TILE)
        images = self.deck.analysis.split(split)
        own = images.labels == index
        codes = np.stack([images.archetypes[own], images.predictions[own]], axis=1)
        pairs, numbers = np.unique(codes, axis=0, return_counts=True)
        near = np.unique(self.deck.analysis.labels[images.neighbors[own]])
        return {
            "total": held["total"],
            "missing": no_images(self.deck, split),
            "groups": held["groups"],
            "sprite": held["sprite"],
            "notice": held["notice"],
            "counts": np.column_stack([pairs, numbers]).tolist(),
            "predicted": self._named(np.unique(images.predictions[own])),
            "near": self._named(near),
        }, held["sprite_data"]

    def _named(self, classes: IntArray) -> list[NamedClass]:
        return [{"index": index, "name": self.deck.name(index)} for index in classes.tolist()]

    def _page(
        self, index: int, split: SplitName, rows: IntArray, offset: int, page: int, largest: int
    ) -> ImagePage:
        """Return rows of a split in groups, from `offset` on in each, `page` of each at most."""
        images = self.deck.analysis.split(split)
        groups = self._groups(index, split, rows)
        length = page if len(groups) > 1 or not page else max(page, MORE)
        room, shown = ROOM, []
        for _, members, _ in groups:
            chosen = members[offset : offset + min(length, room)]
            room -= len(chosen)
            shown.append(chosen)
        tiles = make_tiles(
            self.deck,
            split,
            np.concatenate([*shown, np.zeros(0, np.int64)]).astype(np.int64),
            largest=largest,
        )
        end = 0
        for (group, _, prototypes), chosen in zip(groups, shown, strict=True):
            group["thumbnails"] = tiles["thumbnails"][end : end + len(chosen)]
            group["prototypes"] = min(max(prototypes - offset, 0), len(chosen))
            end += len(chosen)
        return {
            "images": len(rows),
            "total": int(np.count_nonzero(images.labels == index)),
            "groups": [group for group, _, _ in groups],
            "sprite": tiles["sprite"],
            "sprite_data": tiles["sprite_data"],
            "notice": tiles["notice"],
            "note": "",
        }

    def _groups(
        self, index: int, split: SplitName, rows: IntArray
    ) -> list[tuple[ImageGroup, IntArray, int]]:
        """Return the groups of rows, the rows of each, and how many of these are prototypes."""
        groups: list[tuple[ImageGroup, IntArray, int]] = []
        if split == "training":
            for archetype, name in enumerate(ARCHETYPES):
                members, prototypes = self.deck.ordered_members(index, archetype)
                asked = np.isin(members, rows)
                found = int(np.count_nonzero(asked[:prototypes]))
                title = name.capitalize()
                groups.append((_group(title, members[asked], archetype), members[asked], found))
        else:
            taken = by_prediction(self.deck.analysis.split(split).predictions, rows)
            for other, members in sorted(taken, key=lambda group: group[0] == index):
                title = "Right" if other == index else self.deck.name(other)
                groups.append((_group(title, members, None, other), members, 0))
        return [group for group in groups if len(group[1])]


def _group(
    name: str, members: IntArray, archetype: int | None, predicted: int | None = None
) -> ImageGroup:
    """Return a group of which no image is shown yet."""
    return {
        "name": name,
        "archetype": archetype,
        "predicted": predicted,
        "images": len(members),
        "prototypes": 0,
        "thumbnails": [],
    }


class ImagesPanel(Tiles, Panel):
    """The images of a class, filtered, in groups; and the tray of marked images.

    Its front end asks for images by ``ask("images", {filter, offset})``, for the neighbors that
    votes point to by ``ask("neighbors", {filter, offset})``, and what is known of marked images by
    ``ask("known", {keys})``; see `ImagesContent`.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `ImagesPart`; empty while no class is shown.
    selected : int
        Index of the selected class. A click on the name of a group sets it in the page.
    wanted : dict
        Which images another panel asks for; see js/src/parts/filter.ts.
    marked : list of str
        Keys of the marked images, in the order they were marked.
    opens : dict
        Which image a click opens; see js/src/parts/open.ts.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part, or `marked` is not a list of texts.
    """

    _bundle = "images"

    card = Card(ImagesPart).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    wanted = traitlets.Dict().tag(sync=True)
