"""Networks trained on the sets of images, each with a split and weights of its own.

    python -m tests.benchmarks.runs NAME SEED [SEED ...] [--folder FOLDER]

A run is saved: the network, and what it makes of all images. What is there already is left as it
is, so that the experiments that read the runs train nothing again. The same seed gives the same
network, to the last digits, on one machine with one thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from imbxai_widgets import Analysis
from imbxai_widgets.analysis import Head
from imbxai_widgets.demo.train import CROSS_ENTROPY, LDAM, WHITE
from imbxai_widgets.training.networks import NormalizedLinear
from imbxai_widgets.training.regime import Regime
from imbxai_widgets.training.trainer import InMemoryImages, fit, seeded
from tests.benchmarks.sets import ImageSet, Part, load_set

FOLDER = Path("artifacts/runs")
BATCH = 256  # images at once, when they are embedded
EMOJI_EPOCHS = 30
_CE = replace(CROSS_ENTROPY, epochs=EMOJI_EPOCHS)
# The shipped LDAM network re-weights from epoch 20 of 34 on; here, from as far on.
_LDAM = replace(LDAM, epochs=EMOJI_EPOCHS, reweight_from=round(EMOJI_EPOCHS * 20 / 34))


@dataclass(frozen=True)
class Recipe:
    """How the networks of a set are trained."""

    images: str  # the name of the set
    widths: tuple[int, ...]
    epochs: int
    shift: int = 0  # pixels
    mirrored: bool = False
    regime: Regime | None = None  # of the package's trainer, whose augmentation is its own


RECIPES: Final = {
    "digits": Recipe("digits", widths=(32, 64), epochs=30, shift=1),
    "solar cells": Recipe("solar cells", widths=(16, 32, 64), epochs=20, shift=1, mirrored=True),
    "openmoji": Recipe("openmoji", widths=(16, 32, 64), epochs=40, shift=2, mirrored=True),
    "emoji CE": Recipe("emoji", (16, 32, 64), EMOJI_EPOCHS, regime=_CE),
    "emoji LDAM": Recipe("emoji", (16, 32, 64), EMOJI_EPOCHS, regime=_LDAM),
    "emoji CE, short": Recipe("emoji", (16, 32, 64), 20, regime=replace(_CE, epochs=20)),
}


class SmallNet(nn.Module):
    """Convolutions with pooling between them, the mean over all places, and a linear head.

    The embedding, which enters `head`, has as many features as the last of `widths`.
    """

    def __init__(self, widths: tuple[int, ...], n_classes: int, scale: float | None = None) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, width in zip((3, *widths), widths, strict=False):
            layers += [
                nn.MaxPool2d(2) if layers else nn.Identity(),
                nn.Conv2d(before, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
        self.features = nn.Sequential(*layers)
        self.head: nn.Linear = (
            nn.Linear(widths[-1], n_classes)
            if scale is None
            else NormalizedLinear(widths[-1], n_classes, scale)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, 3, H, W) to logits (B, C)."""
        logits: Tensor = self.head(self.features(images).mean(dim=(2, 3)))
        return logits


@dataclass(frozen=True, eq=False)
class Embedded:
    """What a network makes of the images of one part."""

    embeddings: np.ndarray  # float32 (N, D)
    logits: np.ndarray  # float32 (N, C)
    labels: np.ndarray  # int64 (N,)
    groups: np.ndarray  # int64 (N,)


@dataclass(frozen=True, eq=False)
class Run:
    """One network, and what it makes of its training and validation images.

    The head maps an embedding to ``weight @ embedding + bias``, or, where there is a `scale`, to
    `scale` times the cosines between the embedding and the rows of `weight`.
    """

    name: str
    seed: int
    class_names: tuple[str, ...]
    training: Embedded
    validation: Embedded
    weight: np.ndarray  # float32 (C, D)
    bias: np.ndarray  # float32 (C,)
    scale: float | None

    @cached_property
    def analysis(self) -> Analysis:
        """The analysis of what is saved."""
        held_out = self.validation
        return Analysis.from_arrays(
            self.training.embeddings,
            self.training.labels,
            self.training.logits,
            validation=(held_out.embeddings, held_out.labels, held_out.logits),
            class_names=self.class_names,
            head=self.head,
        )

    @property
    def head(self) -> Head:
        """What makes the logits of the embeddings."""
        if self.scale is None:
            return Head(self.weight, self.bias)
        return Head(self.weight, scale=self.scale, normalized=True)


def load_run(name: str, seed: int, folder: Path = FOLDER) -> Run:
    """Return the run of a recipe; its network is trained if it is not there.

    Parameters
    ----------
    name
        One of `RECIPES`.
    seed
        Of the split, the weights, and the order of the images. See `sets.CHOOSING` and
        `sets.REPORTING`.
    folder
        Where runs are kept: `NAME-SEED.npz`, and the network in `NAME-SEED.safetensors`.

    Raises
    ------
    AbsentError
        If the run is not there and its images are not on this machine.
    """
    path = _path(name, seed, folder)
    return run_at(path, name, seed, lambda: load_set(RECIPES[name].images, seed))


