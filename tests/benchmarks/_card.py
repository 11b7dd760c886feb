"""What a card can do at most: matrix products, copies, and reading what was written."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import profiler

from imbxai_widgets.compute.neighbors.card import _smallest

# Arithmetic of matrix products and convolutions: name, precision of products, TF32 in cuDNN.
_MOST_KERNELS = 16
ARITHMETICS = {"fp32": ("highest", False), "tf32": ("high", True)}


def finish(device: torch.device) -> None:
    """Wait until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(run: Callable[[], Any], device: torch.device) -> float:
    """Return the seconds of one run, to its end on the device."""
    finish(device)
    start = time.perf_counter()
    run()
    finish(device)
    return time.perf_counter() - start


def median(run: Callable[[], Any], device: torch.device, rounds: int) -> float:
    """Return the median seconds of some runs, after one that does not count."""
    run()
    return statistics.median(timed(run, device) for _ in range(rounds))


@contextmanager
def arithmetic(name: str, device: torch.device) -> Iterator[None]:
    """Compute in "fp32", "tf32" (also what cuDNN does by default) or "bf16", by autocast."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    precision, allowed = ARITHMETICS.get(name, ("highest", False))
    try:
        torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.allow_tf32 = allowed
        with torch.autocast(device.type, torch.bfloat16, enabled=name == "bf16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def limits(device: torch.device, quick: bool) -> dict[str, Any]:
    """Measure products per second, and bytes per second of copies, in units of 1e12 and 1e9."""
    side, rounds = (256, 2) if quick else (8192, 10)
    found: dict[str, Any] = {
        f"tflops_square_{name}": _square(side, dtype, arithmetic_name, device, rounds)
        for name, dtype, arithmetic_name in (
            ("fp32", torch.float32, "fp32"),
            ("tf32", torch.float32, "tf32"),
            ("bf16", torch.bfloat16, "fp32"),
            ("fp64", torch.float64, "fp32"),
        )
    }
    for width in (64, 512, 2048):
        found[f"tflops_tile_fp32_{width}"] = _tile(side, width, device, rounds)
    many = torch.rand(side, side, device=device)
    seconds = median(lambda: many.clone(), device, rounds)
    found["gb_per_s_on_device"] = 2 * many.nbytes / seconds / 1e9
    for group in (4, 16, 64, 128):
        apart, beside = many.view(side, group, -1), many.view(side, -1, group)
        for name, run in (
            (f"gb_per_s_smallest_of_{group}_apart", partial(apart.amin, dim=1)),
            (f"gb_per_s_smallest_of_{group}_beside", partial(beside.amin, dim=2)),
        ):
            found[name] = many.nbytes / median(run, device, rounds) / 1e9
    few = many[:, : side // 2]
    seconds = median(partial(few.topk, 6, dim=1, largest=False), device, rounds)
    found["gb_per_s_nearest_six"] = few.nbytes / seconds / 1e9
    found["gb_per_s_nearest_six_in_two_steps"] = (
        many.nbytes / median(partial(_smallest, many, 6), device, rounds) / 1e9
    )
    found["tflops_search"] = _search_tiles(quick, device, rounds)
    if device.type == "cuda":
        found |= _transfers(device, many, rounds)
    return found


def _search_tiles(quick: bool, device: torch.device, rounds: int) -> dict[str, float]:
    """Products of 64 features in parts, and the smallest of sixteen, in tiles of several shapes."""
    found = {}
    shapes = [(64, 256)] if quick else [(512, 8192), (2048, 8192), (2048, 65536), (8192, 16384)]
    for height, width in shapes:
        left, right = (torch.randn(side, 192, device=device) for side in (height, width))
        norms, out = torch.randn(width, device=device), torch.empty(height, width, device=device)
        minima = torch.empty(height, width // 16, device=device)

        product = partial(torch.addmm, norms, left, right.T, alpha=-2, out=out)
        smallest = partial(torch.amin, out.view(height, 16, -1), dim=1, out=minima)
        ways = {"product": [product], "smallest": [smallest], "both": [product, smallest]}
        with arithmetic("tf32", device):
            for name, runs in ways.items():
                seconds = median(lambda runs=runs: [run() for run in runs], device, rounds)
                found[f"{height} x {width}, {name}"] = 2 * height * width * 64 / seconds / 1e12
    return found


def kernels(run: Callable[[], Any], device: torch.device) -> list[str]:
    """List what a device spends its time on, and what its time is in all."""
    finish(device)
    kinds = [profiler.ProfilerActivity.CPU]
    if device.type == "cuda":
        kinds = [profiler.ProfilerActivity.CUDA]
    with profiler.profile(activities=kinds) as watch:
        seconds = timed(run, device)
    known = [(_device_seconds(row, device), row.count, row.key) for row in watch.key_averages()]
    busy = sum(own for own, _, _ in known)
    return [f"{seconds:.3f} s, of which the device worked {busy:.3f} s"] + [
        f"{own:.4f} s, {count} calls: {name[:110]}"
        for own, count, name in sorted(known, reverse=True)[:_MOST_KERNELS]
    ]


def _device_seconds(row: Any, device: torch.device) -> float:
    kind = "device" if device.type == "cuda" else "cpu"
    return float(getattr(row, f"self_{kind}_time_total")) / 1e6


def _square(side: int, dtype: torch.dtype, name: str, device: torch.device, rounds: int) -> float:
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(left)
    with arithmetic(name, device):
        seconds = median(lambda: torch.mm(left, right, out=out), device, rounds)
    return 2 * side**3 / seconds / 1e12


def _tile(side: int, width: int, device: torch.device, rounds: int) -> dict[str, float]:
    """Products of few features, as a search for neighbors has them."""
    left, right = (torch.randn(side, width, device=device) for _ in range(2))
    out, norms = torch.empty(side, side, device=device), torch.randn(side, device=device)
    ways: dict[str, Callable[[], Any]] = {
        "product": lambda: torch.mm(left, right.T, out=out),
        "with_norms": lambda: torch.addmm(norms, left, right.T, alpha=-2, out=out),
    }
    return {
        name: 2 * side**2 * width / median(run, device, rounds) / 1e12 for name, run in ways.items()
    }


def _transfers(device: torch.device, many: torch.Tensor, rounds: int) -> dict[str, float]:
    pageable = torch.empty(many.shape).fill_(1)
    pinned = pageable.pin_memory()
    ways: dict[str, Callable[[], Any]] = {
        "gb_per_s_to_device_pageable": lambda: many.copy_(pageable),
        "gb_per_s_to_device_pinned": lambda: many.copy_(pinned, non_blocking=True),
        "gb_per_s_from_device_pageable": lambda: pageable.copy_(many),
        "gb_per_s_from_device_pinned": lambda: pinned.copy_(many, non_blocking=True),
    }
    return {
        name: many.nbytes / median(run, device, min(rounds, 3)) / 1e9 for name, run in ways.items()
    }


def forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_mib(device: torch.device) -> float | None:
    """Return the most MiB of tensors on the card since `forget_peak`."""
    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None
