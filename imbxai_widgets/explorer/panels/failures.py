"""The images of a class that fail, by what they are taken for."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import traitlets

from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part, Tiles
from imbxai_widgets.explorer.sprites import Sprite
from imbxai_widgets.explorer.thumbnails import Thumbnail, by_prediction, make_tiles, no_images

TILES = 24


class FailureGroup(TypedDict):
    """Images of a class that are taken for one other."""

    index: int
    name: str
    images: int
    thumbnails: list[Thumbnail]  # the first of them


class Failures(TypedDict):
    """The misclassified images of a class."""

    split: SplitName
    images: int  # of the class in this split
    errors: int
    note: str  # why these images, or why there are none
    missing: str  # how to give the images, where they were not given
    groups: list[FailureGroup]  # the largest first
    sprite: Sprite | None  # None where no images were given


class FailuresPart(Part):
    """Its part of a card."""

    failures: Failures
    failures_data: bytes  # the picture of all thumbnails


class FailuresContent(PanelContent):
    """The validation images of each class that fail, or its training images if it has none."""

    name = "failures"
    place = "beside"
    turn = 1  # the browser decodes the images while the others change
    part_type = FailuresPart

    def part(self, index: int, page: int) -> FailuresPart:  # noqa: ARG002
        """Show up to `TILES` failures of class `index`."""
        split, why = self._split_of(index)
        images = self.deck.analysis.split(split)
        wrong = self.deck.analysis.find_images(index, split, right=False)
        count = int(np.count_nonzero(images.labels == index))
        groups = by_prediction(images.predictions, wrong)
        shown = [
            members[:tiles]
            for (_, members), tiles in zip(
                groups, fair_shares([len(members) for _, members in groups], TILES), strict=True
            )
        ]
        rows = np.concatenate([*shown, np.zeros(0, np.int64)]).astype(np.int64)
        tiles = make_tiles(self.deck, split, rows)
        ends = np.cumsum([len(members) for members in shown]).tolist()
        return {
            "failures": {
                "split": split,
                "images": count,
                "errors": len(wrong),
                "note": self._note(why, split, count, len(wrong)),
                "missing": no_images(self.deck, split),
                "groups": [
                    {
                        "index": other,
                        "name": self.deck.name(other),
                        "images": len(members),
                        "thumbnails": tiles["thumbnails"][end - len(part) : end],
                    }
                    for (other, members), part, end in zip(groups, shown, ends, strict=True)
                ],
                "sprite": tiles["sprite"],
            },
            "failures_data": tiles["sprite_data"],
            "notice": tiles["notice"],
        }

    def widget(self, selected: int) -> FailuresPanel:  # noqa: ARG002
        """Return a panel that is still empty."""
        return FailuresPanel()

    def _split_of(self, index: int) -> tuple[SplitName, str]:
        """Return which images are shown, and why it is not the validation images."""
        validation = self.deck.analysis.validation
        if validation is None:
            return "training", "No validation images were given"
        if not (validation.labels == index).any():
            return "training", "There are no validation images of this class"
        return "validation", ""

    @staticmethod
    def _note(why: str, split: SplitName, images: int, errors: int) -> str:
        if not images:
            return f"{why}, and no training images."
        if errors:
            return f"{why}: these are training images." if why else ""
        right = f"All {images:,} {split} images are right."
        if images == 1:
            right = f"Its one {split} image is right."
        return f"{why}. {right}" if why else right


def fair_shares(sizes: list[int], room: int) -> list[int]:
    """Share room among groups: the larger ones are cut to one height, what is left goes in order.

    Examples
    --------
    >>> fair_shares([50, 9, 2, 1], 15), fair_shares([8, 3], 24)
    ([6, 6, 2, 1], [8, 3])
    """
    shares = [0] * len(sizes)
    while room > 0 and shares != sizes:
        for group, size in enumerate(sizes):
            if shares[group] < size and room > 0:
                shares[group] += 1
                room -= 1
    return shares


class FailuresPanel(Tiles, Panel):
    """Images of a class that are misclassified, grouped by what they are taken for.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `FailuresPart`; empty while no class is shown.
    ahead : dict
        The same of a class that may be selected next: its images are decoded ahead.
    selected : int
        Index of the selected class. A click on a group's name sets it in the page.
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

    _bundle = "failures"

    card = Card(FailuresPart).tag(sync=True)
    ahead = Card(FailuresPart).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    filter = traitlets.Dict().tag(sync=True)
