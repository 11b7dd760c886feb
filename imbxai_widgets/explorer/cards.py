"""Class cards: everything the panels show of one class, as plain numbers, texts and one picture.

A card is put together from the panels' parts. It is what crosses from Python to the front end, so
keys are camelCase and unknown numbers are None.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from imbxai_widgets.analysis import Analysis, Comparison
from imbxai_widgets.compute.embedding.network import Network
from imbxai_widgets.edits import Edits
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.panel import PanelContent
from imbxai_widgets.explorer.panels import PANELS

Card: TypeAlias = dict[str, Any]

PAGE = 12  # thumbnails of a group on a card, prototypes included


class CardDeck(Deck):
    """Makes the class cards of one analysis, and holds what each panel shows of it.

    Parameters
    ----------
    analysis : Analysis
        What the cards show.
    comparison : Comparison, optional
        Of this analysis with that of another model; adds a part to each card.
    network : Network, optional
        The model that was analyzed and its images.
    edits : Edits, optional
        Of its images; new ones by default.

    Attributes
    ----------
    contents : dict of str to PanelContent
        Of each panel that has something to show, by name, in the order of the page.

    Examples
    --------
    >>> deck = CardDeck(analysis)
    >>> deck.card(0)["header"]["size"]
    '433 training images, the largest class'
    """

    def __init__(
        self,
        analysis: Analysis,
        comparison: Comparison | None = None,
        network: Network | None = None,
        *,
        edits: Edits | None = None,
    ) -> None:
        super().__init__(analysis, comparison, network, edits=edits)
        self.contents: dict[str, PanelContent] = {
            panel.name: panel(self) for panel in PANELS if panel.applies(self)
        }

    def card(self, index: int, page: int = PAGE) -> Card:
        """Return the card of class `index`, with up to `page` images of each archetype.

        Returns
        -------
        dict
            Keys ``index``, ``name``, ``notice`` (what went wrong in making its parts, or "") and
            those of each panel's part; None for the parts of panels that have nothing to show.

        Raises
        ------
        IndexError
            If there is no class of that number.
        """
        if not 0 <= index < self.analysis.n_classes:
            raise IndexError(
                f"class index must be 0 to {self.analysis.n_classes - 1}, not {index}."
            )
        card: Card = {"index": index, "name": self.name(index)}
        notices = []
        for panel in PANELS:
            card |= dict.fromkeys(panel.keys())
        for content in self.contents.values():
            part = dict(content.part(index, page))
            notices.append(part.pop("notice", ""))
            card |= part
        return card | {"notice": " ".join(filter(None, notices))}

    def close(self) -> None:
        """Let go of analysis and model, whoever still refers to what the panels show of them."""
        for content in self.contents.values():
            del content.deck
        self.contents.clear()
        self.network = None


def class_card(analysis: Analysis, class_index: int) -> Card:
    """Return the card of one class; `CardDeck` is quicker for several.

    Parameters
    ----------
    analysis : Analysis
    class_index : int
        Number of the class in ``analysis.class_names``.
    """
    return CardDeck(analysis).card(class_index)


def card_bytes(card: Card) -> int:
    """Return about how many bytes a card takes on the wire."""
    binary = {key: value for key, value in card.items() if isinstance(value, bytes)}
    rest = {key: value for key, value in card.items() if key not in binary}
    return sum(map(len, binary.values())) + len(repr(rest))


def cards_within(deck: CardDeck, classes: int, size: int) -> list[Card]:
    """Return all cards; none if there are more than `classes` or they exceed `size` bytes.

    The first card stands for the size of all, so that nothing is made in vain.
    """
    count = deck.analysis.n_classes
    if count > classes:
        return []
    first = deck.card(0)
    if card_bytes(first) * count > size:
        return []
    return [first, *(deck.card(index) for index in range(1, count))]


def first_cards(deck: CardDeck, indices: Iterable[int], size: int) -> list[Card]:
    """Return the cards of some classes, in order, as long as they take at most `size` bytes."""
    cards: list[Card] = []
    for index in indices:
        card = deck.card(index)
        size -= card_bytes(card)
        if size < 0:
            break
        cards.append(card)
    return cards
