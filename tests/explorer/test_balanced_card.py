"""The strip of class-balanced archetypes against the tables of the analysis."""

from __future__ import annotations

import numpy as np
import pytest
from small_analysis import make_analysis

from imbxai_widgets.explorer import deck as deck_module
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panels.archetypes import ArchetypeContent
from imbxai_widgets.explorer.panels.images import ImagesContent

SIZES = (40, 20, 4, 1, 0)


@pytest.fixture
def deck() -> CardDeck:
    return CardDeck(make_analysis(SIZES))


def test_every_count_filters_exactly_as_many(deck: CardDeck) -> None:
    groups, images = deck.analysis.balanced_groups("training"), deck.contents["images"]
    assert isinstance(images, ImagesContent)
    for index in range(len(SIZES)):
        shown = deck.card(index)["balanced_archetypes"]["groups"]
        assert [group["images"] for group in shown] == groups.images[index].tolist()
        for kind, group in enumerate(shown):
            asked = {"index": index, "split": "training", "balanced": kind}
            assert images.images(asked, 0)["images"] == group["images"]
            assert images.images({**asked, "right": False}, 0)["images"] == group["wrong"]


def test_prototypes_are_of_their_archetype_and_read_when_asked_for(deck: CardDeck) -> None:
    content = deck.contents["archetypes"]
    assert isinstance(content, ArchetypeContent)
    held = deck.card(0)["balanced_archetypes"]
    page = content.balanced(0)
    assert page["archetypes"]["note"] == held["note"]
    found = deck.analysis.balanced("training").archetypes
    for kind, group in enumerate(page["archetypes"]["groups"]):
        assert held["groups"][kind] == group | {"thumbnails": []}
        assert len(group["thumbnails"]) == min(3, group["images"])
        for thumbnail in group["thumbnails"]:
            assert (thumbnail["label"], thumbnail["balanced"]) == ("c0", kind)
            assert found[thumbnail["image"]] == kind
    tiles = sum(len(group["thumbnails"]) for group in page["archetypes"]["groups"])
    assert tiles > 3
    assert page["sprite_data"]


def test_the_note_says_how_neighbors_count_and_what_is_out_of_reach(deck: CardDeck) -> None:
    notes = [deck.card(index)["balanced_archetypes"]["note"] for index in range(len(SIZES))]
    for note in notes:
        assert note.startswith("Classes count alike: each of its 10 nearest neighbors counts as")
    assert "With 4 images, none can be safe" in deck.card(2)["archetypes"]["note"]
    assert "none can be" not in notes[2]
    assert "With 1 image, it cannot be safe, border or rare" in notes[3]


def test_of_many_images_they_are_found_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, deck: CardDeck
) -> None:
    monkeypatch.setattr(deck_module, "BALANCED_AT_ONCE", 10)
    card = deck.card(0)
    assert card["balanced_archetypes"] is None
    assert card["archetypes"]["groups"][0]["thumbnails"][0]["balanced"] is None
    content = deck.contents["archetypes"]
    assert isinstance(content, ArchetypeContent)
    content.balanced(0)
    card = deck.card(0)  # known from then on
    counts = [group["images"] for group in card["balanced_archetypes"]["groups"]]
    assert sum(counts) == 40
    thumbnail = card["archetypes"]["groups"][0]["thumbnails"][0]
    found = deck.analysis.balanced("training").archetypes
    assert thumbnail["balanced"] == found[thumbnail["image"]]
    assert np.array_equal(found, deck.balanced.archetypes)
