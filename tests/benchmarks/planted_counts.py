"""What was said of classes in which something is planted, and how often it is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from tests.benchmarks.planted_runs import Case
from tests.benchmarks.plants import DECISION, DESIGN, FAMILIES, FEW, LEAK, OVERLAP, STRENGTHS
from tests.benchmarks.unseen_plants import UNSEEN

DROP: Final = 0.1  # of recall, from which on a class fails
FEWEST: Final = 60  # validation images of a class that is counted
SMALL: Final = {DECISION, FEW}


@dataclass(frozen=True)
class Judged:
    """What was said of one class of one network.

    Attributes
    ----------
    victim, touched : bool
        Whether the class is the one that a plant was put into; whether any plant touched it.
    support : int
        Its validation images.
    recall, others : float
        Its recall, and the median recall of the other classes.
    share : float
        Its training images, as a part of the median number of the other classes.
    state : str
        Whether it is told to fail.
    named : tuple of str
        The causes that are told, in order.
    """

    victim: bool
    touched: bool
    support: int
    recall: float
    others: float
    share: float
    state: str
    named: tuple[str, ...]

    @property
    def first(self) -> str:
        """The first name; where there is none, what is said instead."""
        if self.named:
            return self.named[0]
        return "no cause" if self.state == "failing" else self.state

    @property
    def fails_by_itself(self) -> bool:
        """Whether no plant touched it and its recall is yet far below that of the others."""
        return not self.touched and self.recall <= self.others - DROP

    @property
    def named_wrongly(self) -> bool:
        """Whether a cause is named that nothing in the images speaks for.

        Classes that fail by themselves may overlap, and those with less than half as many images
        as others may be too small. All other names are counted as wrong: the parts are split at
        random, and nothing was done to the class.
        """
        right = {OVERLAP} | (SMALL if self.share < 0.5 else set())
        return bool(self.named) and self.named[0] not in right


def counted(kept: dict[Case, dict[str, Judged]]) -> dict[str, Any]:
    """Count what was named, of all networks of a set."""
    controls = {case.seed: found for case, found in kept.items() if not case.kinds}
    victims = {
        case: one
        for case, found in kept.items()
        if case.seed in controls
        for name, one in found.items()
        if one.victim and controls[case.seed][name].recall - one.recall >= DROP
        if one.support >= FEWEST
    }

    def of(chosen: Callable[[Case], bool]) -> dict[str, Any]:
        networks = sum(chosen(case) for case in kept)
        return tally(networks, {case: one for case, one in victims.items() if chosen(case)})

    alone = {
        kind: {
            strength: of(lambda case, k=kind, s=strength: (case.kinds, case.strength) == ((k,), s))
            for strength in STRENGTHS
        }
        for kind in DESIGN
        if kind != LEAK  # which makes no class fail
    }
    unseen = {kind: of(lambda case, k=kind: case.kinds == (k,)) for kind in UNSEEN}
    pairs = of(lambda case: len(case.kinds) == 2)
    return {
        "seeds": sorted(controls),
        "alone": alone,
        "unseen": unseen,
        "pairs": pairs,
        "leaks": leaks(kept),
        "untouched": untouched(found for found in kept.values()),
    }


def tally(networks: int, victims: dict[Case, Judged]) -> dict[str, Any]:
    """Count how often the names of failing victims are right."""
    rows = [(causes_of(case), one.named) for case, one in victims.items()]
    return {
        "networks": networks,
        "failing": len(victims),
        "told to fail": sum(one.state == "failing" for one in victims.values()),
        "first": sum(bool(named) and named[0] in causes for causes, named in rows),
        "first, small as one": sum(
            bool(named) and named[0] in with_small(causes) for causes, named in rows
        ),
        "first two": sum(causes <= set(named[:2]) for causes, named in rows),
        "family": sum(
            bool(named) and family(named[0]) in {family(cause) for cause in causes}
            for causes, named in rows
        ),
        "named": dict(Counter(one.first for one in victims.values()).most_common()),
    }


def causes_of(case: Case) -> set[str]:
    """Return what is true of the victim of a case."""
    return {(DESIGN | UNSEEN)[kind].cause for kind in case.kinds}


def with_small(causes: set[str]) -> set[str]:
    """Add the other cause of a small class, where there is one of them."""
    return causes | SMALL if causes & SMALL else causes


def family(cause: str) -> str:
    """Return the family of a cause; that of one that is never planted is its own."""
    return next((name for name, causes in FAMILIES.items() if cause in causes), cause)


def leaks(kept: dict[Case, dict[str, Judged]]) -> dict[str, Any]:
    """Count in how many classes with leaked images the leak is told, by strength."""
    found: dict[str, Any] = {}
    for case, classes in kept.items():
        if case.kinds == (LEAK,):
            told = found.setdefault(case.strength, {"networks": 0, "told": 0})
            told["networks"] += 1
            told["told"] += sum(LEAK in one.named for one in classes.values() if one.victim)
    return found


def untouched(networks: Iterable[dict[str, Judged]]) -> dict[str, Any]:
    """Count what is named in classes to which nothing was done, in all networks."""
    classes = [one for found in networks for one in found.values() if not one.touched]
    large = [one for one in classes if one.support >= FEWEST]
    own = [one for one in large if one.fails_by_itself]
    sound = [one for one in large if not one.fails_by_itself]
    return {
        "sound": len(sound),
        "sound, named": sum(bool(one.named) for one in sound),
        "sound, by name": dict(Counter(one.first for one in sound).most_common()),
        "own": len(own),
        "own, named": sum(bool(one.named) for one in own),
        "own, named wrongly": sum(one.named_wrongly for one in own),
        "own, by name": dict(Counter(one.first for one in own).most_common()),
        "small": len(classes) - len(large),
        "small, named": sum(bool(one.named) for one in classes if one.support < FEWEST),
    }