def run_at(path: Path, name: str, seed: int, images: Callable[[], ImageSet]) -> Run:
    """Return the run of a recipe that is kept at a path; if it is not there, it is trained.

    `images` are what it is trained on and judged by.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(1)
        found = images()
        model = train(name, found, seed)
        safetensors.torch.save_file(model.state_dict(), path.with_suffix(".safetensors"))
        partial = path.with_suffix(".part.npz")
        np.savez(partial, **_arrays(model, found))
        partial.rename(path)
    with np.load(path) as saved:
        parts = [
            Embedded(**{field: saved[f"{part}_{field}"] for field in Embedded.__annotations__})
            for part in ("training", "validation")
        ]
        return Run(
            name,
            seed,
            tuple(saved["class_names"].tolist()),
            parts[0],
            parts[1],
            saved["weight"],
            saved["bias"],
            float(saved["scale"]) if np.isfinite(saved["scale"]) else None,
        )


def saved_seeds(name: str, folder: Path = FOLDER) -> list[int]:
    """Return the seeds of a recipe whose runs are there."""
    seeds = (
        int(path.stem.rpartition("-")[2]) for path in folder.glob(_path(name, "*", folder).name)
    )
    return sorted(seeds)


def network(name: str, n_classes: int, seed: int) -> nn.Module:
    """Return the untrained network of a recipe."""
    recipe = RECIPES[name]
    scale = None if recipe.regime is None else recipe.regime.head_scale
    return seeded(lambda: SmallNet(recipe.widths, n_classes, scale), seed)


def train(
    name: str,
    images: ImageSet,
    seed: int,
    weights: np.ndarray | None = None,
    criterion: nn.Module | None = None,
    device: str = "cpu",
) -> nn.Module:
    """Return the trained network of a recipe, in evaluation mode and on the CPU.

    `weights` are as for `fit`; a `criterion` takes the place of the recipe's loss. On a GPU the
    last digits differ from training to training.
    """
    recipe = RECIPES[name]
    model = network(name, len(images.class_names), seed).to(device)
    part = images.training
    if recipe.regime is not None:
        pixels, labels = torch.tensor(part.images), torch.tensor(part.labels)
        data = InMemoryImages(pixels, labels, _centered, fill=WHITE)
        regime = recipe.regime if criterion is None else _with_loss(recipe.regime, criterion)
        exact = {"device": device, "mixed_precision": False}
        return fit(model, data, regime, seed=seed, weights=weights, **exact).cpu()
    return fit_small(model, part, recipe, seed, weights, criterion).cpu()


def _with_loss(regime: Regime, criterion: nn.Module) -> Regime:
    class WithLoss(Regime):
        def loss(self, counts: np.ndarray, epoch: int) -> nn.Module:  # noqa: ARG002
            return criterion

    return WithLoss(**vars(regime))


def fit_small(
    model: nn.Module,
    part: Part,
    recipe: Recipe,
    seed: int,
    weights: np.ndarray | None = None,
    criterion: nn.Module | None = None,
) -> nn.Module:
    """Train with Adam, while the learning rate falls to zero along half a cosine."""
    device = model.head.weight.device
    images, labels = network_input(part).to(device), torch.tensor(part.labels, device=device)
    optimizer = torch.optim.Adam(model.parameters(), 0.003, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs)
    generator = torch.Generator().manual_seed(seed)
    loss_of = nn.CrossEntropyLoss() if criterion is None else criterion
    model.train()
    for _ in range(recipe.epochs):
        for batch in _order(len(labels), weights, generator).split(32):
            seen = _moved(images[batch], recipe, generator)
            loss = loss_of(model(seen), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return model.eval()


def _order(count: int, weights: np.ndarray | None, generator: torch.Generator) -> Tensor:
    if weights is None:
        return torch.randperm(count, generator=generator)
    drawn = torch.tensor(weights)
    return torch.multinomial(drawn, count, replacement=True, generator=generator)


def network_input(part: Part) -> Tensor:
    """Return the images as a `SmallNet` sees them, float32 (N, 3, H, W) in -1..1."""
    return _centered(torch.tensor(part.images).permute(0, 3, 1, 2).float() / 255)


def _centered(pixels: Tensor) -> Tensor:
    return 2 * pixels - 1


def _moved(images: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Shift a batch by up to some pixels, and mirror it half of the time."""
    down, right = (
        int(torch.randint(-recipe.shift, recipe.shift + 1, (), generator=generator))
        for _ in range(2)
    )
    moved = images.roll((down, right), (2, 3))
    flip = recipe.mirrored and bool(torch.randint(2, (), generator=generator))
    return moved.flip(3) if flip else moved


def _path(name: str, seed: int | str, folder: Path) -> Path:
    return folder / f"{name.replace(' ', '_')}-{seed}.npz"


def _arrays(model: nn.Module, images: ImageSet) -> dict[str, np.ndarray]:
    head = model.head
    found = {
        "class_names": np.array(images.class_names),
        "weight": head.weight.detach().numpy(),
        "bias": np.zeros(head.out_features, np.float32)
        if head.bias is None
        else head.bias.detach().numpy(),
        "scale": np.array(getattr(head, "scale", np.nan), dtype=np.float64),
    }
    for part_name, part in (("training", images.training), ("validation", images.validation)):
        for field, values in vars(embed(model, part)).items():
            found[f"{part_name}_{field}"] = values
    return found


def embed(model: nn.Module, part: Part) -> Embedded:
    """Return embeddings and logits of all images of a part."""
    embeddings: list[Tensor] = []
    hook = model.head.register_forward_pre_hook(lambda _, given: embeddings.append(given[0]))
    with torch.no_grad():
        logits = torch.cat([model(batch) for batch in network_input(part).split(BATCH)])
    hook.remove()
    return Embedded(torch.cat(embeddings).numpy(), logits.numpy(), part.labels, part.groups)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("seeds", nargs="+", type=int)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    for seed in options.seeds:
        run = load_run(options.name, seed, options.folder)
        right = [
            (part.logits.argmax(axis=1) == part.labels).mean()
            for part in (run.training, run.validation)
        ]
        print(f"{run.name} {seed}: accuracy {right[0]:.3f} {right[1]:.3f}", flush=True)


if __name__ == "__main__":
    main()
