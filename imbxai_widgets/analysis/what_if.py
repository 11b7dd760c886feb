"""`WhatIf`: what remedies would change, told of validation images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from torch import nn

from imbxai_widgets.analysis._calibration import logits_if_known
from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis._recipes import recipe_of
from imbxai_widgets.analysis._remedied import Held, Remedied
from imbxai_widgets.analysis.adjusted import adjusted
from imbxai_widgets.analysis.recipe import Recipe
from imbxai_widgets.compute.methods.bootstrap import folds
from imbxai_widgets.compute.methods.calibration import calibration
from imbxai_widgets.compute.methods.pair_margins import pair_margins
from imbxai_widgets.compute.methods.paired import Change, PairedDraws
from imbxai_widgets.compute.methods.scaling import FOLDS, fit_scaling
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, FloatArray, IntArray
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.compute.remedies.decision import Decision
from imbxai_widgets.compute.remedies.logits import Temperature
from imbxai_widgets.compute.remedies.remedy import Remedy, Stage

SUMMARY: Final = ("all", "mean of classes", "worst class", "tail")


@dataclass(frozen=True, eq=False)
class WhatIf:
    """What remedies would change of the validation images; made by `Analysis.what_if`.

    Attributes
    ----------
    remedies : tuple of Remedy
        In the order in which they take effect, parameters that were to be found as chosen on all
        validation images.
    chosen : tuple of tuples of Remedy
        Of each fold, the remedies as chosen on the other folds, by which the images of the fold
        are judged; empty where nothing was to be found.
    folds : int64 array, shape (M,)
        The fold of each validation image.
    before, after : int64 array, shape (M,)
        Predicted classes of the validation images.
    tail : tuple of str
        The third of the classes with the fewest training images.
    caution : str
        Why it may not foretell what a training changes, or "".

    Examples
    --------
    >>> from imbxai_widgets.remedies import LogitAdjustment
    >>> analysis.what_if(LogitAdjustment(tau=1))
    WhatIf(LogitAdjustment(tau=1): mean of classes 0.626 -> 0.639)
    """

    analysis: AnalysisData
    found: Remedied
    held: Held
    groups: IntArray
    draws: PairedDraws
    plain_refit: Callable[[], Decision]
    seed: int
    caution: str = ""

    def __repr__(self) -> str:
        row = self.summary().loc["mean of classes"]
        named = ", ".join(map(repr, self.remedies)) or "nothing"
        return f"WhatIf({named}: mean of classes {row['before']:.3f} -> {row['after']:.3f})"

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """The remedies, all their parameters known."""
        return tuple(step.remedy for step in self.found.steps)

    @property
    def chosen(self) -> tuple[tuple[Remedy, ...], ...]:
        """The remedies of each fold, as chosen on the others."""
        return self.found.chosen

    @property
    def folds(self) -> IntArray:
        """The fold of each validation image."""
        return self.found.folds

    @property
    def labels(self) -> IntArray:
        """True classes of the validation images, shape (M,)."""
        return self.held.split.labels

    @property
    def before(self) -> IntArray:
        """Predicted classes before, shape (M,)."""
        return self.held.split.predictions

    @cached_property
    def after(self) -> IntArray:
        """Predicted classes after, shape (M,)."""
        return self._predictions(self.found.logits)

    @cached_property
    def tail(self) -> tuple[str, ...]:
        """The third of the classes with the fewest training images, of those that have both."""
        return tuple(self.analysis.class_names[label] for label in self._tail())

    def classes(self) -> pd.DataFrame:
        """Tell the accuracy of each class before and after.

        Returns
        -------
        DataFrame
            One row a class. Columns: ``images``, its validation images; ``before``, ``after``,
            accuracies, 0 to 1; ``change``; and the 95% interval of it, ``change_low`` and
            ``change_high``, without width where no prediction of any image could change. NaN
            where there are no images.

        Examples
        --------
        >>> from imbxai_widgets.remedies import LogitAdjustment
        >>> what_if = analysis.what_if(LogitAdjustment(tau=1))
        >>> what_if.classes().loc["Plants", ["before", "after", "change"]].round(2).tolist()
        [0.17, 0.44, 0.28]
        """
        names = pd.Index(self.analysis.class_names, name="class", dtype=object)
        change = self._known(self.draws.of_classes(self._right, self._drawn))
        table = pd.DataFrame(change._asdict(), names)
        table.insert(0, "images", self.draws.sizes.astype(np.int64))
        return table

    def summary(self) -> pd.DataFrame:
        """Tell the accuracy of all images, the mean of the classes, the worst class, and the tail.

        Returns
        -------
        DataFrame
            Columns as of `classes`, but ``images``; further ``refit``, the accuracy after a refit
            of the head without any remedy, where remedies put another head in: what is beyond it is
            due to the remedies. NaN where they do not. The worst class before and after may be two
            classes.

        Examples
        --------
        >>> from imbxai_widgets.remedies import ClassifierRetraining
        >>> table = analysis.what_if(ClassifierRetraining()).summary()
        >>> table.columns.tolist()
        ['before', 'after', 'change', 'change_low', 'change_high', 'refit']
        """
        tail, refit = self._tail(), self.refit
        change = self._known(self.draws.of_groups(self._right, tail, self._drawn))
        table = pd.DataFrame(change._asdict(), pd.Index(SUMMARY, name="accuracy of"))
        table["refit"] = np.nan
        if refit is not None:
            table["refit"] = self.draws.figures(refit == self.labels, tail)
        return table

    @cached_property
    def refit(self) -> IntArray | None:
        """Predicted classes (M,) by a head that was refitted without any remedy.

        None where remedies put no other head in.
        """
        if not any(remedy.stage <= Stage.HEAD for remedy in self.remedies):
            return None
        return self._predictions(self.held.logits(self.plain_refit()))

    def moves(self) -> pd.DataFrame:
        """Count the images whose prediction changes, by their class and from what to what.

        Returns
        -------
        DataFrame
            The most frequent first. Columns: ``class``, ``before`` and ``after``, names of classes;
            ``images``; ``effect``, "won" where they are right after, "lost" where they were right
            before, else "still wrong".

        Examples
        --------
        >>> from imbxai_widgets.remedies import LogitAdjustment
        >>> moves = analysis.what_if(LogitAdjustment(tau=1)).moves()
        >>> moves.groupby("effect")["images"].sum().to_dict()
        {'lost': 34, 'still wrong': 32, 'won': 13}
        """
        moved = self.before != self.after
        shape = (self.analysis.n_classes,) * 3
        triples = self.labels[moved], self.before[moved], self.after[moved]
        kinds, counts = np.unique(np.ravel_multi_index(triples, shape), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        label, before, after = np.unravel_index(kinds[order], shape)
        counts, names = counts[order], np.asarray(self.analysis.class_names, dtype=object)
        lost = np.where(before == label, "lost", "still wrong")
        return pd.DataFrame(
            {
                "class": names[label],
                "before": names[before],
                "after": names[after],
                "images": counts,
                "effect": np.where(after == label, "won", lost).astype(object),
            }
        )

    def logits(self, name: SplitName = "validation") -> FloatArray:
        """Return the logits of all images of a split, with what was chosen on all images.

        Parameters
        ----------
        name : {"training", "validation"}

        Returns
        -------
        float32 array, shape (n, C)
            What `module` gives.

        Raises
        ------
        ValueError
            If there is no such split, or the network's logits are needed and not known.

        Examples
        --------
        >>> analysis.what_if().logits().shape
        (824, 10)
        """
        if name == "validation":
            return self.held.logits(self.found.decision)
        split = self.analysis.split(name)
        decision = self.found.decision
        own = None
        if not decision.has_new_head:
            own = logits_if_known(split, self.analysis.n_classes)
        return Held(split, own).logits(decision)

    def decisions(self, class_name: str, adversary: str) -> pd.DataFrame:
        """Tell how far images are from the decision between two classes, in units of logits.

        Parameters
        ----------
        class_name, adversary : str
            Two classes.

        Returns
        -------
        DataFrame
            The training and validation images of the two classes, and those taken for one of them
            before or after. Columns: ``split``; ``image``, the row in it; ``label`` and
            ``prediction``, class numbers, the latter before; ``x``, logit of the class less that of
            the adversary; ``y``, less the largest of all other logits. After the remedies it is
            predicted as the class where x > 0 and y > 0, as the adversary where x < 0 and y > x.

        Raises
        ------
        ValueError
            If there is no such class, both are one, or logits are not known.

        Examples
        --------
        >>> table = analysis.what_if().decisions("Plants", "Animals")
        >>> own = table[(table["split"] == "validation") & (table["label"] == 9)]
        >>> len(own), int(((own["x"] > 0) & (own["y"] > 0)).sum())  # of 18, 3 are recognized
        (18, 3)
        """
        pair = [self.analysis.class_index(name) for name in (class_name, adversary)]
        tables = []
        names: tuple[SplitName, ...] = ("training", "validation")
        for name in names:
            split, logits = self.analysis.split(name), self.logits(name)
            involved = [split.labels, split.predictions, logits.argmax(axis=1)]
            rows = np.flatnonzero(np.isin(involved, pair).any(axis=0))
            x, y = pair_margins(logits[rows], *pair)
            columns: dict[str, Any] = {"split": name, "image": rows, "label": split.labels[rows]}
            columns |= {"prediction": split.predictions[rows], "x": x, "y": y}
            tables.append(pd.DataFrame(columns))
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def temperature(self) -> float:
        """What logits have to be divided by; 1 where the calibration does not call for it.

        It is called for where the interval of the calibration error lies above 0.
        """
        logits, labels = self.found.logits, self.labels
        shares = torch.from_numpy(logits).double().softmax(dim=1).numpy()
        right = logits.argmax(axis=1) == labels
        told = calibration(shares.max(axis=1), right, self.groups)
        if not told.ece_low > 0:
            return 1.0
        return fit_scaling(logits, labels, "temperature").temperature

    def probabilities(self) -> DoubleArray:
        """Return the probabilities of all classes, divided by a temperature where it is called for.

        Returns
        -------
        float64 array, shape (M, C)
            Of each validation image, with what was chosen, and the temperature that was fitted, on
            other images.

        Examples
        --------
        >>> from imbxai_widgets.remedies import LogitAdjustment
        >>> what_if = analysis.what_if(LogitAdjustment(tau=1))
        >>> what_if.probabilities().shape, round(what_if.temperature, 1)
        ((824, 10), 1.6)
        """
        logits = self.found.logits.astype(np.float64)
        if self.temperature != 1:
            fold = folds(self.groups, FOLDS, np.random.default_rng(self.seed))
            for number in np.unique(fold):
                own, others = fold == number, fold != number
                fitted = fit_scaling(self.found.logits[others], self.labels[others], "temperature")
                logits[own] /= fitted.temperature
        shares: DoubleArray = torch.from_numpy(logits).softmax(dim=1).numpy()
        return shares

    def recipe(self) -> Recipe:
        """Return what to put into a training script, as PyTorch objects and as code.

        Returns
        -------
        Recipe

        Examples
        --------
        >>> from imbxai_widgets.remedies import Reweight
        >>> recipe = analysis.what_if(Reweight()).recipe()
        >>> recipe.loss
        CrossEntropyLoss()
        >>> print(recipe.code.splitlines()[0])
        import torch
        """
        return recipe_of(self.found.steps, self.found.decision)

    def module(self, model: nn.Module, *, layer: str | None = None) -> nn.Module:
        """Return a copy of the model with the remedies in its head, which gives the logits told.

        Parameters
        ----------
        model : torch.nn.Module
            The one that was analyzed; it stays as it is.
        layer : str, optional
            The dotted name of its layer that takes the embedding, where the head is not linear and
            another takes its place. By default it is found by its weights.

        Returns
        -------
        torch.nn.Module
            Returns logits (B, C), those of `logits` but for rounding.

        Raises
        ------
        ValueError
            If no layer of the model has the weights that were analyzed, or `layer` is needed.

        Examples
        --------
        >>> from imbxai_widgets.remedies import LogitAdjustment
        >>> what_if = analysis.what_if(LogitAdjustment(tau=1))
        >>> new = what_if.module(model)
        >>> with torch.no_grad():
        ...     logits = new(torch.stack([test_set[row][0] for row in range(4)]))
        >>> np.abs(logits.numpy() - what_if.logits()[:4]).max() < 1e-3
        np.True_
        """
        return adjusted(model, self.found.decision, layer)

    @property
    def _right(self) -> BoolArray:
        right: BoolArray = self.after == self.labels
        return right

    @cached_property
    def _drawn(self) -> DoubleArray:
        return self.draws.drawn(self._right)

    def _known(self, change: Change) -> Change:
        """Return a change with an interval of no width where no prediction can change at all."""
        decision = self.found.decision
        chosen = (remedy for fold in self.chosen for remedy in fold)
        harmless = all(isinstance(remedy, Temperature) for remedy in chosen)
        if decision.has_new_head or np.ptp(decision.shifts) > 0 or not harmless:
            return change
        return change._replace(change_low=change.change, change_high=change.change)

    def _tail(self) -> IntArray:
        sizes = np.bincount(self.analysis.labels, minlength=self.analysis.n_classes)
        return tail_of(sizes, self.draws.sizes)

    def _predictions(self, logits: FloatArray) -> IntArray:
        """Return the largest logits' classes; the recorded ones where a remedy changes none.

        Logits made of a head may differ from those of the pass in their last digits.
        """
        predicted: IntArray = logits.argmax(axis=1)
        if self.held.own is None:
            return predicted
        kept: IntArray = np.where(predicted == self._own_predictions, self.before, predicted)
        return kept

    @cached_property
    def _own_predictions(self) -> IntArray:
        assert self.held.own is not None
        predicted: IntArray = self.held.own.argmax(axis=1)
        return predicted


def tail_of(sizes: IntArray, held_out: IntArray | DoubleArray) -> IntArray:
    """Return the third of the classes with the fewest training images, of those that have both.

    Parameters
    ----------
    sizes, held_out
        (C,) training and validation images of each class.

    Returns
    -------
    numpy.ndarray
        (t,) int64, numbers of classes, the smallest first.

    Examples
    --------
    >>> tail_of(np.array([90, 5, 20, 0, 40]), np.array([9, 9, 9, 9, 0]))
    array([1])
    """
    present = np.flatnonzero((sizes > 0) & (held_out > 0))
    order = present[np.argsort(sizes[present], kind="stable")]
    return order[: max(1, len(present) // 3)]
