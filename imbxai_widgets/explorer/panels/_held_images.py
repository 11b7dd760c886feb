"""What a page without a kernel holds of single images, for the dialog that looks at them closer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.panels._image_detail import ImageDetail, image_detail


def held_images(deck: Deck, cards: list[dict[str, Any]], limit: int) -> dict[str, dict[str, Any]]:
    """Return what the dialog shows of the images on cards, without what needs the network.

    Parameters
    ----------
    deck : Deck
    cards : list of dict
        The cards that the page holds, those that matter most first.
    limit : int
        Bytes that all may take, about: then further images are left out.

    Returns
    -------
    dict of str to dict
        `ImageDetail` by the keys of images. Pictures of neighbors are left out: those that are
        held themselves have one.

    Examples
    --------
    >>> from imbxai_widgets.explorer.cards import CardDeck
    >>> deck = CardDeck(analysis)
    >>> held = held_images(deck, [deck.card(9)], limit=1_000_000)
    >>> len(held["validation:807"]["neighbors"]), held["validation:807"]["neighbor_sprite"]
    (5, None)
    >>> len(held_images(deck, [deck.card(9)], limit=20_000)) < len(held)
    True
    """
    held: dict[str, dict[str, Any]] = {}
    for card in cards:
        for key in _keys_in(card):
            if key in held:
                continue
            detail = image_detail(deck, key, neighbor_pictures=False)
            limit -= _bytes_of(detail)
            if limit < 0:
                return held
            held[key] = dict(detail)
    return held


def _keys_in(value: Any) -> Iterator[str]:
    """Yield the keys of all images on a card, in its order."""
    if isinstance(value, Mapping):
        if {"split", "image", "tile"} <= value.keys():
            yield f"{value['split']}:{value['image']}"
        for part in value.values():
            yield from _keys_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _keys_in(part)


def _bytes_of(detail: ImageDetail) -> int:
    """Return about how many bytes a detail takes on a page."""
    binary = sum(len(value) for value in detail.values() if isinstance(value, bytes))
    return binary + len(repr({k: v for k, v in detail.items() if not isinstance(v, bytes)}))
