"""The linker: applies the card of the selected class to every panel, in the front end."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import traitlets

from imbxai_widgets.explorer.panel import Panel


class Linker(Panel):
    """Invisible widget that holds the selection, the cards and references to the panels.

    A selection made in the browser changes all panels there, without a round trip, and comes
    back to Python as `selected`. What the linker sets on the other widgets stays in the front
    end: their Python traits (a card, a mark's ``y``) keep what they were made with.

    Parameters
    ----------
    targets : dict of str to Widget
        The widgets to set and to listen to, by role; ``js/src/linker.ts`` names the roles.
    class_names, labels : list of str
        Names of the classes, and the same shortened to fit beside a bar.
    cards : list of dict
        The cards of all classes; empty if they are fetched one by one when needed.
    selected : int
        Number of the selected class.
    """

    _bundle = "linker"

    targets = traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Instance(widgets.Widget)
    ).tag(sync=True, **widgets.widget_serialization)
    class_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    cards: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
