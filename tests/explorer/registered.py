"""The panels in the registry, for tests that hold of each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_type_hints

from imbxai_widgets.explorer.panel import Panel, PanelContent
from imbxai_widgets.explorer.panels import PANELS


def widget_type(content: type[PanelContent]) -> type[Panel]:
    """Return the widget that is defined beside a content."""
    found = [
        kind
        for kind in vars(sys.modules[content.__module__]).values()
        if isinstance(kind, type)
        and issubclass(kind, Panel)
        and kind.__module__ == content.__module__
    ]
    (kind,) = found
    return kind


WIDGETS = {content: widget_type(content) for content in PANELS}


def sample_card(content: type[PanelContent]) -> dict[str, Any]:
    """Return a card with all that a panel takes, of no meaning."""
    kinds = get_type_hints(content.part_type)
    part = {key: b"png" if kinds[key] is bytes else {} for key in content.keys()}  # noqa: SIM118
    return {"index": 0, "name": "cat", **part}


def empty_front_end(folder: Path) -> None:
    """Write a front end without code, for tests that have no browser."""
    for bundle in ("linker", "tabs", "scatterplot", *(content.name for content in PANELS)):
        (folder / f"{bundle}.js").touch()
