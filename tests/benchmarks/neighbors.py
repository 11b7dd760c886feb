"""The 5 nearest neighbors of every row, beside scikit-learn, faiss and pynndescent at default.

Each library runs in a process of its own, twice: what it imports or compiles in the first run, on
1,000 rows, is not counted. Recall is that of 1,000 rows, by distance.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from imbxai_widgets.compute.neighbors.search import nearest_neighbors, nearest_references
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray
from tests.benchmarks._bench import Run, alone, table
from tests.benchmarks._embeddings import embeddings, save_bases

K = 5
LIBRARIES = ("auto", "exact", "scikit-learn", "faiss flat", "faiss HNSW", "pynndescent")
# Kind, rows, features, rounds, seconds allowed.
SIZES = (
    ("real", 10_000, 64, 3, 60),
    ("synthetic", 10_000, 64, 3, 60),
    ("real", 10_000, 512, 3, 60),
    ("real", 10_000, 2048, 3, 60),
    ("real", 100_000, 64, 1, 300),
    ("synthetic", 100_000, 64, 1, 300),
    ("real", 100_000, 512, 1, 300),
    ("real", 100_000, 2048, 1, 300),
    ("real", 1_000_000, 64, 1, 600),
    ("synthetic", 1_000_000, 64, 1, 600),
)


def main(quick: bool) -> None:
    sizes = [("real", 1500, 64, 1, 60)] if quick else SIZES
    libraries = LIBRARIES[:-1] if quick else LIBRARIES  # pynndescent compiles for a minute
    with tempfile.TemporaryDirectory() as folder:
        save_bases(Path(folder))
        for size in sizes:
            measure(*size, Path(folder), libraries)


def measure(
    kind: str,
    n_rows: int,
    width: int,
    rounds: int,
    limit: float,
    folder: Path,
    libraries: tuple[str, ...] = LIBRARIES,
) -> None:
    points = embeddings(kind, n_rows, width, folder)
    sample = np.random.default_rng(1).choice(n_rows, min(1000, n_rows), replace=False)
    near = nearest_references(points[sample], points, K + 1, method="exact").distances[:, -1:]
    found: dict[str, list[Run | str]] = {library: [] for library in libraries}
    for _ in range(rounds):
        for library in libraries:
            run = alone(_prepare, _run, (kind, n_rows, width, folder, library), limit)
            found[library].append(run)
    rows, seconds = [], {}
    for library, runs in found.items():
        good = [run for run in runs if isinstance(run, Run)]
        if len(good) < rounds:
            rows.append([library, *[run for run in runs if isinstance(run, str)][:1]])
            continue
        indices, note = good[0].value
        seconds[library] = statistics.median(run.seconds for run in good)
        recall = _recall(points, sample, near, indices[sample])
        peak = statistics.median(run.peak_bytes for run in good) / 2**20
        rows.append([library + note, seconds[library], peak, f"{recall:.4f}"])
    for row in rows:
        library = next(name for name in libraries if str(row[0]).startswith(name))
        row += [seconds[library] / seconds["auto"]] if {library, "auto"} <= set(seconds) else []
    table(
        f"{K} neighbors of {n_rows:,} x {width}, {kind}",
        ["library", "s", "memory beyond the data, MiB", f"recall@{K}", "time by that of auto"],
        rows,
    )


def _recall(points: FloatArray, sample: IntArray, near: FloatArray, found: IntArray) -> float:
    """Return the share of found rows that are no farther than the k-th neighbor, itself left out.

    The nearest of the K + 1 nearest rows is the row itself, or as good as it.
    """
    hits = 0
    for row, limit, indices in zip(sample, near[:, 0], found, strict=True):
        others = np.unique(indices[(indices != row) & (indices >= 0)])
        difference = points[others].astype(np.float64) - points[row]
        distances = np.sqrt(np.square(difference).sum(axis=1))
        hits += min(K, int((distances <= limit * (1 + 1e-6)).sum()))
    return hits / (K * len(sample))


def _prepare(
    kind: str, n_rows: int, width: int, folder: Path, library: str
) -> tuple[FloatArray, str]:
    points = embeddings(kind, n_rows, width, folder)
    _run((points[:1000], library))
    return points, library


def _run(given: tuple[FloatArray, str]) -> tuple[IntArray, str]:
    points, library = given
    if library in ("auto", "exact"):
        found = nearest_neighbors(points, K, method=library)
        return found.indices, f" ({found.method})" if library == "auto" else ""
    search: Any = {
        "scikit-learn": _scikit_learn,
        "faiss flat": _faiss_flat,
        "faiss HNSW": _faiss_hnsw,
        "pynndescent": _pynndescent,
    }[library]
    return search(points), ""


def _scikit_learn(points: FloatArray) -> IntArray:
    from sklearn.neighbors import NearestNeighbors

    model = NearestNeighbors(n_neighbors=K).fit(points)
    indices: IntArray = model.kneighbors(return_distance=False)
    return indices


def _faiss_flat(points: FloatArray) -> IntArray:
    import faiss

    return _faiss(faiss.IndexFlatL2(points.shape[1]), points)


def _faiss_hnsw(points: FloatArray) -> IntArray:
    import faiss

    return _faiss(faiss.IndexHNSWFlat(points.shape[1], 32), points)


def _faiss(index: Any, points: FloatArray) -> IntArray:
    index.add(points)
    indices: IntArray = index.search(points, K + 1)[1]
    return indices


def _pynndescent(points: FloatArray) -> IntArray:
    from pynndescent import NNDescent

    return NNDescent(points, random_state=0).neighbor_graph[0].astype(np.int64)
