"""The header: how large a class is and how well it is predicted."""

from __future__ import annotations

from imbxai_widgets.explorer._card import Card
from imbxai_widgets.explorer.panel import Panel


class ClassHeader(Panel):
    """Name, size and accuracies of one class.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and ``header`` of a class card (see `imbxai_widgets.explorer.deck`);
        empty
        while no class is shown.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part.
    """

    _bundle = "header"

    card = Card("header").tag(sync=True)
