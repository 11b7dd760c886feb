"""A training of seconds: images of noise around a color for each class, and its command line.

python small_training.py CHECKPOINT
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch

from imbxai_widgets.training.networks import ResNet
from imbxai_widgets.training.regime import Regime
from imbxai_widgets.training.trainer import InMemoryImages, fit, seeded

# Epochs of warm-up, before and after the first decay, and with deferred weights.
REGIME = Regime(method="ldam", epochs=8, batch_size=8, warmup=2, milestones=(4, 6), reweight_from=4)


def noisy_colors(count: int = 40, size: int = 8) -> InMemoryImages:
    """Return images of three classes, the first the largest."""
    generator = torch.Generator().manual_seed(3)
    labels = torch.arange(count) % 5 % 3
    noise = torch.randint(100, (count, size, size, 3), generator=generator)
    pixels = noise + 155 * torch.eye(3, dtype=torch.int64)[labels][:, None, None]
    return InMemoryImages(pixels.to(torch.uint8), labels, normalize=lambda x: (x - 0.4) / 0.3)


def train(checkpoint: Path | None = None, regime: Regime = REGIME, **options: object) -> ResNet:
    """Train the smallest of the networks."""
    model = seeded(lambda: ResNet(8, 3, regime.head_scale), 0)
    return fit(model, noisy_colors(), regime, checkpoint=checkpoint, **options)  # type: ignore[arg-type]


def kill_at(count: int) -> None:
    """Have this process killed when it is about to put a file in its place, for the N-th time."""
    calls = itertools.count(1)
    replace = os.replace

    def replace_or_die(*paths: Any) -> None:
        if next(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(*paths)

    os.replace = replace_or_die


if __name__ == "__main__":
    torch.set_num_threads(1)
    kill_at(int(sys.argv[2]))
    train(Path(sys.argv[1]))
