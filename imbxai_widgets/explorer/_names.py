"""Names on the Explorer's panels; see `imbxai_widgets.names`."""

from __future__ import annotations

from imbxai_widgets.names import LABEL_WIDTH, shorten, shown_name, width

__all__ = ["LABEL_WIDTH", "shorten", "shown_name", "width"]
