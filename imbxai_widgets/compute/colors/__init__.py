"""Colors as bins: two schemes, each a table of all 16,777,216 sRGB colors (paper, Algorithm 3)."""

from __future__ import annotations

from imbxai_widgets.compute.colors.schemes import ColorScheme, assign_bins, color_scheme

__all__ = ["ColorScheme", "assign_bins", "color_scheme"]
