"""What all tables of an analysis are made of and have in common."""

from __future__ import annotations

from functools import cached_property
from operator import index as as_index
from typing import Final

import pandas as pd

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis.copies import Copies
from imbxai_widgets.analysis.rows import ClassRows

NO_VALIDATION: Final = "No validation errors: give `validation=` to analyze()."

NO_HEAD: Final = (
    "the analysis has no head: what the network makes of embeddings is not linear, or an older "
    "version saved the file, or from_arrays was not given head; analyze with the default layer, or "
    "give head"
)


class AnalysisTables(AnalysisData):
    """An analysis with its results, which the tables show for all classes at once."""

    @cached_property
    def rows(self) -> ClassRows:
        """The results class by class; for many classes, quicker and smaller than the tables."""
        return ClassRows(self)

    @cached_property
    def copies(self) -> Copies:
        """The groups of images with the same features; see `Analysis.duplicates`."""
        return Copies.of(self)

    def _class_axis(self, name: str) -> pd.Index[str]:
        return pd.Index(self.class_names, name=name, dtype=object)

    def _class_number(self, given: str | int) -> int:
        if isinstance(given, str):
            return self.class_index(given)
        index = as_index(given)
        if not 0 <= index < self.n_classes:
            raise ValueError(f"class numbers are 0 to {self.n_classes - 1}, not {index}.")
        return index
