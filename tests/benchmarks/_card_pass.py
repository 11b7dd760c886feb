"""The pass over images on a card: whole analyses beside plain loops, in several arithmetics."""

from __future__ import annotations

import cProfile
import pstats
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from imbxai_widgets import analyze
from imbxai_widgets.compute.embedding.layers import EmbeddingReader
from imbxai_widgets.compute.neighbors.search import nearest_neighbors
from imbxai_widgets.compute.reading.samples import Samples
from imbxai_widgets.demo import load_demo
from tests.benchmarks._card import (
    arithmetic,
    finish,
    forget_peak,
    kernels,
    median,
    peak_mib,
    timed,
)
from tests.benchmarks._card_loops import (
    FORMATS,
    Pictures,
    graphed_loop,
    pinned_loop,
    plain_loop,
    step,
)

_SLOWEST = 25  # functions that a profile lists


class Case:
    """A network and its images, of one size."""

    def __init__(
        self, name: str, model: nn.Module, data: Any, images: torch.Tensor, device: torch.device
    ) -> None:
        self.name, self.device = name, device
        self.model, self.data, self.images = model.to(device), data, images
        self.size, self.layout = 128, "contiguous"  # of the best plain loop, once known

    def per_second(self, seconds: float) -> float:
        """Turn the seconds of all images into images per second."""
        return len(self.images) / seconds

    def loop(self, size: int, layout: str, images: torch.Tensor | None = None) -> None:
        """Run a plain loop."""
        wanted = self.images if images is None else images
        plain_loop(self.model, wanted, size, layout, self.device)

    def in_layout(self, layout: str) -> None:
        """Store the weights in a memory format."""
        self.model.to(memory_format=FORMATS[layout])  # type: ignore[call-overload]


def small_images(data: Any, model: nn.Module, device: torch.device) -> Case:
    """Images of 32 x 32."""
    images = torch.stack([data[number][0] for number in range(len(data))])
    return Case("32 px", model, data, images, device)


def large_images(count: int, side: int, model: nn.Module, device: torch.device) -> Case:
    """The embedded images, enlarged, as often as wanted."""
    _, train, _ = load_demo()
    rows = np.resize(np.arange(len(train)), count).tolist()
    small = torch.stack([torch.tensor(train.images[row]).permute(2, 0, 1) for row in rows])
    images = torch.cat(
        [
            functional.interpolate(part.float() / 255, (side, side), mode="bilinear")
            for part in small.split(256)
        ]
    ).clamp_(0, 1)
    with torch.no_grad():  # batch normalizations that have seen images
        model.train()
        model(images[:64])
        model.eval().requires_grad_(False)
    return Case(f"{side} px", model, Pictures(images, [row % 10 for row in rows]), images, device)


def best_loops(case: Case, sizes: tuple[int, ...], rounds: int) -> dict[str, Any]:
    """Find the plain loop that is fastest, as PyTorch comes, and time others beside it."""
    some = case.images[: max(sizes) * 2]
    found: dict[str, Any] = {}
    best = 0.0
    for layout in FORMATS:
        case.in_layout(layout)
        for size in sizes:
            run = partial(case.loop, size, layout, some)
            rate = len(some) / median(run, case.device, rounds)
            found[f"batches of {size}, {layout}"] = rate
            if rate > best:
                best, case.size, case.layout = rate, size, layout
    case.in_layout(case.layout)
    found["best"] = f"batches of {case.size}, {case.layout}"
    case.in_layout("contiguous")
    return {"images_per_s": found, "images": len(some)}


def overlap(case: Case, rounds: int) -> dict[str, float]:
    """Return images per second of copies alone, compute alone, and both at once."""
    case.in_layout(case.layout)
    some = case.images[: case.size * 8]
    pinned = some.pin_memory()
    there = some.to(case.device)
    size, layout = case.size, case.layout
    ways = {
        "copies alone, pageable": lambda: [part.to(case.device) for part in some.split(size)],
        "copies alone, pinned": lambda: [
            part.to(case.device, non_blocking=True) for part in pinned.split(size)
        ],
        "compute alone": partial(plain_loop, case.model, there, size, layout, case.device),
        "pinned, next batch copied meanwhile": partial(
            pinned_loop, case.model, pinned, size, layout, case.device
        ),
    }
    rates = {name: len(some) / median(run, case.device, rounds) for name, run in ways.items()}
    case.in_layout("contiguous")
    return rates


def graphs(case: Case, size: int, rounds: int) -> dict[str, float]:
    """Return images per second of a CUDA graph, and the seconds that making it takes."""
    case.in_layout(case.layout)
    some = case.images[: size * 16]
    start = time.perf_counter()
    loop = graphed_loop(case.model, some, size, case.layout, case.device)
    finish(case.device)
    capture = time.perf_counter() - start
    rate = len(some) / median(loop, case.device, rounds)
    case.in_layout("contiguous")
    return {f"CUDA graph, batches of {size}": rate, "seconds to capture it": capture}


def arithmetics(case: Case, rounds: int) -> dict[str, Any]:
    """Time the best plain loop in each arithmetic."""
    case.in_layout(case.layout)
    some = case.images[: case.size * 4]
    found = {}
    for name in ("fp32", "tf32", "bf16"):
        with arithmetic(name, case.device):
            run = partial(case.loop, case.size, case.layout, some)
            found[name] = len(some) / median(run, case.device, rounds)
    case.in_layout("contiguous")
    return {"images_per_s": found}


