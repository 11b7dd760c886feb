"""Color binning, and the salient pixels of a batch beside the network that they come from."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from imbxai_widgets.compute.colors.schemes import assign_bins, color_scheme
from imbxai_widgets.compute.embedding.saliency import (
    count_colors,
    count_pixels,
    input_saliency,
    salient_pixels,
)
from imbxai_widgets.compute.numeric.types import UInt8Array
from imbxai_widgets.demo import load_demo
from tests.benchmarks._bench import interleaved, table


def main(quick: bool) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _binning(50_000 if quick else 10_000_000, 1 if quick else 9)
        _salient(8 if quick else 128, 1 if quick else 9)
    finally:
        torch.set_num_threads(threads)


def _binning(n_pixels: int, rounds: int) -> None:
    drawn = np.concatenate([split.images for split in load_demo()[1:]]).reshape(-1, 3)
    uniform = np.random.default_rng(0).integers(0, 256, (n_pixels, 3), dtype=np.uint8)
    pixels = {
        "embedded images": np.resize(drawn, (n_pixels, 3)),
        "uniform random": uniform,
        "uniform random, 100 colors": uniform[:100][uniform[:, 0] % 100],
    }
    candidates: dict[tuple[str, str], Callable[[], object]] = {}
    for kind, rgb in pixels.items():
        candidates["assign_bins", kind] = lambda rgb=rgb: assign_bins(rgb)
        candidates["fancy indexing", kind] = lambda rgb=rgb: _fancy(rgb)
    names = {" / ".join(key): run for key, run in candidates.items()}
    seconds = interleaved(names, rounds, time.process_time)
    rows = []
    for kind in pixels:
        ours, fancy = (seconds[f"{way} / {kind}"] for way in ("assign_bins", "fancy indexing"))
        rows.append([kind, n_pixels / ours / 1e6, n_pixels / fancy / 1e6, fancy / ours])
    columns = ["pixels", "assign_bins, M pixels/s", "table[r, g, b], M pixels/s", "ratio"]
    table(f"Color bins of {n_pixels:,} pixels, one thread, processor time", columns, rows)


def _fancy(rgb: UInt8Array) -> object:
    return color_scheme("perceptual").lookup[rgb[:, 0], rgb[:, 1], rgb[:, 2]]


def _salient(size: int, rounds: int) -> None:
    model, train, _ = load_demo()
    images = torch.stack([train[index][0] for index in range(size)])
    rgb = train.images[:size]
    values = _forward_backward(model, images)
    salient = salient_pixels(values, 0.1)
    marks = [part.numpy() for part in salient]
    seconds = interleaved(
        {
            "network": lambda: _forward_backward(model, images),
            "salient_pixels": lambda: salient_pixels(values, 0.1),
            "count_colors": lambda: count_colors(rgb, *marks, "perceptual"),
            "count_pixels": lambda: count_pixels(rgb, None, "perceptual"),
        },
        rounds,
        time.process_time,
    )
    network = seconds["network"]
    rows = [[name, value * 1e3, value / network] for name, value in seconds.items()]
    columns = ["step", "ms", "of the network's time"]
    table(f"A batch of {size} images with ResNet-20, one thread, processor time", columns, rows)


def _forward_backward(model: nn.Module, images: Tensor) -> Tensor:
    leaf = images.clone().requires_grad_()
    return input_saliency(model(leaf), leaf)
