"""The detail: one image, or one feature, looked at closer in a dialog over the page."""

from __future__ import annotations

from typing import Any

import traitlets

from imbxai_widgets.explorer.panel import Editing, Panel, PanelContent


class DetailContent(PanelContent):
    """What is opened by a click; nothing until then."""

    name = "detail"
    place = "over"
    turn = 8  # there is nothing to see of it when a class is selected

    def widget(self, selected: int) -> DetailPanel:
        """Return a dialog that is closed."""
        return DetailPanel(selected=selected)


class DetailPanel(Editing, Panel):
    """A dialog over the page, in which one image or feature is looked at closer.

    Parameters
    ----------
    opened : dict
        What is shown; set in the page by the linker. See js/src/parts/open.ts.
    selected : int
        Index of the selected class. A click on a class's name sets it in the page.
    marked : list of str
        Keys of the marked images, in the order they were marked.
    """

    _bundle = "detail"

    opened: Any = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    marked = traitlets.List(traitlets.Unicode()).tag(sync=True)
