"""Where the network looks in one image: what needs the model itself."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from imbxai_widgets.compute.embedding.network import Look, ModelChanged
from imbxai_widgets.compute.numeric.types import DoubleArray
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.marks import place_of
from imbxai_widgets.explorer.text import counted

NO_MODEL = (
    "Where the network looks is not shown, for the model is not at hand: "
    "Explorer(analysis, model=model) gives it back."
)


class ImageLook(TypedDict):
    """The salient pixels of an image."""

    width: int
    height: int
    note: str  # what they are, or why there are none
    mask: bytes  # (height, width) uint8: how much of each pixel is counted, 255 for all of it


def image_look(deck: Deck, key: str) -> ImageLook:
    """Run an image through the network, and return the pixels whose colors are counted.

    Parameters
    ----------
    deck : Deck
    key : str
        Such as ``"training:12"``, row of a split.

    Raises
    ------
    ValueError
        If there is no such image; what reading it raises, and what the network does.

    Examples
    --------
    >>> image_look(Deck(analysis), "training:0")["note"]
    'Where the network looks is not shown, for the model is not at hand: \
Explorer(analysis, model=model) gives it back.'
    """
    split, row = place_of(deck.analysis, key)
    network = deck.network
    if network is None:
        return _nothing(NO_MODEL)
    if network.saliency is None:
        return _nothing("Where the network looks was not asked for: salient_fraction is None.")
    if split not in network.splits:
        return _nothing(f"Where the network looks needs the {split} images, which are not at hand.")
    try:
        look = network.look(split, [row])
    except ModelChanged:
        return _nothing("The model has changed since the analysis, so that nothing is shown of it.")
    shares = shares_of(look)[0]
    height, width = shares.shape
    pixels = counted(round(float(shares.sum())), "pixel")
    name = deck.name(int(look.logits[0].argmax()))
    return {
        "width": width,
        "height": height,
        "note": f"Left uncovered: the {pixels} on which the logit of {name} depends most. "
        f"The colors of {'these' if split == 'training' else 'such pixels of training images'} "
        "are counted.",
        "mask": np.rint(255 * shares).astype(np.uint8).tobytes(),
    }


def shares_of(look: Look) -> DoubleArray:
    """Return how much of each pixel is counted, (n, H, W), 0 to 1.

    Of tied pixels each counts the same part of one.
    """
    assert look.salient is not None
    assert look.tied is not None
    assert look.room is not None
    ties = look.tied.sum(axis=(1, 2))
    part = look.room / np.maximum(ties, 1)
    shares: DoubleArray = look.salient + look.tied * part[:, np.newaxis, np.newaxis]
    return shares


def _nothing(why: str) -> ImageLook:
    return {"width": 0, "height": 0, "note": why, "mask": b""}
