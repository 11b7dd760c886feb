"""The tables of what a diagnosis names where something is planted, for docs/diagnosis.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

from tests.benchmarks._results import read_results
from tests.benchmarks.plants import DESIGN, LEAK, STRENGTHS
from tests.benchmarks.unseen_plants import UNSEEN

COUNTS: Final = ("first", "first, small as one", "first two", "family")
HEADS: Final = ("first name", "a small class as one", "among the first two", "family")
OTHER_NAMES: Final = ("no cause", "not failing", "too few to tell")


def summary() -> Iterator[str]:
    """Yield how often names are right, by set and strength, of the seeds that report."""
    yield _row("set", "planted", "networks", "failing", "told to fail", *HEADS)
    yield _row("---", "---", *["--:"] * (3 + len(HEADS)))
    for images, found in _reported().items():
        groups = {
            **{
                f"alone, {strength}": _added(kind[strength] for kind in found["alone"].values())
                for strength in STRENGTHS
            },
            "alone, all": _added(
                tally for kind in found["alone"].values() for tally in kind.values()
            ),
            "pairs": found["pairs"],
            "unseen kinds": _added(found["unseen"].values()),
        }
        for name, tally in groups.items():
            if tally["networks"]:
                right = (_of(tally[count], tally["failing"]) for count in COUNTS)
                told = _of(tally["told to fail"], tally["failing"])
                yield _row(images, name, tally["networks"], tally["failing"], told, *right)


def confusion(images: str) -> Iterator[str]:
    """Yield what is named first, by what was planted alone, and in classes left as they were."""
    found = _reported()[images]
    rows = {kind: _added(found["alone"][kind].values())["named"] for kind in DESIGN if kind != LEAK}
    rows |= {
        "untouched, failing by itself": found["untouched"]["own, by name"],
        "untouched": found["untouched"]["sound, by name"],
    }
    named = {name for counts in rows.values() for name in counts}
    names = [*(k for k in DESIGN if k in named), *sorted(named - {*DESIGN, *OTHER_NAMES})]
    names += [name for name in OTHER_NAMES if name in named]
    yield _row(f"{images}: planted", *names)
    yield _row("---", *["--:"] * len(names))
    for name, counts in rows.items():
        yield _row(name, *(counts.get(other, "") for other in names))


def confusions() -> tuple[Callable[[], Iterator[str]], ...]:
    """Return what yields the confusions of each set that has victims."""
    return tuple(
        partial(confusion, images)
        for images, found in _reported().items()
        if any(tally["failing"] for kind in found["alone"].values() for tally in kind.values())
    )


def unseen() -> Iterator[str]:
    """Yield how often the first name is right of kinds that played no part in the design."""
    found = {
        images: one
        for images, one in _reported().items()
        if any(tally["networks"] for tally in one["unseen"].values())
    }
    yield _row("kind", "cause", *(f"{images}: first name / family" for images in found))
    yield _row("---", "---", *["--:"] * len(found))
    for kind, planted in UNSEEN.items():
        tallies = [one["unseen"][kind] for one in found.values()]
        cells = (f"{t['first']} / {t['family']} of {t['failing']}" for t in tallies)
        yield _row(kind, planted.cause, *cells)


def untouched() -> Iterator[str]:
    """Yield how often causes are named in classes to which nothing was done."""
    yield _row(
        *("set", "classes", "named", "failing by themselves", "named", "named wrongly"),
        *("under 60 images", "named", "leaks told"),
    )
    yield _row("---", *["--:"] * 8)
    for images, found in _reported().items():
        one = found["untouched"]
        leaks = _added(found["leaks"].values())
        yield _row(
            images,
            one["sound"],
            _of(one["sound, named"], one["sound"]),
            one["own"],
            _of(one["own, named"], one["own"]),
            _of(one["own, named wrongly"], one["own"]),
            one["small"],
            _of(one["small, named"], one["small"]),
            f"{leaks['told']} of {leaks['networks']}" if leaks else "",
        )


def _reported() -> dict[str, dict[str, Any]]:
    return read_results("planted")["reporting"]


def _added(tallies: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Add counts, and counts of names, up."""
    total: dict[str, Any] = {}
    for tally in tallies:
        for key, value in tally.items():
            if isinstance(value, dict):
                total[key] = dict(Counter(total.get(key, {})) + Counter(value))
            else:
                total[key] = total.get(key, 0) + value
    return total


def _of(count: int, total: int) -> str:
    """Return a share and what it is of."""
    return f"{count / total:.0%} ({count})" if total else ""


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
