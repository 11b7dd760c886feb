"""Where in its images a feature responds: the map before pooling, as light over the images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypedDict

import numpy as np

from imbxai_widgets.compute.embedding.network import ModelChanged, Network
from imbxai_widgets.compute.numeric.types import FloatArray
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.panels._feature_detail import TILE
from imbxai_widgets.explorer.sprites import Sprite, make_veils

NO_MODEL: Final = (
    "Where in them it responds can be shown with the model at hand: Explorer(model, ...), or "
    "Explorer(analysis, model=..., dataset=...)."
)
NO_MAP: Final = (
    "Where in them it responds cannot be shown: what enters the head is no average of a map."
)
SCALE: Final = "Light where it responds, on one scale for all images shown."


class FeatureMaps(TypedDict):
    """What lies over the images of each side, dark where the feature does not respond."""

    sprites: list[Sprite | None]
    note: str  # what is seen, or why there is nothing
    first_data: bytes
    second_data: bytes


def feature_maps(deck: Deck, feature: int, rows: Sequence[Sequence[int]]) -> FeatureMaps:
    """Return where a feature responds in training images, side by side as they are shown.

    Parameters
    ----------
    deck : Deck
    feature : int
        0 to D-1.
    rows : sequence of sequence of int
        The images of each side; at most two.
    """
    network, source = deck.network, deck.analysis.images
    if network is None or source is None:
        return _dark(NO_MODEL)
    sizes = {row: source[row].shape[1::-1] for side in rows for row in side}
    try:
        maps = _maps(network, feature, sizes)
    except ModelChanged as error:
        return _dark(f"{error}.")
    if maps is None:
        return _dark(NO_MAP)
    most = max((float(np.abs(part).max()) for part in maps.values()), default=0.0)
    scale = np.float32(1 / most if most else 0)
    veils = [
        make_veils([np.abs(maps[row]) * scale for row in side], [sizes[row] for row in side], TILE)
        if side
        else (None, b"")
        for side in rows
    ]
    pictures = [picture for _, picture in veils] + [b""] * 2
    return {
        "sprites": [sprite for sprite, _ in veils],
        "note": SCALE,
        "first_data": pictures[0],
        "second_data": pictures[1],
    }


def _maps(
    network: Network, feature: int, sizes: dict[int, tuple[int, ...]]
) -> dict[int, FloatArray] | None:
    """Run images of each size at once; return the map of each, or None where there is none."""
    maps: dict[int, FloatArray] = {}
    for size in dict.fromkeys(sizes.values()):
        rows = [row for row, own in sizes.items() if own == size]
        look = network.look("training", rows, feature=feature, saliency=False)
        if look.activation is None:
            return None
        maps.update(zip(rows, look.activation, strict=True))
    return maps


def _dark(note: str) -> FeatureMaps:
    return {"sprites": [], "note": note, "first_data": b"", "second_data": b""}
