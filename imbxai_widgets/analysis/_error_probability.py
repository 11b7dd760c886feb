"""Which predictions are likely wrong, told without the labels of the images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._calibration import groups_of
from imbxai_widgets.analysis._tables import NO_VALIDATION, AnalysisTables
from imbxai_widgets.analysis.split import Split, ratio
from imbxai_widgets.compute.methods.archetypes import (
    ARCHETYPES,
    archetype_ranges,
    assign_archetypes,
)
from imbxai_widgets.compute.methods.error_model import cross_fitted_errors, signs
from imbxai_widgets.compute.numeric.types import DoubleArray, Int8Array, IntArray


class ErrorTables(AnalysisTables):
    """How errors go with what is known of an image before its label is."""

    def errors_by_agreement(self) -> pd.DataFrame:
        """Return how often images are misclassified, by how many neighbors are of the *prediction*.

        `errors_by_archetype` compares an image's neighbors with its label. That explains errors,
        but foretells none: of a new image the label is what is sought, and a prediction that
        follows the neighbors is wrong where these are not of the label. Here neighbors are compared
        with the prediction, which is known of any image.

        Returns
        -------
        DataFrame
            Index ``agreement``: which number of the neighbors are of the predicted class, in the
            ranges of the archetypes, most first. Columns: ``training_images``,
            ``training_error_rate``, ``validation_images``, ``validation_error_rate``; the last two
            if there are validation images.

        Examples
        --------
        >>> analysis.errors_by_agreement()["validation_error_rate"].round(2).to_dict()
        {'4-5 of 5': 0.1, '2-3 of 5': 0.59, '1 of 5': 0.81, '0 of 5': 0.64}
        """
        columns: dict[str, IntArray | DoubleArray] = {}
        for name, split in (("training", self.train), ("validation", self.validation)):
            if split is not None:
                levels = _agreement(split, self.labels)
                images = np.bincount(levels, minlength=len(ARCHETYPES))
                errors = np.bincount(levels[~split.correct], minlength=len(ARCHETYPES))
                columns[f"{name}_images"] = images
                columns[f"{name}_error_rate"] = ratio(errors, images)
        axis = pd.Index(archetype_ranges(self.k), name="agreement", dtype=object)
        table = pd.DataFrame(columns, index=axis)
        return table[axis != ""]  # with few neighbors, not every range holds a number

    def error_probability(self, *, groups: Any = None, seed: int = 0) -> pd.Series[float]:
        """Tell how likely the prediction of each validation image is wrong, without its label.

        A logistic regression weighs the confidence, how many neighbors are of the predicted class,
        how much nearer that class is than others, how near any training image is, and the size of
        the class (see `imbxai_widgets.compute.methods.error_model`). It is fitted five times, to
        four fifths of the validation images, and tells of the fifth that it has not seen. Training
        images would not do: the network is right about most of them, and sure of it.

        Parameters
        ----------
        groups : optional
            One entry an image of the validation dataset, such as the patient or video that it comes
            from: no group is both fitted to and told of.
        seed : int
            Of the five parts.

        Returns
        -------
        Series
            The probability of each validation image that could be read; the index, ``image``, is
            its number in the dataset.

        Raises
        ------
        ValueError
            If there are no validation images, fewer than 10 of them are wrong or right, or `groups`
            are not one entry an image.

        Examples
        --------
        >>> told = analysis.error_probability()
        >>> wrong = ~analysis.validation.correct
        >>> float(told[wrong].mean().round(2)), float(told[~wrong].mean().round(2))
        (0.55, 0.13)
        """
        split = self.validation
        if split is None:
            raise ValueError(NO_VALIDATION)
        found = signs(
            split.predictions,
            split.confidences,
            self.labels[split.neighbors],
            split.neighbor_distances,
            self.rows.sizes,
        )
        codes, rng = groups_of(split, groups), np.random.default_rng(seed)
        told = cross_fitted_errors(found, ~split.correct, codes, rng)
        index = pd.Index(split.positions, name="image")
        return pd.Series(told, index=index, name="error_probability")


def _agreement(split: Split, training_labels: IntArray) -> Int8Array:
    """Name the archetype that each image would have if its prediction were its label."""
    return assign_archetypes(split.predictions, training_labels[split.neighbors])
