"""Tables of what features add to logits, and of the images in which they add most."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._images import ImageTables
from imbxai_widgets.analysis._tables import NO_HEAD
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.methods.contributions import (
    bias_terms,
    logit_contributions,
    weight_terms,
)
from imbxai_widgets.compute.numeric.blocks import row_blocks
from imbxai_widgets.compute.numeric.checks import check_codes, check_count
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.types import DoubleArray, FloatArray, IntArray
from imbxai_widgets.compute.reading.splits import SplitName

BIAS = "bias"  # the row of a table that is no feature


class ContributionTables(ImageTables):
    """How the head makes logits of features: exactly, as it is linear."""

    def feature_contributions(
        self, class_name: str | int, to: str | int | None = None
    ) -> pd.DataFrame:
        """Return what each feature adds to a logit, on average over the images of a class.

        Parameters
        ----------
        class_name : str or int
            The class whose training images are averaged, by its name or number.
        to : str or int, optional
            The class whose logit it is; `class_name` if not given.

        Returns
        -------
        DataFrame
            Index ``feature``: the D features, that which adds most first, then ``"bias"``. Columns:
            ``contribution``, in units of logits: the column adds up to the mean logit; ``weight``
            and ``mean``, of which the contribution is the product: the weight of the class in the
            head, times its scale, and the mean of the feature. A normalized head divides the
            weights of a class and each embedding by their lengths before. NaN for a class without
            images.

        Raises
        ------
        ValueError
            If there is no such class, or the analysis has no head (see `Analysis.head`).

        Examples
        --------
        >>> table = analysis.feature_contributions("Plants")
        >>> table.head(2).round(2)
                 contribution  weight  mean
        feature
        41               1.76    0.70  2.51
        5                1.66    0.79  2.10
        >>> plants = analysis.find_images("Plants")
        >>> mean_logit = analysis.train.logits(plants)[:, 9].mean()
        >>> bool(abs(table["contribution"].sum() - float(mean_logit)) < 1e-5)
        True
        """
        index = self._class_number(class_name)
        target = index if to is None else self._class_number(to)
        head, means = self._known_head(), self.rows.mean_inputs
        assert means is not None  # where the head is known, so are they
        weight, bias = weight_terms(head, np.array([target]))[0], bias_terms(head)[target]
        terms = weight * means[index]
        order = np.argsort(-terms, kind="stable")
        bias = bias if len(self.rows.members(index)) else np.nan
        return pd.DataFrame(
            {
                "contribution": [*terms[order], bias],
                "weight": [*weight[order], np.nan],
                "mean": [*means[index][order], np.nan],
            },
            index=_with_bias(order),
        )

    def image_contributions(self, row: int, split: SplitName = "training") -> pd.DataFrame:
        """Return what each feature adds to two logits of one image.

        Parameters
        ----------
        row : int
            The image, a row of the split.
        split : {"training", "validation"}
            Which images.

        Returns
        -------
        DataFrame
            Index ``feature``: the D features, that which adds most to the logit of the predicted
            class first, then ``"bias"``. Columns: ``value``, the feature in this image (NaN for the
            bias); ``predicted`` and ``label``, what it adds to the logits of the predicted class
            and of that of the label. The two add up to these logits.

        Raises
        ------
        ValueError
            If there is no such image or split, the analysis has no head (see `Analysis.head`), or
            the file was saved without the embeddings of these images.

        Examples
        --------
        >>> analysis.image_contributions(807, "validation").head(2).round(2)
                 value  predicted  label
        feature
        25        1.33       0.80   0.15
        37        1.25       0.62   0.01
        """
        images = self.split(split)
        chosen = check_codes([row], "row", shape=(1,), limit=len(images))
        head, embeddings = self._known_head(), _kept(images)[chosen]
        classes = np.concatenate([images.predictions[chosen], images.labels[chosen]])
        predicted, label = logit_contributions(np.repeat(embeddings, 2, axis=0), head, classes)
        order, bias = np.argsort(-predicted, kind="stable"), bias_terms(head)[classes]
        return pd.DataFrame(
            {
                "value": [*embeddings[0].astype(np.float64)[order], np.nan],
                "predicted": [*predicted[order], bias[0]],
                "label": [*label[order], bias[1]],
            },
            index=_with_bias(order),
        )

    def feature_images(
        self, class_name: str | int, feature: int, limit: int | None = None
    ) -> pd.DataFrame:
        """Return the training images of a class in which a feature adds most to its logit.

        Parameters
        ----------
        class_name : str or int
            The class, and that of the logit, by its name or number.
        feature : int
            0 to D-1.
        limit : int, optional
            At most so many images.

        Returns
        -------
        DataFrame
            As `image_table`, further ``row``, the row of the image in `train`; ``value``, the
            feature in it; ``contribution``, what that adds to the logit of the class. The largest
            contribution comes first, of equal ones the lower row. Where the head is not known,
            contributions are NaN, and the feature that is largest in size comes first.

        Raises
        ------
        ValueError
            If there is no such class or feature, or `limit` is below 1.

        Examples
        --------
        >>> table = analysis.feature_images("Plants", 41, limit=2)
        >>> table[["row", "archetype", "value", "contribution"]].round(2)
                row archetype  value  contribution
        image
        1909   1909      safe   4.38          3.07
        1908   1908      safe   4.20          2.94
        """
        index, column = self._class_number(class_name), self._feature(feature)
        members = self.rows.members(index)
        values = self.embeddings[members, column].astype(np.float64)
        if self.head is None:
            terms, ranked = np.full(len(members), np.nan), np.abs(values)
        else:
            terms = self._contributions(members, column, index, self.head)
            ranked = terms
        order = np.argsort(-ranked, kind="stable")[
            : None if limit is None else check_count(limit, "limit")
        ]
        table = self.image_table(members[order])
        return table.assign(row=members[order], value=values[order], contribution=terms[order])

    def feature_histogram(
        self, feature: int, class_name: str | int, other: str | int | None = None, bins: int = 12
    ) -> pd.DataFrame:
        """Count the training images by the size of a feature: of a class, of another, of the rest.

        Parameters
        ----------
        feature : int
            0 to D-1.
        class_name, other : str or int
            The classes, by name or number; without `other` there is none.
        bins : int
            How many, of equal width, from the smallest to the largest value of all images.

        Returns
        -------
        DataFrame
            One row a bin, rising. Columns: ``low`` and ``high``, its ends, of which the upper one
            belongs to the next bin, but for the last; ``here``, ``there`` and ``elsewhere``, how
            many images of `class_name`, of `other` and of all other classes it has.

        Raises
        ------
        ValueError
            If there is no such class or feature, both classes are the same, or `bins` is below 1.

        Examples
        --------
        >>> table = analysis.feature_histogram(41, "Plants", "Animals", bins=3)
        >>> table[["here", "there", "elsewhere"]].to_numpy().tolist()
        [[4, 80, 1537], [28, 111, 137], [8, 7, 10]]
        """
        index, column = self._class_number(class_name), self._feature(feature)
        there = -1 if other is None else self._class_number(other)
        if there == index:
            raise ValueError(f"the other class must be another than {class_name!r}")
        values = self.embeddings[:, column].astype(np.float64)
        edges = np.histogram_bin_edges(values, check_count(bins, "bins"))
        here, with_other = self.labels == index, self.labels == there
        groups = {"here": here, "there": with_other, "elsewhere": ~(here | with_other)}
        counts = {name: np.histogram(values[rows], edges)[0] for name, rows in groups.items()}
        return pd.DataFrame({"low": edges[:-1], "high": edges[1:], **counts})

    def _contributions(self, rows: IntArray, column: int, index: int, head: Head) -> DoubleArray:
        """Return what one feature of training images adds to the logit of a class."""
        terms = np.empty(len(rows))
        for block in row_blocks(len(rows), 3 * 8 * self.embeddings.shape[1]):
            part = logit_contributions(self.embeddings[rows[block]], head, index)
            terms[block] = part[:, column]
        return terms

    def _known_head(self) -> Head:
        if self.head is None:
            raise ValueError(NO_HEAD)
        return self.head

    def _feature(self, given: int) -> int:
        return int(check_codes([given], "feature", shape=(1,), limit=self.embeddings.shape[1])[0])


def _kept(images: Split) -> FloatArray:
    if images.embeddings is None:
        raise ValueError(
            "contributions cannot be made, for an older version saved the file without the "
            "embeddings of these images; analyze and save again"
        )
    return images.embeddings


def _with_bias(features: IntArray) -> pd.Index[Any]:
    return pd.Index([*features.tolist(), BIAS], name="feature", dtype=object)
