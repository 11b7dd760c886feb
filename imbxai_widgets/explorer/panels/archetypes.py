"""The archetype gallery: safe, border, rare and outlying images of a class, side by side."""

from __future__ import annotations

import traitlets

from imbxai_widgets.explorer._card import Card
from imbxai_widgets.explorer.panel import Panel


class ArchetypeGallery(Panel):
    """Four columns of images, with the rates of each archetype (Dablain et al., Fig. 2).

    The front end asks for images beyond those of the card by the message
    ``{"type": "more", "class": i, "archetype": a, "offset": n}``; answer with the same keys plus
    ``thumbnails`` and ``sprite``, and the picture of their tiles as the first buffer.

    Parameters
    ----------
    card : dict
        ``index``, ``name``, ``archetypes``, ``sprite`` and ``sprite_data`` of a class card (see
        `imbxai_widgets.explorer.deck`); empty while no class is shown.
    marked : list of int
        Indices of the marked training images, in the order they were marked.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part, or `marked` is not a list of integers.
    """

    _bundle = "archetypes"

    card = Card("archetypes", "sprite", "sprite_data").tag(sync=True)
    marked = traitlets.List(traitlets.Int()).tag(sync=True)
