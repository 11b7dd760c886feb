"""What PyTorch has once for all threads: whether compiled code runs, and tracing by torch.fx."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import get_ident
from time import sleep
from typing import Any, Final

import torch

from imbxai_widgets.compute.embedding.turns import Turn, turn_of
from imbxai_widgets.compute.reading.undo import signals_held, undoing

_PAUSE: Final = 0.001  # seconds between two looks whether another thread's batch is done
_TRACING: Final = object()  # whose turn it is to trace, or to begin a batch
_STANCE: Final = object()  # whose turn it is to change the two below
_running: list[Turn] = []  # the batches that run layer by layer at the moment
_stances: list[Any] = []  # one while there are such; leaving it brings back the one before


@contextmanager
def uncompiled() -> Iterator[None]:
    """Have compiled parts of networks run as they were written, layer by layer, for a while.

    Compiled code may skip hooks, and hooks would have it compiled anew. The compiler's stance is
    one for all threads: the first of several to come here changes it, the last brings it back.
    """
    if "torch._dynamo" not in sys.modules:
        yield  # nothing can be compiled, and importing the compiler takes seconds
        return
    with undoing() as changes:
        turn = Turn()
        changes.add(partial(_end, turn))
        with turn_of(_TRACING), turn_of(_STANCE), signals_held():
            _running.append(turn)
            if not _stances:
                _stances.append(torch.compiler.set_stance("force_eager"))
        yield


def _end(turn: Turn) -> None:
    with turn_of(_STANCE):
        if turn in _running:
            _running.remove(turn)
        if not _running and _stances:
            _stances[0].__exit__(None, None, None)
            _stances.clear()


@contextmanager
def tracing() -> Iterator[None]:
    """Trace while no other thread traces, or runs code that may be compiled.

    `torch.fx` replaces methods of `torch.nn.Module` while it traces, and compiled code refuses to
    run. Signals are held back, since an exception at the wrong moment would leave these replaced.
    """
    with turn_of(_TRACING):
        while _others_run():
            sleep(_PAUSE)
        with signals_held():
            yield


def _others_run() -> bool:
    with turn_of(_STANCE):
        return any(turn.thread != get_ident() for turn in _running)
