"""How the panels put counts, archetypes and failures into words, and percents on axes."""

from __future__ import annotations

import numpy as np

from imbxai_widgets.compute.methods.archetypes import ARCHETYPES, assign_archetypes


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> counted(1, "error"), counted(1200, "error"), counted(2, "class", "classes")
    ('1 error', '1,200 errors', '2 classes')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def archetype_meanings(k: int) -> list[str]:
    """Say of each archetype how many of the `k` neighbors are of the image's own class.

    Examples
    --------
    >>> archetype_meanings(5)[0]
    '4 or 5 of its 5 nearest neighbors are of this class'
    """
    same = np.arange(k + 1)
    neighbors = (same[:, np.newaxis] > np.arange(k)).astype(np.int64)  # row s: s of the class
    archetypes = assign_archetypes(np.ones(k + 1, dtype=np.int64), neighbors)
    of_all = f"of its {counted(k, 'nearest neighbor')}"
    meanings = []
    for archetype in range(len(ARCHETYPES)):
        counts = same[archetypes == archetype]
        if not len(counts):
            meanings.append(f"does not occur with {counted(k, 'neighbor')}")
            continue
        low, high = int(counts[0]), int(counts[-1])
        number = str(high or "none")
        if low < high:
            number = f"{low} {'or' if high == low + 1 else 'to'} {high}"
        meanings.append(f"{number} {of_all} {'is' if high < 2 else 'are'} of this class")
    return meanings


def balanced_meanings(neighbors: int) -> list[str]:
    """Say of each class-balanced archetype what share of the neighbors is of the image's own class.

    Examples
    --------
    >>> balanced_meanings(10)[3]
    'none of its 10 nearest neighbors is of this class'
    """
    near = f"its {counted(neighbors, 'nearest neighbor')}"
    return [
        f"over 70% of {near} are of this class, all classes counting alike",
        f"over 30% and up to 70% of {near} are of this class, all classes counting alike",
        f"up to 30% of {near} are of this class, all classes counting alike",
        f"none of {near} is of this class",
    ]


def unread_notice(unread: dict[int, Exception]) -> str:
    """Say how many images could not be read, and why the first; nothing if all could be."""
    if not unread:
        return ""
    image, error = next(iter(unread.items()))
    return (
        f"{counted(len(unread), 'image')} could not be read; "
        f"the first is image {image}: {type(error).__name__}: {error}"
    )


def percent_ticks(largest: float) -> list[float]:
    """Return at most six ticks in whole percents, from zero to at least `largest`.

    Examples
    --------
    >>> percent_ticks(0.42)
    [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    >>> percent_ticks(0.0)
    [0.0, 0.01]
    """
    steps = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
    for step in steps:
        count = max(1, int(np.ceil(round(largest / step, 9))))
        if count <= 5:
            return [round(step * tick, 2) for tick in range(count + 1)]
    return percent_ticks(1.0)
