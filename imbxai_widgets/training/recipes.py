"""The experiments of the paper, to run by anyone who has their images.

Sources: the sets, networks and epochs are those of Dablain et al., "Interpretable ML for Imbalanced
Data" (arXiv 2212.07743), Table 1; the regime is that of Cao et al. (NeurIPS 2019).
docs/reproduction.md names what the paper leaves open, and every departure.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.datasets import class_counts, labels_of, long_tailed_sizes
from imbxai_widgets.datasets.long_tailed import draw_classes
from imbxai_widgets.files import replacing
from imbxai_widgets.training.checkpoint import read_tensors, write_tensors
from imbxai_widgets.training.evaluation import evaluate
from imbxai_widgets.training.networks import ResNet
from imbxai_widgets.training.regime import Regime
from imbxai_widgets.training.selection import thinned_sizes
from imbxai_widgets.training.sources import (
    Published,
    SourceDataset,
    read_cifar,
    read_inaturalist,
    read_places,
    torchvision_part,
)
from imbxai_widgets.training.trainer import InMemoryImages, fit, seeded

CIFAR_STATISTICS: Final = ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
IMAGENET_STATISTICS: Final = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
# Pixels of more bytes than this are kept in a file, and read from there batch by batch.
IN_MEMORY_BYTES: Final = 4 * 2**30

Sizes = Callable[[IntArray], IntArray]


class Sets(NamedTuple):
    """The training images, imbalanced, and the validation images: the paper's test images."""

    train: SourceDataset
    validation: SourceDataset


@dataclass(frozen=True)
class Fitted:
    """Scale an image until it covers a frame, and crop what stands out, in the middle.

    Parameters
    ----------
    size
        Height and width of the frame, in pixels.
    """

    size: tuple[int, int]

    def __call__(self, image: Image.Image) -> Image.Image:
        """Return the image at the frame's size."""
        return ImageOps.fit(image, self.size[::-1], Image.Resampling.BILINEAR)


