"""Tables of features."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._tables import NO_HEAD, AnalysisTables
from imbxai_widgets.analysis.split import ratio
from imbxai_widgets.compute.methods.margins import Margins, class_margins
from imbxai_widgets.compute.methods.overlap import feature_density
from imbxai_widgets.compute.numeric.checks import check_dense


class FeatureTables(AnalysisTables):
    """Which features each class rests on, and which it shares."""

    def top_features(self, class_name: str) -> pd.DataFrame:
        """Return the features with the largest mean magnitude in a class (paper, Fig. 5).

        Returns
        -------
        DataFrame
            Index ``feature``, largest first. Columns: ``share`` of the feature in the sum of
            the top features' means, and ``classes``: how many other classes have it among
            their top features.

        Examples
        --------
        >>> analysis.top_features("Plants").head(2).round(3).reset_index().to_numpy().tolist()
        [[41.0, 0.167, 2.0], [5.0, 0.14, 3.0]]
        """
        rows = self.rows.top_features(self.class_index(class_name))
        features, shares, others = zip(*rows, strict=True) if rows else ((), (), ())
        return pd.DataFrame(
            {"share": np.array(shares, np.float64), "classes": np.array(others, np.int64)},
            index=pd.Index(np.array(features, np.int64), name="feature"),
        )

    def feature_overlap(self, class_name: str) -> pd.DataFrame:
        """Return which classes share top features with `class_name` (paper, Algorithm 2).

        Classes that share many need not be confused (docs/overlap.md); `decision_margins` is a
        measure that tells more of that. ``share_apart`` says whether the head takes the images of
        both for alike in what they share (near 0), or tells them apart by it (near 1).

        Returns
        -------
        DataFrame
            One row for each other class, the most shared first. Columns: ``shared``, the
            number of shared top features; ``jaccard``, that over the size of both sets'
            union; ``features``, a tuple of feature indices; ``share`` and ``share_there``,
            the part that they have in the top features of this class and of the other;
            ``share_apart``, the part that they make of the difference of logits by which the
            head tells the training images of the two classes apart (docs/overlap.md). It may be
            below 0 or above 1; NaN where nothing is shared, the head is not known, or does not
            tell the two apart on average.

        Examples
        --------
        >>> analysis.feature_overlap("Plants")["shared"].head(3).to_dict()
        {'Animals': 8, 'Food': 5, 'Clothing': 3}
        """
        index = self.class_index(class_name)
        found, _ = self.rows.feature_overlap(index, self.n_classes)
        sharing = [row.index for row in found]
        none = np.setdiff1d(np.arange(self.n_classes), [index, *sharing])
        classes = np.array([*sharing, *none], dtype=np.int64)
        shared = self.rows.shared_counts(index)[classes]
        sizes = self.rows.holders.sizes
        return pd.DataFrame(
            {
                "shared": shared,
                "jaccard": ratio(shared, sizes[index] + sizes[classes] - shared),
                "features": [tuple(row.features) for row in found] + [()] * len(none),
                "share": [row.share_here for row in found] + [0.0] * len(none),
                "share_there": [row.share_there for row in found] + [0.0] * len(none),
                "share_apart": np.array(
                    [row.share_apart for row in found] + [None] * len(none), dtype=np.float64
                ),
            },
            index=self._class_axis("class")[classes],
        )

    def overlap(self) -> pd.DataFrame:
        """Return how many top features each pair of classes shares, shape (C, C).

        Raises
        ------
        ValueError
            If there are too many classes for a table of all by all (from 16,385 on);
            `feature_overlap` has one at a time.

        Examples
        --------
        >>> analysis.overlap().loc["Plants", ["Animals", "Faces", "Plants"]].tolist()
        [8, 0, 10]
        """
        way_out = "take one class at a time: Analysis.feature_overlap(class_name)"
        check_dense(self.n_classes, "the table of shared features", way_out)
        return pd.DataFrame(
            self.rows.holders.table(),
            index=self._class_axis("class"),
            columns=self._class_axis("other class"),
        )

    def decision_overlap(self) -> pd.DataFrame:
        """Return which part of each class lies beyond the head's boundary to each other one.

        The logit of the class less that of the other is taken over the class's training images; the
        part below zero is that of a normal distribution of the same mean and spread. It told which
        class images are most often mistaken for more often than shared top features did
        (docs/overlap.md); it is no share of errors.

        Returns
        -------
        DataFrame
            (C, C), 0 to 1: row the class, column the other one; NaN on the diagonal and for a class
            without images.

        Raises
        ------
        ValueError
            If the analysis has no head (see `Analysis.head`), or there are too many classes for
            tables of all by all (from 5,793 on).

        Examples
        --------
        >>> analysis.decision_overlap().loc["Plants"].nlargest(2).round(2).to_dict()
        {'Animals': 0.2, 'Food': 0.08}
        """
        index = self._class_axis("class")
        columns = self._class_axis("other class")
        return pd.DataFrame(self._margins.overlap, index=index, columns=columns)

    def decision_margins(self, class_name: str) -> pd.DataFrame:
        """Return by how much the logit of a class leads over each other one, on its own images.

        Returns
        -------
        DataFrame
            One row for each other class, the nearest first. Columns: ``margin``, the mean
            difference of the two logits over the training images of the class; ``spread``, its
            standard deviation; ``overlap``, as `decision_overlap` gives it.

        Raises
        ------
        ValueError
            As for `decision_overlap`.

        Examples
        --------
        >>> analysis.decision_margins("Plants").head(2).round(2)
                 margin  spread  overlap
        class
        Animals    1.37    1.65     0.20
        Food       2.34    1.68     0.08
        """
        index, margins = self.class_index(class_name), self._margins
        table = pd.DataFrame(
            {
                "margin": margins.mean[index],
                "spread": margins.spread[index],
                "overlap": margins.overlap[index],
            },
            index=self._class_axis("class"),
        ).drop(index=class_name)
        order = np.argsort((table["margin"] / table["spread"]).to_numpy(), kind="stable")
        return table.iloc[order]

    @cached_property
    def _margins(self) -> Margins:
        check_dense(self.n_classes, "the table of margins", "analyze fewer classes", tables=8)
        if self.head is None:
            raise ValueError(NO_HEAD)
        return class_margins(self.embeddings, self.labels, self.head)

    def feature_density(self, class_name: str) -> pd.DataFrame:
        """Return how often the top features of `class_name` lead in the images of every class.

        Returns
        -------
        DataFrame
            One row a class, one column a top feature of `class_name`, largest first: the part
            of the class's images that have the feature among their own `top_k` largest; NaN
            for a class without images.

        Examples
        --------
        >>> density = analysis.feature_density("Plants")
        >>> density.loc[["Plants", "Animals", "Sky"], 41].round(2).tolist()
        [1.0, 0.92, 0.02]
        """
        features = self.top_features(class_name).index
        density = feature_density(
            self.embeddings, self.labels, self.n_classes, features.to_numpy(), self.top_k
        )
        return pd.DataFrame(density, index=self._class_axis("class"), columns=features)
