"""What may be done about a class that fails, tried on embeddings in a second.

Remedies take effect in this order, whatever the order in which they are given: those that change
the training images, those that make another head, those that rescale its weights, those that shift
logits. Where images change and no other head is made, the head is fitted to them again.
"""

from __future__ import annotations

from imbxai_widgets.compute.remedies.data import ApplyEdits, DropSuspects, Resample, Reweight
from imbxai_widgets.compute.remedies.heads import (
    ClassifierRetraining,
    NearestClassMean,
    TauNormalization,
)
from imbxai_widgets.compute.remedies.logits import (
    LogitAdjustment,
    LogitOffset,
    Temperature,
    Threshold,
)
from imbxai_widgets.compute.remedies.refit import CancelledError
from imbxai_widgets.compute.remedies.remedy import Remedy

__all__ = [
    "ApplyEdits",
    "CancelledError",
    "ClassifierRetraining",
    "DropSuspects",
    "LogitAdjustment",
    "LogitOffset",
    "NearestClassMean",
    "Remedy",
    "Resample",
    "Reweight",
    "TauNormalization",
    "Temperature",
    "Threshold",
]
