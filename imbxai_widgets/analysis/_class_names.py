"""Classes by their names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

_SHOWN = 20  # names in an error, at most


def class_number(name: str, names: Sequence[str]) -> int:
    """Return the number of the class called `name`.

    Raises
    ------
    ValueError
        If there is no such class; lists the valid names, the most similar first.

    Examples
    --------
    >>> class_number("ant", ["bee", "ant"])
    1
    """
    try:
        return names.index(name)
    except ValueError:
        pass
    similar = difflib.get_close_matches(str(name), names, n=3, cutoff=0.4)
    others = [other for other in names if other not in similar]
    shown = ", ".join(repr(valid) for valid in (similar + others)[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    raise ValueError(f"There is no class {name!r}. Valid names: {shown}{more}.")