@dataclass(frozen=True)
class Recipe:
    """One of the paper's experiments.

    Parameters
    ----------
    read
        From a folder and a transform to the images, all of them.
    depth
        Of the `ResNet`.
    train_sizes, test_sizes
        From the number of images of each class that there are to that of images used. Test images
        are drawn from the published ones, else from training images that are not used.
    size
        Height and width of the network's input, in pixels.
    statistics
        Means and standard deviations of the channels.
    regime
        How to train.
    """

    read: Callable[[Path, Callable[[Any], Any]], Published]
    depth: int
    train_sizes: Sizes
    test_sizes: Sizes
    size: tuple[int, int] = (32, 32)
    statistics: tuple[tuple[float, ...], tuple[float, ...]] = CIFAR_STATISTICS
    regime: Regime = field(default_factory=Regime)

    def sets(self, data: Path, transform: Callable[[Any], Any] | None = None) -> Sets:
        """Return the images, ready for `Explorer`; the same ones every time.

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
        ValueError
            If a class has fewer images than the experiment asks for.
        """
        every, test = self.read(data, transform or self.evaluation_transform())
        used = draw_classes(labels_of(every), self.train_sizes(class_counts(every)))
        if test is None:
            test = every.only(np.setdiff1d(np.arange(len(every)), used))
        tested = draw_classes(labels_of(test), self.test_sizes(class_counts(test)))
        return Sets(every.only(used), test.only(tested))

    def at_size(self, side: int) -> Recipe:
        """Return the experiment with square inputs, shifted by up to an eighth of their side."""
        regime = replace(self.regime, crop_padding=side // 8)
        return replace(self, size=(side, side), regime=regime)

    def evaluation_transform(self) -> Any:
        """Return the transform from a PIL image to the network's input."""
        transforms = torchvision_part("transforms")
        return transforms.Compose([Fitted(self.size), transforms.ToTensor(), self._normalize()])

    def pixels_transform(self) -> Any:
        """Return the transform from a PIL image to uint8 (H, W, 3) of the input's size."""
        transforms = torchvision_part("transforms")
        return transforms.Compose([Fitted(self.size), np.array, torch.from_numpy])

    def in_memory(
        self, dataset: Dataset[Any], workers: int = 0, file: Path | None = None
    ) -> InMemoryImages:
        """Read a set whose transform is `pixels_transform`, once for all epochs.

        Decoding photographs anew in each epoch would take most of the time.

        Parameters
        ----------
        dataset
            One of `sets`.
        workers
            Processes that decode images.
        file
            Where to keep the pixels, to be read batch by batch; by default in memory.
        """
        shape = (len(dataset), *self.size, 3)  # type: ignore[arg-type]
        if file is None:
            pixels = torch.empty(shape, dtype=torch.uint8)
        else:
            count = int(np.prod(shape))
            pixels = torch.from_file(str(file), shared=True, size=count, dtype=torch.uint8)
            pixels = pixels.view(shape)
        labels = torch.empty(len(pixels), dtype=torch.int64)
        done = 0
        for images, found in tqdm(DataLoader(dataset, 32, num_workers=workers), desc="Reading"):
            end = done + len(found)
            pixels[done:end], labels[done:end] = images, found
            done = end
        return InMemoryImages(pixels, labels, self._normalize())

    def _normalize(self) -> Any:
        return torchvision_part("transforms").Normalize(*self.statistics)


def _tail(largest: int, kind: Literal["exp", "step"], ratio: float) -> Sizes:
    return lambda counts: long_tailed_sizes(largest, len(counts), kind, ratio)


def _alike(total: int) -> Sizes:
    return partial(thinned_sizes, ratio=1, total=total)


def _photographs(epochs: int, size: tuple[int, int]) -> Regime:
    """Return the regime with its steps at the same parts of the epochs, shifts of the images."""
    late, latest = epochs * 4 // 5, epochs * 9 // 10
    padding = min(size) // 8
    return Regime(
        epochs=epochs, milestones=(late, latest), reweight_from=late, crop_padding=padding
    )


_PLACES: Final = (256, 256)
_INATURALIST: Final = (600, 800)
RECIPES: Final = {
    "cifar10-lt": Recipe(
        partial(read_cifar, n_classes=10), 32, _tail(5000, "exp", 100), _alike(10_000)
    ),
    "cifar100-lt": Recipe(
        partial(read_cifar, n_classes=100), 32, _tail(500, "exp", 10), _alike(5000)
    ),
    "places10": Recipe(
        partial(read_places, n_classes=10),
        56,
        _tail(2500, "step", 5),
        _alike(5000),
        _PLACES,
        IMAGENET_STATISTICS,
        _photographs(90, _PLACES),
    ),
    "places100": Recipe(
        partial(read_places, n_classes=100),
        56,
        _tail(2500, "exp", 10),
        _alike(15_000),
        _PLACES,
        IMAGENET_STATISTICS,
        _photographs(50, _PLACES),
    ),
    "inaturalist": Recipe(
        read_inaturalist,
        56,
        partial(thinned_sizes, ratio=50, total=72_358),
        partial(thinned_sizes, ratio=50, total=14_020),
        _INATURALIST,
        IMAGENET_STATISTICS,
        _photographs(50, _INATURALIST),
    ),
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
    size: int | None = None,
    batch_size: int | None = None,
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
    size
        Side of square inputs, in pixels, in place of the paper's height and width: a departure for
        want of memory or time.
    batch_size
        In place of 128, likewise.

    Returns
    -------
    dict
        Class names and sizes, accuracies of each class, and all settings, as in the JSON file.

    Raises
    ------
    ValueError
        If there is no such recipe, `size` is below 8 or `batch_size` below 1, the checkpoint in
        `output` is of another training, or a class has fewer images than the experiment asks for.
    MissingDataError
        If the images are not in `data`; it says what to download.
    """
    if name not in RECIPES:
        raise ValueError(f"name must be one of {', '.join(RECIPES)}, not {name!r}")
    recipe = _recipe(name, size, batch_size)
    regime = replace(recipe.regime, method=method)
    sets = recipe.sets(data, recipe.pixels_transform())
    classes = sets.validation.classes
    shape: dict[str, Any] = {
        "depth": recipe.depth,
        "n_classes": len(classes),
        "scale": regime.head_scale,
    }
    stem = f"{name}-{method}-{seed}"
    output.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        train, validation = (_read(recipe, images, workers, output, stack) for images in sets)
        model = fit(
            seeded(lambda: ResNet(**shape), seed),
            train,
            regime,
            seed=seed,
            device=device,
            checkpoint=output / f"{stem}.checkpoint",
        )
        accuracies = {
            split: evaluate(model, images, len(classes), regime.batch_size)
            for split, images in (("training", train), ("validation", validation))
        }
    result = {
        "recipe": name,
        "seed": seed,
        "network": shape,
        "size": recipe.size,
        "regime": asdict(regime),
        "torch": torch.__version__,
        "classes": classes,
        "training_images": class_counts(sets.train).tolist(),
        "validation_images": class_counts(sets.validation).tolist(),
        **accuracies,
    }
    write_tensors(output / f"{stem}.safetensors", model.state_dict(), shape)
    with replacing(output / f"{stem}.json") as file:
        file.write((json.dumps(result, indent=2) + "\n").encode())
    return result


def _recipe(name: str, size: int | None, batch_size: int | None) -> Recipe:
    recipe = RECIPES[name]
    if size is not None:
        if size < 8:
            raise ValueError(f"size must be at least 8 pixels, not {size}")
        recipe = recipe.at_size(size)
    if batch_size is not None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        recipe = replace(recipe, regime=replace(recipe.regime, batch_size=batch_size))
    return recipe


def _read(
    recipe: Recipe, images: SourceDataset, workers: int, folder: Path, stack: ExitStack
) -> InMemoryImages:
    """Read images into memory, or, where they are too many, a file that goes with the stack."""
    if len(images) * int(np.prod(recipe.size)) * 3 <= IN_MEMORY_BYTES:
        return recipe.in_memory(images, workers)
    place = stack.enter_context(
        TemporaryDirectory(dir=folder, prefix=".pixels-", ignore_cleanup_errors=True)
    )
    return recipe.in_memory(images, workers, Path(place) / "pixels")


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
