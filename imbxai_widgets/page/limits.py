"""How long the run of a notebook may take, and how much of it a page may hold."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """How long the run of a notebook may take, and how much of it a page may hold.

    Parameters
    ----------
    cell : float
        Seconds that one cell may run.
    notebook : float
        Seconds that all cells may run, the start of the kernel included.
    megabytes : float
        What the page may hold of the classes of all Explorers, in units of 10**6 bytes; a page
        holds a third more, since it is text. It bounds no other output of the notebook.

    Raises
    ------
    ValueError
        If a limit is not a number above zero.

    Examples
    --------
    >>> Limits(cell=60)
    Limits(cell=60, notebook=7200, megabytes=64)
    """

    cell: float = 1800
    notebook: float = 7200
    megabytes: float = 64

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{field.name}: {value} is not a finite number above zero.")


class Clock:
    """Tells how long the next cell may run, from now on.

    >>> Clock(Limits(cell=60, notebook=20), now=lambda: 5.0).seconds_of_a_cell()
    20
    """

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._now = now
        self._end = now() + limits.notebook

    def seconds_of_a_cell(self) -> int:
        """Return the whole seconds that a cell may run; at least one."""
        return max(1, math.ceil(min(self._limits.cell, self._end - self._now())))

    def exceeded(self) -> str:
        """Say which limit ended a cell that ran out of time, and how to raise it."""
        if self._now() >= self._end:
            return (
                f"the notebook was to take {self._limits.notebook:g} s in all; "
                "allow it more with Limits(notebook=...), or --notebook-seconds"
            )
        return (
            f"a cell was to take {self._limits.cell:g} s; "
            "allow it more with Limits(cell=...), or --cell-seconds"
        )
