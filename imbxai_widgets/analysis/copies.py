"""Images with the same features: found once, over training and validation images together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.compute.neighbors.near_groups import near_groups, spread
from imbxai_widgets.compute.numeric.types import BoolArray, IntArray
from imbxai_widgets.compute.reading.splits import SplitName

CopyKind: TypeAlias = Literal["any", "conflict", "leak"]
TOLERANCE: Final = 1e-3


@dataclass(frozen=True)
class Copies:
    """Groups of images whose features are equal or nearly so.

    Attributes
    ----------
    groups : int64 array, shape (N + M,)
        Of training images and then validation images, the number of the group, -1 for an image
        that has no copy. Groups with different labels come first, then those of both splits, then
        in the order of their first image.
    conflict, leak : bool arrays, shape (G,)
        Of each group: whether its labels differ, and whether it has images of both splits.
    n_train : int
    radius : float
        How near images of a group are, in units of the embedding.
    """

    groups: IntArray
    conflict: BoolArray
    leak: BoolArray
    n_train: int
    radius: float

    @classmethod
    def of(cls, analysis: AnalysisData, tolerance: float = TOLERANCE) -> Copies:
        """Find them; `tolerance` as for `Analysis.duplicates`."""
        train, held_out = analysis.train, analysis.validation
        rows, labels = analysis.embeddings, train.labels
        if held_out is not None and held_out.embeddings is not None:
            rows = np.concatenate([rows, held_out.embeddings])
            labels = np.concatenate([labels, held_out.labels])
        radius = tolerance * spread(analysis.embeddings)
        first = near_groups(rows, radius)
        starts, codes, sizes = np.unique(first, return_inverse=True, return_counts=True)
        codes = codes.ravel()
        seen = np.arange(len(rows)) < len(train)
        several = sizes > 1
        lowest = np.full(len(starts), labels.max(initial=0))
        np.minimum.at(lowest, codes, labels)
        conflict = np.bincount(codes, labels != lowest[codes], len(starts)) > 0
        training = np.bincount(codes, seen, len(starts))
        leak = (training > 0) & (training < sizes)
        order = np.lexsort((starts, ~leak, ~conflict, ~several))[: np.count_nonzero(several)]
        number = np.full(len(starts), -1)
        number[order] = np.arange(len(order))
        return cls(number[codes], conflict[order], leak[order], len(train), radius)

    def of_split(self, split: SplitName) -> IntArray:
        """Return the groups of the images of a split; -1 also where they are not known."""
        return self.groups[: self.n_train] if split == "training" else self.groups[self.n_train :]

    def having(self, split: SplitName, size: int, kind: CopyKind) -> BoolArray:
        """Tell which images of a split have a copy, of another label, or in the other split.

        Raises
        ------
        ValueError
            If `kind` is none of these.
        """
        if kind not in ("any", "conflict", "leak"):
            raise ValueError(f"copies must be 'any', 'conflict' or 'leak', not {kind!r}.")
        found = np.zeros(size, dtype=np.bool_)
        groups = self.of_split(split)
        copied = groups >= 0
        if kind != "any":
            flags = self.conflict if kind == "conflict" else self.leak
            copied &= np.append(flags, False)[groups]
        found[: len(groups)] = copied
        return found

    def kinds(self, split: SplitName, rows: IntArray) -> list[list[CopyKind]]:
        """Return as what each of some images of a split is found; nothing of those without copies.

        Examples
        --------
        >>> analysis.copies.kinds("training", np.array([0]))
        [[]]
        """
        groups = self.of_split(split)
        found: list[list[CopyKind]] = []
        for row in rows.tolist():
            group = int(groups[row]) if row < len(groups) else -1
            kinds: list[CopyKind] = []
            if group >= 0:
                kinds = ["any"]
                kinds += ["conflict"] if self.conflict[group] else []
                kinds += ["leak"] if self.leak[group] else []
            found.append(kinds)
        return found
