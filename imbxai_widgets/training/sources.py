"""The image sets of the recipes, as their publishers pack them, read by torchvision."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

from torch.utils.data import Dataset


class MissingDataError(FileNotFoundError):
    """Images have to be downloaded first; the message says what, from where, and to where."""


class SourceDataset(Dataset[tuple[Any, int]]):
    """Chosen images of one of torchvision's datasets, with labels known before they are read.

    Parameters
    ----------
    images
        A dataset of pairs whose first is a PIL image.
    positions
        (N,) which of its images.
    targets
        (N,) labels, which index `classes`.
    classes
        Names of the classes.
    transform
        From an RGB PIL image to what is given.

    Attributes
    ----------
    targets, classes, transform
        As given.
    """

    def __init__(
        self,
        images: Any,
        positions: Sequence[int],
        targets: Sequence[int],
        classes: Sequence[str],
        transform: Callable[[Any], Any],
    ) -> None:
        self.images = images
        self.positions = list(positions)
        self.targets = list(targets)
        self.classes = list(classes)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """Return the transformed image and its label."""
        image, _ = self.images[self.positions[index]]
        return self.transform(image.convert("RGB")), self.targets[index]

    def only(self, indices: Iterable[int]) -> SourceDataset:
        """Return some of the images, with the same classes."""
        chosen = list(indices)
        return SourceDataset(
            self.images,
            [self.positions[index] for index in chosen],
            [self.targets[index] for index in chosen],
            self.classes,
            self.transform,
        )


class Published(NamedTuple):
    """The images as their publishers split them; None where no test images are used."""

    train: SourceDataset
    test: SourceDataset | None


def torchvision_part(name: str) -> ModuleType:
    """Import a part of torchvision, which the recipes need and the rest of the package does not.

    Raises
    ------
    ImportError
        If torchvision is not installed.
    """
    try:
        return importlib.import_module(f"torchvision.{name}")
    except ModuleNotFoundError as error:
        raise ImportError(
            'the recipes read their images with torchvision: pip install "imbxai_widgets[train]"'
        ) from error


def read_cifar(
    data: Path, transform: Callable[[Any], Any], *, n_classes: Literal[10, 100]
) -> Published:
    """Read CIFAR-10 or CIFAR-100.

    Raises
    ------
    MissingDataError
        If the files are missing or not whole.
    """
    source = getattr(torchvision_part("datasets"), f"CIFAR{n_classes}")
    try:
        splits = [source(data, train=train) for train in (True, False)]
    except RuntimeError as error:
        raise MissingDataError(
            f"CIFAR-{n_classes} is not in {data}, or not whole. Download {source.filename} (the "
            "Python version) from https://www.cs.toronto.edu/~kriz/cifar.html and unpack it "
            f"there, so that the folder {data / source.base_folder} is made"
        ) from error
    return Published(
        *(
            SourceDataset(images, range(len(images)), images.targets, images.classes, transform)
            for images in splits
        )
    )


def read_places(data: Path, transform: Callable[[Any], Any], *, n_classes: int) -> Published:
    """Read the training images of the first `n_classes` classes of Places365-Standard.

    In its alphabetical order. Its 100 validation images a class are fewer than the paper tests on.

    Raises
    ------
    MissingDataError
        If the lists or the images are missing.
    """
    source = torchvision_part("datasets").Places365
    try:
        images = source(data, split="train-standard", small=True)
        found = Path(images.images_dir).is_dir()
    except RuntimeError as error:
        raise _missing_places(data) from error
    if not found:
        raise _missing_places(data)
    positions = [index for index, label in enumerate(images.targets) if label < n_classes]
    targets = [images.targets[position] for position in positions]
    # Not `images.classes`: these are sorted as text, which need not be the order of the labels.
    names = sorted(images.class_to_idx, key=images.class_to_idx.__getitem__)
    return Published(SourceDataset(images, positions, targets, names[:n_classes], transform), None)


def _missing_places(data: Path) -> MissingDataError:
    return MissingDataError(
        f"Places365-Standard is not in {data}, or not whole. Download from "
        "http://places2.csail.mit.edu/download.html the file lists "
        "(filelist_places365-standard.tar) and, of the small images (256 * 256), "
        "train_256_places365standard.tar. Unpack both there and rename the folder data_256 to "
        "data_256_standard, so that there are categories_places365.txt, "
        "places365_train_standard.txt and data_256_standard/a/airfield/..."
    )


def read_inaturalist(data: Path, transform: Callable[[Any], Any]) -> Published:
    """Read iNaturalist 2017 by its 13 super-categories; other years have 14 (2018) or 6 (2019).

    Raises
    ------
    MissingDataError
        If the images, or the list of validation images, are missing.
    """
    folder, listed = data / "2017", data / "val2017.json"
    # torchvision would make the folder, were it missing.
    if not listed.is_file() or not folder.is_dir() or not any(folder.iterdir()):
        raise MissingDataError(
            f"iNaturalist 2017 is not in {data}. Download from "
            "https://github.com/visipedia/inat_comp/tree/master/2017 the training and validation "
            "images (train_val_images.tar.gz, 186 GB) and annotations (train_val2017.zip). Unpack "
            "both there and rename the folder train_val_images to 2017, so that there are "
            "val2017.json and folders like 2017/Aves/Accipiter cooperii"
        )
    images = torchvision_part("datasets").INaturalist(data, version="2017", target_type="super")
    entries = json.loads(listed.read_text("utf-8"))["images"]
    validation = {Path(entry["file_name"]).name for entry in entries}
    # In an order that does not depend on the file system.
    order = sorted(range(len(images)), key=images.index.__getitem__)
    supers = [images.categories_map[category]["super"] for category, _ in images.index]
    names = list(images.categories_index["super"])
    return Published(
        *(
            SourceDataset(images, positions, [supers[i] for i in positions], names, transform)
            for positions in (
                [i for i in order if images.index[i][1] not in validation],
                [i for i in order if images.index[i][1] in validation],
            )
        )
    )
