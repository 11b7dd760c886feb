"""What stands behind "Why?": the causes that a diagnosis found, with their evidence, in words."""

from __future__ import annotations

from typing import TypedDict

from imbxai_widgets.analysis.diagnosis import ClassDiagnosis, Diagnosis, Finding
from imbxai_widgets.compute.reading.splits import SPLITS
from imbxai_widgets.compute.remedies.remedy import Remedy
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.remedies_asked import asked_of
from imbxai_widgets.explorer.sentence import Piece, Sentence, joined

MOST_IMAGES = 200  # that a click walks through, of those that are the evidence of a cause
_STATES = {
    "failing": "It is right clearly less often than other classes",
    "not failing": "It is not clearly worse than other classes",
    "too few to tell": "It has too few validation images to tell why it fails, if it does",
    "no validation images": "It has no validation images to judge it by",
}


class Cause(TypedDict):
    """A cause that holds."""

    title: str
    statement: str
    advice: Sentence
    images: list[str]  # keys of the evidence, such as "training:12"
    more: int  # images that are evidence, too, and are not among these


class Why(TypedDict):
    """What a diagnosis says of one class."""

    state: str  # in words
    causes: list[Cause]
    others: list[str]  # what else is to be said, in sentences


def whys_of(deck: Deck, diagnosis: Diagnosis) -> list[Why]:
    """Return what a diagnosis says, by class number.

    Examples
    --------
    >>> why = whys_of(Deck(analysis), analysis.diagnose())[analysis.class_index("Plants")]
    >>> why["state"], why["causes"]
    ('It has too few validation images to tell why it fails, if it does', [])
    """
    return [_why(deck, found, diagnosis.notes) for found in diagnosis.classes]


def _why(deck: Deck, found: ClassDiagnosis, notes: tuple[str, ...]) -> Why:
    others = [
        f"{test.title}, which explains no error. {test.statement} {test.advice}"
        for test in found.beside
    ]
    if found.without_evidence:
        others.append(f'No evidence of: "{"; ".join(found.without_evidence)}".')
    others += found.untested
    return {
        "state": _STATES[found.state],
        "causes": [_cause(deck, found, each) for each in found.causes],
        "others": [*others, *notes],
    }


def _cause(deck: Deck, found: ClassDiagnosis, cause: Finding) -> Cause:
    alike, statement = found.alike(cause), cause.statement
    if alike:
        statement += f' These numbers cannot tell it from: "{alike}".'
    keys = [f"{split}:{row}" for split in SPLITS for row in cause.images.get(split, ())]
    return {
        "title": cause.title,
        "statement": statement,
        "advice": _advice(deck, cause),
        "images": keys[:MOST_IMAGES],
        "more": max(0, len(keys) - MOST_IMAGES),
    }


def _advice(deck: Deck, cause: Finding) -> Sentence:
    parts: list[str | Piece] = [cause.advice]
    for remedy in cause.remedies:
        parts += [" Try ", _piece(deck, remedy), "."]
    return joined(*parts)


def _piece(deck: Deck, remedy: Remedy) -> Piece:
    """Return a remedy as what opens it in the tab "What if"; as code where that has none."""
    try:
        return {"text": repr(remedy), "remedy": asked_of(remedy, deck)}
    except ValueError:
        return {"text": f"analysis.what_if({remedy!r})"}
