"""What may be done about a class that fails: handed on from `imbxai_widgets.compute.remedies`."""

from __future__ import annotations

from imbxai_widgets.compute.remedies import (
    ApplyEdits,
    CancelledError,
    ClassifierRetraining,
    DropSuspects,
    LogitAdjustment,
    LogitOffset,
    NearestClassMean,
    Remedy,
    Resample,
    Reweight,
    TauNormalization,
    Temperature,
    Threshold,
)

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
