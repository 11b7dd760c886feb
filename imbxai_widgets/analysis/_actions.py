"""What to do about it: labels to check, images to draw more often, errors to make dearer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._classes import ClassTables
from imbxai_widgets.analysis._contributions import ContributionTables
from imbxai_widgets.analysis._features import FeatureTables
from imbxai_widgets.compute.methods.costs import overlap_costs
from imbxai_widgets.compute.methods.resampling import sampling_weights
from imbxai_widgets.compute.methods.suspects import SuspectRows, label_odds
from imbxai_widgets.compute.numeric.checks import check_dense


class ActionTables(ClassTables, FeatureTables, ContributionTables):
    """The use cases of the paper's Sections 4.2 to 4.5 as outputs to act on."""

    def suspects(self, *, prior_power: float = 1.0) -> pd.DataFrame:
        """Rank the training images by how likely their label is wrong.

        Parameters
        ----------
        prior_power : float
            How far class sizes are taken out of the evidence, at least 0: the higher, the fewer
            images of small classes are suspect. With 0, an image of a small class is suspect
            for its class being small; with 2, sizes do not count at all.

        Returns
        -------
        DataFrame
            One row for each training image, the most suspect first, with the columns of
            `image_table`, further ``suggested``, the class that has the most evidence beside the
            label; ``score``, 0 to 1, the part of the evidence for the two that is for
            ``suggested`` (above 0.5: more than for the label); ``neighbors_same`` and
            ``neighbors_suggested``, how many of the k neighbors bear the label and the suggested
            one; ``label_confidence``, the network's probability of the label. See
            `imbxai_widgets.compute.methods.suspects.label_odds` for the evidence.

        Raises
        ------
        ValueError
            If `prior_power` is below 0, or there are fewer than two classes.

        Examples
        --------
        >>> suspects = analysis.suspects()
        >>> likely = suspects[suspects["archetype"] == "outlier"]
        >>> likely[["score", "label", "suggested"]].head(2).round(3)
               score     label suggested
        image
        836    1.000     Signs     Faces
        1715   0.999  Vehicles  Clothing
        """
        order, chosen, scores = self.suspect_rows(prior_power=prior_power)
        table = self.image_table(order)
        names = np.asarray(self.class_names, dtype=object)
        near = self.labels[self.neighbors[order]]
        table.insert(1, "suggested", names[chosen])
        table.insert(0, "score", scores)
        table["neighbors_same"] = (near == self.labels[order, np.newaxis]).sum(axis=1)
        table["neighbors_suggested"] = (near == chosen[:, np.newaxis]).sum(axis=1)
        table["label_confidence"] = self.train.top.of_labels[order]
        return table

    def suspect_rows(self, *, prior_power: float = 1.0) -> SuspectRows:
        """Return what `suspects` tells, by rows and numbers of classes.

        Parameters
        ----------
        prior_power : float
            As for `suspects`.

        Returns
        -------
        SuspectRows
            ``rows`` of `train`, the most suspect first, the numbers of the ``suggested`` classes
            and the ``scores``, all of shape (N,).

        Raises
        ------
        ValueError
            As `suspects` does.

        Examples
        --------
        >>> found = analysis.suspect_rows()
        >>> found.suggested[0], found.scores[0].round(3)
        (np.int64(4), np.float64(1.0))
        """
        if self.n_classes < 2:
            raise ValueError("With one class, there is no other label to suggest.")
        near = self.labels[self.neighbors]
        suggested, log_odds = label_odds(
            self.labels, near, self.train.top, self.n_classes, prior_power=prior_power
        )
        order = np.argsort(-log_odds, kind="stable").astype(np.int64, copy=False)
        return SuspectRows(order, suggested[order], 1 / (1 + np.exp(-log_odds[order])))

    def resampling_plan(
        self,
        *,
        safe: float = 1.0,
        border: float = 1.0,
        rare: float = 1.0,
        outlier: float = 1.0,
        balance: float = 0.5,
    ) -> pd.Series[float]:
        """Weigh the training images: more for small classes and, if asked for, by archetype.

        Networks that were trained again with the default and cross-entropy were better on the mean
        of the classes on all four sets of images that it was tried on. Thinning out safe images and
        repeating those at the border and rare ones, as the paper proposes (Section 4.2), brought
        nothing beyond it, and by itself did harm. With LDAM-DRW, which weighs the classes already,
        the default did harm (docs/actions.md).

        Parameters
        ----------
        safe, border, rare, outlier : float
            Factor of the images of each archetype, at least 0, relative to the others of their
            class.
        balance : float
            0 to 1: how far the classes are evened. 0 leaves each class its share of the images,
            1 gives each class the same.

        Returns
        -------
        Series
            The weight of each image of the dataset, with as many entries as the dataset has
            images, in their order; 0 for images that could not be read. The sum is the number of
            images analyzed, so that a weight is how often an image is expected to be drawn in an
            epoch of as many draws.

        Raises
        ------
        ValueError
            If an argument is out of range, or no image is left.

        Examples
        --------
        >>> plan = analysis.resampling_plan()
        >>> len(plan), round(plan.sum())
        (1922, 1922)
        >>> from torch.utils.data import DataLoader, WeightedRandomSampler
        >>> sampler = WeightedRandomSampler(plan.tolist(), num_samples=len(plan))
        >>> loader = DataLoader(train_set, sampler=sampler, batch_size=128)
        """
        factors = {"safe": safe, "border": border, "rare": rare, "outlier": outlier}
        weights = sampling_weights(
            self.labels, self.archetypes, self.n_classes, factors, balance=balance
        )
        of_all = np.zeros(len(self.train) + len(self.train.skipped))
        of_all[self.train.positions] = weights
        return pd.Series(of_all, index=pd.RangeIndex(len(of_all), name="image"), name="weight")

    def class_cost_matrix(self, *, strength: float = 0.0, imbalance: float = 0.5) -> pd.DataFrame:
        """Price the errors: dearer for small classes.

        The prediction with the least expected cost is then the class with the largest
        probability / size ** imbalance: the logit adjustment of Menon et al. (ICLR 2021) with tau =
        `imbalance`.

        Parameters
        ----------
        strength : float
            At least 0: what sharing all top features adds to the cost, relative to sharing none, an
            idea of the paper (Section 4.4). It made predictions worse, or left them as they were,
            on all data that it was measured on (docs/actions.md).
        imbalance : float
            At least 0: the power of (largest class size / size of the true class); 0 ignores the
            sizes.

        Returns
        -------
        DataFrame
            (C, C): the cost of predicting ``prediction`` (column) for an image of ``class`` (row);
            0 on the diagonal, at least 1 elsewhere, and by default the same for all predictions.

        Raises
        ------
        ValueError
            If an argument is below 0, or there are too many classes for tables of all by all (from
            8,193 on).

        Examples
        --------
        The prediction with the least expected cost (Elkan, 2001), in place of the most probable:

        >>> costs = analysis.class_cost_matrix().to_numpy()
        >>> probabilities = np.zeros((1, 10))  # of one image
        >>> probabilities[0, [0, 9]] = 0.7, 0.3  # People, Plants
        >>> predictions = (probabilities @ costs).argmin(axis=1)
        >>> analysis.class_names[predictions[0]]
        'Plants'
        """
        way_out = "take what one class shares with the others: Analysis.feature_overlap(class_name)"
        check_dense(self.n_classes, "the matrix of costs", way_out, tables=4)
        costs = overlap_costs(
            self.rows.top[0], self.rows.sizes, strength=strength, imbalance=imbalance
        )
        return pd.DataFrame(
            costs, index=self._class_axis("class"), columns=self._class_axis("prediction")
        )
