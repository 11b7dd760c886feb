"""The linker: applies the card of the selected class to every panel, in the front end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import ipywidgets as widgets
import traitlets

from imbxai_widgets.explorer.display import SESSION
from imbxai_widgets.explorer.panel import Panel, PanelContent
from imbxai_widgets.explorer.tabs import Tabs


class Linker(Panel):
    """Invisible widget that holds the selection, the cards and references to the panels.

    A selection made in the browser changes all panels there, without a round trip, and comes
    back to Python as `selected`. What the linker sets on the other widgets stays in the front
    end: their Python traits (a card, a mark's ``y``) keep what they were made with.

    Its front end asks for cards that were not sent along by ``ask("card", {index})``.

    Parameters
    ----------
    panels : list of dict
        In the order in which a click sets them: ``model``, the widget; ``keys``, what it takes
        of a card; ``waits``, whether its selection waits for the card; ``tab``, the number of the
        tab that it stands in, if any: while that is closed, the panel follows later.
    tabs : Widget
        Its ``current`` is the number of the open tab.
    message : Widget
        Its ``value`` says what the panels wait for, and what went wrong.
    class_names : list of str
        Names of the classes, as they stand on a page.
    cards : list of dict
        The cards of all classes; empty if they are fetched one by one when needed.
    selected : int
        Number of the selected class.
    marked : list of str
        Keys of the marked images, ``"training:12"`` or ``"validation:3"`` (rows of a split), in
        the order they were marked.
    edits : dict of str to dict
        What is to become of images, by their keys: ``action``, and of "relabel" the ``label``, the
        number of a class.
    history : dict
        Whether there is anything to ``undo`` and to ``redo``, and where edits are ``kept``, the
        path of a journal or "".
    session : str
        Tells the lines that this process leaves behind; see explorer/display.py.
    """

    _bundle = "linker"

    panels: Any = traitlets.List(traitlets.Dict()).tag(sync=True, **widgets.widget_serialization)
    tabs = traitlets.Instance(widgets.Widget, allow_none=True).tag(
        sync=True, **widgets.widget_serialization
    )
    message = traitlets.Instance(widgets.Widget, allow_none=True).tag(
        sync=True, **widgets.widget_serialization
    )
    class_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    cards: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    marked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    edits: Any = traitlets.Dict().tag(sync=True)
    history: Any = traitlets.Dict().tag(sync=True)
    session = traitlets.Unicode(SESSION).tag(sync=True)


def links(
    contents: Iterable[PanelContent], panels: Mapping[str, Panel], tabs: Tabs
) -> list[dict[str, Any]]:
    """Return what the linker is told of each panel, in the order in which a click sets them.

    Parameters
    ----------
    contents : iterable of PanelContent
        In the order of the page.
    panels : mapping of str to Panel
        Their widgets, by name.
    tabs : Tabs
        The bar of tabs, which comes last.
    """
    found = [
        {
            "model": panels[content.name],
            "keys": list(content.keys()),
            "waits": panels[content.name].waits,
            "tab": tabs.titles.index(content.tab) if content.tab else None,
        }
        for content in sorted(contents, key=lambda content: content.turn)
    ]
    return [*found, {"model": tabs, "keys": [], "waits": False, "tab": None}]
