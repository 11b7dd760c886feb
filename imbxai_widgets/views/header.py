"""The header: how large a class is and how well it is predicted."""

from __future__ import annotations

from imbxai_widgets.views._base import Panel
from imbxai_widgets.views._card import Card


class ClassHeader(Panel):
    """Name, size and accuracies of one class.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and ``header`` of a class card (see `imbxai_widgets.cards`); empty
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
