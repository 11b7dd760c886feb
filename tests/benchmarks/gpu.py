"""All that is measured on a GPU, in one run that ends within minutes and needs no network.

::

    python -m tests.benchmarks gpu --output gpu.json

writes the figures of each part as soon as it is done, so that a run that is cut off keeps what it
has. A part is left out where too little time is left for it. Where there is no GPU, everything
runs on the processor, which takes long unless sizes are tiny (``--quick``).
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from imbxai_widgets.training.networks import ResNet
from tests.benchmarks import _bench, _card, _card_neighbors, _card_pass
from tests.benchmarks._embeddings import save_bases
from tests.benchmarks._report import Report
from tests.benchmarks.analysis import _long_tailed, _network

SECONDS = 245  # of all parts


def main(quick: bool, output: Path | None = None) -> None:
    """Measure part after part, the most wanted first."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    report = Report(output, float("inf") if quick else SECONDS)
    report.run("machine", 0, partial(_machine, device))
    limits = report.run("limits of the card", 5, partial(_card.limits, device, quick))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_bases(folder)
        case = _small(quick, device)
        analysis = _pass(report, case, (512, 2048), quick)
        report.run(
            "neighbors kept",
            5,
            partial(_card_pass.neighbors_kept, device, 200 if quick else 10_000),
        )
        _neighbors(report, folder, device, limits, quick)
        seconds = (
            None
            if analysis is None
            else min(own["seconds"] for way, own in analysis.items() if way.startswith("analyze"))
        )
        report.run(
            "one image at a time, 32 px",
            10,
            partial(_card_pass.one_by_one, case, 4 if quick else 100, seconds),
        )
        large = _large(quick, device)
        _pass(report, large, (128, 256), quick)
        _prototypes(report, folder, device, quick)
        if device.type == "cuda":
            for each, needs in ((case, 40), (large, 50)):
                part = partial(_card_pass.compiled, each, 128, 3)
                report.run(f"torch.compile, {each.name}", needs, part)
    report.run("memory of the host", 0, _host_peak)


def _host_peak() -> dict[str, float]:
    return {"peak_gib": _bench.peak_bytes() / 2**30}


def _machine(device: torch.device) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _bench.machine(), "cores": os.cpu_count()}
    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        found |= {"card": card.name, "memory_gib": card.total_memory / 2**30}
        found |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    return found


def _small(quick: bool, device: torch.device) -> _card_pass.Case:
    return _card_pass.small_images(_long_tailed(20 if quick else 5000), _network(), device)


def _large(quick: bool, device: torch.device) -> _card_pass.Case:
    if quick:
        return _card_pass.large_images(48, 40, ResNet(20, n_classes=10), device)
    torch.manual_seed(0)
    return _card_pass.large_images(2048, 224, _resnet18(), device)


def _resnet18() -> nn.Module:
    from torchvision.models import resnet18

    model: nn.Module = resnet18(num_classes=10)
    return model


def _pass(
    report: Report, case: _card_pass.Case, sizes: tuple[int, ...], quick: bool
) -> dict[str, Any] | None:
    rounds, sizes = (1, (16, 32)) if quick else (3, sizes)
    name = case.name
    report.run(f"plain loops, {name}", 20, partial(_card_pass.best_loops, case, sizes, rounds))
    if case.device.type == "cuda":
        report.run(f"overlap, {name}", 10, partial(_card_pass.overlap, case, rounds))
        report.run(f"CUDA graph, {name}", 10, partial(_card_pass.graphs, case, 128, rounds))
    report.run(f"arithmetics, {name}", 10, partial(_card_pass.arithmetics, case, rounds))
    found: dict[str, Any] | None = report.run(
        f"whole analysis, {name}", 30, partial(_card_pass.whole, case, sizes, min(rounds, 2))
    )
    report.run(f"profile, {name}", 10, partial(_card_pass.profile, case, max(sizes)))
    device_part = partial(_card_pass.device_profile, case, max(sizes))
    report.run(f"profile of the device, {name}", 10, device_part)
    return found


def _neighbors(
    report: Report, folder: Path, device: torch.device, limits: dict[str, Any] | None, quick: bool
) -> None:
    sizes = (
        [("real", 1500, 64, 300)]
        if quick
        else [
            ("real", 10_000, 512, 2_000),
            ("real", 1_000_000, 64, 2_000),
            ("real", 100_000, 2048, 1_000),
            ("synthetic", 100_000, 64, 5_000),
        ]
    )
    for kind, n_rows, width, asked in sizes:
        shown = f"{n_rows:,} x {width}, {kind}"
        part = partial(_card_neighbors.exact, kind, n_rows, width, folder, device, limits, asked)
        report.run(f"exact neighbors, {shown}", 30 if n_rows > 10_000 else 5, part)
    kind, n_rows, width, _ = sizes[min(1, len(sizes) - 1)]
    part = partial(_card_neighbors.automatic, kind, n_rows, width, folder, device)
    report.run(f"auto neighbors, {n_rows:,} x {width}", 25, part)


def _prototypes(report: Report, folder: Path, device: torch.device, quick: bool) -> None:
    for n_rows, width in [(300, 64)] if quick else [(100_000, 64), (50_000, 512)]:
        part = partial(_card_neighbors.prototypes, n_rows, width, folder, device)
        report.run(f"medoids, {n_rows:,} x {width}", 20, part)
