"""The overlap table: which classes share top features with this one."""

from __future__ import annotations

import traitlets

from imbxai_widgets.explorer._card import Card
from imbxai_widgets.explorer.panel import Panel


class OverlapTable(Panel):
    """Top features of one class, and the classes that have some of them too (Fig. 5).

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and ``overlap`` of a class card (see `imbxai_widgets.explorer.deck`);
        empty
        while no class is shown.
    selected : int
        Index of the selected class. One picked in the page comes to Python by the linker alone.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part.
    """

    _bundle = "overlap"

    card = Card("overlap").tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
