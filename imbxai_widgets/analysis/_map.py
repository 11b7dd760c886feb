"""The map of all images: where each lies, and how much of its neighborhood is kept there."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._tables import AnalysisTables
from imbxai_widgets.analysis.split import Split, ratio
from imbxai_widgets.compute.methods.neighborhoods_kept import (
    expected_share,
    kept_shares,
    space_of,
)
from imbxai_widgets.compute.methods.projection import (
    MapPoints,
    own_points,
    pca_points,
    umap_points,
)
from imbxai_widgets.compute.neighbors.planar import reach, squared_distances
from imbxai_widgets.compute.numeric.blocks import row_blocks
from imbxai_widgets.compute.numeric.types import DoubleArray
from imbxai_widgets.compute.reading.splits import SplitName

_NO_EMBEDDINGS = (
    "validation images cannot be placed on the map, for an older version saved the file without "
    "their embeddings; analyze and save again"
)
SPLITS: tuple[SplitName, SplitName] = ("training", "validation")


class MapTables(AnalysisTables):
    """Where images lie in two dimensions, and where that misleads."""

    def with_projection(self, projection: Any = "pca", *, progress: bool = True) -> Self:
        """Return the analysis with a map of its images, which `save` keeps.

        Parameters
        ----------
        projection : {"pca", "umap"} or pair of arrays
            How feature embeddings come to two dimensions: the two directions in which those of
            training images vary most; by UMAP, of a fixed seed (`pip install
            "imbxai_widgets[umap]"`); or coordinates of your own, ``(train, validation)`` of the
            shapes (N, 2) and (M, 2), ``(train, None)`` without validation images. The first two
            place validation images by what they made of training images.
        progress : bool
            Whether to show progress bars; of UMAP alone, which takes minutes for 100,000 images.

        Returns
        -------
        Analysis
            This one, if its map is by that method already.

        Raises
        ------
        ValueError
            If `projection` is none of these, or its arrays are not of these shapes or not finite;
            or if there are too few images, or a file of an older version holds no embeddings of
            validation images.
        ImportError
            If it is "umap" and the package umap-learn is not installed.

        Examples
        --------
        >>> with_map = analysis.with_projection("pca")
        >>> with_map.projection, with_map.train.coordinates.shape
        ('pca', (1922, 2))
        """
        own = not isinstance(projection, str)
        if not own and projection == self.projection:
            return self
        points = (
            own_points(projection, len(self.train), self._size("validation"))
            if own or projection not in ("pca", "umap")
            else self._projected(projection, progress)
        )
        unseen = self.validation
        if unseen is not None:
            unseen = replace(unseen, coordinates=points.validation)
        return replace(
            self,
            projection="own" if own else projection,
            train=replace(self.train, coordinates=points.training),
            validation=unseen,
        )

    def map_table(self, split: SplitName = "training") -> pd.DataFrame:
        """Return where the images of a split lie on the map, one row each.

        Columns: ``x``, ``y``; and ``kept``, the share, 0 to 1, of an image's k nearest training
        images that are among its 3 k nearest on the map (of 5 neighbors, the 15 nearest). Of
        equally near ones, chance takes which; the share is the mean over that. The index,
        ``image``, is the number of the image in the dataset.

        An analysis without a map is given one by PCA first; see `with_projection`.

        Raises
        ------
        ValueError
            If there is no such split, or its images cannot be placed.

        Examples
        --------
        >>> table = analysis.map_table("validation")
        >>> len(table), bool(table["kept"].between(0, 1).all())
        (824, True)
        """
        mapped = self._mapped
        images = mapped.split(split)
        assert images.coordinates is not None
        x, y = images.coordinates.T
        return pd.DataFrame(
            {"x": x, "y": y, "kept": mapped._kept[split]},
            index=pd.Index(images.positions, name="image"),
        )

    def neighborhoods_kept(self) -> pd.DataFrame:
        """Return how much of the neighborhoods of each class the map keeps.

        Columns: ``images``, training and validation; ``kept``, the mean over them of the share in
        `map_table`; ``training_kept``, and with validation images ``validation_kept``, over those
        of either split. NaN for classes without images. ``attrs`` of the table hold the same
        ``kept`` over all images, and ``by_chance``: what a map keeps on which images lie anywhere.

        Raises
        ------
        ValueError
            If validation images cannot be placed; see `with_projection`.

        Examples
        --------
        >>> table = analysis.with_projection("pca").neighborhoods_kept()
        >>> table.loc["Plants", "images"]
        np.int64(58)
        >>> table.attrs["kept"] > 10 * table.attrs["by_chance"]
        True
        """
        mapped = self._mapped
        counts, sums = [], []
        for name, shares in mapped._kept.items():
            labels = mapped.split(name).labels
            counts.append(np.bincount(labels, minlength=self.n_classes))
            sums.append(np.bincount(labels, weights=shares, minlength=self.n_classes))
        columns = {
            "images": np.sum(counts, axis=0),
            "kept": ratio(np.sum(sums, axis=0), np.sum(counts, axis=0)),
        }
        for name, total, images in zip(mapped._kept, sums, counts, strict=True):
            columns[f"{name}_kept"] = ratio(total, images)
        table = pd.DataFrame(columns, index=self._class_axis("class"))
        size = len(self.train)
        table.attrs["kept"] = float(np.concatenate(list(mapped._kept.values())).mean())
        table.attrs["by_chance"] = expected_share(space_of(self.k, size), size)
        return table

    def _size(self, name: SplitName) -> int | None:
        images = self.train if name == "training" else self.validation
        return None if images is None else len(images)

    def _projected(self, method: str, progress: bool) -> MapPoints:
        unseen = self.validation
        if unseen is not None and unseen.embeddings is None:
            raise ValueError(_NO_EMBEDDINGS)
        others = None if unseen is None else unseen.embeddings
        if method == "umap":
            return umap_points(self.embeddings, others, progress=progress)
        return pca_points(self.embeddings, others)

    @cached_property
    def _mapped(self) -> Self:
        """The analysis with its map, or with one by PCA."""
        return self if self.projection is not None else self.with_projection("pca")

    @cached_property
    def _kept(self) -> dict[SplitName, DoubleArray]:
        """The share of the neighborhood of each image that the map keeps, by split."""
        kept = {"training": _kept(self.train, self.train)}
        if self.validation is not None:
            kept["validation"] = _kept(self.validation, self.train)
        return kept  # type: ignore[return-value]


def _kept(images: Split, train: Split) -> DoubleArray:
    """Return the share of the neighborhood of each image that the map keeps."""
    points, places = images.coordinates, train.coordinates
    assert points is not None
    assert places is not None
    k = images.neighbors.shape[1]
    own = images is train
    found = reach(places, space_of(k, len(train)), None if own else points)
    shares = np.empty(len(points))
    for block in row_blocks(len(points), 32 * k):
        near = squared_distances(points[block, np.newaxis], places[images.neighbors[block]])
        shares[block] = kept_shares(near, found.squared[block], found.last[block])
    return shares
