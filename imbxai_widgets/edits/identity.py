"""What identifies the images that edits belong to: their classes, labels, numbers, files and looks.

Nothing of the network is among it, so that edits outlive one that is trained again.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from imbxai_widgets.compute.numeric.types import IntArray, UInt8Array
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.labeled_images import Skipped
from imbxai_widgets.compute.reading.paths import paths_of
from imbxai_widgets.compute.reading.splits import SPLITS, SplitName
from imbxai_widgets.datasets.same_images import SIDE, Looks, spread

Identity: TypeAlias = Mapping[str, Any]  # plain JSON

_WHOLE: Final = {
    "images": "the number of images",
    "positions": "which images could be read",
    "labels": "the labels, or their order",
}


class Images(Protocol):
    """The images of a split, as an analysis knows them."""

    @property
    def labels(self) -> IntArray:
        """Class numbers, (M,)."""

    @property
    def positions(self) -> IntArray:
        """Number of each image in its dataset, (M,)."""

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Those that are in the dataset beside them."""

    @property
    def images(self) -> ImageSource | None:
        """Reads them for display."""

    @property
    def looks(self) -> Looks | None:
        """How some look, where they cannot be read."""


class Analyzed(Protocol):
    """What edits need of an `Analysis`, which stands on a floor above them."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """C names."""

    @property
    def train(self) -> Images:
        """The training images."""

    @property
    def validation(self) -> Images | None:
        """The validation images, if any."""


def splits_of(analysis: Analyzed) -> dict[SplitName, Images]:
    """Return the splits of an analysis by name."""
    found: dict[SplitName, Images] = {"training": analysis.train}
    if analysis.validation is not None:
        found["validation"] = analysis.validation
    return found


def files_of(images: Images, rows: Sequence[int]) -> list[str | None]:
    """Return the files of images, as far as their dataset tells them."""
    if images.images is None:
        return [None] * len(rows)
    return paths_of(images.images.dataset, rows)


def rows_of(keys: Sequence[str], rule: str = "keys of images are") -> dict[SplitName, list[int]]:
    """Return the rows of each split that keys of images name, in their order.

    Parameters
    ----------
    keys : sequence of str
        Such as ``"training:12"``: row of a split.
    rule : str
        How the error begins, which goes on with an example.

    Raises
    ------
    ValueError
        If a text is no key.

    Examples
    --------
    >>> rows_of(["validation:3", "training:12", "validation:0"])
    {'training': [12], 'validation': [3, 0]}
    """
    rows: dict[SplitName, list[int]] = {split: [] for split in SPLITS}
    for key in keys:
        split, _, row = key.partition(":")
        if split not in rows or not (row.isascii() and row.isdecimal()):
            raise ValueError(f"{rule} such as 'training:12', not {key!r}.")
        rows[split].append(int(row))
    return rows


def identity_of(analysis: Analyzed) -> Identity:
    """Return what identifies the images of an analysis."""
    splits = splits_of(analysis)
    return {
        "class_names": list(analysis.class_names),
        **{name: _split(splits[name]) if name in splits else None for name in SPLITS},
    }


def difference(one: Identity, other: Identity) -> str | None:
    """Say in what the images of two analyses differ, or None if they are the same.

    Files are compared where both know them, else how some images look, where both know that.
    """
    if one["class_names"] != other["class_names"]:
        return "the names of the classes, or their order"
    for name in SPLITS:
        here, there = one[name], other[name]
        if (here is None) != (there is None):
            return f"whether there are {name} images"
        if here is None:
            continue
        for field, words in _WHOLE.items():
            if here[field] != there[field]:
                return f"{words}, of the {name} images"
        found = _other_pictures(here, there)
        if found is not None:
            return f"{found}, of the {name} images"
    return None


def _split(images: Images) -> dict[str, Any]:
    looks = images.looks if images.images is None else Looks.of(images.images)
    return {
        "images": len(images.labels),
        "positions": _digest(images.positions),
        "labels": _digest(images.labels),
        **_files(images),
        "looks": None if looks is None else _packed(looks),
    }


def _files(images: Images) -> dict[str, Any]:
    """Return a digest of the names of all files, and the sizes of some."""
    paths = files_of(images, range(len(images.labels)))
    if not paths or None in paths:
        return {"files": None, "sizes": None}
    known = [path for path in paths if path is not None]
    # With the folder, often that of a class, and without those above: a dataset may move.
    names = "\n".join("/".join(path.replace("\\", "/").split("/")[-2:]) for path in known)
    sizes = None
    with suppress(OSError):
        sizes = [os.path.getsize(known[row]) for row in spread(len(known))]
    return {"files": sha256(names.encode(errors="surrogatepass")).hexdigest(), "sizes": sizes}


def _other_pictures(here: Mapping[str, Any], there: Mapping[str, Any]) -> str | None:
    if here["files"] is not None and there["files"] is not None:
        if here["files"] != there["files"]:
            return "the names of the files"
        if None not in (here["sizes"], there["sizes"]) and here["sizes"] != there["sizes"]:
            return "how large the files are"
        return None
    if here["looks"] is None or there["looks"] is None:
        return None
    row = _unpacked(here["looks"]).mismatch(_unpacked(there["looks"]))
    return None if row is None else f"how image {row} looks"


def _digest(values: IntArray) -> str:
    return sha256(np.ascontiguousarray(values, dtype="<i8").tobytes()).hexdigest()


def _packed(looks: Looks) -> dict[str, Any]:
    def text(means: UInt8Array) -> str:
        return base64.b64encode(means.tobytes()).decode()

    return {
        "rows": looks.rows.tolist(),
        "shown": text(looks.shown),
        "pictures": None if looks.pictures is None else text(looks.pictures),
    }


def _unpacked(looks: Mapping[str, Any]) -> Looks:
    def means(text: str) -> UInt8Array:
        return np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, SIDE, SIDE, 3)

    rows = np.array(looks["rows"], dtype=np.int64)
    pictures = looks["pictures"]
    return Looks(rows, means(looks["shown"]), None if pictures is None else means(pictures))
