"""The header: the answer for one class, how sure it is, and what may be done."""

from __future__ import annotations

from concurrent.futures import Future
from functools import cached_property
from typing import Any, TypedDict

import traitlets

from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.latest import Latest
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part
from imbxai_widgets.explorer.panels._advice import advice
from imbxai_widgets.explorer.panels._facts import ClassFacts
from imbxai_widgets.explorer.panels._forecast_notes import forecast_notes
from imbxai_widgets.explorer.panels._sureness import interval, sureness
from imbxai_widgets.explorer.panels._verdict import score, size_in_words, verdict
from imbxai_widgets.explorer.panels._why import Why, whys_of
from imbxai_widgets.explorer.sentence import Sentence


class Accuracy(TypedDict):
    """The share of validation images that are right, and its 95% interval; 0 to 1."""

    share: float
    low: float
    high: float


class Header(TypedDict):
    """The answer for a class, in words."""

    score: Sentence  # "3 of 18 right"
    poor: bool  # whether fewer than half are right
    accuracy: Accuracy | None  # None where no validation image is of the class
    size: str
    verdict: Sentence
    sure: list[Sentence]  # paragraphs
    advice: list[Sentence]


class Whys(TypedDict):
    """Why classes fail, by class number."""

    whys: list[Why]


class HeaderPart(Part):
    """Its part of a card."""

    header: Header


class HeaderContent(PanelContent):
    """The answer for each class."""

    name = "header"
    place = "head"
    turn = 4
    part_type = HeaderPart
    asked = ("why",)

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._latest = Latest()

    def why(self) -> Future[Whys]:
        """Return the causes of all classes; to find them takes some seconds, in a thread."""
        return self._latest.beside(self._diagnosed)

    def part(self, index: int, page: int) -> HeaderPart:  # noqa: ARG002
        """Describe class `index`."""
        facts = ClassFacts.of(self.deck, index)
        ends = interval(facts)
        accuracy: Accuracy | None = None
        if ends is not None:
            accuracy = {"share": facts.right / facts.images, "low": ends[0], "high": ends[1]}
        return {
            "header": {
                "score": score(facts),
                "poor": 2 * facts.right < facts.images,
                "accuracy": accuracy,
                "size": size_in_words(facts),
                "verdict": verdict(facts),
                "sure": sureness(facts, self._forecast_notes[index]),
                "advice": advice(facts),
            }
        }

    def widget(self, selected: int) -> ClassHeader:
        """Return a header that is still empty."""
        return ClassHeader(selected=selected)

    def _diagnosed(self) -> Whys:
        return {"whys": self._whys}

    @cached_property
    def _whys(self) -> list[Why]:
        return whys_of(self.deck, self.deck.analysis.diagnose())

    @cached_property
    def _forecast_notes(self) -> list[str]:
        return forecast_notes(self.deck.analysis)


class ClassHeader(Panel):
    """Name of one class, how many of its images are right, and one sentence on the rest.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `HeaderPart`; empty while no class is shown.
    selected : int
        Index of the selected class. One picked in the page comes to Python by the linker alone.
    filter : dict
        The images asked for in the page; see js/src/parts/filter.ts.
    remedy : dict
        The remedy that a click asks to be tried; see js/src/parts/remedies.ts.
    whys : list of dict
        `Why` of each class, once a reader has asked for it; it stays with a saved page.
    opens : dict
        Which image a click opens; see js/src/parts/open.ts.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part.
    """

    _bundle = "header"

    card = Card(HeaderPart).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    filter: Any = traitlets.Dict().tag(sync=True)
    remedy: Any = traitlets.Dict().tag(sync=True)
    whys: Any = traitlets.List().tag(sync=True)
    opens: Any = traitlets.Dict().tag(sync=True)
