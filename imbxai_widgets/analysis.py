"""`Analysis`: every result about a model and its training images, as arrays and DataFrames."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from imbxai_widgets.compute._checks import check_codes
from imbxai_widgets.compute._types import BoolArray, DoubleArray, FloatArray, Int8Array, IntArray
from imbxai_widgets.compute.adversaries import adversary_votes, error_matrix, row_shares
from imbxai_widgets.compute.archetypes import ARCHETYPES, archetype_counts
from imbxai_widgets.compute.colors import ColorScheme
from imbxai_widgets.compute.images import ImageSource
from imbxai_widgets.compute.overlap import overlap_matrix, top_features
from imbxai_widgets.compute.prototypes import medoids
from imbxai_widgets.split import ArchetypeErrors, Split, ratio


@dataclass(frozen=True, eq=False)
class Analysis:
    """What `analyze` found; the one contract between computation and everything that shows it.

    All methods return new objects; nothing is changed in place. Rates and shares are 0 to 1,
    and NaN where there is nothing to take a share of.

    Attributes
    ----------
    class_names : tuple of str, length C
    embeddings : float32 array, shape (N, D)
        Feature embeddings (FE) of the training images: the input of the classifier head.
    train : Split
        The N training images.
    validation : Split or None
        The validation images, if given.
    color_counts : int64 array, shape (C, B), or None
        Salient pixels of each class in each color bin; None when saliency was not asked for.
    color_scheme : ColorScheme
        Names and mean colors of the B bins.
    top_k : int
        How many top features each class has.
    salient_fraction : float or None
        Which part of an image's pixels counts as salient.
    """

    class_names: tuple[str, ...]
    embeddings: FloatArray
    train: Split
    validation: Split | None
    color_counts: IntArray | None
    color_scheme: ColorScheme
    top_k: int
    salient_fraction: float | None

    def __repr__(self) -> str:
        validation = "none" if self.validation is None else f"{len(self.validation)}"
        return (
            f"Analysis({len(self.train)} training images, {validation} for validation, "
            f"{self.n_classes} classes, {self.embeddings.shape[1]} features, k={self.k})"
        )

    @property
    def n_classes(self) -> int:
        """Number of classes, C."""
        return len(self.class_names)

    @property
    def k(self) -> int:
        """How many neighbors each image has."""
        return int(self.train.neighbors.shape[1])

    @property
    def labels(self) -> IntArray:
        """True classes of the training images, shape (N,)."""
        return self.train.labels

    @property
    def predictions(self) -> IntArray:
        """Predicted classes of the training images, shape (N,)."""
        return self.train.predictions

    @property
    def archetypes(self) -> Int8Array:
        """Archetypes of the training images, shape (N,): 0 safe, 1 border, 2 rare, 3 outlier."""
        return self.train.archetypes

    @property
    def neighbors(self) -> IntArray:
        """Nearest other training images of each training image, shape (N, k)."""
        return self.train.neighbors

    @property
    def images(self) -> ImageSource | None:
        """Reads the training images for display."""
        return self.train.images

    def class_index(self, name: str) -> int:
        """Return the number of the class called `name`.

        Raises
        ------
        ValueError
            If there is no such class; lists the valid names, the most similar first.
        """
        try:
            return self.class_names.index(name)
        except ValueError:
            pass
        similar = difflib.get_close_matches(str(name), self.class_names, n=3, cutoff=0.4)
        others = [other for other in self.class_names if other not in similar]
        shown = ", ".join(repr(valid) for valid in (similar + others)[:20])
        more = f" and {self.n_classes - 20} more" if self.n_classes > 20 else ""
        raise ValueError(f"There is no class {name!r}. Valid names: {shown}{more}.")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save to a file; see `imbxai_widgets.storage.save_analysis`."""
        from imbxai_widgets.storage import save_analysis

        return save_analysis(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], **datasets: Any) -> Analysis:
        """Load what `save` wrote; see `imbxai_widgets.storage.load_analysis`.

        Examples
        --------
        >>> explorer.analysis.save("run.imbxai")  # doctest: +SKIP
        >>> Explorer(Analysis.load("run.imbxai", dataset=train_set))  # doctest: +SKIP
        """
        from imbxai_widgets.storage import load_analysis

        return load_analysis(path, **datasets)

    # -- classes and archetypes ----------------------------------------------------------

    def classes(self) -> pd.DataFrame:
        """Describe each class: size, accuracy and archetypes (paper, Section 4.1).

        Returns
        -------
        DataFrame
            One row a class. Columns: ``images``; ``imbalance``, the largest class's size over
            this one's; ``training_accuracy``; ``training_errors``; ``validation_images``;
            ``validation_accuracy``; and the shares ``safe``, ``border``, ``rare``, ``outlier``.
        """
        images = self._counts(self.train.labels)
        correct = self._counts(self.train.labels[self.train.correct])
        table = pd.DataFrame(
            {
                "images": images,
                "imbalance": ratio(np.full_like(images, images.max()), images),
                "training_accuracy": ratio(correct, images),
                "training_errors": images - correct,
                "validation_images": np.zeros_like(images),
                "validation_accuracy": np.nan,
            },
            index=self._class_axis("class"),
        )
        if self.validation is not None:
            held_out = self._counts(self.validation.labels)
            hits = self._counts(self.validation.labels[self.validation.correct])
            table["validation_images"] = held_out
            table["validation_accuracy"] = ratio(hits, held_out)
        counts = archetype_counts(self.labels, self.archetypes, self.n_classes)
        for number, name in enumerate(ARCHETYPES):
            table[name] = ratio(counts[:, number], images)
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
            Index ``archetype``, or ``(class, archetype)``. Columns: ``images``; ``share`` of
            the class's images; ``true_positive_rate``, the part of them that is predicted
            right; ``validation_images`` of the class whose nearest training images make them
            of this archetype; and ``validation_error_rate`` of these.
        """
        train = ArchetypeErrors.of(self.train, self.n_classes)
        held_out = (
            ArchetypeErrors.of(self.validation, self.n_classes)
            if self.validation is not None
            else ArchetypeErrors(np.zeros_like(train.images), np.zeros_like(train.images))
        )
        table = pd.DataFrame(
            {
                "images": train.images.ravel(),
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
        """
        train = ArchetypeErrors.of(self.train, self.n_classes)
        columns = {
            "training_images": train.images.sum(axis=0),
            "training_error_rate": ratio(train.errors.sum(axis=0), train.images.sum(axis=0)),
        }
        if self.validation is not None:
            held_out = ArchetypeErrors.of(self.validation, self.n_classes)
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
        """
        group = self.members(class_name, archetype)
        return group[medoids(self.embeddings[group], n)]

    def members(self, class_name: str, archetype: str | None = None) -> IntArray:
        """Return the indices of a class's training images, of one archetype or of all."""
        chosen = self.labels == self.class_index(class_name)
        if archetype is not None:
            if archetype not in ARCHETYPES:
                raise ValueError(
                    f"archetype must be one of {', '.join(ARCHETYPES)}, not {archetype!r}."
                )
            chosen &= self.archetypes == ARCHETYPES.index(archetype)
        return np.flatnonzero(chosen).astype(np.int64, copy=False)

    def image_table(self, indices: IntArray | list[int] | None = None) -> pd.DataFrame:
        """Return one row for each training image, or for those of `indices`, in that order.

        Columns: ``label``, ``prediction``, ``archetype`` (names), ``confidence`` (0 to 1) and
        ``correct``; the index, ``image``, is the position in the dataset.

        Raises
        ------
        ValueError
            If `indices` are not positions in the dataset, such as a Boolean mask.
        """
        chosen = np.arange(len(self.train)) if indices is None else np.asarray(indices)
        if chosen.dtype == np.bool_:
            raise ValueError("indices must be positions, not a mask; pass numpy.flatnonzero(mask).")
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
            index=pd.Index(rows, name="image"),
        )

    # -- adversaries and errors ----------------------------------------------------------

    def adversaries(self, scope: Literal["errors", "all"] = "errors") -> pd.DataFrame:
        """Return each class's nearest adversaries (paper, Algorithm 1 and Fig. 4a).

        Parameters
        ----------
        scope : {"errors", "all"}
            Whose neighbors vote: those of misclassified training images, or of all of them.

        Returns
        -------
        DataFrame
            One row a class. Columns ``("share", class)``: its part of the row's votes, zero
            for the class itself and in rows without votes; ``("support", "errors")`` and
            ``("support", "votes")``: on how many training errors and votes a row rests.
        """
        neighbor_labels = self.labels[self.neighbors]
        votes = adversary_votes(
            self.labels, self.predictions, neighbor_labels, self.n_classes, scope=scope
        )
        errors = error_matrix(self.labels, self.predictions, self.n_classes)
        return self._share_table(votes, errors=errors.sum(axis=1), votes=votes.sum(axis=1))

    def validation_errors(self, direction: Literal["rows", "columns"] = "rows") -> pd.DataFrame:
        """Return which classes are confused on the validation images (paper, Fig. 4b).

        Parameters
        ----------
        direction : {"rows", "columns"}
            ``"rows"``: as what the misclassified images of a class are predicted.
            ``"columns"``: what is falsely predicted as the class (its false positives).

        Returns
        -------
        DataFrame
            One row a class. Columns ``("share", class)`` and ``("support", "errors")``, the
            number of validation errors that the row rests on.

        Raises
        ------
        ValueError
            If the analysis has no validation images, or `direction` is neither of the two.
        """
        if self.validation is None:
            raise ValueError("No validation errors: give `validation=` to analyze().")
        if direction not in ("rows", "columns"):
            raise ValueError(f"direction must be 'rows' or 'columns', not {direction!r}.")
        errors = error_matrix(self.validation.labels, self.validation.predictions, self.n_classes)
        if direction == "columns":
            errors = errors.T
        return self._share_table(errors, errors=errors.sum(axis=1))

    # -- features and colors -------------------------------------------------------------

    def top_features(self, class_name: str) -> pd.DataFrame:
        """Return the features with the largest mean magnitude in a class (paper, Fig. 5).

        Returns
        -------
        DataFrame
            Index ``feature``, largest first. Columns: ``share`` of the feature in the sum of
            the top features' means, and ``classes``: how many other classes have it among
            their top features.
        """
        indices, shares = self._top_features
        row = self.class_index(class_name)
        kept = indices[row] >= 0
        features = indices[row][kept]
        holders = self._top_feature_map[0].sum(axis=0)[features]
        return pd.DataFrame(
            {"share": shares[row][kept], "classes": holders - 1},
            index=pd.Index(features, name="feature"),
        )

    def feature_overlap(self, class_name: str) -> pd.DataFrame:
        """Return which classes share top features with `class_name` (paper, Algorithm 2).

        Returns
        -------
        DataFrame
            One row for each other class, the most shared first. Columns: ``shared``, the
            number of shared top features; ``jaccard``, that over the size of both sets'
            union; ``features``, a tuple of feature indices; ``share`` and ``share_there``,
            the part that they have in the top features of this class and of the other.
        """
        member, share = self._top_feature_map
        row = self.class_index(class_name)
        shared = member & member[row]
        table = pd.DataFrame(
            {
                "shared": shared.sum(axis=1),
                "jaccard": ratio(shared.sum(axis=1), (member | member[row]).sum(axis=1)),
                "features": [tuple(np.flatnonzero(common).tolist()) for common in shared],
                "share": (shared * share[row]).sum(axis=1),
                "share_there": (shared * share).sum(axis=1),
            },
            index=self._class_axis("class"),
        )
        others = np.flatnonzero(np.arange(self.n_classes) != row)
        ranked = table.iloc[others]
        return ranked.sort_values(["shared", "share"], ascending=False, kind="stable")

    def overlap(self) -> pd.DataFrame:
        """Return how many top features each pair of classes shares, shape (C, C)."""
        counts = overlap_matrix(self._top_features[0])
        return pd.DataFrame(
            counts, index=self._class_axis("class"), columns=self._class_axis("other class")
        )

    def colors(self) -> pd.DataFrame:
        """Return the colors of each class's salient pixels (paper, Algorithm 3 and Fig. 7).

        Returns
        -------
        DataFrame
            One row a class, one column a color bin: the bin's share of the class's salient
            pixels that fall in any bin.

        Raises
        ------
        ValueError
            If saliency was not computed.
        """
        if self.color_counts is None:
            raise ValueError("No colors: analyze() was called with salient_fraction=None.")
        totals = self.color_counts.sum(axis=1, keepdims=True)
        return pd.DataFrame(
            ratio(self.color_counts, totals),
            index=self._class_axis("class"),
            columns=pd.Index(self.color_scheme.bins, name="color"),
        )

    # -- shared pieces -------------------------------------------------------------------

    def _class_axis(self, name: str) -> pd.Index[str]:
        return pd.Index(self.class_names, name=name, dtype=object)

    def _counts(self, labels: IntArray) -> IntArray:
        return np.bincount(labels, minlength=self.n_classes).astype(np.int64, copy=False)

    @cached_property
    def _top_features(self) -> tuple[IntArray, DoubleArray]:
        return top_features(self.embeddings, self.labels, self.n_classes, self.top_k)

    @cached_property
    def _top_feature_map(self) -> tuple[BoolArray, DoubleArray]:
        """Whether each feature is a top one of each class, and its share; both (C, D)."""
        indices, shares = self._top_features
        member = np.zeros((self.n_classes, self.embeddings.shape[1]), dtype=np.bool_)
        share = np.zeros(member.shape)
        rows, ranks = np.nonzero(indices >= 0)
        member[rows, indices[rows, ranks]] = True
        share[rows, indices[rows, ranks]] = shares[rows, ranks]
        return member, share

    def _share_table(self, counts: IntArray, **support: IntArray) -> pd.DataFrame:
        index = self._class_axis("class")
        shares = pd.DataFrame(row_shares(counts), index=index, columns=index)
        return pd.concat({"share": shares, "support": pd.DataFrame(support, index=index)}, axis=1)


def _archetype_axis() -> pd.Index[str]:
    return pd.Index(ARCHETYPES, name="archetype", dtype=object)
