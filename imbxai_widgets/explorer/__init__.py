"""The linked widgets; the only folder that knows the analysis, cards and panels."""

from __future__ import annotations

from imbxai_widgets.explorer.explorer import Explorer

__all__ = ["Explorer"]
