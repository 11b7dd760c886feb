"""Which other classes a class is mistaken for most."""

from __future__ import annotations

import numpy as np

from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.explorer.deck import Deck


def most_mistaken(deck: Deck, index: int) -> IntArray:
    """Return the classes that class `index` is mistaken for, most first.

    By its validation errors; where there are none, by the votes of its training errors.

    Examples
    --------
    >>> deck = Deck(analysis)
    >>> [deck.name(other) for other in most_mistaken(deck, 9)][:2]
    ['Animals', 'Food']
    """
    votes, errors = deck.rows.votes, deck.rows.validation_errors
    counted = votes if errors is None or not errors.totals[index] else errors
    others, counts = counted.row(index)
    found: IntArray = others[np.argsort(-counts, kind="stable")]
    return found
