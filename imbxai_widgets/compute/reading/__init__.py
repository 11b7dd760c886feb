"""Datasets of any accepted kind, read as images, labels and names of classes."""

from __future__ import annotations

from imbxai_widgets.compute.reading.batches import WorkerError
from imbxai_widgets.compute.reading.class_names import class_names_of
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.labeled_images import LabeledImages, ReadError, Skipped
from imbxai_widgets.compute.reading.transforms import DisplayError

__all__ = [
    "DisplayError",
    "ImageSource",
    "LabeledImages",
    "ReadError",
    "Skipped",
    "WorkerError",
    "class_names_of",
]
