"""Ends what was begun in order, some of it later, so that host and GPU work at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class Ahead:
    """Ends of work that was begun, of which some may be waiting.

    Parameters
    ----------
    most
        How many may wait; 0 to end all work at once.

    Examples
    --------
    >>> waiting = Ahead(1)
    >>> waiting.add(lambda: print("first"))
    >>> waiting.add(lambda: print("second"))
    first
    >>> waiting.end()
    second
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun: deque[Callable[[], None]] = deque()

    def add(self, end: Callable[[], None]) -> None:
        """Take in what ends some work, and end the earliest where too many wait."""
        self._begun.append(end)
        self._end_all_but(self._most)

    def end(self) -> None:
        """End all that waits."""
        self._end_all_but(0)

    def _end_all_but(self, most: int) -> None:
        while len(self._begun) > most:
            first = self._begun.popleft()
            try:
                first()
            except BaseException:
                self._begun.clear()  # else the error of later work would take the place of this
                raise
