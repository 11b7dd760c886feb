"""Embeddings to measure with: of the embedded images, in any number, and synthetic ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from imbxai_widgets.compute.neighbors.search import nearest_neighbors
from imbxai_widgets.compute.numeric.types import FloatArray
from imbxai_widgets.demo import load_demo

WIDTHS = {64: (1, 1), 512: (2, 4), 2048: (4, 8)}
_BLOCK = 10_000


def save_bases(folder: Path) -> None:
    """Save the last feature maps of the embedded images, pooled to each of `WIDTHS`."""
    model, *splits = load_demo()
    maps: list[torch.Tensor] = []
    last = [module for module in model.modules() if type(module).__name__ == "BasicBlock"][-1]
    hook = last.register_forward_hook(lambda _module, _input, output: maps.append(output))
    with torch.inference_mode():
        for split in splits:
            for start in range(0, len(split), 256):
                rows = range(start, min(start + 256, len(split)))
                model(torch.stack([split[row][0] for row in rows]))
    hook.remove()
    for width, shape in WIDTHS.items():
        base = functional.adaptive_avg_pool2d(torch.cat(maps), shape).flatten(1).numpy()
        np.savez(folder / f"{width}.npz", base=base, near=nearest_neighbors(base, 5).indices)


def embeddings(kind: str, n_rows: int, width: int, folder: Path) -> FloatArray:
    """Return (n_rows, width) float32.

    "real": points between an embedded image and one of its five nearest, jittered by a twentieth
    of the standard deviation. "synthetic": 100 clusters of sizes from 100 to 1, in 16 dimensions,
    mapped to the width with a little noise, and rectified.
    """
    generator = np.random.default_rng(0)
    result = np.empty((n_rows, width), dtype=np.float32)
    if kind == "real":
        with np.load(folder / f"{width}.npz") as saved:
            base, near = saved["base"], saved["near"]
    else:
        centers = generator.standard_normal((100, 16), dtype=np.float32) * 2
        spread = generator.standard_normal((16, width), dtype=np.float32) / 4
        shares = np.geomspace(1, 0.01, 100)
    for start in range(0, n_rows, _BLOCK):
        size = min(_BLOCK, n_rows - start)
        noise = generator.standard_normal((size, width), dtype=np.float32)
        if kind == "real":
            one = generator.integers(0, len(base), size)
            other = near[one, generator.integers(0, near.shape[1], size)]
            way = generator.random((size, 1), dtype=np.float32)
            block = base[one] * (1 - way) + base[other] * way + noise * (base.std() / 20)
        else:
            cluster = generator.choice(100, size, p=shares / shares.sum())
            point = centers[cluster] + generator.standard_normal((size, 16), dtype=np.float32)
            block = np.maximum(point @ spread + noise / 10, 0)
        result[start : start + size] = block
    return result
