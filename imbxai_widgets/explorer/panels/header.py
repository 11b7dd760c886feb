"""The header: how large a class is and how well it is predicted."""

from __future__ import annotations

from typing import TypedDict

from imbxai_widgets.explorer.deck import number
from imbxai_widgets.explorer.panel import Card, Panel, PanelContent, Part


class Header(TypedDict):
    """Size and accuracies of a class; ratios 0 to 1, None where unknown."""

    images: int
    imbalance: float | None  # images of the largest class over images of this one
    trainingAccuracy: float | None
    trainingErrors: int
    validationImages: int | None
    validationAccuracy: float | None


class HeaderPart(Part):
    """Its part of a card."""

    header: Header


class HeaderContent(PanelContent):
    """The size and accuracies of each class."""

    name = "header"
    place = "head"
    turn = 4
    part_type = HeaderPart

    def part(self, index: int, page: int) -> HeaderPart:  # noqa: ARG002
        """Describe class `index`."""
        row = self.deck.classes[index]
        held_out = self.deck.analysis.validation is not None
        return {
            "header": {
                "images": int(row["images"]),
                "imbalance": number(row["imbalance"]),
                "trainingAccuracy": number(row["training_accuracy"]),
                "trainingErrors": int(row["training_errors"]),
                "validationImages": int(row["validation_images"]) if held_out else None,
                "validationAccuracy": number(row["validation_accuracy"]),
            }
        }

    def widget(self, selected: int) -> ClassHeader:  # noqa: ARG002
        """Return a header that is still empty."""
        return ClassHeader()


class ClassHeader(Panel):
    """Name, size and accuracies of one class.

    Parameters
    ----------
    card : dict
        ``index``, ``name`` and the keys of `HeaderPart`; empty while no class is shown.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If the card lacks a part.
    """

    _bundle = "header"

    card = Card(HeaderPart).tag(sync=True)
