"""The tabs: panels that share one place, of which one is in sight."""

from __future__ import annotations

from typing import Any

import traitlets

from imbxai_widgets.explorer.panel import Panel

BOX = "imbxai-tab"  # what stands in tab number 2 has the classes imbxai-tab and imbxai-tab-2


class Tabs(Panel):
    """The bar of titles above the panels that share a place.

    Its front end shows the open one of the boxes that stand beside it in the page and have the
    class names of a tab.

    Parameters
    ----------
    titles : list of str
        Of the tabs, in order.
    current : int
        Number of the open one.
    images : int
        Number of the tab that shows images.
    wanted : dict
        Which images are to be shown; set in the page by the linker, it opens their tab.
    remedies : int
        Number of the tab that tries remedies.
    tried : dict
        Which remedy is to be tried; set in the page by the linker, it opens that tab.
    """

    _bundle = "tabs"

    titles = traitlets.List(traitlets.Unicode()).tag(sync=True)
    current = traitlets.Int(0).tag(sync=True)
    images = traitlets.Int(0).tag(sync=True)
    wanted: Any = traitlets.Dict().tag(sync=True)
    remedies = traitlets.Int(0).tag(sync=True)
    tried: Any = traitlets.Dict().tag(sync=True)