def whole(case: Case, sizes: tuple[int, ...], rounds: int) -> dict[str, Any]:
    """Time whole analyses, in turn with the best plain loop over the same images."""
    seconds: dict[str, list[float]] = {}
    runs = {
        "plain loop": partial(case.loop, case.size, case.layout),
        "loop that reads the dataset": partial(_reading_loop, case),
    } | {
        f"analyze, batches of {size}": partial(
            analyze,
            case.model,
            case.data,
            batch_size=size,
            device=case.device,
            progress=False,
        )
        for size in sizes
    }
    if case.device.type == "cuda":
        largest = runs[f"analyze, batches of {max(sizes)}"]
        runs["analyze, colors on the host"] = partial(_colors_on_the_host, largest)
    peaks = {}
    for number in range(rounds + 1):
        for name, run in runs.items():
            case.in_layout(case.layout if "loop" in name else "contiguous")
            forget_peak(case.device)
            taken = timed(run, case.device)
            peaks[name] = peak_mib(case.device)
            if number:
                seconds.setdefault(name, []).append(taken)
    case.in_layout("contiguous")
    floor, reading = (
        statistics.median(seconds[name]) for name in ("plain loop", "loop that reads the dataset")
    )
    return {
        name: {
            "seconds": statistics.median(values),
            "all_seconds": values,
            "images_per_s": case.per_second(statistics.median(values)),
            "to_the_plain_loop": statistics.median(values) / floor,
            "to_the_reading_loop": statistics.median(values) / reading,
            "peak_gpu_mib": peaks[name],
        }
        for name, values in seconds.items()
    }


def _colors_on_the_host(run: Callable[[], Any]) -> None:
    """Analyze as where colors are recovered and counted in NumPy."""
    later = Samples.recovered_later
    Samples.recovered_later = lambda self: self  # type: ignore[method-assign]
    try:
        run()
    finally:
        Samples.recovered_later = later  # type: ignore[method-assign]


def _reading_loop(case: Case) -> None:
    loader = torch.utils.data.DataLoader(case.data, batch_size=case.size)
    for batch, _ in loader:
        step(case.model, batch.to(case.device), case.layout)


def profile(case: Case, size: int) -> list[str]:
    """List the functions in which an analysis spends the host's time."""
    watch = cProfile.Profile()
    watch.enable()
    analyze(case.model, case.data, batch_size=size, device=case.device, progress=False)
    watch.disable()
    rows = sorted(pstats.Stats(watch).stats.items(), key=lambda item: -item[1][2])  # type: ignore[attr-defined]
    return [
        f"{own:.3f} s own, {all_:.3f} s all, {calls} calls: "
        f"{'/'.join(file.split('/')[-2:])}:{line} {function}"
        for (file, line, function), (_, calls, own, all_, _) in rows[:_SLOWEST]
    ]


def device_profile(case: Case, size: int) -> list[str]:
    """List on what the device spends an analysis."""
    run = partial(
        analyze, case.model, case.data, batch_size=size, device=case.device, progress=False
    )
    return kernels(run, case.device)


def one_by_one(case: Case, sampled: int, seconds: float | None) -> dict[str, Any]:
    """Time the way of the authors' scripts on some images, scaled to all."""
    from tests.benchmarks.analysis import _authors_way

    embeddings = analyze(
        case.model, case.data, salient_fraction=None, device=case.device, progress=False
    ).embeddings
    _authors_way(case.model, case.data, embeddings, 4)
    taken = _authors_way(case.model, case.data, embeddings, sampled)
    found = {"seconds": taken, "images_per_s": case.per_second(taken), "sampled": sampled}
    return found if seconds is None else found | {"times_as_long_as_analyze": taken / seconds}


def neighbors_kept(device: torch.device, n_images: int) -> dict[str, Any]:
    """Tell how many of five neighbors other arithmetics keep, of a trained network."""
    model, train, _ = load_demo()
    model = model.to(device)
    images = torch.stack([train[number][0] for number in range(min(n_images, len(train)))])
    near = {}
    for name in ("fp32", "tf32", "bf16"):
        with arithmetic(name, device), EmbeddingReader(model) as reader, torch.inference_mode():
            parts = [reader.run(part.to(device))[1].float().cpu() for part in images.split(128)]
        near[name] = nearest_neighbors(torch.cat(parts), 5).indices
    kept = {
        name: [len(np.intersect1d(*rows)) / 5 for rows in zip(near["fp32"], own, strict=True)]
        for name, own in near.items()
    }
    return {"images": len(images)} | {f"share, {name}": np.mean(own) for name, own in kept.items()}


def compiled(case: Case, size: int, rounds: int) -> dict[str, Any]:
    """Tell when `torch.compile` pays: what it gains an image, and what it takes first."""
    some = case.images[: size * 4]
    case.in_layout(case.layout)
    plain = median(partial(case.loop, size, case.layout, some), case.device, rounds) / len(some)
    torch.compiler.reset()
    model = torch.compile(case.model)
    start = time.perf_counter()
    step(model, some[:size].to(case.device), case.layout)
    finish(case.device)
    first = time.perf_counter() - start
    run = partial(plain_loop, model, some, size, case.layout, case.device)
    after = median(run, case.device, rounds) / len(some)
    case.in_layout("contiguous")
    torch.compiler.reset()
    return {
        "seconds_to_compile": first,
        "images_per_s_plain": 1 / plain,
        "images_per_s_compiled": 1 / after,
        "images_until_it_pays": first / (plain - after) if plain > after else None,
    }
