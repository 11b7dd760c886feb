"""What cards say of images that occur more than once, and of how far training images reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.explorer import deck as decks
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.sentence import Sentence, plain

# Around copies, chance takes neighbors.
pytestmark = pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")


def planted() -> Analysis:
    """Make three classes of 20 images each, and 8 validation images of each, with copies."""
    rng = np.random.default_rng(0)
    labels, unseen = np.repeat([0, 1, 2], 20), np.repeat([0, 1, 2], 8)
    train, held_out = rng.normal(size=(60, 5)), rng.normal(size=(24, 5))
    train[[1, 2, 25]] = train[0]  # two labels
    held_out[[3, 4]] = train[10]  # a leak
    held_out[8] += 40  # far from all
    return Analysis.from_arrays(
        train,
        labels,
        labels,
        validation=(held_out, unseen, unseen),
        class_names=["a", "b", "c"],
    )


def check_counts(analysis: Analysis, sentence: Sentence) -> list[str]:
    """Hold each count to the images that it filters; return the counts."""
    found = []
    for piece in sentence:
        if "filter" in piece:
            asked: dict[str, Any] = dict(piece["filter"])
            rows = analysis.find_images(asked.pop("index"), asked.pop("split"), **asked)
            assert piece["text"].split()[0] == str(len(rows))
            found.append(piece["text"])
    return found


def test_copies_are_counted_and_shown_with_those_of_other_labels_first() -> None:
    analysis = planted()
    card = CardDeck(analysis).card(0)["duplicates"]
    assert plain(card["sentence"]) == (
        "4 training images and 2 validation images occur more than once; 3 training images with a "
        "copy of another label; 1 training image and 2 validation images with copies in both "
        "training and validation."
    )
    assert len(check_counts(analysis, card["sentence"])) == 5
    assert [(group["images"], group["words"], group["wrong"]) for group in card["groups"]] == [
        (4, "4 training, labeled a and b: the same features", True),
        (3, "1 training and 2 validation, labeled a: the same features", True),
    ]
    keys = [
        [(each["split"], each["image"]) for each in group["thumbnails"]] for group in card["groups"]
    ]
    assert keys[0] == [("training", row) for row in (0, 1, 2, 25)]
    assert keys[1] == [("training", 10), ("validation", 3), ("validation", 4)]
    kinds = [each["copies"] for group in card["groups"] for each in group["thumbnails"]]
    assert kinds == [["any", "conflict"]] * 4 + [["any", "leak"]] * 3


def test_one_image_occurs() -> None:
    sentence = CardDeck(planted()).card(1)["duplicates"]["sentence"]
    assert plain(sentence) == (
        "1 training image occurs more than once; 1 training image with a copy of another label."
    )


def test_a_class_without_copies_says_nothing() -> None:
    card = CardDeck(planted()).card(2)["duplicates"]
    assert (card["sentence"], card["groups"], card["missing"]) == ([], [], "")


def test_among_too_many_images_it_says_that_they_are_not_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decks, "MOST_COMPARED", 10)
    card = CardDeck(planted()).card(0)["duplicates"]
    assert "copies are not looked for here" in plain(card["sentence"])
    assert card["groups"] == []


def test_reach_is_that_of_the_table_and_its_counts_filter() -> None:
    analysis = planted()
    deck, table = CardDeck(analysis), analysis.coverage()
    for index, name in enumerate(analysis.class_names):
        card, row = deck.card(index), table.loc[name]
        covered = int(row["covered"])
        rest = f", not {8 - covered}" if covered < 8 else ""
        assert plain(card["reach"]) == f"reach {covered} of 8{rest}"
        counts = check_counts(analysis, card["reach"])
        assert counts == [str(number) for number in (covered, 8 - covered) if number]
        (told,) = [each for each in card["header"]["sure"] if "within reach" in plain(each)]
        assert f"({row['low']:.0%} to {row['high']:.0%} of all like them)" in plain(told)
        assert f"as {row['expected']:.0%} of the training images do" in plain(told)
        assert check_counts(analysis, told) == [str(covered)]
    assert table.loc["b", "covered"] < 8


def test_reach_is_not_told_of_too_many_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decks, "MOST_REACHING", 10)
    card = CardDeck(planted()).card(0)
    assert card["reach"] == []
    told = "How far its 20 training images reach is not told: too many here"
    assert any(plain(each).startswith(told) for each in card["header"]["sure"])
