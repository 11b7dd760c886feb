"""The exact medoid of a class, beside the libraries that can find it, and prototypes of a card."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from imbxai_widgets.compute.methods.prototypes import medoid, medoids
from imbxai_widgets.compute.numeric.types import FloatArray
from tests.benchmarks._bench import Run, alone, interleaved, table
from tests.benchmarks._embeddings import embeddings, save_bases

LIBRARIES = ("medoid", "kmedoids", "scikit-learn")
SIZES = ((2_000, 64), (10_000, 64), (10_000, 512), (100_000, 64), (100_000, 512))
LIMIT = 300.0  # seconds
LARGEST_MATRIX = 20_000  # rows; the distances of more take over 1.5 GiB in float32


def main(quick: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_bases(folder)
        for n_rows, width in [(300, 64)] if quick else SIZES:
            _measure(n_rows, width, folder)
        _cards(folder, (100, 500) if quick else (100, 500, 4_000, 20_000), 1 if quick else 5)


def _measure(n_rows: int, width: int, folder: Path) -> None:
    runs: dict[str, Run | str] = {}
    for library in LIBRARIES:
        if library == "medoid" or n_rows <= LARGEST_MATRIX:
            runs[library] = alone(_prepare, _run, (n_rows, width, folder, library), LIMIT)
        else:
            runs[library] = "not run: the distances of all pairs do not fit in 1 GiB"
    ours = runs["medoid"]
    rows: list[list[object]] = []
    for library, run in runs.items():
        if isinstance(run, str):
            rows.append([library, run])
            continue
        ratio = run.seconds / ours.seconds if isinstance(ours, Run) else float("nan")
        same = run.value == ours.value if isinstance(ours, Run) else "?"
        rows.append([library, run.seconds, run.peak_bytes / 2**20, str(same), ratio])
    columns = ["library", "s", "memory beyond the data, MiB", "same row", "time by that of medoid"]
    table(f"Exact medoid of {n_rows:,} x {width}, real", columns, rows)


def _prepare(n_rows: int, width: int, folder: Path, library: str) -> tuple[FloatArray, str]:
    points = embeddings("real", n_rows, width, folder)
    _run((points[:100], library))
    return points, library


def _run(given: tuple[FloatArray, str]) -> int:
    points, library = given
    if library == "medoid":
        return medoid(points)
    search: Any = {"kmedoids": _kmedoids, "scikit-learn": _scikit_learn}[library]
    return int(search(points))


def _kmedoids(points: FloatArray) -> int:
    import kmedoids
    from sklearn.metrics import pairwise_distances

    found = kmedoids.fasterpam(pairwise_distances(points), 1, random_state=0)
    return int(found.medoids[0])


def _scikit_learn(points: FloatArray) -> int:
    """It has no medoids, but sums of distances in chunks."""
    from sklearn.metrics import pairwise_distances_chunked

    sums = pairwise_distances_chunked(points, reduce_func=lambda chunk, _: chunk.sum(axis=1))
    return int(np.argmin(np.concatenate(list(sums))))


def _cards(folder: Path, sizes: tuple[int, ...], rounds: int) -> None:
    points = embeddings("real", max(sizes), 64, folder)
    groups = {size: points[:size] for size in sizes}
    candidates = {
        f"{size:,}": lambda group=group: medoids(group, 3) for size, group in groups.items()
    }
    seconds = interleaved(candidates, rounds, time.process_time)
    rows = [[size, value * 1e3] for size, value in seconds.items()]
    table("Three prototypes of an archetype of so many images", ["images", "ms of processor"], rows)
