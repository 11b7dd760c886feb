"""The linker: applies the card of the selected class to every panel, in the front end."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import traitlets

from imbxai_widgets.explorer.display import SESSION
from imbxai_widgets.explorer.panel import Panel


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
        of a card; ``waits``, whether its selection waits for the card.
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
