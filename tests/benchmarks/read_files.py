"""The whole analysis of JPEG files on disk, against a loop that only decodes and runs the network.

Both read with the same two workers (`num_workers=2`); the loop takes one forward and one backward
to the input of each batch, at the better of two memory formats, and nothing else. Where reading
hides behind computing, the ratio is that of images in memory (`analysis`). Images are the embedded
ones, enlarged and written to a temporary folder. By the clock, since three processes work.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader

from imbxai_widgets import analyze
from imbxai_widgets.demo import load_demo
from imbxai_widgets.training.networks import ResNet
from tests.benchmarks import _bench

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.conftest import import_torchvision

vision = import_torchvision()

_WORKERS = 2
_BATCH = {32: 64, 64: 64, 224: 10}  # the best of the plain loop on a CPU, by pixels a side
_MEAN, _DEVIATION = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


def main(quick: bool) -> None:
    """Print seconds and the ratio at 32 and 224 px."""
    rounds = 1 if quick else 3
    rows = []
    large = 64 if quick else 224
    for side, name, most in ((32, "ResNet-32", 500), (large, "ResNet-18", 40)):
        model = _network(side)
        with tempfile.TemporaryDirectory(prefix="imbxai-files-") as folder:
            files = _files(Path(folder), side, 2 if quick else most)
            formats = {"plain": torch.contiguous_format, "channels last": torch.channels_last}
            runs = {
                f"decode and run, {each}": partial(_loop, model, files, side, format_)
                for each, format_ in formats.items()
            }
            runs["analyze"] = partial(analyze, model, files, num_workers=_WORKERS, progress=False)
            seconds = _bench.interleaved(runs, rounds)
        floor = min(value for each, value in seconds.items() if each != "analyze")
        rows += [
            [f"{len(files):,} of {side} px, {name}: {each}", value, value / floor]
            for each, value in seconds.items()
        ]
    _bench.table(f"JPEG files, {_WORKERS} workers", ["", "seconds", "to the loop"], rows)


def _network(side: int) -> nn.Module:
    torch.manual_seed(0)
    model = ResNet(32, n_classes=10) if side == 32 else vision.models.resnet18(num_classes=10)
    with torch.no_grad():  # so that batch normalization has seen images
        model(torch.rand(16, 3, side, side) * 4 - 2)
    return model.eval().requires_grad_(False)


def _files(folder: Path, side: int, most: int) -> Any:
    """Write up to `most` of the embedded images of each class as JPEG, in a folder of its own."""
    _, train, _ = load_demo()
    labels = np.asarray(train.targets)
    for label in range(10):
        own = folder / f"{label:02d}"
        own.mkdir()
        for number in np.flatnonzero(labels == label)[:most]:
            picture = Image.fromarray(train.images[number])
            picture.resize((side, side)).save(own / f"{number:05d}.jpg", quality=90)
    steps = vision.transforms
    transform = steps.Compose([steps.ToTensor(), steps.Normalize(_MEAN, _DEVIATION)])
    return vision.datasets.ImageFolder(str(folder), transform)


def _loop(model: nn.Module, files: Any, side: int, format_: torch.memory_format) -> None:
    model.to(memory_format=format_)  # type: ignore[call-overload]
    for images, _ in DataLoader(files, batch_size=_BATCH[side], num_workers=_WORKERS):
        leaf = images.contiguous(memory_format=format_).requires_grad_()
        torch.autograd.grad(model(leaf).max(dim=1).values.sum(), leaf)
    model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]


if __name__ == "__main__":
    main(quick=False)
