"""Measure what the cache costs and saves: ``python tests/benchmarks/cache_cost.py``.

A part of the embedded images is embedded, salient colors and all, without a cache, with an empty
one, and with one that holds everything, in turn; medians of the processor's and of the clock's
time, and their ratios to the run without.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils.data import Subset

from imbxai_widgets.compute.embedding.fingerprint import Fingerprints
from imbxai_widgets.compute.embedding.one_pass import embed
from imbxai_widgets.demo import load_demo

IMAGES, ROUNDS = 640, 7


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of the processor and of the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - clock


def main() -> None:
    torch.set_num_threads(1)
    model, train, _ = load_demo()
    data = Subset(train, range(0, IMAGES))
    times: dict[str, list[tuple[float, float]]] = {"no cache": [], "first": [], "complete": []}
    embed(model, data, salient_fraction=0.1, progress=False)  # the color table is built once
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            for name, cache in (("no cache", None), ("first", folder), ("complete", folder)):
                found = timed(
                    lambda cache=cache: embed(  # type: ignore[misc]
                        model, data, salient_fraction=0.1, cache=cache, progress=False
                    )
                )
                times[name].append(found)
    print(f"{IMAGES} images, medians of {ROUNDS} rounds")
    for name, found in times.items():
        pairs = list(zip(found, times["no cache"], strict=True))
        ratios = [
            statistics.median(one[kind] / base[kind] for one, base in pairs) for kind in (0, 1)
        ]
        cpu, clock = (statistics.median(one[kind] for one in found) for kind in (0, 1))
        print(
            f"{name:9} {cpu:6.2f} s processor ({ratios[0]:.3f}), {clock:6.2f} s ({ratios[1]:.3f})"
        )
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / f"{number}.jpg") for number in range(100_000)]
        for path in paths:
            Path(path).touch()
        cpu, clock = timed(lambda: Fingerprints().of([(path, 0) for path in paths]))
        print(f"fingerprint of 100,000 files by size and time: {cpu:.2f} s ({clock:.2f} s)")
    values = torch.rand(50_000_000)
    cpu, clock = timed(lambda: Fingerprints().of(values))
    print(f"fingerprint of 200 MB of weights or images: {cpu:.2f} s ({clock:.2f} s)")


if __name__ == "__main__":
    main()
