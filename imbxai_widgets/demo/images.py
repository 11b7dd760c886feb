"""The emoji images as PyTorch datasets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from operator import index as as_int
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from imbxai_widgets.compute.numeric.types import BoolArray, UInt8Array
from imbxai_widgets.demo.transforms import Compose, Normalize, ToTensor

Vendor: TypeAlias = Literal["google", "twitter"]

CLASSES: Final = (
    "People",
    "Flags",
    "Signs",
    "Animals",
    "Faces",
    "Food",
    "Vehicles",
    "Clothing",
    "Sky",
    "Plants",
)
VENDORS: Final[tuple[Vendor, ...]] = ("google", "twitter")
TILE: Final = 32
SHEET_COLUMNS: Final = 48
# The training split's, over all pixels, background included; a test computes them again.
MEAN: Final = (0.7912, 0.7401, 0.6849)
STD: Final = (0.3027, 0.2875, 0.3413)


class EmojiRecord(NamedTuple):
    """What an image shows."""

    emoji: str
    name: str
    vendor: Vendor


class EmojiDataset(Dataset[tuple[Tensor, int]]):
    """Emoji images with the label of their class.

    Parameters
    ----------
    images
        uint8 (N, 32, 32, 4): what is seen over a white background, and the alpha that it was
        drawn with.
    targets
        N class numbers, which index `classes`.
    records
        N descriptions of the images.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes, by class number.
    images : numpy.ndarray
        uint8 (N, 32, 32, 3), the images as seen, read-only.
    targets : tuple of int
        Labels of all images.
    records : tuple of EmojiRecord
        Emoji, name and vendor of all images.
    transform : Compose
        From an image as seen to the network's input; its last step has `mean` and `std`.
    """

    def __init__(
        self, images: UInt8Array, targets: Sequence[int], records: Sequence[EmojiRecord]
    ) -> None:
        if not len(images) == len(targets) == len(records):
            raise ValueError(
                f"images, targets and records must be equally many, but are {len(images)}, "
                f"{len(targets)} and {len(records)}"
            )
        self.classes = CLASSES
        self.images: UInt8Array = np.ascontiguousarray(images[..., :3])
        self.images.setflags(write=False)
        self.targets = tuple(targets)
        self.records = tuple(records)
        self.transform = Compose([ToTensor(), Normalize(MEAN, STD)])
        self._alpha: UInt8Array = np.ascontiguousarray(images[..., 3])

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Return the normalized image, float32 (3, 32, 32), and its label.

        Raises
        ------
        IndexError
            If there is no such image. Negative indices count from the end.
        """
        position = self._position(index)
        return self.transform(self.images[position]), self.targets[position]

    def foreground(self, index: int) -> BoolArray:
        """Return which pixels show the emoji rather than the white behind it.

        Returns
        -------
        numpy.ndarray
            bool (32, 32): the pixels that the drawing covers by half or more.

        Raises
        ------
        IndexError
            If there is no such image.
        """
        covered: BoolArray = self._alpha[self._position(index)] >= 128
        return covered

    def _position(self, index: int) -> int:
        """Return `index` as a position from the start."""
        position = as_int(index)
        if not -len(self) <= position < len(self):
            raise IndexError(
                f"index {position} is out of range: the dataset has {len(self)} images, "
                f"from 0 to {len(self) - 1}"
            )
        return position % len(self)

    def __repr__(self) -> str:
        return f"EmojiDataset({len(self)} images in {len(self.classes)} classes)"


def load_images() -> tuple[EmojiDataset, EmojiDataset]:
    """Read the images that come with the package.

    Returns
    -------
    tuple of EmojiDataset
        The training and the validation images, in the order of the classes; the drawings of
        one emoji follow each other.

    Examples
    --------
    >>> train, validation = load_images()
    >>> len(train), len(validation)
    (1922, 824)
    """
    data = files("imbxai_widgets.demo") / "data"
    entries: list[dict[str, Any]] = json.loads((data / "index.json").read_text("utf-8"))["emoji"]
    tiles = {vendor: iter(_read_tiles(data / f"{vendor}.webp")) for vendor in VENDORS}
    images: dict[str, list[UInt8Array]] = {"training": [], "validation": []}
    targets: dict[str, list[int]] = {"training": [], "validation": []}
    records: dict[str, list[EmojiRecord]] = {"training": [], "validation": []}
    for entry in entries:
        split = entry["split"]
        for vendor in entry["vendors"]:
            images[split].append(next(tiles[vendor]))
            targets[split].append(CLASSES.index(entry["class"]))
            records[split].append(EmojiRecord(entry["emoji"], entry["name"], vendor))
    train, validation = (
        EmojiDataset(np.stack(images[split]), targets[split], records[split]) for split in images
    )
    return train, validation


def _read_tiles(path: Traversable) -> UInt8Array:
    """Return the tiles of a sheet, row by row: uint8 (N, 32, 32, 4)."""
    with path.open("rb") as file, Image.open(file) as image:
        sheet = np.asarray(image.convert("RGBA"))
    grid = sheet.reshape(-1, TILE, SHEET_COLUMNS, TILE, 4).swapaxes(1, 2)
    return grid.reshape(-1, TILE, TILE, 4)
