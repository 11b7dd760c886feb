"""The labeled images that the experiments rest on, each split anew by a seed.

Two of the sets were not chosen by this project:

- digits: 8x8 images from scikit-learn, made long-tailed.
- solar cells: photographs by electroluminescence, of `pip install elpv-dataset`. They are
  CC BY-NC-SA: figures of them may be committed, but no image, network or screenshot.

A third served nothing but the last test of what had been chosen on the others:

- openmoji: the drawings of `npm pack openmoji@17.0.0` (CC BY-SA 4.0) by their groups, drawn with
  `pip install resvg-py`. The package is looked for in artifacts/.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from imbxai_widgets.datasets.long_tailed import long_tailed_sizes
from imbxai_widgets.demo.images import CLASSES
from tests.benchmarks.emoji_runs import split_by_emoji

CHOOSING, REPORTING = range(8), range(100, 108)  # seeds: what chooses among methods, what reports
HELD_OUT = 0.3  # the part of each class, where the set is imbalanced as it comes
OPENMOJI = Path("artifacts/openmoji-17.0.0.tgz")
FEWEST = 20  # drawings; a smaller group of OpenMoji is no class


class AbsentError(RuntimeError):
    """The images of a set are not on this machine; the message says how to get them."""


@dataclass(frozen=True, eq=False)
class Part:
    """The training or the validation images of a split.

    Attributes
    ----------
    images : uint8 array, shape (N, H, W, 3)
    labels : int64 array, shape (N,)
    groups : int64 array, shape (N,)
        Images of one group belong together, as two drawings of one emoji do. No group has images
        in both parts.
    """

    images: np.ndarray
    labels: np.ndarray
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A set of images, split."""

    class_names: tuple[str, ...]
    training: Part
    validation: Part


def load_set(name: str, seed: int) -> ImageSet:
    """Return a split of "digits", "solar cells", "openmoji" or "emoji".

    Raises
    ------
    AbsentError
        If the images are not on this machine.
    """
    return SETS[name](seed)


def digits(seed: int) -> ImageSet:
    """Train on 100 images of 0 down to 5 of 9, and hold all others out."""
    images, labels = _digit_images()
    rng = np.random.default_rng(seed)
    held_out = np.ones(len(labels), dtype=bool)
    for label, size in enumerate(long_tailed_sizes(100, 10, "exp", 20)):
        held_out[rng.permutation(np.flatnonzero(labels == label))[:size]] = False
    names = tuple(str(digit) for digit in range(10))
    return _split(names, images, labels, np.arange(len(labels)), held_out)


def solar_cells(seed: int) -> ImageSet:
    """Mono- and polycrystalline cells of four grades, from sound to defective: eight classes."""
    images, labels = _cell_images()
    grades = ("sound", "perhaps sound", "perhaps defective", "defective")
    names = tuple(f"{kind} {grade}" for kind in ("mono", "poly") for grade in grades)
    return _split(names, images, labels, np.arange(len(labels)), _held_out(labels, seed))


def openmoji(seed: int) -> ImageSet:
    """Drawings of OpenMoji by their groups, without the variants by skin tone."""
    names, images, labels = _openmoji_drawings()
    return _split(names, images, labels, np.arange(len(labels)), _held_out(labels, seed))


def emoji(seed: int) -> ImageSet:
    """The embedded emoji. No emoji is in both parts, and its two drawings are a group."""
    parts = split_by_emoji(seed)
    names = sorted({record.emoji for part in parts for record in part.records})
    number = {name: place for place, name in enumerate(names)}
    training, validation = (
        Part(
            part.images,
            np.array(part.targets),
            np.array([number[record.emoji] for record in part.records]),
        )
        for part in parts
    )
    return ImageSet(CLASSES, training, validation)


SETS: Final = {
    "digits": digits,
    "solar cells": solar_cells,
    "openmoji": openmoji,
    "emoji": emoji,
}


def _split(
    names: tuple[str, ...],
    images: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    held_out: np.ndarray,
) -> ImageSet:
    training, validation = (
        Part(images[mask], labels[mask].astype(np.int64), groups[mask].astype(np.int64))
        for mask in (~held_out, held_out)
    )
    return ImageSet(names, training, validation)


def _held_out(labels: np.ndarray, seed: int) -> np.ndarray:
    """Draw the same part of each class."""
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == label))
        held_out[own[: round(HELD_OUT * len(own))]] = True
    return held_out


@cache
def _digit_images() -> tuple[np.ndarray, np.ndarray]:
    found = load_digits()
    gray = np.round(found.images * (255 / 16)).astype(np.uint8)
    return np.repeat(gray[..., np.newaxis], 3, axis=3), found.target


@cache
def _cell_images() -> tuple[np.ndarray, np.ndarray]:
    """Return the photographs, a tenth as wide: uint8 (2624, 30, 30, 3), and their classes."""
    if find_spec("elpv_dataset") is None:
        raise AbsentError("the photographs of solar cells are not here: pip install elpv-dataset")
    from elpv_dataset.utils import load_dataset

    photographs, chances, kinds = load_dataset()
    small = np.stack([np.asarray(Image.fromarray(one).reduce(10)) for one in photographs])
    grades = np.round(3 * chances).astype(np.int64)
    return np.repeat(small[..., np.newaxis], 3, axis=3), 4 * (kinds == "poly") + grades


@cache
def _openmoji_drawings() -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Return the groups, the drawings, uint8 (N, 32, 32, 3), and their classes."""
    if not OPENMOJI.exists() or find_spec("resvg_py") is None:
        raise AbsentError(
            f"the drawings of OpenMoji are not here: npm pack openmoji@17.0.0, move the file to "
            f"{OPENMOJI}, and pip install resvg-py"
        )
    with tarfile.open(OPENMOJI) as package:  # from start to end, since it is compressed
        files = {
            member.name: package.extractfile(member).read()
            for member in package
            if member.name.startswith(("package/data/openmoji.csv", "package/color/svg/"))
        }
    table = files["package/data/openmoji.csv"].decode("utf-8")
    rows = [row for row in csv.DictReader(io.StringIO(table)) if not row["skintone"]]
    sizes = Counter(row["group"] for row in rows)
    names = tuple(group for group, size in sizes.most_common() if size >= FEWEST)
    kept = [row for row in rows if row["group"] in names]
    images = [_drawn(files[f"package/color/svg/{row['hexcode']}.svg"]) for row in kept]
    labels = np.array([names.index(row["group"]) for row in kept])
    return names, np.stack(images), labels


def _drawn(svg: bytes) -> np.ndarray:
    """Draw over white, at twice the size, and take means of 2x2 pixels."""
    import resvg_py

    text = svg.decode("utf-8")
    png = resvg_py.svg_to_bytes(
        text, background="#ffffff", width=64, height=64, skip_system_fonts=True
    )
    with Image.open(io.BytesIO(bytes(png))) as image:
        return np.asarray(image.convert("RGB").reduce(2))
