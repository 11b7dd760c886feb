"""Class names as text on a page or in print: of any script, cut to fit, never mixing with words."""

from __future__ import annotations

import re
import unicodedata

LABEL_WIDTH = 16  # narrow characters, beside the bars of a panel
# Letters that run from right to left.
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff\u200f]"
)
# Invisible characters that turn all text after them, also beyond the name.
_TURN = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ISOLATE, _END = "\u2068", "\u2069"


def shown_name(name: str) -> str:
    r"""Return a name that keeps its own direction and leaves that of the text around it alone.

    Without it, a Hebrew name followed by a number would be drawn after the number. Characters
    that would write a name backwards ("exe.png" of "gnp.exe") become visible. Other names stay
    as they are.

    >>> shown_name("cat")
    'cat'
    >>> shown_name("\u202egnp.exe")
    '�gnp.exe'
    """
    name = _TURN.sub("\ufffd", name)
    return f"{_ISOLATE}{name}{_END}" if _RIGHT_TO_LEFT.search(name) else name


def shorten(name: str, room: int = LABEL_WIDTH) -> str:
    """Return `name`, its middle left out where it is wider than `room` narrow characters.

    The end stays, as it often tells names apart: "crane (#134)".

    >>> shorten("a rather long class name")
    'a rather …s name'
    >>> shorten("mammals_of_the_southern_hemisphere", 24)
    'mammals_of_th…hemisphere'
    """
    if width(name) <= room:
        return name
    tail = _fitting(name[::-1], room // 2 - 2)[::-1]
    head = _fitting(name, room - 1 - width(tail))
    return f"{head}…{tail}"


def width(text: str) -> int:
    """Return how many narrow characters a text is as wide as.

    >>> width("cat"), width("猫")
    (3, 2)
    """
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fitting(text: str, room: int) -> str:
    """Return the longest start of `text` that is at most `room` wide."""
    for number, character in enumerate(text):
        room -= _width(character)
        if room < 0:
            return text[:number]
    return text
