"""How many validation images of a class lie within reach of its training images, in a sentence."""

from __future__ import annotations

import numpy as np

from imbxai_widgets.compute.methods.intervals import wilson_interval
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.sentence import Piece, Sentence, joined
from imbxai_widgets.explorer.text import counted


def reach_sentence(deck: Deck, index: int) -> Sentence:
    """Say how many lie within reach and beyond, and how many were to be expected.

    Nothing where there are no validation images of the class, or none whose embeddings are known.

    Examples
    --------
    >>> from imbxai_widgets.explorer.sentence import plain
    >>> plain(reach_sentence(Deck(analysis), analysis.class_index("Plants")))[:71]
    '11 of its 18 validation images lie within reach of its training images '
    """
    held_out, size = deck.analysis.validation, int(deck.rows.sizes[index])
    if held_out is None or held_out.embeddings is None or not (held_out.labels == index).any():
        return []
    reach = deck.reach(index)
    if reach is None:
        why = "too few" if size <= deck.analysis.k else "many: Analysis.coverage() tells"
        return joined(f"How far its {counted(size, 'training image')} reach is not told: {why}.")
    images, covered = len(reach.rows), int(np.count_nonzero(reach.covered))
    low, high = wilson_interval(covered, images)

    def count(number: int, within: bool) -> str | Piece:
        if not number:
            return "none" if within else "0"
        return {
            "text": f"{number:,}",
            "filter": {"index": index, "split": "validation", "covered": within},
        }

    lie = "lies" if covered == 1 else "lie"
    return joined(
        count(covered, True),
        f" of its {counted(images, 'validation image')} {lie} within reach of its training images "
        f"(likely {100 * low:.0f}\N{EN DASH}{high:.0%}; {reach.expected:.0%} of these themselves); ",
        count(images - covered, False),
        " beyond.",
    )
