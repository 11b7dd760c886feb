"""What the comparison panel shows of one class: two models' numbers side by side.

Like the class cards that these are part of, they take their numbers from `Comparison`; nothing is
computed here beyond choosing, ordering and wording.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from imbxai_widgets.analysis.comparison import SIDES, Comparison
from imbxai_widgets.analysis.rows import ClassRows
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.explorer._names import shown_name
from imbxai_widgets.explorer.text import counted

ERROR_ROWS = 20  # classes at once; a class keeps its place among them whichever is selected
SHARED_ROWS = 10


class ComparisonCards:
    """Makes the part of each class card that compares two models.

    Parameters
    ----------
    comparison : Comparison
    before : ClassRows
        Rows of the first model's analysis, which the other panels show.
    """

    def __init__(self, comparison: Comparison, before: ClassRows) -> None:
        self.comparison = comparison
        self._rows = (before, ClassRows(comparison.after))
        self._names = comparison.before.class_names

    def card(self, index: int) -> dict[str, Any]:
        """Return what the panel shows of class `index`.

        Returns
        -------
        dict
            ``accuracies`` (one entry a split), ``errors`` (of this class and of those around it
            in the order of class size), ``flow`` (archetypes before by archetypes after) and
            ``shared`` (numbers of shared top features); each with a note in words.
        """
        return {
            "accuracies": [self._accuracy(split, index) for split in self._splits],
            "errors": self._errors(index),
            "flow": self._flow(index),
            "shared": self._shared(index),
        }

    @property
    def _splits(self) -> tuple[Literal["training", "validation"], ...]:
        held_out = self.comparison.before.validation is not None
        return ("training", "validation") if held_out else ("training",)

    # -- tables of all classes, each made once -------------------------------------------

    @cached_property
    def _accuracies(self) -> pd.DataFrame:
        return self.comparison.accuracies()

    @cached_property
    def _lost(self) -> pd.DataFrame:
        return self.comparison.errors(self._splits[-1], "rows")

    @cached_property
    def _gained(self) -> pd.DataFrame:
        return self.comparison.errors(self._splits[-1], "columns")

    @cached_property
    def _order(self) -> IntArray:
        """Classes from the largest to the smallest, as the overview has them."""
        sizes = np.bincount(self.comparison.before.labels, minlength=len(self._names))
        return np.argsort(-sizes, kind="stable").astype(np.int64)

    # -- parts of a card -----------------------------------------------------------------

    def _accuracy(self, split: str, index: int) -> dict[str, Any]:
        row = self._accuracies.iloc[index]
        values = {side: row[split, side] for side in SIDES}
        return {
            "split": split,
            "images": int(row["images", split]),
            **{side: None if pd.isna(value) else float(value) for side, value in values.items()},
        }

    def _errors(self, index: int) -> dict[str, Any]:
        split, mine = self._splits[-1], self._lost.iloc[index]
        images = int(self._accuracies["images", split].iloc[index])
        place = int(np.flatnonzero(self._order == index)[0])
        first = place // ERROR_ROWS * ERROR_ROWS
        shown = self._order[first : first + ERROR_ROWS]
        if images:
            note = (
                f"Of its {counted(images, f'{split} image')}, {mine['mended']:,} misclassified "
                f"before alone, {mine['broken']:,} after alone, {mine['both']:,} both times."
            )
        else:
            note = f"No {split} images of this class."
        return {
            "split": split,
            "note": note,
            "largest": max(int(table[list(SIDES)].to_numpy().max()) for table in self._tables),
            "first": first,
            "classes": len(self._names),
            "rows": [
                {
                    "index": int(other),
                    "name": shown_name(self._names[other]),
                    **{
                        key: [int(table[side].iloc[other]) for side in SIDES]
                        for key, table in zip(("lost", "gained"), self._tables, strict=True)
                    },
                }
                for other in shown
            ],
        }

    @property
    def _tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return self._lost, self._gained

    def _flow(self, index: int) -> dict[str, Any]:
        flow = self.comparison.flows[index]
        # From safe to outlier, an image's neighborhood is less and less of its own class.
        nearer, further = int(np.tril(flow, -1).sum()), int(np.triu(flow, 1).sum())
        same = counted(int(np.trace(flow)), "training image")
        note = (
            f"{same} kept the archetype, {nearer:,} came nearer to safe, {further:,} went further."
        )
        totals = flow.sum(axis=1, keepdims=True)
        shares = np.divide(flow, totals, out=np.zeros(flow.shape), where=totals > 0)
        return {"counts": flow.tolist(), "shares": shares.tolist(), "note": note}

    def _shared(self, index: int) -> dict[str, Any]:
        counts = np.stack([rows.shared_counts(index) for rows in self._rows])
        ranked = np.argsort(-counts.max(axis=0), kind="stable")
        sharing = int(np.count_nonzero(counts.any(axis=0)))
        return {
            "topK": [self.comparison.before.top_k, self.comparison.after.top_k],
            "sharing": sharing,
            "rows": [
                {
                    "index": int(other),
                    "name": shown_name(self._names[other]),
                    "shared": counts[:, other].tolist(),
                }
                for other in ranked[: min(SHARED_ROWS, sharing)]
            ],
        }
