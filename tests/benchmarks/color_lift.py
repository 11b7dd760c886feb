"""Whether the lift tells colors that a network looks at from those that its pictures have.

    python -m tests.benchmarks.color_lift [--tables]

Plants the truth. Images of 24 x 24 pixels are noise of one ground color, with a patch of 5 x 5 in
another. A small network is trained to tell four classes by the color of the patch, on grounds drawn
at random, so that these tell it nothing. It is analyzed on other images, in which each class has a
ground of its own three times out of four: its pictures are of that color, and the network looks at
the patch. Of each network and class: what is said of the patch's color, and of the ground's. As a
control, a network is trained on the images with grounds of their own, which it may use.

Further, how often the bounds hold the lift of all images that could be drawn, by number of images.
Writes results/color_lift.json; `--tables` prints those of docs/colors.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.utils.data import Dataset

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.compute.methods.lift import color_lift
from tests.benchmarks._results import read_results, write_results
from tests.benchmarks.runs import SmallNet

SIDE, PATCH = 24, 5
PATCHES: Final = {"red": (205, 40, 45), "green": (60, 170, 70), "pink": (230, 110, 160),
                  "yellow": (235, 215, 70)}  # fmt: skip
GROUNDS: Final = {"blue": (60, 110, 190), "brown": (140, 90, 50), "purple": (140, 65, 175),
                  "orange": (235, 130, 50)}  # fmt: skip
SEEDS: Final = range(8)
TRAINED, ANALYZED, EPOCHS = 1200, 400, 12
TIED: Final = 0.75  # of the images of a class have its own ground
FAR_ABOVE: Final = 0.1  # shares beyond the average of the classes, from which the header spoke
SIZES: Final = (5, 10, 20, 40, 100)
ROUNDS: Final = 2000


class Patched(Dataset[Any]):
    """Patches on grounds, with a label by the patch."""

    def __init__(self, size: int, seed: int, *, tied: float) -> None:
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 4, size)
        own = rng.random(size) < tied
        grounds = np.where(own, self.labels, rng.integers(0, 4, size))
        colors = np.array(list(GROUNDS.values()))[grounds]
        images = np.broadcast_to(colors[:, None, None], (size, SIDE, SIDE, 3)).astype(float).copy()
        patches = np.array(list(PATCHES.values()))[self.labels]
        for image, patch in zip(images, patches, strict=True):
            row, column = rng.integers(0, SIDE - PATCH, 2)
            image[row : row + PATCH, column : column + PATCH] = patch
        noise = rng.normal(0, 8, images.shape)
        self.images = np.clip(images + noise, 0, 255).astype(np.uint8)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        pixels = torch.from_numpy(self.images[index].transpose(2, 0, 1) / np.float32(255))
        return pixels, int(self.labels[index])


def trained(images: Patched, seed: int) -> nn.Module:
    """Train a small network; in evaluation mode."""
    torch.manual_seed(seed)
    model = SmallNet((16, 32), 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    pixels = torch.from_numpy(images.images.transpose(0, 3, 1, 2) / np.float32(255))
    labels = torch.from_numpy(images.labels)
    for _ in range(EPOCHS):
        for some in torch.randperm(len(labels)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(model(pixels[some]), labels[some]).backward()
            optimizer.step()
    return model.eval()


def figures(analysis: Analysis) -> dict[str, float]:
    """Return what is said of the colors of patches and of grounds; means over the classes."""
    shares = analysis.colors()
    above = shares - shares.mean()
    found: dict[str, list[float]] = {}
    for which, colors in (("patch", PATCHES), ("ground", GROUNDS)):
        for index, color in enumerate(colors):
            lift = analysis.color_lift(index).loc[color]
            found.setdefault(f"{which}: share", []).append(lift["salient"])
            found.setdefault(f"{which}: of all", []).append(lift["all"])
            found.setdefault(f"{which}: lift", []).append(lift["lift"])
            found.setdefault(f"{which}: looked at", []).append(lift["low"] > 1)
            found.setdefault(f"{which}: looked past", []).append(lift["high"] < 1)
            found.setdefault(f"{which}: above the average", []).append(
                above[color].iloc[index] > FAR_ABOVE
            )
    found["right"] = [float(analysis.train.correct.mean())]
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


def planted() -> dict[str, dict[str, Any]]:
    """Return the figures of each network, by what it was trained on, and seed."""
    found: dict[str, dict[str, Any]] = {}
    for name, tied in (("any ground", 0.0), ("own grounds", TIED)):
        for seed in SEEDS:
            model = trained(Patched(TRAINED, 1000 + seed, tied=tied), seed)
            images = Patched(ANALYZED, 2000 + seed, tied=TIED)
            own = figures(analyze(model, images, progress=False))
            own["right on other grounds"] = _accuracy(model, Patched(ANALYZED, 3000 + seed, tied=0))
            found.setdefault(name, {})[str(seed)] = own
            print(name, seed, own, flush=True)
    return found


def _accuracy(model: nn.Module, images: Patched) -> float:
    pixels = torch.from_numpy(images.images.transpose(0, 3, 1, 2) / np.float32(255))
    with torch.no_grad():
        return float((model(pixels).argmax(dim=1).numpy() == images.labels).mean())


def coverage() -> dict[str, list[float]]:
    """Return how often the bounds hold the lift of three colors, by number of images."""
    rng = np.random.default_rng(0)
    mean, favor = np.array([0.6, 0.3, 0.1]), np.array([0.5, 1.0, 4.0])

    def drawn(size: int) -> tuple[np.ndarray, np.ndarray]:
        pixels = np.stack([rng.multinomial(500, p) for p in rng.dirichlet(4 * mean, size)])
        weights = pixels * favor * rng.gamma(4, 0.25, (size, 3))  # favored more or less
        shares = weights / weights.sum(axis=1, keepdims=True)
        salient = np.stack([rng.multinomial(50, p) for p in shares])
        return np.minimum(salient, pixels), pixels

    truth = color_lift(*drawn(200_000)).lift
    found = {}
    for size in SIZES:
        lifts = [color_lift(*drawn(size)) for _ in range(ROUNDS)]
        held = [(each.low <= truth) & (truth <= each.high) for each in lifts]
        found[str(size)] = np.mean(held, axis=0).round(3).tolist()
    return found


def planted_table() -> Iterator[str]:
    """Yield what is said of patches and grounds."""
    yield (
        "| trained on | color of | share | of all | lift | looked at | looked past "
        "| far above the average |"
    )
    yield "| --- | --- |" + " --: |" * 6
    for name, of_seeds in read_results("color_lift")["planted"].items():
        for which in ("patch", "ground"):
            cells = []
            for figure in ("share", "of all", "lift"):
                values = [of[f"{which}: {figure}"] for of in of_seeds.values()]
                cells.append(f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}")
            for figure in ("looked at", "looked past", "above the average"):
                values = [of[f"{which}: {figure}"] for of in of_seeds.values()]
                cells.append(f"{round(4 * sum(values))} of {4 * len(values)}")
            yield f"| {name} | {which} | {' | '.join(cells)} |"


def accuracy_table() -> Iterator[str]:
    """Yield how often the networks are right, on grounds of the classes and on any."""
    yield "| trained on | right where classes have their grounds | on grounds at random |"
    yield "| --- | --: | --: |"
    for name, of_seeds in read_results("color_lift")["planted"].items():
        cells = []
        for figure in ("right", "right on other grounds"):
            values = [of[figure] for of in of_seeds.values()]
            cells.append(f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}")
        yield f"| {name} | {' | '.join(cells)} |"


def coverage_table() -> Iterator[str]:
    """Yield how often the bounds hold the truth."""
    found = read_results("color_lift")["coverage"]
    yield f"| images | {' | '.join(found)} |"
    yield "| --- |" + " --: |" * len(found)
    for color, name in enumerate(("60% of the pixels", "30%", "10%")):
        yield f"| {name} | {' | '.join(f'{of[color]:.1%}' for of in found.values())} |"


TABLES: Final = (planted_table, accuracy_table, coverage_table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", action="store_true")
    options = parser.parse_args()
    if options.tables:
        for table in TABLES:
            print("\n".join(table()), end="\n\n")
    else:
        print(write_results("color_lift", {"planted": planted(), "coverage": coverage()}))


if __name__ == "__main__":
    main()
