"""Images of which only those pixels are lit that count for a color."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imbxai_widgets.compute.colors.schemes import assign_bins, color_scheme
from imbxai_widgets.compute.embedding.network import Look, ModelChanged, Network
from imbxai_widgets.compute.numeric.types import BoolArray, IntArray, UInt8Array
from imbxai_widgets.explorer.deck import Deck

_DIM = 0.2  # of what the other pixels have, on gray
_GRAY = 128

WITHOUT = (
    "Whole images, those with most of this color first: to light its pixels the Explorer needs the "
    "network, as Explorer(analysis, model=model, dataset=dataset) has."
)
LIT = "Lit are the pixels of this color that count for the prediction."


def lit_images(
    deck: Deck, rows: IntArray, color: str
) -> tuple[Mapping[int, UInt8Array] | None, str]:
    """Return training images with the salient pixels of a color lit, and a line on them.

    Parameters
    ----------
    deck : Deck
    rows : int64 array, shape (M,)
        Rows of the training images.
    color : str
        The name of a color bin.

    Returns
    -------
    dict of int to uint8 array of shape (H, W, 3), or None
        The images by row; None where no network is at hand, or it is not the one analyzed.
    str
        What is lit, or why nothing is.

    Examples
    --------
    >>> lit_images(Deck(analysis), np.array([1908]), "green")[0] is None  # without a network
    True
    """
    network = deck.network
    if network is None or network.saliency is None or "training" not in network.splits:
        return None, WITHOUT
    try:
        looks = _looks(network, rows)
    except ModelChanged as changed:
        return None, f"{str(changed).capitalize()}: whole images are shown."
    scheme = network.saliency.scheme
    wanted = color_scheme(scheme).bins.index(color)
    lit: dict[int, UInt8Array] = {}
    for row, (look, place) in zip(rows.tolist(), looks, strict=True):
        assert look.images is not None  # with saliency all are there
        assert look.salient is not None
        assert look.tied is not None
        image = look.images[place]
        counted = (look.salient[place] | look.tied[place]) & (assign_bins(image, scheme) == wanted)
        lit[row] = dimmed(image, counted)
    return lit, LIT


def dimmed(image: UInt8Array, lit: BoolArray) -> UInt8Array:
    """Return an image with all pixels but some dimmed.

    Parameters
    ----------
    image
        (H, W, 3) uint8.
    lit
        (H, W) bool.

    Examples
    --------
    >>> dimmed(np.full((1, 2, 3), 255, np.uint8), np.array([[True, False]]))[0, :, 0]
    array([255, 153], dtype=uint8)
    """
    dim = np.rint(_GRAY + _DIM * (image.astype(np.float64) - _GRAY)).astype(np.uint8)
    return np.where(lit[..., np.newaxis], image, dim)


def _looks(network: Network, rows: IntArray) -> list[tuple[Look, int]]:
    """Look at images at once; one by one, where they differ in size."""
    try:
        look = network.look("training", rows)
    except ModelChanged:
        raise
    except ValueError:
        return [(network.look("training", [row]), 0) for row in rows.tolist()]
    return [(look, place) for place in range(len(rows))]
