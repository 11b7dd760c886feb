"""Changes to what is not ours, each undone in the end, whatever comes between.

A user's network, generators and signal handlers are changed for a while and put back. An exception
can come at any line: Ctrl-C raises one in the main thread, and so do the handlers of other signals.
Three rules see to it that nothing stays changed:

- how a change is undone is registered before the change is made, in one list;
- an undo may be done twice, and where there is nothing to undo, so that it can be done over;
- while changes are undone, signals are held back, and delivered at the end.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")
Handler: TypeAlias = Callable[[int, FrameType | None], Any]

# Signals whose handlers are known to raise exceptions: from the keyboard, of timers, of schedulers
# of jobs, and of PyTorch's loaders when a process of theirs is lost; where the platform has them.
_NAMES: Final = ("INT", "BREAK", "QUIT", "TERM", "HUP", "ALRM", "CHLD", "USR1", "USR2")
_SIGNALS: Final = [
    getattr(signal, f"SIG{name}") for name in _NAMES if hasattr(signal, f"SIG{name}")
]


class Changes:
    """What has been changed, by how it is undone: the last change first.

    Examples
    --------
    >>> settings = {"mode": "training"}
    >>> changes = Changes()
    >>> changes.add(partial(settings.update, mode="training"))
    >>> settings["mode"] = "evaluation"
    >>> changes.undo()
    >>> settings
    {'mode': 'training'}
    """

    def __init__(self) -> None:
        self._undos: list[Callable[[], object]] = []

    def add(self, undo: Callable[[], object]) -> None:
        """Register how the next change is undone, before it is made.

        Parameters
        ----------
        undo
            May be called twice, and where the change was not made.
        """
        self._undos.append(undo)

    def set(self, thing: object, name: str, value: object) -> None:
        """Set an attribute, until the changes are undone."""
        self.add(partial(setattr, thing, name, getattr(thing, name)))
        setattr(thing, name, value)

    def enter(self, manager: AbstractContextManager[T]) -> T:
        """Enter a context that may be left twice, and without having been entered."""
        self.add(partial(manager.__exit__, None, None, None))
        return manager.__enter__()

    def undo(self) -> None:
        """Undo all changes; where one cannot be undone, the others are.

        Raises
        ------
        Exception
            What the first undo that failed raised.
        """
        if not self._undos:
            return
        errors: list[Exception] = []
        with signals_held():
            while self._undos:
                try:
                    self._undos[-1]()
                except Exception as error:
                    errors.append(error)
                self._undos.pop()
        if errors:
            raise errors[0]


@contextmanager
def undoing() -> Iterator[Changes]:
    """Give a list for changes, which are undone in the end.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> settings = SimpleNamespace(mode="training")
    >>> with undoing() as changes:
    ...     changes.set(settings, "mode", "evaluation")
    >>> settings.mode
    'training'
    """
    changes = Changes()
    try:
        try:
            yield changes
        finally:
            changes.undo()
    finally:
        changes.undo()  # where an exception came just before the signals were held back


@contextmanager
def signals_held() -> Iterator[None]:
    """Hold back the signals that Python code handles, and deliver them at the end.

    Only in the main thread, since handlers run in no other.

    Examples
    --------
    >>> try:
    ...     with signals_held():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("done")
    ... except KeyboardInterrupt:
    ...     print("interrupted")
    done
    interrupted
    """
    held = _Held()
    if current_thread() is not main_thread() or isinstance(signal.getsignal(signal.SIGINT), _Held):
        yield  # in the second case they are held back already
        return
    found = zip(_SIGNALS, map(signal.getsignal, _SIGNALS), strict=True)
    handlers: dict[int, Handler] = {number: own for number, own in found if callable(own)}
    try:
        try:
            for number in handlers:
                signal.signal(number, held)
            yield
        finally:
            _handle(handlers)
    finally:
        _handle(handlers)  # where a signal came as soon as its handler was back
        for number, frame in held.came:
            handlers[number](number, frame)


class _Held:
    """A handler that keeps what comes."""

    def __init__(self) -> None:
        self.came: list[tuple[int, FrameType | None]] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.came.append((number, frame))


def _handle(handlers: dict[int, Handler]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
