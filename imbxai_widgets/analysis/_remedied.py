"""Applies remedies to an analysis: what is chosen, on which images, and what is then predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray
from imbxai_widgets.compute.remedies.decision import Decision, Network
from imbxai_widgets.compute.remedies.remedy import Remedy, Stage


class Step(NamedTuple):
    """A remedy, all its parameters known, and how classes are decided on before it."""

    remedy: Remedy
    before: Decision


@dataclass(frozen=True, eq=False)
class Remedied:
    """What remedies make of the validation images.

    Attributes
    ----------
    steps
        The remedies, with parameters chosen on all validation images where they were open.
    decision
        How classes are decided on after them.
    chosen
        Of each fold, the remedies with the parameters chosen on the other folds; empty where none
        was open.
    folds
        (M,) int64, the fold of each image; all 0 where nothing was chosen.
    logits
        (M, C) float32: each image's by what was chosen on other images.
    """

    steps: tuple[Step, ...]
    decision: Decision
    chosen: tuple[tuple[Remedy, ...], ...]
    folds: IntArray
    logits: FloatArray


class Held(NamedTuple):
    """The validation images that remedies are judged on.

    Attributes
    ----------
    split
        Labels and embeddings.
    own
        (M, C) the network's logits; None where they are not known.
    """

    split: Split
    own: FloatArray | None

    def logits(self, decision: Decision, rows: IntArray | slice = slice(None)) -> FloatArray:
        """Return the logits (n, C) of images by a decision."""
        if decision.head is None and self.own is None:
            raise ValueError(
                "this needs the logits of the network, which are not known: the analysis has no "
                "head, and was made of predictions, or does not keep all probabilities; give head, "
                "or refit one first (ClassifierRetraining)"
            )
        assert self.split.embeddings is not None
        own = None if self.own is None else self.own[rows]
        return decision.logits(self.split.embeddings[rows], own)


def remedied(remedies: Sequence[Remedy], network: Network, held: Held, folds: IntArray) -> Remedied:
    """Apply remedies, in the order in which they take effect.

    What does not depend on a parameter to be found is done once, for all folds: a head is refitted
    once.

    Parameters
    ----------
    remedies
        From `in_order`.
    network, held
        Training images, validation images.
    folds
        (M,) int64: which images choose for which; they count only where a parameter is open.
    """
    first = next((i for i, remedy in enumerate(remedies) if remedy.is_open), len(remedies))
    steps: list[Step] = []
    decision = Decision.before(network)
    for number, remedy in enumerate(remedies[:first]):
        steps.append(Step(remedy, decision))
        decision = remedy.apply(decision)
        if _awaits_refit(decision, remedies[number + 1 :]):
            decision = decision.refitted()
    later = remedies[first:]
    labels, every = held.split.labels, np.arange(len(held.split))
    final, last = _settled(later, decision, held, every)
    if not later:
        return Remedied(tuple(steps), last, (), np.zeros_like(folds), held.logits(last))
    logits = np.empty((len(labels), network.n_classes), dtype=np.float32)
    chosen = []
    for number in range(int(folds.max()) + 1):
        own = np.flatnonzero(folds == number)
        found, of_fold = _settled(later, decision, held, np.flatnonzero(folds != number))
        logits[own] = held.logits(of_fold, own)
        chosen.append((*remedies[:first], *(step.remedy for step in found)))
    return Remedied((*steps, *final), last, tuple(chosen), folds, logits)


def refitted_plainly(network: Network) -> Decision:
    """Return what a refit of the head does without any remedy: the baseline of those that refit."""
    return replace(Decision.before(network), weights=np.ones(len(network.labels))).refitted()


def _awaits_refit(decision: Decision, later: Sequence[Remedy]) -> bool:
    """Whether images have changed, and no remedy to come changes them again or makes a head."""
    return (
        decision.has_new_data
        and not decision.has_new_head
        and not any(remedy.stage <= Stage.HEAD for remedy in later)
    )


def _settled(
    remedies: Sequence[Remedy], decision: Decision, held: Held, rows: IntArray
) -> tuple[tuple[Step, ...], Decision]:
    """Choose what is open on some images, one remedy after the other, and apply all."""
    steps = []
    for remedy in remedies:
        known = remedy
        if remedy.is_open:
            known = remedy.settled(decision, held.logits(decision, rows), held.split.labels[rows])
        steps.append(Step(known, decision))
        decision = known.apply(decision)
    return tuple(steps), decision


def stratified_folds(
    groups: IntArray, labels: IntArray, number: int, rng: np.random.Generator
) -> IntArray:
    """Share groups of images out over folds, whole, and those of each class as evenly as may be.

    Parameters
    ----------
    groups
        (M,) int64, from `group_codes`.
    labels
        (M,) int64; a group is of the class of its first image.
    number
        Of folds.
    rng
        Where chance comes from.

    Returns
    -------
    numpy.ndarray
        (M,) int64, 0..number-1.

    Raises
    ------
    ValueError
        If there are fewer groups than folds.
    """
    _, first, codes = np.unique(groups, return_index=True, return_inverse=True)
    if len(first) < number:
        raise ValueError(f"{len(first)} validation images or groups cannot make {number} folds")
    order = np.lexsort((rng.random(len(first)), labels[first]))
    of_groups = np.empty(len(first), dtype=np.int64)
    of_groups[order] = np.arange(len(first)) % number
    return of_groups[codes]
