"""The overview: the adversaries of all classes, one bar each."""

from __future__ import annotations

from typing import Any

import traitlets

from imbxai_widgets.explorer.panel import Panel


class OverviewPanel(Panel):
    """One 100% bar per class, its segments colored by adversary (Fig. 4), a page at a time.

    Parameters
    ----------
    overview : dict
        Bars of all classes; see `imbxai_widgets.explorer.panels._overview_data.overview`.
    selected : int
        Index of the selected class: its page is shown, and its bar marked. A class picked in the
        page comes to Python by the linker alone.
    """

    _bundle = "overview"

    overview: Any = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
