"""The `card` trait of the panels that show one class."""

from __future__ import annotations

from typing import Any

import traitlets


class Card(traitlets.Dict):
    """A class card or the parts of it that one panel shows; empty while no class is shown.

    Parameters
    ----------
    *keys : str
        What a card of this panel holds besides ``index`` and ``name``.
    """

    def __init__(self, *keys: str) -> None:
        super().__init__()
        self._keys = ("index", "name", *keys)

    def validate(self, obj: Any, value: Any) -> dict[str, Any]:
        """Refuse a card that lacks a part, naming it."""
        card = super().validate(obj, value) or {}
        missing = [key for key in self._keys if key not in card]
        if card and missing:
            raise traitlets.TraitError(
                f"The card of {type(obj).__name__} lacks {', '.join(missing)}; "
                f"it needs {', '.join(self._keys)}, or to be empty."
            )
        return card
