"""The registry of the panels, in the order of the page: one line a panel, one file a panel."""

from __future__ import annotations

from imbxai_widgets.explorer.panel import PanelContent
from imbxai_widgets.explorer.panels.adversaries import AdversaryContent
from imbxai_widgets.explorer.panels.archetypes import ArchetypeContent
from imbxai_widgets.explorer.panels.class_picker import ClassPickerContent
from imbxai_widgets.explorer.panels.colors import ColorContent
from imbxai_widgets.explorer.panels.comparison import ComparisonContent
from imbxai_widgets.explorer.panels.decision_map import DecisionMapContent
from imbxai_widgets.explorer.panels.detail import DetailContent
from imbxai_widgets.explorer.panels.duplicates import DuplicatesContent
from imbxai_widgets.explorer.panels.edits import EditsContent
from imbxai_widgets.explorer.panels.failures import FailuresContent
from imbxai_widgets.explorer.panels.header import HeaderContent
from imbxai_widgets.explorer.panels.images import ImagesContent
from imbxai_widgets.explorer.panels.map import MapContent
from imbxai_widgets.explorer.panels.overlap import OverlapContent
from imbxai_widgets.explorer.panels.overview import OverviewContent
from imbxai_widgets.explorer.panels.review import ReviewContent
from imbxai_widgets.explorer.panels.what_if import WhatIfContent

__all__ = ["PANELS"]

PANELS: tuple[type[PanelContent], ...] = (
    ClassPickerContent,
    HeaderContent,
    EditsContent,
    AdversaryContent,
    FailuresContent,
    ArchetypeContent,
    DuplicatesContent,
    ComparisonContent,
    ImagesContent,
    OverlapContent,
    ColorContent,
    OverviewContent,
    MapContent,
    ReviewContent,
    WhatIfContent,
    DecisionMapContent,
    DetailContent,
)
