"""Train the demo's networks again, with cross-entropy and with LDAM-DRW.

    python -m imbxai_widgets.demo.train

Takes a quarter of an hour on one core. The epochs are few enough to leave errors on the training
images, since adversaries are found from these errors; 50 epochs of cross-entropy reach an
accuracy of 0.99 there.

The seed fixes the weights at the start, the order of the images and their augmentation. The
result still differs in the last digits, and hence in some images, between processors, numbers
of threads and releases of PyTorch. A test pins the accuracies of the committed weights, so it
has to be adapted after a new training.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from imbxai_widgets.demo.images import MEAN, STD, EmojiDataset, load_images
from imbxai_widgets.demo.network import LDAM_SCALE, WEIGHTS, Method, ResNet20
from imbxai_widgets.demo.transforms import Normalize
from imbxai_widgets.training.evaluation import evaluate
from imbxai_widgets.training.regime import Regime
from imbxai_widgets.training.trainer import InMemoryImages, fit, seeded

WHITE = 255
CROSS_ENTROPY = Regime(
    method="ce",
    epochs=34,
    batch_size=32,
    learning_rate=0.05,
    weight_decay=5e-4,
    nesterov=True,
    schedule="cosine",
)
# Chosen by `imbxai_widgets.demo.tune`, on training images held out.
LDAM = replace(CROSS_ENTROPY, method="ldam", scale=LDAM_SCALE, max_margin=0.5, reweight_from=20)
REGIMES: dict[Method, Regime] = {"ce": CROSS_ENTROPY, "ldam": LDAM}
DATA = Path(__file__).parent / "data"


def in_memory(dataset: EmojiDataset) -> InMemoryImages:
    """Return the images for the trainer, with white moving in where they are shifted."""
    pixels, labels = torch.tensor(dataset.images), torch.tensor(dataset.targets)
    return InMemoryImages(pixels, labels, Normalize(MEAN, STD), fill=WHITE)


def train(images: InMemoryImages, regime: Regime, *, seed: int = 0) -> ResNet20:
    """Train a network on the CPU.

    Parameters
    ----------
    images
        The training images.
    regime
        How to train.
    seed
        Seed of the weights, the order of the images and their augmentation.

    Returns
    -------
    ResNet20
        The network after the last epoch, in evaluation mode.
    """
    model = seeded(lambda: ResNet20(scale=regime.head_scale), seed)
    return fit(model, images, regime, seed=seed, device="cpu")


def accuracies(model: ResNet20, dataset: EmojiDataset) -> dict[str, Any]:
    """Return the accuracies over all images and by the names of the classes."""
    found = evaluate(model, in_memory(dataset), len(dataset.classes))
    return {**found, "classes": dict(zip(dataset.classes, found["classes"], strict=True))}


def save(
    models: Mapping[Method, ResNet20],
    training: EmojiDataset,
    validation: EmojiDataset,
    folder: Path,
) -> None:
    """Write weights, and the accuracies that they reach, to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    reached = {}
    for method, model in models.items():
        safetensors.torch.save_file(model.state_dict(), folder / WEIGHTS[method])
        reached[method] = {
            "training": accuracies(model, training),
            "validation": accuracies(model, validation),
        }
    (folder / "accuracies.json").write_text(json.dumps(reached, indent=2) + "\n", "utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Train the demo's networks.")
    parser.add_argument("--epochs", type=int, default=CROSS_ENTROPY.epochs)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=DATA, help="folder for the result")
    options = parser.parse_args(arguments)
    training, validation = load_images()
    images = in_memory(training)
    models = {
        method: train(images, replace(regime, epochs=options.epochs), seed=options.seed)
        for method, regime in REGIMES.items()
    }
    save(models, training, validation, options.output)
    print((options.output / "accuracies.json").read_text("utf-8"))


if __name__ == "__main__":
    main()
