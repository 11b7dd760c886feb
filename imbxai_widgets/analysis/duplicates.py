"""Tables of images that occur more than once."""

from __future__ import annotations

import hashlib
import math
import warnings
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._tables import AnalysisTables
from imbxai_widgets.analysis.copies import TOLERANCE, Copies
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.reading.splits import SplitName


class DuplicateTables(AnalysisTables):
    """Which images occur more than once."""

    def duplicates(self, *, tolerance: float = TOLERANCE, most_read: int = 10_000) -> pd.DataFrame:
        """List the images that have a copy, by the features that the network makes of them.

        Images whose embeddings are equal, or nearly so, are a group; likewise those that are near
        over others of the group. Groups are found whole, however large, among training and
        validation images together. Whether images of a group are the same pixel by pixel is looked
        up in the images themselves, of which only those of groups are read.

        Parameters
        ----------
        tolerance : float
            How near is nearly equal, at least 0: the distance, as a part of what embeddings usually
            lie from their middle (the median distance of training images from the medians of the
            features). It does not depend on the scale of the embeddings. With 0, only equal ones
            count. The default allows for rounding, and is below a tenth of the distance of
            the nearest two images of three sets that it was tried on (docs/trust.md); copies that
            were compressed or cut anew may need more.
        most_read : int
            How many images are read at most, in the order of the table.

        Returns
        -------
        DataFrame
            One row an image; groups with different labels come first, then those with training and
            validation images, a leak. Columns: ``group``, from 0; ``split``; ``image``, its number
            in the dataset; ``label``; ``distance`` to the first image of the group, as a part of
            the same as `tolerance` is, 0 for equal embeddings; ``picture``, the same
            number within a group for exactly the same pixels, missing where images were not given,
            not read or unreadable; ``conflict``, whether labels of the group differ; and ``leak``.

        Raises
        ------
        ValueError
            If `tolerance` or `most_read` is below 0 or no finite number.

        Warns
        -----
        UserWarning
            If embeddings of validation images are not known, so that these are left out.

        Examples
        --------
        >>> len(analysis.duplicates())  # no image of this dataset occurs twice
        0
        >>> points = [[0.0], [0.0], [7.0], [8.0], [10.0], [13.0], [17.0], [22.0]]
        >>> labels = [0, 1, 1, 1, 1, 1, 1, 1]
        >>> twice = type(analysis).from_arrays(points, labels, labels, k=1)
        >>> twice.duplicates()[["group", "image", "label", "conflict"]].to_numpy().tolist()
        [[0, 0, '0', True], [0, 1, '1', True]]
        """
        for name, given in (("tolerance", tolerance), ("most_read", most_read)):
            if not (math.isfinite(given) and given >= 0):
                raise ValueError(f"{name} must be a finite number of at least 0, not {given!r}")
        if self.validation is not None and self.validation.embeddings is None:
            warnings.warn(
                "the embeddings of validation images are not known, so that only copies among "
                "training images are found; analyze and save again",
                stacklevel=2,
            )
        copies = self.copies if tolerance == TOLERANCE else Copies.of(self, tolerance)
        rows = np.flatnonzero(copies.groups >= 0)
        rows = rows[np.argsort(copies.groups[rows], kind="stable")]
        parts = [self._copied(copies, row) for row in rows.tolist()]
        columns = ["group", "split", "image", "label", "row", "conflict", "leak"]
        table = pd.DataFrame(parts, columns=columns)
        table.insert(4, "distance", self._distances(table, copies, tolerance))
        table.insert(5, "picture", self._pictures(table, most_read))
        return table.drop(columns="row")

    def _copied(self, copies: Copies, row: int) -> tuple[Any, ...]:
        group = int(copies.groups[row])
        split: SplitName = "training" if row < copies.n_train else "validation"
        own = row if split == "training" else row - copies.n_train
        images = self.split(split)
        label = self.class_names[images.labels[own]]
        flags = bool(copies.conflict[group]), bool(copies.leak[group])
        return group, split, int(images.positions[own]), label, own, *flags

    def _distances(self, table: pd.DataFrame, copies: Copies, tolerance: float) -> list[float]:
        unit = copies.radius / tolerance if tolerance else 1.0
        found, first = [], np.zeros(0)
        for at, (group, split, row) in enumerate(
            zip(table["group"], table["split"], table["row"], strict=True)
        ):
            embeddings = self.split(split).embeddings
            assert embeddings is not None  # or it would be in no group
            own = embeddings[row].astype(np.float64)
            if at == 0 or group != table["group"].iloc[at - 1]:
                first = own
            distance = float(np.linalg.norm(own - first))
            found.append(distance / unit if distance else 0.0)
        return found

    def _pictures(self, table: pd.DataFrame, most_read: int) -> pd.Series[Any]:
        numbers: list[int | None] = []
        seen: dict[tuple[int, bytes], int] = {}
        in_group: dict[int, int] = {}
        for at, (group, split, row) in enumerate(
            zip(table["group"], table["split"], table["row"], strict=True)
        ):
            digest = picture_digest(self.split(split), row) if at < most_read else None
            if digest is None:
                numbers.append(None)
                continue
            if (group, digest) not in seen:
                seen[group, digest] = in_group.setdefault(group, 0)
                in_group[group] += 1
            numbers.append(seen[group, digest])
        return pd.Series(numbers, dtype="Int64")


def picture_digest(images: Split, row: int) -> bytes | None:
    """Return what tells the pixels of an image from all others, None where they cannot be read.

    Examples
    --------
    >>> picture_digest(analysis.train, 0) == picture_digest(analysis.train, 1)
    False
    """
    if images.images is None:
        return None
    with suppress(Exception):  # of any dataset; that it cannot be read is said where it is shown
        pixels = images.images[row]
        return hashlib.blake2b(repr(pixels.shape).encode() + pixels.tobytes()).digest()
    return None
