"""The experiments of the paper, to run by anyone who has their images.

Sources: the sets and networks are those of Dablain et al., "Interpretable ML for Imbalanced Data"
(arXiv 2212.07743); the regime is that of Cao et al. (NeurIPS 2019).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from imbxai_widgets.datasets import class_counts, long_tailed
from imbxai_widgets.files import replacing
from imbxai_widgets.training.checkpoint import read_tensors, write_tensors
from imbxai_widgets.training.evaluation import evaluate
from imbxai_widgets.training.networks import ResNet
from imbxai_widgets.training.regime import Regime
from imbxai_widgets.training.sources import (
    SourceDataset,
    SplitName,
    read_cifar,
    read_inaturalist,
    read_places,
    torchvision_part,
)
from imbxai_widgets.training.trainer import InMemoryImages, fit, seeded

SIZE: Final = 32
CIFAR_STATISTICS: Final = ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
IMAGENET_STATISTICS: Final = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class Sets(NamedTuple):
    """The training images, imbalanced, and the validation images, as published."""

    train: Dataset[Any]
    validation: SourceDataset


@dataclass(frozen=True)
class Recipe:
    """One of the paper's experiments.

    Parameters
    ----------
    read
        From a folder, a split and a transform to the images, all of them.
    depth
        Of the `ResNet`.
    imbalance
        Kind and ratio, as for `long_tailed`; None leaves the training images as they are.
    statistics
        Means and standard deviations of the channels.
    regime
        How to train.
    """

    read: Callable[[Path, SplitName, Callable[[Any], Any]], SourceDataset]
    depth: int
    imbalance: tuple[Literal["exp", "step"], float] | None
    statistics: tuple[tuple[float, ...], tuple[float, ...]] = CIFAR_STATISTICS
    regime: Regime = field(default_factory=Regime)

    def sets(self, data: Path, transform: Callable[[Any], Any] | None = None) -> Sets:
        """Return the images, ready for `Explorer`.

        Parameters
        ----------
        data
            The folder that they were unpacked in.
        transform
            From an RGB PIL image; by default to the network's input, for evaluation.

        Raises
        ------
        MissingDataError
            If they are not there; it says what to download.
        """
        transform = transform or self.evaluation_transform()
        train = self.read(data, "train", transform)
        validation = self.read(data, "validation", transform)
        view = train if self.imbalance is None else long_tailed(train, *self.imbalance)
        return Sets(view, validation)

    def evaluation_transform(self) -> Any:
        """Return torchvision's transform from a PIL image to the network's input."""
        transforms = torchvision_part("transforms")
        return transforms.Compose(
            [
                transforms.Resize(SIZE),
                transforms.CenterCrop(SIZE),
                transforms.ToTensor(),
                self._normalize(),
            ]
        )

    def in_memory(self, dataset: Dataset[Any], workers: int = 0) -> InMemoryImages:
        """Read a set whose transform is `pixels_transform`, once for all epochs.

        At 3 KB an image even iNaturalist takes 2 GB, while decoding its photographs anew in each
        of 200 epochs would take most of the time.
        """
        batches = tqdm(DataLoader(dataset, 256, num_workers=workers), desc="Reading images")
        pixels, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
        return InMemoryImages(pixels, labels, self._normalize())

    def _normalize(self) -> Any:
        return torchvision_part("transforms").Normalize(*self.statistics)


def pixels_transform() -> Any:
    """Return the transform from a PIL image to uint8 (`SIZE`, `SIZE`, 3)."""
    transforms = torchvision_part("transforms")
    return transforms.Compose(
        [transforms.Resize(SIZE), transforms.CenterCrop(SIZE), np.array, torch.from_numpy]
    )


RECIPES: Final = {
    "cifar10-lt": Recipe(partial(read_cifar, n_classes=10), 32, ("exp", 100)),
    "cifar100-lt": Recipe(partial(read_cifar, n_classes=100), 32, ("exp", 10)),
    "places10": Recipe(partial(read_places, n_classes=10), 56, ("step", 5), IMAGENET_STATISTICS),
    "places100": Recipe(partial(read_places, n_classes=100), 56, ("exp", 10), IMAGENET_STATISTICS),
    "inaturalist": Recipe(read_inaturalist, 56, None, IMAGENET_STATISTICS),
}


def run(
    name: str,
    data: Path,
    output: Path,
    *,
    method: Literal["ce", "ldam"] = "ce",
    seed: int = 0,
    device: str | None = None,
    workers: int = 0,
) -> dict[str, Any]:
    """Train and evaluate a network as in the paper; begun again, it goes on where it was killed.

    Writes to `output`, named after the recipe, the method and the seed: the checkpoint, the
    weights for `load_network`, and a JSON file of the result.

    Parameters
    ----------
    name
        One of `RECIPES`.
    data
        The folder that the images were unpacked in.
    output
        The folder to write to; made if missing.
    method
        Cross-entropy or LDAM-DRW.
    seed
        Of the weights at the start, the order of the images and their augmentation.
    device
        By default a GPU where there is one.
    workers
        Processes that decode images, before the first epoch.

    Returns
    -------
    dict
        Class names and sizes, accuracies of each class, and all settings, as in the JSON file.

    Raises
    ------
    ValueError
        If there is no such recipe, or the checkpoint in `output` is of another training.
    MissingDataError
        If the images are not in `data`; it says what to download.
    """
    if name not in RECIPES:
        raise ValueError(f"name must be one of {', '.join(RECIPES)}, not {name!r}")
    recipe = RECIPES[name]
    regime = replace(recipe.regime, method=method)
    sets = recipe.sets(data, pixels_transform())
    classes = sets.validation.classes
    train, validation = (recipe.in_memory(images, workers) for images in sets)
    shape: dict[str, Any] = {
        "depth": recipe.depth,
        "n_classes": len(classes),
        "scale": regime.head_scale,
    }
    stem = f"{name}-{method}-{seed}"
    model = fit(
        seeded(lambda: ResNet(**shape), seed),
        train,
        regime,
        seed=seed,
        device=device,
        checkpoint=output / f"{stem}.checkpoint",
    )
    result = {
        "recipe": name,
        "seed": seed,
        "network": shape,
        "regime": asdict(regime),
        "torch": torch.__version__,
        "classes": classes,
        "training_images": class_counts(sets.train).tolist(),
        "training": evaluate(model, train, len(classes)),
        "validation": evaluate(model, validation, len(classes)),
    }
    write_tensors(output / f"{stem}.safetensors", model.state_dict(), shape)
    with replacing(output / f"{stem}.json") as file:
        file.write((json.dumps(result, indent=2) + "\n").encode())
    return result


def load_network(path: Path) -> ResNet:
    """Return a network that `run` trained, on the CPU, in evaluation mode.

    Raises
    ------
    ValueError
        If the file is damaged, or holds something else.
    """
    weights, shape = read_tensors(path)
    model = ResNet(**shape)
    model.load_state_dict(weights)
    return model.eval()
