"""Tables of classes and archetypes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from imbxai_widgets.analysis.balanced import BalancedTables
from imbxai_widgets.analysis.split import ArchetypeErrors, ratio
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES, best_archetypes
from imbxai_widgets.compute.methods.balanced import best_balanced_archetypes
from imbxai_widgets.compute.methods.prototypes import medoids
from imbxai_widgets.compute.numeric.types import IntArray


class ClassTables(BalancedTables):
    """How large, how well predicted and how typical the images of each class are."""

    def classes(self) -> pd.DataFrame:
        """Describe each class: size, accuracy and archetypes (paper, Section 4.1).

        Returns
        -------
        DataFrame
            One row a class. Columns: ``images``; ``imbalance``, the largest class's size over
            this one's; ``training_accuracy``; ``training_errors``; ``validation_images``;
            ``validation_accuracy``; the shares ``safe``, ``border``, ``rare``, ``outlier``; and
            ``best_archetype``, the safest one that images of a class of this size can have: of 4
            images, none can have 4 neighbors of its class, however well it is separated (missing
            where there are no images).

        Examples
        --------
        >>> analysis.classes().loc["Plants", ["images", "imbalance", "training_errors"]].tolist()
        [40.0, 10.825, 9.0]
        """
        train, held_out = self.rows.training_groups, self.rows.validation_groups
        images, errors = train.images.sum(axis=1), train.errors.sum(axis=1)
        table = pd.DataFrame(
            {
                "images": images,
                "imbalance": ratio(np.full_like(images, images.max()), images),
                "training_accuracy": ratio(images - errors, images),
                "training_errors": errors,
                "validation_images": np.zeros_like(images),
                "validation_accuracy": np.nan,
            },
            index=self._class_axis("class"),
        )
        if held_out is not None:
            unseen = held_out.images.sum(axis=1)
            table["validation_images"] = unseen
            table["validation_accuracy"] = ratio(unseen - held_out.errors.sum(axis=1), unseen)
        for number, name in enumerate(ARCHETYPES):
            table[name] = ratio(train.images[:, number], images)
        best = np.asarray(ARCHETYPES, dtype=object)[best_archetypes(images, self.k)]
        best[images == 0] = None
        table["best_archetype"] = best
        return table

    def archetype_rates(
        self, class_name: str | None = None, *, balanced: bool = False
    ) -> pd.DataFrame:
        """Describe the four archetypes of one class, or of every class (paper, Fig. 2).

        Parameters
        ----------
        class_name : str, optional
            The class; all of them if not given.
        balanced : bool
            Whether to take class-balanced archetypes; see `balanced_archetypes`.

        Returns
        -------
        DataFrame
            Index ``archetype``, or ``(class, archetype)``. Columns: ``images``; ``possible``,
            whether a training image of a class of this size can be of this archetype; ``share`` of
            the class's images; ``true_positive_rate``, the part of them that is predicted
            right; ``validation_images`` of the class whose nearest training images make them
            of this archetype; and ``validation_error_rate`` of these.

        Examples
        --------
        >>> rates = analysis.archetype_rates("Plants")
        >>> rates["images"].to_dict()
        {'safe': 18, 'border': 12, 'rare': 4, 'outlier': 6}
        >>> rates["share"].tolist()
        [0.45, 0.3, 0.1, 0.15]
        >>> analysis.archetype_rates("Plants", balanced=True)["images"].tolist()
        [29, 7, 1, 3]
        """
        train, held_out = self._groups(balanced)
        if held_out is None:
            held_out = ArchetypeErrors(np.zeros_like(train.images), np.zeros_like(train.images))
        best_of = best_balanced_archetypes if balanced else best_archetypes
        best = best_of(self.rows.sizes, self.k)[:, np.newaxis]
        possible = (np.arange(len(ARCHETYPES)) >= best) & (self.rows.sizes > 0)[:, np.newaxis]
        table = pd.DataFrame(
            {
                "images": train.images.ravel(),
                "possible": possible.ravel(),
                "share": ratio(train.images, train.images.sum(axis=1, keepdims=True)).ravel(),
                "true_positive_rate": 1 - ratio(train.errors, train.images).ravel(),
                "validation_images": held_out.images.ravel(),
                "validation_error_rate": ratio(held_out.errors, held_out.images).ravel(),
            },
            index=pd.MultiIndex.from_product(
                [self._class_axis("class"), _archetype_axis()], names=["class", "archetype"]
            ),
        )
        if class_name is None:
            return table
        start = self.class_index(class_name) * len(ARCHETYPES)
        return table.iloc[start : start + len(ARCHETYPES)].droplevel("class")

    def errors_by_archetype(self, *, balanced: bool = False) -> pd.DataFrame:
        """Return how often the images of each archetype are misclassified, over all classes.

        Parameters
        ----------
        balanced : bool
            Whether to take class-balanced archetypes; see `balanced_archetypes`.

        Returns
        -------
        DataFrame
            Index ``archetype``. Columns: ``training_images``, ``training_error_rate``,
            ``validation_images``, ``validation_error_rate``.

        Examples
        --------
        >>> analysis.errors_by_archetype()["training_error_rate"].round(3).to_dict()
        {'safe': 0.001, 'border': 0.188, 'rare': 0.576, 'outlier': 0.882}
        """
        train, held_out = self._groups(balanced)
        columns = {
            "training_images": train.images.sum(axis=0),
            "training_error_rate": ratio(train.errors.sum(axis=0), train.images.sum(axis=0)),
        }
        if held_out is not None:
            images = held_out.images.sum(axis=0)
            columns["validation_images"] = images
            columns["validation_error_rate"] = ratio(held_out.errors.sum(axis=0), images)
        return pd.DataFrame(columns, index=_archetype_axis())

    def prototypes(self, class_name: str, archetype: str, n: int = 3) -> IntArray:
        """Return the training images that stand for one archetype of a class.

        Parameters
        ----------
        class_name : str
        archetype : {"safe", "border", "rare", "outlier"}
        n : int
            How many, at most.

        Returns
        -------
        int64 array, shape (m,), m <= n
            Image indices, the medoid of the largest cluster first; empty if the class has
            no such images.

        Examples
        --------
        >>> analysis.prototypes("Plants", "safe", n=1)
        array([1907])
        """
        group = self.members(class_name, archetype)
        return group[medoids(self.embeddings[group], n)]

    def members(self, class_name: str, archetype: str | None = None) -> IntArray:
        """Return the indices of a class's training images, of one archetype or of all.

        Examples
        --------
        >>> analysis.members("Plants", "outlier")
        array([1882, 1885, 1887, 1912, 1913, 1914])
        >>> len(analysis.members("Plants"))
        40
        """
        index = self.class_index(class_name)
        if archetype is None:
            return self.rows.members(index)
        if archetype not in ARCHETYPES:
            raise ValueError(
                f"archetype must be one of {', '.join(ARCHETYPES)}, not {archetype!r}."
            )
        return self.rows.members(index, ARCHETYPES.index(archetype))

    def skipped(self) -> pd.DataFrame:
        """List the images that could not be read and are in no other result.

        Returns
        -------
        DataFrame
            One row an image; empty unless `analyze` was called with ``on_error="skip"``. Columns:
            ``split`` ("training" or "validation"); ``image``, its number in the dataset; ``path``
            of its file, None where the dataset tells none; and ``reason``.

        Examples
        --------
        >>> len(analysis.skipped())  # all images of this dataset could be read
        0
        """
        splits = {"training": self.train, "validation": self.validation}
        rows = [
            (name, *image)
            for name, split in splits.items()
            if split is not None
            for image in split.skipped
        ]
        return pd.DataFrame(rows, columns=["split", "image", "path", "reason"])

    def _groups(self, balanced: bool) -> tuple[ArchetypeErrors, ArchetypeErrors | None]:
        """Return images and errors by class and archetype, of training and of validation."""
        if not balanced:
            return self.rows.training_groups, self.rows.validation_groups
        held_out = None if self.validation is None else self.balanced_groups("validation")
        return self.balanced_groups("training"), held_out


def _archetype_axis() -> pd.Index[str]:
    return pd.Index(ARCHETYPES, name="archetype", dtype=object)
