"""Everything found out about one model and its images, or two models, as arrays and tables."""

from __future__ import annotations

from imbxai_widgets.analysis.analysis import Analysis
from imbxai_widgets.analysis.comparison import Comparison, compare
from imbxai_widgets.analysis.diagnosis import ClassDiagnosis, Diagnosis, Finding
from imbxai_widgets.analysis.learning_curve import LearningCurve
from imbxai_widgets.analysis.recipe import Recipe
from imbxai_widgets.analysis.report import Report
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.analysis.storage import StorageError
from imbxai_widgets.analysis.what_if import WhatIf
from imbxai_widgets.compute.numeric.head import Head

__all__ = [
    "Analysis",
    "ClassDiagnosis",
    "Comparison",
    "Diagnosis",
    "Finding",
    "Head",
    "LearningCurve",
    "Recipe",
    "Report",
    "Split",
    "StorageError",
    "WhatIf",
    "compare",
]
