"""Tables of classes, archetypes and images."""

from __future__ import annotations

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._tables import AnalysisTables
from imbxai_widgets.analysis.split import ArchetypeErrors, ratio
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES, best_archetypes
from imbxai_widgets.compute.methods.prototypes import medoids
from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.types import IntArray


class ClassTables(AnalysisTables):
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

    def archetype_rates(self, class_name: str | None = None) -> pd.DataFrame:
        """Describe the four archetypes of one class, or of every class (paper, Fig. 2).

        Parameters
        ----------
        class_name : str, optional
            The class; all of them if not given.

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
        """
        train, held_out = self.rows.training_groups, self.rows.validation_groups
        if held_out is None:
            held_out = ArchetypeErrors(np.zeros_like(train.images), np.zeros_like(train.images))
        best = best_archetypes(self.rows.sizes, self.k)[:, np.newaxis]
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

    def errors_by_archetype(self) -> pd.DataFrame:
        """Return how often the images of each archetype are misclassified, over all classes.

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
        train, held_out = self.rows.training_groups, self.rows.validation_groups
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

    def image_table(self, indices: IntArray | list[int] | None = None) -> pd.DataFrame:
        """Return one row for each training image, or for those of `indices`, in that order.

        Columns: ``label``, ``prediction``, ``archetype`` (names), ``confidence`` (0 to 1) and
        ``correct``; the index, ``image``, is the number of the image in the dataset.

        Raises
        ------
        ValueError
            If `indices` are not rows of `train`, such as a Boolean mask.

        Examples
        --------
        >>> image = analysis.image_table([0]).loc[0]
        >>> image["label"], image["prediction"], image["archetype"]
        ('People', 'Faces', 'rare')
        """
        chosen = np.arange(len(self.train)) if indices is None else np.asarray(indices)
        if chosen.dtype == np.bool_:
            raise ValueError("indices must be numbers, not a mask; pass numpy.flatnonzero(mask).")
        rows = check_codes(chosen, "indices", shape=(None,), limit=len(self.train))
        names = np.asarray(self.class_names, dtype=object)
        return pd.DataFrame(
            {
                "label": names[self.labels[rows]],
                "prediction": names[self.predictions[rows]],
                "archetype": np.asarray(ARCHETYPES, dtype=object)[self.archetypes[rows]],
                "confidence": self.train.confidences[rows],
                "correct": self.train.correct[rows],
            },
            index=pd.Index(self.train.positions[rows], name="image"),
        )

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


def _archetype_axis() -> pd.Index[str]:
    return pd.Index(ARCHETYPES, name="archetype", dtype=object)
