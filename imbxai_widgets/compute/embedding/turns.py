"""Takes turns: of the threads of this process, one at a time uses a network, or PyTorch's state.

Turns are given back by undoing a change (see `undo`), which may happen twice or before a turn was
had. Locks of `threading` allow neither, and tell not who holds them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import get_ident
from time import sleep
from typing import Final

from imbxai_widgets.compute.reading.undo import Changes, undoing

_PAUSE: Final = 0.005  # seconds between two tries; what is waited for takes seconds


class Turn:
    """The turn of one thread, told apart from all others."""

    __slots__ = ("thread",)

    def __init__(self) -> None:
        self.thread = get_ident()


# By the id of the thing whose turn it is. Each step on it is one that no other thread can divide.
_turns: dict[int, Turn] = {}
if hasattr(os, "register_at_fork"):  # the threads whose turns these are do not live in a fork
    os.register_at_fork(after_in_child=_turns.clear)


def take_turn(changes: Changes, things: Sequence[object]) -> None:
    """Wait until no other thread has any of the things, and have them all until undone.

    A thread that has some of them already goes on with these.

    Parameters
    ----------
    changes
        By whose undoing the turn ends.
    things
        Objects, told apart by identity.

    Examples
    --------
    >>> with undoing() as changes:
    ...     take_turn(changes, [changes])
    ...     len(_turns)
    1
    >>> len(_turns)
    0
    """
    turn = Turn()
    changes.add(partial(_give_back, things, turn))
    while not _taken(things, turn):
        _give_back(things, turn)  # all or none, so that no two threads wait for each other
        sleep(_PAUSE)


@contextmanager
def turn_of(thing: object) -> Iterator[None]:
    """Have a thing that no other thread has."""
    with undoing() as changes:
        take_turn(changes, [thing])
        yield


def _taken(things: Sequence[object], turn: Turn) -> bool:
    return all(_turns.setdefault(id(thing), turn).thread == turn.thread for thing in things)


def _give_back(things: Sequence[object], turn: Turn) -> None:
    for thing in things:
        if _turns.get(id(thing)) is turn:
            del _turns[id(thing)]
