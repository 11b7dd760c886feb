"""Whether a dataset is the one that was analyzed: by its labels, and by how some images look."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from PIL import Image

from imbxai_widgets.compute.numeric.types import IntArray, UInt8Array
from imbxai_widgets.compute.reading.class_names import class_numbers_of
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.labels import label_number
from imbxai_widgets.compute.reading.nesting import locate, route
from imbxai_widgets.compute.reading.sample_keys import SampleKeys, image_and_label
from imbxai_widgets.datasets.labels import labels_of

SIDE: Final = 8  # squares across and down an image, of which the mean colors are kept
_COMPARED: Final = 32  # images
_TOLERANCE: Final = 8  # of 255; decoders of JPEG differ by less


class Looks(NamedTuple):
    """How some images of a split look, by which another dataset is told from the one analyzed.

    Attributes
    ----------
    rows
        (n,) int64, rising: which images of the split.
    shown
        (n, 8, 8, 3) uint8, the mean colors of 8 x 8 parts of each, as people see it.
    pictures
        The same of the dataset's own pictures, before the transform that `analyze` was given;
        equal to `shown` without one. None where they are no pictures.
    """

    rows: IntArray
    shown: UInt8Array
    pictures: UInt8Array | None

    @classmethod
    def of(cls, images: ImageSource) -> Looks:
        """Look at images spread over a split; those that cannot be shown are left out."""
        rows, shown, pictures = [], [], []
        for row in spread(len(images)):
            with suppress(Exception):  # of any dataset; the analysis does not depend on it
                shown.append(_means(images[row]))
                rows.append(row)
        with suppress(Exception):
            pictures = [_means(_picture(images, row)) for row in rows]
        return cls(
            np.array(rows, dtype=np.int64),
            _stacked(shown),
            _stacked(pictures) if len(pictures) == len(rows) else None,
        )

    def chosen(self, rows: IntArray) -> Looks:
        """Return what is known of the rows of a part of the split, by their numbers in the part.

        Parameters
        ----------
        rows
            (m,) int64, rising: the rows of the split that are in the part.
        """
        kept = np.isin(self.rows, rows)
        pictures = None if self.pictures is None else self.pictures[kept]
        return Looks(np.searchsorted(rows, self.rows[kept]), self.shown[kept], pictures)

    def mismatch(self, other: Looks) -> int | None:
        """Return the first row that looks otherwise in another's eyes, None if none does.

        The datasets' own pictures are compared where both know them, else the images as shown.
        """
        one, two = self.pictures, other.pictures
        if one is None or two is None:
            one, two = self.shown, other.shown
        _, here, there = np.intersect1d(self.rows, other.rows, return_indices=True)
        for mine, its in zip(here, there, strict=True):
            if _distance(one[mine], two[its]) > _TOLERANCE:
                return int(self.rows[mine])
        return None

    def difference(self, images: ImageSource, *, transformed: bool) -> str | None:
        """Say in what the images of another dataset differ, or None if they are the same.

        Parameters
        ----------
        images
            The images of the split, as that dataset gives them.
        transformed
            Whether it was given the transform for the model; without, it shows its own pictures.
        """
        expected = self.shown if transformed else self.pictures
        if expected is None:
            return None
        found: dict[int, UInt8Array] = {}
        for number, row in enumerate(self.rows.tolist()):
            with suppress(Exception):  # which panels say where they show the image
                found[number] = _means(images[row])
        far = {number: _distance(means, expected[number]) for number, means in found.items()}
        wrong = [number for number, distance in far.items() if distance > _TOLERANCE]
        if not wrong:
            return None
        first = wrong[0]
        message = (
            f"image {self.rows[first]} looks otherwise (by {far[first]} of 255 in a part of it; "
            f"{len(wrong)} of {len(far)} images compared do)"
        )
        moved = {
            number: _distance(means, expected[first])
            for number, means in found.items()
            if number in wrong
        }
        nearest = min(moved, key=lambda number: moved[number])
        if moved[nearest] > _TOLERANCE:
            return message
        return f"{message}; image {self.rows[nearest]} looks as it did: another order"


def label_difference(
    dataset: Any,
    labels: IntArray,
    positions: IntArray,
    *,
    class_names: Sequence[str] | None = None,
    keys: SampleKeys | None = None,
) -> str | None:
    """Say in what the labels of a dataset differ from those analyzed, or None if they do not.

    All are compared if the dataset tells them without its images, else those of 32 images, as far
    as they can be read.

    Parameters
    ----------
    dataset
        Any that `analyze` accepts, or one of images alone.
    labels, positions
        (M,) int64, the labels analyzed, and the numbers of their images in the dataset.
    class_names, keys
        As for `analyze`.
    """
    told = _told_labels(dataset, class_names, keys)
    if told is None:
        compared = spread(len(labels))
    else:
        compared = np.flatnonzero(told[positions] != labels).tolist()
        if not compared:
            return None
        # A dataset may change its labels when it is read.
        compared = [compared[number] for number in spread(len(compared))]
    wrong, read = [], 0
    for row in compared:
        found = _label_read(dataset, int(positions[row]), class_names, keys)
        if found is None and told is not None:
            found = int(told[positions[row]])
        read += found is not None
        if found not in (None, labels[row]):
            wrong.append((row, found))
    if not wrong:
        return None
    row, found = wrong[0]
    message = f"image {positions[row]} has label {found}, not {labels[row]}"
    if told is not None and np.array_equal(np.sort(told[positions]), np.sort(labels)):
        return f"{message}; there are as many of each label, so perhaps the order is another"
    return message


def _told_labels(
    dataset: Any, class_names: Sequence[str] | None, keys: SampleKeys | None
) -> IntArray | None:
    for names in (class_names, None):
        with suppress(Exception):  # no labels, or in a form that only the image's reader knows
            return labels_of(dataset, class_names=names, keys=keys)
    return None


def _label_read(
    dataset: Any, index: int, class_names: Sequence[str] | None, keys: SampleKeys | None
) -> int | None:
    for names in (class_names, None):
        with suppress(Exception):  # an image alone, or a label that needs other names
            label = image_and_label(dataset[index], locate(dataset, index)[0], keys)[1]
            named = isinstance(label, str)
            return label_number(label, class_numbers_of(dataset, names) if named else None)
    return None


def _picture(images: ImageSource, row: int) -> UInt8Array:
    """Return an image before the transform that `analyze` was given."""
    way = route(images.dataset, row)
    for (member, _), (inside, place) in pairwise(way):
        if isinstance(member, LabeledImages) and member.transform is not None:
            return ImageSource(inside)[place]
    return images[row]


def spread(size: int) -> list[int]:
    """Return up to 32 rows of a split, from its first to its last."""
    return [int(number) for number in np.linspace(0, size - 1, min(size, _COMPARED)).round()]


def _means(image: UInt8Array) -> UInt8Array:
    small = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small)


def _distance(one: UInt8Array, other: UInt8Array) -> int:
    return int(abs(one.astype(np.int64) - other).max())


def _stacked(means: list[UInt8Array]) -> UInt8Array:
    return np.array(means, dtype=np.uint8).reshape(-1, SIDE, SIDE, 3)
