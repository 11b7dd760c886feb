"""Sentences of which some parts can be clicked: counts filter, names select, remedies are tried."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

from imbxai_widgets.explorer.remedies_asked import AskedRemedy


class ImageFilter(TypedDict):
    """Images that meet all conditions given; js/src/parts/filter.ts has the same."""

    index: int  # the class, by its true label
    split: Literal["training", "validation"]
    archetype: NotRequired[int]  # position in `ARCHETYPES`
    predicted: NotRequired[int]  # number of the class that they are predicted as
    right: NotRequired[bool]
    votes: NotRequired[int]  # misclassified training images with a neighbor of this class
    near: NotRequired[int]  # with a neighbor of this class
    copies: NotRequired[Literal["any", "conflict", "leak"]]  # occurring more than once
    covered: NotRequired[bool]  # validation images within reach of the class, or beyond
    before: NotRequired[bool]  # right by the first of two models
    after: NotRequired[bool]  # right by the second
    becomes: NotRequired[int]  # archetype by the second


class Piece(TypedDict):
    """A part of a sentence: plain text, or text that does something when clicked."""

    text: str
    filter: NotRequired[ImageFilter]
    select: NotRequired[int]  # number of a class
    remedy: NotRequired[AskedRemedy]  # opens the tab "What if" with this remedy


Sentence: TypeAlias = list[Piece]


def joined(*parts: str | Piece) -> Sentence:
    """Return a sentence of strings and pieces; strings that meet become one piece.

    >>> joined("8 of ", "them", {"text": "Animals", "select": 4})
    [{'text': '8 of them'}, {'text': 'Animals', 'select': 4}]
    """
    pieces: Sentence = []
    for part in parts:
        piece: Piece = {"text": part} if isinstance(part, str) else part
        if not piece["text"]:
            continue
        if pieces and piece.keys() == pieces[-1].keys() == {"text"}:
            pieces[-1] = {"text": pieces[-1]["text"] + piece["text"]}
        else:
            pieces.append(piece)
    return pieces


def listed(parts: list[Sentence]) -> Sentence:
    """Return parts as a list in words: with commas, and "and" before the last.

    >>> listed([[{"text": "a"}], [{"text": "b"}], [{"text": "c"}]])
    [{'text': 'a, b and c'}]
    """
    pieces: list[str | Piece] = []
    for at, part in enumerate(parts):
        if at:
            pieces.append(" and " if at == len(parts) - 1 else ", ")
        pieces += part
    return joined(*pieces)


def plain(sentence: Sentence) -> str:
    """Return a sentence as text.

    >>> plain([{"text": "taken for "}, {"text": "Animals", "select": 4}])
    'taken for Animals'
    """
    return "".join(piece["text"] for piece in sentence)
