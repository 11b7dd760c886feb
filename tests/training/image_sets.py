"""Small image sets on disk, in the formats that their publishers pack the real ones in."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image


def write_cifar(
    folder: Path,
    torchvision: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    n_classes: int,
    each: int,
) -> None:
    """Write CIFAR-10 or CIFAR-100 with `each` training images of each class, and 2 test images.

    torchvision refuses files that are not the published ones, by their MD5. That check is not
    taken away, but told the sums of these files.
    """
    source = getattr(torchvision.datasets, f"CIFAR{n_classes}")
    label_key = "labels" if n_classes == 10 else "fine_labels"
    random = np.random.default_rng(0)
    base = folder / source.base_folder
    base.mkdir(parents=True)

    def write(name: str, content: dict[str, object]) -> str:
        data = pickle.dumps(content)
        (base / name).write_bytes(data)
        return hashlib.md5(data).hexdigest()

    def write_batch(name: str, labels: np.ndarray) -> str:
        # The brightness tells the class.
        pixels = random.integers(0, 40, (len(labels), 3072)) + 200 * labels[:, None] // n_classes
        return write(name, {"data": pixels.astype(np.uint8), label_key: labels.tolist()})

    labels = random.permutation(np.repeat(np.arange(n_classes), each))
    parts = np.array_split(labels, len(source.train_list))
    train_list = [
        [name, write_batch(name, part)]
        for (name, _), part in zip(source.train_list, parts, strict=True)
    ]
    test_list = [
        [name, write_batch(name, np.repeat(np.arange(n_classes), 2))]
        for name, _ in source.test_list
    ]
    names = {source.meta["key"]: [f"class {number}" for number in range(n_classes)]}
    meta = source.meta | {"md5": write(source.meta["filename"], names)}
    monkeypatch.setattr(source, "train_list", train_list)
    monkeypatch.setattr(source, "test_list", test_list)
    monkeypatch.setattr(source, "meta", meta)


def write_photograph(path: Path, brightness: int, mode: str = "RGB") -> None:
    """Write a JPEG that is larger than the networks' input and not square."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (60, 48), brightness).convert(mode).save(path)


def write_places(
    folder: Path, torchvision: ModuleType, monkeypatch: pytest.MonkeyPatch, each: int
) -> None:
    """Write Places365-Standard, small images, with `each` training images of 365 classes.

    Only the images of the first 12 classes are there, and none for validation.
    """
    source = torchvision.datasets.Places365
    # As published, the names are not quite in the order of text.
    names = [f"/{'abcdefgh'[n // 50]}/place_{n * 7 % 50:02}" for n in range(365)]
    train, validation = [], []
    for number, name in enumerate(names):
        for image in range(each):
            path = f"{name}/{image:08}.jpg"
            train.append(f"{path} {number}")
            if number < 12:
                mode = "RGB" if image % 2 else "L"
                write_photograph(folder / "data_256_standard" / path[1:], 20 * number, mode)
        validation.append(f"Places365_val_{number:08}.jpg {number}")

    def write(name: str, lines: list[str]) -> tuple[str, str]:
        data = "\n".join(lines).encode()
        (folder / name).write_bytes(data)
        return name, hashlib.md5(data).hexdigest()

    categories = [f"{name} {number}" for number, name in enumerate(names)]
    monkeypatch.setattr(source, "_CATEGORIES_META", write(source._CATEGORIES_META[0], categories))
    lists = dict(source._FILE_LIST_META)
    for split, lines in (("train-standard", train), ("val", validation)):
        lists[split] = write(lists[split][0], lines)
    monkeypatch.setattr(source, "_FILE_LIST_META", lists)


SUPER_CATEGORIES = (
    *("Actinopterygii", "Amphibia", "Animalia", "Arachnida", "Aves", "Chromista", "Fungi"),
    *("Insecta", "Mammalia", "Mollusca", "Plantae", "Protozoa", "Reptilia"),
)


def write_inaturalist(folder: Path) -> None:
    """Write iNaturalist 2017 with two species of each of its 13 super-categories.

    The n-th super-category has n + 1 training images of each species, and one for validation.
    """
    validation = []
    for number, name in enumerate(SUPER_CATEGORIES):
        for species in ("Prima prima", "Secunda secunda"):
            for image in range(number + 2):
                file = f"{hashlib.md5(f'{name} {species} {image}'.encode()).hexdigest()}.jpg"
                write_photograph(folder / "2017" / name / species / file, 18 * number)
                if not image:
                    validation.append({"file_name": f"train_val_images/{name}/{species}/{file}"})
    (folder / "val2017.json").write_text(json.dumps({"images": validation}))
