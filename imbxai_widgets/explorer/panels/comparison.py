"""The comparison panel: what became of a class from one model to another."""

from __future__ import annotations

import traitlets

from imbxai_widgets.explorer._card import Card
from imbxai_widgets.explorer.panel import Panel


class ComparisonPanel(Panel):
    """Accuracies, errors, archetypes and shared features before and after (Figs. 5 and 6).

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and ``comparison`` of a class card (see
        `imbxai_widgets.explorer.panels._comparison_cards`); empty while no class is shown.
    selected : int
        Index of the selected class. One picked in the page comes to Python by the linker alone.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part.
    """

    _bundle = "comparison"

    card = Card("comparison").tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
