"""The images around the decision between two classes, whatever is added to the logits of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from imbxai_widgets.analysis.analysis import Analysis
from imbxai_widgets.compute.methods.pair_margins import PairLogits, pair_logits
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray
from imbxai_widgets.compute.reading.splits import SplitName

_MOST_BYTES: Final = 2**31  # of the logits of a split
_KEPT_BYTES: Final = 2**25  # of those that are kept for the next pair


class DecisionImages(NamedTuple):
    """Images of one split that two classes are, or can be, decided for.

    Attributes
    ----------
    rows
        (n,) int64, rows of the split, rising.
    logits
        What decides on them, before anything is added to the logits of the two classes.
    largest
        (n,) int64: the class of the largest logit before anything is added to any. Where it is
        still that of the largest afterwards, the recorded prediction stands, as in `WhatIf`: logits
        made of a head may differ from those of the pass in their last digits.
    """

    rows: IntArray
    logits: PairLogits
    largest: IntArray


class DecisionSource:
    """Finds the images around the decision between any two classes of an analysis.

    Parameters
    ----------
    analysis : Analysis
        With validation images, as for `Analysis.what_if`.

    Examples
    --------
    >>> found = DecisionSource(analysis).images("validation", 9, 4, reach=1.0)
    >>> len(found.rows), found.logits.own.dtype
    (148, dtype('float32'))
    """

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._kept: dict[SplitName, FloatArray] = {}

    def images(
        self,
        name: SplitName,
        label: int,
        adversary: int,
        *,
        reach: float,
        offsets: Mapping[int, float] | None = None,
    ) -> DecisionImages:
        """Return the images of two classes, those taken for them, and those that may come to be.

        Parameters
        ----------
        name : {"training", "validation"}
        label, adversary : int
            Numbers of two classes.
        reach : float
            The most that may be added to the logit of either.
        offsets : mapping of int to float, optional
            What is added to the logits of other classes. Images whose prediction it changes are
            returned too.

        Raises
        ------
        ValueError
            If both classes are one, `offsets` names one of them, the logits are not known, or they
            take more than 2 GiB.
        """
        split, before = self._analysis.split(name), self._logits(name)
        pair = [label, adversary]
        added = np.zeros(self._analysis.n_classes)
        for other, offset in (offsets or {}).items():
            if other in pair:
                raise ValueError("offsets are of classes other than the two")
            added[other] = offset
        largest = before.argmax(axis=1)
        after, moved = before, np.zeros(len(before), dtype=np.bool_)
        if added.any():
            after = (before + added).astype(np.float32)
            moved = after.argmax(axis=1) != largest
        found = pair_logits(after, label, adversary)
        nearest = np.maximum(found.own, found.adversary) + np.float32(reach)
        chosen = (nearest >= found.outside) | moved
        for classes in (split.labels, split.predictions, largest):
            chosen |= np.isin(classes, pair)
        rows = np.flatnonzero(chosen)
        near = PairLogits(
            found.own[rows], found.adversary[rows], found.outside[rows], found.rival[rows]
        )
        return DecisionImages(rows, near, largest[rows])

    def _logits(self, name: SplitName) -> FloatArray:
        if name in self._kept:
            return self._kept[name]
        analysis = self._analysis
        size = 4 * len(analysis.split(name)) * analysis.n_classes
        if size > _MOST_BYTES:
            raise ValueError(
                f"the logits of {len(analysis.split(name)):,} {name} images and "
                f"{analysis.n_classes:,} classes take {size / 2**30:.1f} GiB, of "
                f"{_MOST_BYTES / 2**30:.0f} at most"
            )
        logits = analysis.what_if().logits(name)
        if size <= _KEPT_BYTES:
            self._kept[name] = logits
        return logits
