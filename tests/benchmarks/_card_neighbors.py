"""Exact neighbors and medoids on a card, beside faiss on the processor and the card's products."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from imbxai_widgets.compute.methods.prototypes import medoid, medoids
from imbxai_widgets.compute.neighbors import card
from imbxai_widgets.compute.neighbors.search import nearest_neighbors, nearest_references
from imbxai_widgets.compute.numeric.blocks import as_matrix
from imbxai_widgets.compute.numeric.types import FloatArray
from tests.benchmarks._card import finish, forget_peak, kernels, peak_mib, timed
from tests.benchmarks._embeddings import embeddings

_K = 5
_PROFILED = 8192  # queries of which kernels are told


def exact(
    kind: str,
    n_rows: int,
    width: int,
    folder: Path,
    device: torch.device,
    limits: dict[str, Any] | None,
    asked: int,
) -> dict[str, Any]:
    """Time the exact search, with what it holds; and faiss on some rows, scaled to all."""
    points = embeddings(kind, n_rows, width, folder)
    nearest_neighbors(points[:5000], _K, method="exact", device=device)
    forget_peak(device)
    taken = []
    for _ in range(2):
        start = time.perf_counter()
        found = nearest_neighbors(points, _K, method="exact", device=device)
        taken.append(time.perf_counter() - start)
    seconds = min(taken)
    products = 2 * n_rows**2 * width / seconds / 1e12
    figures: dict[str, Any] = {
        "seconds": seconds,
        "all_seconds": taken,
        "tflops": products,
        "peak_gpu_mib": peak_mib(device),
    }
    if limits is not None:
        figures["share_of_square_fp32"] = products / limits["tflops_square_fp32"]
        tile = limits.get(f"tflops_tile_fp32_{width}", {}).get("product")
        figures["share_of_tile_fp32"] = None if tile is None else products / tile
    figures["parts"] = _parts(points, device)
    figures["rows_as_on_the_processor"] = _as_on_the_processor(points, found.distances)
    if find_spec("faiss") is not None:
        figures["faiss_cpu"] = _beside_faiss(points, found.distances, asked, seconds)
    return figures


def _parts(points: FloatArray, device: torch.device) -> dict[str, Any]:
    """Time the parts of the search as it runs on a card, each to its end, and both products."""
    found: dict[str, Any] = {}

    def part(name: str, run: Callable[[], Any]) -> Any:
        finish(device)
        start = time.perf_counter()
        result = run()
        finish(device)
        found[f"{name}, s"] = time.perf_counter() - start
        return result

    part("checking", lambda: as_matrix(points, "points"))
    rows = part("sending", lambda: card.on_device(points, device))
    part("crowds", lambda: card.crowded(rows, _K))
    own = np.arange(len(points))
    settle, settled = card._Frame._settle, [0]

    def counting(self: Any, *given: Any) -> None:
        settled[0] += len(given[2])
        settle(self, *given)

    tf32 = card.multiplies_tf32(device)
    ways = {"in parts": True, "in float32": False} if tf32 else {"": False}
    for name, split in ways.items():
        part(f"frame {name}".strip(), lambda split=split: card._Frame.of(rows, rows, split))
        run = partial(card.card_search, rows, rows, _K, kept=None, own=own, split=split)
        settled[0] = 0
        card._Frame._settle = counting  # type: ignore[method-assign]
        try:
            part(f"search {name}".strip(), run)
        finally:
            card._Frame._settle = settle  # type: ignore[method-assign]
        found[f"rows in doubt {name}".strip()] = settled[0] / len(rows)
    found["largest error of a score, to its bound"] = _error_to_bound(rows, tf32)
    few = rows[:_PROFILED]
    some = partial(card.card_search, few, rows, _K, kept=None, own=own[:_PROFILED], split=tf32)
    found[f"kernels, {len(few)} rows"] = kernels(some, device)
    return found


def _error_to_bound(rows: torch.Tensor, split: bool) -> float:
    """Return how near a product's error comes to what it is allowed to be."""
    some, few = rows[:20_000], rows[:500]
    frame = card._Frame.of(few, some, split)
    points = frame.framed(few)
    left = card._parts(points, (0, 0, 1)) if split else points
    with torch.autocast(rows.device.type, enabled=False), card._tf32(rows.device, split):
        scores = torch.addmm(frame.norms, left, frame.right.T, alpha=-2)[:, : len(some)]
    norms = points.double().square().sum(dim=1)
    largest = 0.0
    for number, query in enumerate(few):  # in float64, as the search measures
        squares = (some.double() - query.double()).mul_(frame.factor).square_().sum(dim=1)
        errors = (scores[number].double() + norms[number] - squares).abs()
        bounds = frame.doubt(norms[number].expand(len(some)), squares)
        largest = max(largest, float((errors / bounds).max()))
    return largest


def _as_on_the_processor(points: FloatArray, distances: FloatArray) -> float:
    """Return the share of some rows whose distances are those found there, to the last bit."""
    rows = np.random.default_rng(2).choice(len(points), min(500, len(points)), replace=False)
    there = nearest_references(points[rows], points, _K + 1, method="exact", device="cpu")
    return float((there.distances[:, 1:] == distances[rows]).all(axis=1).mean())


def _beside_faiss(
    points: FloatArray, distances: FloatArray, asked: int, ours: float
) -> dict[str, Any]:
    import faiss

    rows = np.random.default_rng(1).choice(len(points), min(asked, len(points)), replace=False)
    index = faiss.IndexFlatL2(points.shape[1])
    index.add(points)
    index.search(points[rows[:256]], _K + 1)
    start = time.perf_counter()
    squared = index.search(points[rows], _K + 1)[0]
    seconds = (time.perf_counter() - start) * len(points) / len(rows)
    theirs, own = np.sqrt(np.maximum(squared[:, -1], 0)), distances[rows, -1]
    return {
        "rows_asked": len(rows),
        "seconds_scaled_to_all": seconds,
        "times_as_long": seconds / ours,
        "threads": faiss.omp_get_max_threads(),
        "largest_difference_of_the_last_distance": float(np.abs(theirs - own).max()),
        "mean_last_distance": float(own.mean()),
    }


def automatic(
    kind: str, n_rows: int, width: int, folder: Path, device: torch.device
) -> dict[str, Any]:
    """Time what `method="auto"` takes, and its recall."""
    points = embeddings(kind, n_rows, width, folder)
    start = time.perf_counter()
    found = nearest_neighbors(points, _K, device=device)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "method": found.method, "recall": found.recall}


def prototypes(n_rows: int, width: int, folder: Path, device: torch.device) -> dict[str, Any]:
    """Time the exact medoid, and three medoids, on the card and on the processor."""
    points = embeddings("real", n_rows, width, folder)
    medoid(points[:2000], device=device)
    figures: dict[str, Any] = {}
    rows = {}
    for where in dict.fromkeys((str(device), "cpu")):
        start = time.perf_counter()
        rows[where] = medoid(points, device=where)
        figures[f"medoid, {where}, s"] = time.perf_counter() - start
        figures[f"three medoids, {where}, s"] = timed(
            lambda where=where: medoids(points, 3, device=where), device
        )
    return figures | {"the same row": len(set(rows.values())) == 1}
