"""Class-balanced archetypes of the images: found when first asked for, and kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._neighbors import neighbors_among, neighbors_in
from imbxai_widgets.analysis._tables import AnalysisTables
from imbxai_widgets.analysis.split import ArchetypeErrors
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.balanced import (
    balanced_archetypes,
    balanced_neighbors,
    balanced_shares,
)
from imbxai_widgets.compute.neighbors.search import Neighbors
from imbxai_widgets.compute.numeric.types import DoubleArray, Int8Array, IntArray
from imbxai_widgets.compute.reading.splits import SplitName


@dataclass(frozen=True, eq=False)
class Balanced:
    """The class-balanced archetypes of one split, and what they rest on.

    Attributes
    ----------
    archetypes : int8 array, shape (M,)
        0 safe, 1 border, 2 rare, 3 outlier.
    shares : float64 array, shape (M,)
        Of the image's own class among its neighbors, classes counting alike, 0 to 1.
    own : int64 array, shape (M,)
        How many of the neighbors are of the image's own class.
    neighbors : int
        How many neighbors each image has here: twice those of a plain archetype.
    method, recall : str, float
        How they were found, and what share of the true ones; see
        `imbxai_widgets.compute.neighbors.Neighbors`.
    """

    archetypes: Int8Array
    shares: DoubleArray
    own: IntArray
    neighbors: int
    method: str
    recall: float


class BalancedTables(AnalysisTables):
    """Archetypes as if all classes had as many images; the method is told in docs/balanced.md."""

    def balanced_archetypes(self, split: SplitName = "training") -> pd.DataFrame:
        """Return the class-balanced archetype of each image.

        A plain archetype counts the neighbors of the image's own class: of a class of 4 images
        none has 4 of 5, so that none can be safe. Here the nearest 2k training images count, each
        as 1/n of a class of n (for a training image, 1/(n - 1) of its own class, whose other
        images alone can be neighbors), and the share of the image's own class decides: safe above
        0.7, border above 0.3, rare above 0, outlier 0. Of equally near images, chance takes which
        count, with a fixed seed.

        It tells where an image stands among classes that count alike, not what a network makes of
        it: one that favors large classes errs otherwise (docs/balanced.md). One neighbor of a
        class of 4 outweighs nine of a class of 500, and a class of 1 has outliers alone.

        The search takes place on the first call and is kept. It is the search that finds the plain
        neighbors, twice as wide: exact, or of many images approximate, with a recall that is aimed
        at and measured (``attrs``). The same embeddings give the same archetypes.

        Parameters
        ----------
        split : {"training", "validation"}
            Which images.

        Returns
        -------
        DataFrame
            One row an image; the index, ``image``, is its number in the dataset. Columns:
            ``label``; ``archetype``, the plain one; ``balanced``, the class-balanced one;
            ``share``, that of its own class, 0 to 1; ``own``, how many of the neighbors are of its
            class. ``attrs`` has ``neighbors``, how many each image has, ``method`` and ``recall``.

        Raises
        ------
        ValueError
            If there is no such split, or an older version saved the file without the embeddings of
            validation images.

        Examples
        --------
        >>> balanced = analysis.balanced_archetypes()
        >>> plants = balanced[balanced["label"] == "Plants"]
        >>> plants["archetype"].value_counts().loc[["safe", "outlier"]].to_dict()
        {'safe': 18, 'outlier': 6}
        >>> plants["balanced"].value_counts().loc[["safe", "outlier"]].to_dict()
        {'safe': 29, 'outlier': 3}
        >>> balanced.attrs
        {'neighbors': 10, 'method': 'exact', 'recall': 1.0}
        """
        images, found = self.split(split), self.balanced(split)
        names = np.asarray(ARCHETYPES, dtype=object)
        table = pd.DataFrame(
            {
                "label": np.asarray(self.class_names, dtype=object)[images.labels],
                "archetype": names[images.archetypes],
                "balanced": names[found.archetypes],
                "share": found.shares,
                "own": found.own,
            },
            index=pd.Index(images.positions, name="image"),
        )
        table.attrs = {
            "neighbors": found.neighbors,
            "method": found.method,
            "recall": found.recall,
        }
        return table

    def balanced(self, split: SplitName) -> Balanced:
        """Return the class-balanced archetypes of a split as arrays, row by row.

        Raises
        ------
        ValueError
            As `balanced_archetypes` does.

        Examples
        --------
        >>> analysis.balanced("training").archetypes[:5]
        array([2, 3, 0, 0, 0], dtype=int8)
        """
        self.split(split)  # refuses what is none
        return self._balanced_training if split == "training" else self._balanced_validation

    def balanced_groups(self, split: SplitName) -> ArchetypeErrors:
        """Return images and errors of each class and class-balanced archetype, both (C, 4).

        Raises
        ------
        ValueError
            As `balanced_archetypes` does.

        Examples
        --------
        >>> analysis.balanced_groups("training").images[9]
        array([29,  7,  1,  3])
        """
        found = self.balanced(split).archetypes
        return ArchetypeErrors.of(self.split(split), self.n_classes, found)

    @cached_property
    def _balanced_training(self) -> Balanced:
        found = neighbors_among(self.embeddings, self._wide)
        return self._weighed("training", found)

    @cached_property
    def _balanced_validation(self) -> Balanced:
        embeddings = self.split("validation").embeddings
        if embeddings is None:
            raise ValueError(
                "class-balanced archetypes of validation images need their embeddings, and an "
                "older version saved the file without; analyze and save again"
            )
        found = neighbors_in(embeddings, self.embeddings, self._wide)
        return self._weighed("validation", found)

    @property
    def _wide(self) -> int:
        return balanced_neighbors(self.k, len(self.train))

    def _weighed(self, split: SplitName, found: Neighbors) -> Balanced:
        labels, near = self.split(split).labels, self.labels[found.indices]
        shares = balanced_shares(labels, near, self.rows.sizes, among=split == "training")
        return Balanced(
            balanced_archetypes(shares),
            shares,
            np.count_nonzero(near == labels[:, np.newaxis], axis=1),
            self._wide,
            found.method,
            found.recall,
        )
