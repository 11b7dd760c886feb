"""Kills a process at random moments of its edits, and counts what its journal has lost.

``python tests/edits/killing.py 50 FOLDER`` does it 50 times.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import warnings
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from small_analysis import make_analysis

from imbxai_widgets import Analysis, Edits


class Killed(NamedTuple):
    """What was found after a kill."""

    told: int  # steps that the process had told to be done
    found: int  # steps in the journal, each one readable
    torn: bool  # whether a torn last line was dropped


def kill_once(path: Path, moment: float) -> Killed:
    """Start a process that edits, kill it after `moment` seconds of edits, read its journal."""
    heard, telling = os.pipe()
    analysis = make_analysis()
    child = forked(lambda: edit_without_end(analysis, path, telling))
    os.close(telling)
    with open(heard, "rb") as pipe:
        assert pipe.readline() == b"ready\n"
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told = pipe.read().count(b"\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Edits(analysis, path).close()
    lines = path.read_bytes().split(b"\n")
    assert lines[-1] == b""
    return Killed(told, len(lines) - 2, any("torn" in str(each.message) for each in caught))


def edit_without_end(analysis: Analysis, path: Path, telling: int) -> None:
    """Leave images out in turn, undo each third step, and tell each step when it is done."""
    edits = Edits(analysis, path)
    os.write(telling, b"ready\n")
    for number in count(1):
        if number % 3 == 0:
            assert edits.undo()
        else:
            key = f"training:{number % 60}"
            excluded = edits.changes.get(key) == {"action": "exclude"}
            assert edits.do({key: {"action": "keep" if excluded else "exclude"}})
        os.write(telling, b"done\n")


def forked(run: Callable[[], object]) -> int:
    """Run a function in a process of its own; 0 is its exit status if it raises nothing.

    It must not compute with PyTorch, whose threads a fork leaves behind: it would wait for them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads, which it does not use
        child = os.fork()
    if child == 0:
        status = 1
        try:
            run()
            status = 0
        finally:
            os._exit(status)
    return child


def main(times: int, folder: Path) -> None:
    """Kill so many times, and print what was found."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(0)
    results = [
        kill_once(folder / f"{number}.jsonl", rng.uniform(0, 0.3)) for number in range(times)
    ]
    lost = sum(max(0, each.told - each.found) for each in results)
    print(
        f"{times} kills: {sum(each.told for each in results)} steps told, "
        f"{sum(each.found for each in results)} in the journals, {lost} lost, "
        f"{sum(each.torn for each in results)} torn last lines dropped"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
