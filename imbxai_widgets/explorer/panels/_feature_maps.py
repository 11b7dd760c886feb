"""Where in its images a feature responds: the map before pooling, as light over the images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypedDict

from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.sprites import Sprite

NO_MODEL: Final = "Where in them it responds is not known without the model."


class FeatureMaps(TypedDict):
    """What lies over the images of each side, dark where the feature does not respond."""

    sprites: list[Sprite | None]
    note: str  # what is seen, or why there is nothing
    first_data: bytes
    second_data: bytes


def feature_maps(
    deck: Deck,  # noqa: ARG001
    feature: int,  # noqa: ARG001
    rows: Sequence[Sequence[int]],  # noqa: ARG001
) -> FeatureMaps:
    """Return where a feature responds in training images, side by side as they are shown."""
    return {"sprites": [], "note": NO_MODEL, "first_data": b"", "second_data": b""}
