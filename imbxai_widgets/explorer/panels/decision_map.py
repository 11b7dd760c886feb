"""The decision map: the images around the decision between a class and its adversary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np
import traitlets

from imbxai_widgets.compute.reading.splits import SPLITS, SplitName
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part
from imbxai_widgets.explorer.panels._most_mistaken import most_mistaken
from imbxai_widgets.explorer.thumbnails import Tiles, make_tiles

REACH = 6.0  # the most that the page adds to the logit of a class, unless asked for more
ALL_OFFERED = 40  # classes: of more, those that a class is mistaken for are offered alone
CARD_BYTES = 100_000  # of images on a card; more are asked for, or held by a page without a kernel
HELD_LOGITS = 4_000_000  # of both splits: of more, a card would wait for its images
NO_OTHER = "There is no other class to decide against."
NO_VALIDATION = "The decision map needs validation images, and none were given: pass validation=."


class DecisionPair(TypedDict):
    """A class and its adversary; their images are sent beside it, as bytes."""

    adversary: int
    reach: float  # the images are all that matter up to offsets of this size
    training: int  # how many of the images are training images; they come first


class DecisionMap(TypedDict):
    """What a card tells of the decisions of a class."""

    adversaries: list[int]  # that can be chosen, what the class is mistaken for most first
    missing: str  # why there is no map, or ""
    pair: DecisionPair | None  # the class and the first adversary; None where it is asked for


class DecisionMapPart(Part):
    """Its part of a card."""

    decision_map: DecisionMap
    # Of n images: own, adversary and outside, float32; rival, int32; largest, label, prediction
    # and row, uint32; archetype, uint8. See `DecisionImages`.
    decision_map_data: bytes


class DecisionPairAnswer(DecisionPair):
    """A class and an adversary with their images."""

    data: bytes


class DecisionMapContent(PanelContent):
    """The images of each class and its adversary by the logits that decide between them."""

    name = "decision_map"
    place = "tab"
    tab = "What if"
    turn = 9  # below the first screen
    part_type = DecisionMapPart
    asked = ("pair", "image")

    def part(self, index: int, page: int) -> DecisionMapPart:
        """Return which adversaries class `index` has; with pages of images also those around it."""
        missing, others = self._missing, self._others(index)
        if not missing and not others:
            missing = NO_OTHER
        if missing:
            told: DecisionMap = {"adversaries": [], "missing": missing, "pair": None}
            return {"decision_map": told, "decision_map_data": b""}
        pair, data = None, b""
        if page and self._is_small:
            try:
                pair, data = self._pair(index, others[0], {}, REACH)
            except ValueError as error:
                missing = _in_words(error)
        if len(data) > CARD_BYTES:
            pair, data = None, b""
        told = {"adversaries": others, "missing": missing, "pair": pair}
        return {"decision_map": told, "decision_map_data": data}

    def pair(
        self, index: int, adversary: int, offsets: Mapping[str, float], reach: float
    ) -> DecisionPairAnswer:
        """Return the images of a class and an adversary.

        Parameters
        ----------
        index, adversary : int
            Two classes.
        offsets : dict of str to float
            What is added to the logits of other classes, by their numbers.
        reach : float
            The most that the page adds to the logits of the two.
        """
        others = {int(other): offset for other, offset in offsets.items()}
        try:
            found, data = self._pair(index, adversary, others, max(reach, REACH))
        except ValueError as error:
            raise ValueError(_in_words(error)) from error
        return {**found, "data": data}

    def held(self, cards: list[dict[str, Any]], limit: int) -> dict[str, DecisionPairAnswer]:
        """Return what a page without a kernel holds of classes whose cards have no images.

        Parameters
        ----------
        cards : list of dict
            The cards that the page holds, those that matter most first.
        limit : int
            Bytes that all images may take: then further classes are left out.
        """
        found: dict[str, DecisionPairAnswer] = {}
        for card in cards if self._is_small else []:
            told: DecisionMap = card["decision_map"]
            if told["missing"] or told["pair"] is not None:
                continue
            try:
                answer = self.pair(card["index"], told["adversaries"][0], {}, REACH)
            except ValueError:  # logits are not known, which is said when they are asked for
                return {}
            limit -= len(answer["data"])
            if limit < 0:
                break
            found[str(card["index"])] = answer
        return found

    def image(self, split: SplitName, row: int) -> Tiles:
        """Return an image, for the hint beside its point."""
        return make_tiles(self.deck, split, np.array([row]))

    def widget(self, selected: int) -> DecisionMapPanel:  # noqa: ARG002
        """Return a map that is still empty."""
        names = [self.deck.name(index) for index in range(self.deck.analysis.n_classes)]
        return DecisionMapPanel(class_names=names)

    @property
    def _is_small(self) -> bool:
        analysis = self.deck.analysis
        held_out = analysis.validation
        images = len(analysis.train) + (0 if held_out is None else len(held_out))
        return images * analysis.n_classes <= HELD_LOGITS

    @property
    def _missing(self) -> str:
        return NO_VALIDATION if self.deck.analysis.validation is None else ""

    def _others(self, index: int) -> list[int]:
        others: list[int] = most_mistaken(self.deck, index).tolist()
        n_classes = self.deck.analysis.n_classes
        if n_classes > ALL_OFFERED and others:
            return others
        rest = [other for other in range(n_classes) if other != index and other not in others]
        return [*others, *rest] if n_classes <= ALL_OFFERED else rest[:1]

    def _pair(
        self, index: int, adversary: int, offsets: Mapping[int, float], reach: float
    ) -> tuple[DecisionPair, bytes]:
        columns: list[list[Any]] = []
        for name in SPLITS:
            split = self.deck.analysis.split(name)
            found = self.deck.decisions.images(name, index, adversary, reach=reach, offsets=offsets)
            rows = found.rows
            known = split.labels[rows], split.predictions[rows], rows, split.archetypes[rows]
            columns.append([*found.logits, found.largest, *known])
        kinds = ("<f4",) * 3 + ("<i4",) + ("<u4",) * 4 + ("u1",)
        joined = [
            np.concatenate(each).astype(kind)
            for each, kind in zip(zip(*columns, strict=True), kinds, strict=True)
        ]
        pair: DecisionPair = {
            "adversary": adversary,
            "reach": reach,
            "training": len(columns[0][0]),
        }
        return pair, b"".join(each.tobytes() for each in joined)


def _in_words(error: ValueError) -> str:
    return f"The decision map cannot be made: {error}."


class DecisionMapPanel(Panel):
    """The images around the decision of a class, and what moving it changes.

    Where a card has no images, its front end asks for them when it comes into sight, by
    ``ask("pair", {index, adversary, offsets, reach})``; and by ``ask("image", {split, row})`` for
    what is pointed at. See `DecisionMapContent`.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `DecisionMapPart`; empty while no class is shown.
    class_names : list of str
        Names of all classes, as they stand on a page.
    shifts : dict
        What is added to the logits of classes, by their numbers; shared with other panels.
    opens : dict
        Which image a click asks to look at closer; see js/src/parts/open.ts.
    held : dict
        What a page without a kernel has of classes whose cards hold no images, by their numbers:
        see `DecisionPairAnswer`.
    """

    _bundle = "decision_map"

    card = Card(DecisionMapPart).tag(sync=True)
    class_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    shifts: Any = traitlets.Dict().tag(sync=True)
    opens: Any = traitlets.Dict().tag(sync=True)
    held: Any = traitlets.Dict().tag(sync=True)
