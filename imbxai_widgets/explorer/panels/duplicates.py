"""Images of a class that occur more than once, under one label or several, or in both splits."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np
import traitlets

from imbxai_widgets.analysis.copies import CopyKind
from imbxai_widgets.analysis.duplicates import picture_digest
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.splits import SPLITS, SplitName
from imbxai_widgets.explorer.deck import MOST_COMPARED
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part, Tiles
from imbxai_widgets.explorer.sentence import Piece, Sentence, joined, listed
from imbxai_widgets.explorer.sprites import Sprite
from imbxai_widgets.explorer.text import counted
from imbxai_widgets.explorer.thumbnails import Thumbnail, make_tiles, no_images

GROUPS, TILES = 8, 6  # groups that are shown, and images of each
_KINDS: tuple[tuple[CopyKind, str], ...] = (
    ("conflict", "with a copy of another label"),
    ("leak", "with copies in both training and validation"),
)


class CopyGroup(TypedDict):
    """Images with the same features, of this class and perhaps of others."""

    images: int
    words: str  # their labels, and whether their pixels are the same
    wrong: bool  # whether labels differ, or both splits have them
    thumbnails: list[Thumbnail]  # the first of them, those of training first


class Duplicates(TypedDict):
    """Images of a class that occur more than once."""

    sentence: Sentence  # none where there are none
    groups: list[CopyGroup]  # with different labels first, then in both splits
    more: int  # groups that are not shown
    missing: str  # how to give the images, where they were not given
    training: Sprite | None  # None where no images were given
    validation: Sprite | None


class DuplicatesPart(Part):
    """Its part of a card."""

    duplicates: Duplicates
    duplicates_training: bytes  # the picture of all thumbnails of a split
    duplicates_validation: bytes


class DuplicatesContent(PanelContent):
    """The images of each class that occur more than once; of most classes, none."""

    name = "duplicates"
    turn = 5
    part_type = DuplicatesPart

    def part(self, index: int, page: int) -> DuplicatesPart:  # noqa: ARG002
        """Show the groups that images of class `index` are in."""
        own = self._groups_of(index)
        shown = {split: self._shown(split, own[:GROUPS]) for split in SPLITS}
        notice = ""
        sprites: dict[SplitName, Sprite | None] = {}
        pictures: dict[SplitName, bytes] = {}
        tiles: dict[SplitName, dict[int, Thumbnail]] = {}
        for split in SPLITS:
            rows = shown[split]
            sprites[split], pictures[split], tiles[split] = None, b"", {}
            if len(rows):
                made = make_tiles(self.deck, split, rows)
                notice = notice or made["notice"]
                sprites[split], pictures[split] = made["sprite"], made["sprite_data"]
                tiles[split] = dict(zip(rows.tolist(), made["thumbnails"], strict=True))
        return {
            "duplicates": {
                "sentence": self._sentence(index),
                "groups": [self._group(group, tiles) for group in own[:GROUPS].tolist()],
                "more": max(len(own) - GROUPS, 0),
                "missing": no_images(self.deck, "training") if len(own) else "",
                "training": sprites["training"],
                "validation": sprites["validation"],
            },
            "duplicates_training": pictures["training"],
            "duplicates_validation": pictures["validation"],
            "notice": notice,
        }

    def widget(self, selected: int) -> DuplicatesPanel:  # noqa: ARG002
        """Return a panel that is still empty."""
        return DuplicatesPanel()

    def _groups_of(self, index: int) -> IntArray:
        """Return the groups that images of a class are in, rising."""
        copies, analysis = self.deck.copies, self.deck.analysis
        if copies is None:
            return np.zeros(0, dtype=np.int64)
        found = [copies.of_split("training")[analysis.labels == index]]
        unseen = copies.of_split("validation")
        if analysis.validation is not None and len(unseen):
            found.append(unseen[analysis.validation.labels == index])
        groups = np.unique(np.concatenate(found))
        return groups[groups >= 0].astype(np.int64, copy=False)

    def _members(self, split: SplitName, group: int) -> IntArray:
        assert self.deck.copies is not None  # or there would be no group
        return np.flatnonzero(self.deck.copies.of_split(split) == group).astype(np.int64)

    def _shown(self, split: SplitName, groups: IntArray) -> IntArray:
        """Return the images of a split that are shown."""
        rows = [self._members(split, group)[:TILES] for group in groups.tolist()]
        return np.concatenate([*rows, np.zeros(0, np.int64)]).astype(np.int64)

    def _group(self, group: int, tiles: dict[SplitName, dict[int, Thumbnail]]) -> CopyGroup:
        copies = self.deck.copies
        assert copies is not None
        members = [(split, row) for split in SPLITS for row in self._members(split, group)]
        both = bool(copies.leak[group])
        # Of both splits some are shown, or a leak would not be seen.
        cut = TILES // 2 if both else TILES
        shown = [
            tiles[split][int(row)]
            for split in SPLITS
            for row in self._members(split, group)[:cut].tolist()
        ]
        return {
            "images": len(members),
            "words": self._words(group, shown),
            "wrong": both or bool(copies.conflict[group]),
            "thumbnails": shown,
        }

    def _words(self, group: int, shown: list[Thumbnail]) -> str:
        analysis, counts = self.deck.analysis, list[str]()
        labels = set[int]()
        for split in SPLITS:
            rows = self._members(split, group)
            if len(rows):
                counts.append(f"{len(rows):,} {split}")
                labels |= set(analysis.split(split).labels[rows].tolist())
        named = [self.deck.name(label) for label in sorted(labels)]
        names = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
        return f"{' and '.join(counts)}, labeled {names}: {self._pixels(shown)}"

    def _pixels(self, shown: list[Thumbnail]) -> str:
        digests = [
            picture_digest(self.deck.analysis.split(each["split"]), each["image"]) for each in shown
        ]
        if None in digests:
            return "the same features"
        if len(set(digests)) == 1:
            return "the same pixels"
        return "the same features, not the same pixels"

    def _sentence(self, index: int) -> Sentence:
        copies = self.deck.copies
        if copies is None:
            return joined(
                f"Among more than {MOST_COMPARED:,} images, copies are not looked for here: "
                "Analysis.duplicates() finds them."
            )
        counts = [self._count(index, split, "any") for split in SPLITS]
        parts = [part for part in counts if part]
        if not parts:
            return []
        alone = len(parts) == 1 and parts[0][0]["text"].startswith("1 ")
        occur = " occurs" if alone else " occur"
        sentence = [*listed(parts), *joined(f"{occur} more than once")]
        for kind, words in _KINDS:
            of_kind = [self._count(index, split, kind) for split in SPLITS]
            some = [part for part in of_kind if part]
            if some:
                sentence += [*joined("; "), *listed(some), *joined(f" {words}")]
        return joined(*sentence, ".")

    def _count(self, index: int, split: SplitName, kind: CopyKind) -> Sentence:
        """Return how many images of a class and split there are, as a count that filters."""
        if split == "validation" and self.deck.analysis.validation is None:
            return []
        found = len(self.deck.analysis.find_images(index, split, copies=kind))
        if not found:
            return []
        piece: Piece = {
            "text": counted(found, f"{split} image"),
            "filter": {"index": index, "split": split, "copies": kind},
        }
        return [piece]


class DuplicatesPanel(Tiles, Panel):
    """Images of a class that occur more than once; takes no room where there are none.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `DuplicatesPart`; empty while no class is shown.
    filter : dict
        Which images a click asks for; see js/src/parts/filter.ts.
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

    _bundle = "duplicates"

    card = Card(DuplicatesPart).tag(sync=True)
    filter: Any = traitlets.Dict().tag(sync=True)
