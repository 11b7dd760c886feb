"""How many validation images of a class lie within reach of its training images, in sentences."""

from __future__ import annotations

import numpy as np

from imbxai_widgets.compute.methods.intervals import wilson_interval
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.sentence import Piece, Sentence, joined
from imbxai_widgets.explorer.text import counted


def reach_sentence(deck: Deck, index: int) -> Sentence:
    """Say how many lie within reach and beyond, as short as the head of a panel has room for.

    Nothing where there are no validation images of the class, where their embeddings are not known,
    or how far its training images reach.

    Examples
    --------
    >>> from imbxai_widgets.explorer.sentence import plain
    >>> plain(reach_sentence(Deck(analysis), analysis.class_index("Plants")))
    'reach 11 of 18, not 7'
    """
    reach = deck.reach(index) if _asked(deck, index) else None
    if reach is None:
        return []
    images, covered = len(reach.rows), int(np.count_nonzero(reach.covered))
    told: list[str | Piece] = [
        "reach ",
        _count(index, covered, within=True) if covered else "none",
        f" of {images:,}",
    ]
    if covered < images:
        told += [", not ", _count(index, images - covered, within=False)]
    return joined(*told)


def reach_paragraph(deck: Deck, index: int) -> Sentence:
    """Say how many lie within reach, how far that may be from the truth, and what to expect.

    Nothing where there are no validation images of the class, or their embeddings are not known.

    Examples
    --------
    >>> from imbxai_widgets.explorer.sentence import plain
    >>> plain(reach_paragraph(Deck(analysis), analysis.class_index("Plants")))[:71]
    '11 of its 18 validation images lie within reach of its training images '
    """
    if not _asked(deck, index):
        return []
    reach, size = deck.reach(index), int(deck.rows.sizes[index])
    if reach is None:
        why = "too few" if size <= deck.analysis.k else "too many here; Analysis.coverage() tells"
        return joined(f"How far its {counted(size, 'training image')} reach is not told: {why}.")
    images, covered = len(reach.rows), int(np.count_nonzero(reach.covered))
    low, high = wilson_interval(covered, images)
    return joined(
        _count(index, covered, within=True) if covered else "None",
        f" of its {counted(images, 'validation image')} {'lies' if covered == 1 else 'lie'} within "
        f"reach of its training images ({low:.0%} to {high:.0%} of all like them), as "
        f"{reach.expected:.0%} of the training images do of each other. What lies beyond may be of "
        "a kind that training images do not show (Analysis.coverage).",
    )


def _asked(deck: Deck, index: int) -> bool:
    held_out = deck.analysis.validation
    if held_out is None or held_out.embeddings is None:
        return False
    return bool((held_out.labels == index).any())


def _count(index: int, number: int, *, within: bool) -> Piece:
    return {
        "text": f"{number:,}",
        "filter": {"index": index, "split": "validation", "covered": within},
    }
