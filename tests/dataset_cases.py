"""The kinds of datasets, labels and images that are accepted: one case each, built from nothing.

The table of `docs/datasets.md` has one row for each case; `test_accepted_datasets` runs them all.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset

from imbxai_widgets.datasets import long_tailed

SIZE = 8
LABELS = [0, 0, 0, 0, 1, 1, 2, 2]  # in the order of ImageFolder, which sorts by class
NAMES = ("zebra", "ant", "bee")  # not the order of the alphabet
SORTED = ("ant", "bee", "zebra")
TO_NAMES = (2, 0, 1)  # of each place in NAMES, that in SORTED
PIXELS = np.random.default_rng(0).integers(0, 256, (len(LABELS), SIZE, SIZE, 3), dtype=np.uint8)


@dataclass
class Case:
    """A dataset, what has to be passed with it, and what must come of it."""

    dataset: Any
    options: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] | None = NAMES
    labels: list[int] = field(default_factory=lambda: LABELS)
    shown: Any = field(default_factory=lambda: PIXELS)
    channels: int = 3


class Listed(Dataset[Any]):
    """Samples with any attributes."""

    def __init__(self, samples: list[Any], **attributes: Any) -> None:
        self.samples_ = samples
        self.__dict__.update(attributes)

    def __len__(self) -> int:
        return len(self.samples_)

    def __getitem__(self, index: int) -> Any:
        return self.samples_[index]


class Maker:
    """Makes the cases, with what they need at hand."""

    def __init__(self, torchvision: ModuleType, datasets: ModuleType, folder: Path) -> None:
        self.v1, self.v2 = torchvision.transforms, torchvision.transforms.v2
        self.vision, self.hugging = torchvision.datasets, datasets
        self.folder = folder
        self.normalize = self.v1.Normalize((0.5, 0.4, 0.3), (0.2, 0.3, 0.25))
        self.to_input = self.v1.Compose([self.v1.ToTensor(), self.normalize])

    # -- parts -----------------------------------------------------------------------------

    def pictures(self) -> list[Image.Image]:
        return [Image.fromarray(pixels) for pixels in PIXELS]

    def tensors(self) -> torch.Tensor:
        return torch.from_numpy(PIXELS).permute(0, 3, 1, 2).float() / 255

    def image_folder(self, **options: Any) -> Any:
        for index, label in enumerate(LABELS):
            target = self.folder / SORTED[label] / f"{index}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(PIXELS[index]).save(target)
        return self.vision.ImageFolder(self.folder, **options)

    def table(self, **columns: Any) -> Any:
        """A Hugging Face dataset of the pictures and more columns: (values, type)."""
        columns = {"image": (self.pictures(), self.hugging.Image()), **columns}
        return self.hugging.Dataset.from_dict(
            {name: values for name, (values, _) in columns.items()},
            features=self.hugging.Features({name: kind for name, (_, kind) in columns.items()}),
        )

    def classes(self, names: tuple[str, ...] = NAMES) -> tuple[Any, Any]:
        return LABELS, self.hugging.ClassLabel(names=list(names))

    def labeled(self, labels: list[Any], **options: Any) -> Case:
        names = options.get("class_names")
        pairs = list(zip(self.tensors(), labels, strict=True))
        return Case(pairs, options, None if names is None else tuple(names))

    # -- datasets --------------------------------------------------------------------------

    def mnist(self) -> Case:
        gray = PIXELS[..., 0]
        raw = self.folder / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for split in ("train", "t10k"):
            images = struct.pack(">IIII", 2051, *gray.shape) + gray.tobytes()
            (raw / f"{split}-images-idx3-ubyte").write_bytes(images)
            labels = struct.pack(">II", 2049, len(LABELS)) + bytes(LABELS)
            (raw / f"{split}-labels-idx1-ubyte").write_bytes(labels)
        dataset = self.vision.MNIST(self.folder, transform=self.v1.ToTensor())
        names = tuple(self.vision.MNIST.classes)
        return Case(dataset, names=names, shown=np.repeat(gray[..., None], 3, axis=3), channels=1)

    def folder_of_pictures(self) -> Case:
        return Case(self.image_folder(), {"transform": self.to_input}, SORTED)

    def folder_with_transform(self) -> Case:
        return Case(self.image_folder(transform=self.to_input), {}, SORTED)

    def folder_with_target_transform(self) -> Case:
        """The model's order is that of NAMES, not that of the folders."""
        folder = self.image_folder(transform=self.to_input, target_transform=TO_NAMES.index)
        return Case(folder, {}, NAMES, [TO_NAMES.index(label) for label in LABELS])

    def nested_target_transform(self) -> Case:
        case = self.folder_with_target_transform()
        parts = [Subset(case.dataset, [7]), Subset(case.dataset, [0, 1, 4, 3])]
        labels = [case.labels[index] for index in [7, 0, 1, 4, 3]]
        return Case(ConcatDataset(parts), {}, NAMES, labels, PIXELS[[7, 0, 1, 4, 3]])

    def merged_classes(self) -> Case:
        folder = self.image_folder(transform=self.to_input, target_transform=lambda y: y // 2)
        options = {"class_names": ["insect", "mammal"]}
        return Case(folder, options, ("insect", "mammal"), [label // 2 for label in LABELS])

    def dicts_of_names(self) -> Case:
        pairs = list(zip(self.tensors(), LABELS, strict=True))
        return Case(Listed(pairs, classes=dict(enumerate(NAMES))))

    def inverted_index(self) -> Case:
        pairs = list(zip(self.tensors(), LABELS, strict=True))
        return Case(Listed(pairs, class_to_idx={2: "bee", 0: "zebra", 1: "ant"}))

    def names_in_an_index(self) -> Case:
        return self.labeled(LABELS, class_names=pd.Index(NAMES))

    def subset(self) -> Case:
        dataset = Subset(self.image_folder(transform=self.to_input), [7, 0, 1, 4, 3])
        return Case(dataset, {}, SORTED, [2, 0, 0, 1, 0], PIXELS[[7, 0, 1, 4, 3]])

    def concatenated(self) -> Case:
        whole = self.image_folder(transform=self.to_input)
        parts = [Subset(whole, [7]), Subset(whole, [0, 1, 4, 3])]
        return Case(ConcatDataset(parts), {}, SORTED, [2, 0, 0, 1, 0], PIXELS[[7, 0, 1, 4, 3]])

    def view(self) -> Case:
        view = long_tailed(self.image_folder(transform=self.to_input), "exp", 2)
        labels = [LABELS[index] for index in view.indices]
        return Case(view, {}, SORTED, labels, PIXELS[list(view.indices)])

    def tensor_dataset(self) -> Case:
        return Case(TensorDataset(self.tensors(), torch.tensor(LABELS)), names=None)

    def three_tensors(self) -> Case:
        labels = torch.tensor(LABELS)
        dataset = TensorDataset(self.tensors(), torch.rand(len(LABELS)), labels)
        return Case(dataset, {"keys": (0, 2)}, None)

    def pairs(self) -> Case:
        return self.labeled(LABELS, class_names=list(NAMES))

    def dicts(self) -> Case:
        pairs = zip(self.tensors(), LABELS, strict=True)
        return Case([{"image": image, "label": label} for image, label in pairs], names=None)

    def dicts_with_keys(self) -> Case:
        pairs = zip(self.tensors(), LABELS, strict=True)
        samples = [{"photo": image, "breed": label, "id": "x"} for image, label in pairs]
        return Case(Listed(samples, classes=NAMES), {"keys": ("photo", "breed")})

    def hugging_face(self) -> Case:
        return Case(self.table(label=self.classes()), {"transform": self.to_input})

    def hugging_face_names(self) -> Case:
        table = self.table(fine_label=self.classes()).rename_column("image", "img")
        return Case(table, {"transform": self.to_input})

    def hugging_face_ambiguous(self) -> Case:
        coarse = ([0] * len(LABELS), self.hugging.ClassLabel(names=["animals"]))
        table = self.table(coarse_label=coarse, fine_label=self.classes())
        return Case(table, {"transform": self.to_input, "keys": ("image", "fine_label")})

    def hugging_face_strings(self) -> Case:
        strings = ([NAMES[label] for label in LABELS], self.hugging.Value("string"))
        options = {"transform": self.to_input, "class_names": list(NAMES)}
        return Case(self.table(label=strings), options)

    def hugging_face_with_transform(self) -> Case:
        def prepared(rows: dict[str, Any]) -> dict[str, Any]:
            images = [self.to_input(image) for image in rows["image"]]
            return {"pixel_values": images, "labels": rows["label"]}

        mean, std = (torch.tensor(values)[:, None, None] for values in self.normalize_of())
        display = {"display_transform": lambda image: (image * std + mean).clamp(0, 1)}
        return Case(self.table(label=self.classes()).with_transform(prepared), display)

    def normalize_of(self) -> tuple[Any, Any]:
        return self.normalize.mean, self.normalize.std

    def hugging_face_tensors(self) -> Case:
        scaled = self.v2.Compose([self.v2.ToDtype(torch.float32, scale=True), self.normalize])
        table = self.table(label=self.classes()).with_format("torch")
        return Case(table, {"transform": scaled})

    def hugging_face_subset(self) -> Case:
        table = self.table(label=self.classes())
        parts = [Subset(table, [7, 0, 1]), table.select([4, 3])]
        options = {"transform": self.to_input}
        shown = PIXELS[[7, 0, 1, 4, 3]]
        return Case(ConcatDataset(parts), options, NAMES, [2, 0, 0, 1, 0], shown)

    # -- labels ----------------------------------------------------------------------------

    def numpy_labels(self) -> Case:
        return self.labeled([np.uint8(label) for label in LABELS])

    def torch_labels(self) -> Case:
        return self.labeled([torch.tensor(label) for label in LABELS])

    def labels_in_arrays(self) -> Case:
        return self.labeled([np.array([label]) for label in LABELS])

    def booleans(self) -> Case:
        case = self.labeled([label == 1 for label in LABELS])
        case.labels = [int(label == 1) for label in LABELS]
        return case

    def one_hot(self) -> Case:
        return self.labeled(list(torch.eye(3)[LABELS]))

    def strings(self) -> Case:
        return self.labeled([NAMES[label] for label in LABELS], class_names=list(NAMES))

    def strings_of_dataset(self) -> Case:
        pairs = zip(self.tensors(), [NAMES[label] for label in LABELS], strict=True)
        return Case(Listed(list(pairs), class_to_idx={name: i for i, name in enumerate(NAMES)}))

    def gaps(self) -> Case:
        case = self.labeled([2 * label for label in LABELS])
        case.labels = [2 * label for label in LABELS]
        return case

    # -- images ----------------------------------------------------------------------------

    def gray(self) -> Case:
        pixels = PIXELS[..., 0]
        pairs = [(Image.fromarray(p), label) for p, label in zip(pixels, LABELS, strict=True)]
        options = {"transform": self.v1.ToTensor()}
        return Case(pairs, options, None, shown=np.repeat(pixels[..., None], 3, 3), channels=1)

    def transparent(self) -> Case:
        alpha = np.where(np.arange(SIZE) < 3, 0, 255).astype(np.uint8)
        rgba = np.concatenate([PIXELS, np.broadcast_to(alpha, PIXELS.shape[:3])[..., None]], 3)
        shown = np.where(alpha[:, None] == 0, 255, PIXELS)
        pairs = [(Image.fromarray(p), label) for p, label in zip(rgba, LABELS, strict=True)]
        return Case(pairs, {"transform": self.v1.ToTensor()}, None, shown=shown, channels=4)

    def sixteen_bits(self) -> Case:
        pixels = PIXELS[..., 0].astype(np.uint16) * 257
        to_input = self.v2.Compose([self.v2.ToImage(), self.v2.ToDtype(torch.float32, scale=True)])
        pairs = [(Image.fromarray(p), label) for p, label in zip(pixels, LABELS, strict=True)]
        shown = np.repeat(PIXELS[..., :1], 3, 3)
        return Case(pairs, {"transform": to_input}, None, shown=shown, channels=1)

    def more_channels(self) -> Case:
        bands = torch.cat([self.tensors(), torch.rand(len(LABELS), 3, SIZE, SIZE)], dim=1)
        pairs = list(zip(bands, LABELS, strict=True))
        return Case(pairs, {"display_transform": lambda image: image[:3]}, None, channels=6)


CASES: dict[str, Callable[[Maker], Case]] = {
    "torchvision's datasets": Maker.mnist,
    "`ImageFolder` of pictures": Maker.folder_of_pictures,
    "`ImageFolder` with its own transform": Maker.folder_with_transform,
    "`ImageFolder` with `target_transform`": Maker.folder_with_target_transform,
    "the same in `Subset`, `ConcatDataset`": Maker.nested_target_transform,
    "`target_transform` that merges classes": Maker.merged_classes,
    "`.classes` as a dict from number to name": Maker.dicts_of_names,
    "`class_to_idx` from number to name": Maker.inverted_index,
    "`Subset`": Maker.subset,
    "`ConcatDataset`": Maker.concatenated,
    "`long_tailed` view": Maker.view,
    "`TensorDataset` of two tensors": Maker.tensor_dataset,
    "`TensorDataset` of more, or longer tuples": Maker.three_tensors,
    "list of pairs": Maker.pairs,
    "names in an array or `pandas.Index`": Maker.names_in_an_index,
    "list of dicts": Maker.dicts,
    "dicts with other keys": Maker.dicts_with_keys,
    "Hugging Face: image and label": Maker.hugging_face,
    "Hugging Face: `img` and `fine_label`": Maker.hugging_face_names,
    "Hugging Face: several columns of labels": Maker.hugging_face_ambiguous,
    "Hugging Face: labels that are strings": Maker.hugging_face_strings,
    "Hugging Face: `with_transform`": Maker.hugging_face_with_transform,
    'Hugging Face: `with_format("torch")`': Maker.hugging_face_tensors,
    "Hugging Face: `select`, `Subset`, `ConcatDataset`": Maker.hugging_face_subset,
    "NumPy integers": Maker.numpy_labels,
    "torch integers": Maker.torch_labels,
    "integers in arrays of one": Maker.labels_in_arrays,
    "Booleans": Maker.booleans,
    "one-hot vectors": Maker.one_hot,
    "names": Maker.strings,
    "names that the dataset numbers": Maker.strings_of_dataset,
    "numbers with gaps": Maker.gaps,
    "gray": Maker.gray,
    "transparent": Maker.transparent,
    "16 bits": Maker.sixteen_bits,
    "other numbers of channels": Maker.more_channels,
}
