"""Every count of images that a panel shows filters exactly as many, of the embedded images.

What is written is compared with `find_images` of the very filter that a click asks for; where the
front end makes the filter of what a card holds, it is written out here as it stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from imbxai_widgets import analyze, compare
from imbxai_widgets.analysis.comparison import Comparison
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.demo import load_demo
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panels.overview import overview

CLASSES = range(10)
IN_WORDS = {"one": 1, "both": 2, "its": 1}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """The two embedded networks."""
    made = []
    for loss in ("ce", "ldam"):
        model, train, validation = load_demo(loss)
        given = {"validation": validation, "salient_fraction": None, "progress": False}
        made.append(analyze(model, train, **given))
    return compare(*made)


@pytest.fixture(scope="module")
def cards(comparison: Comparison) -> list[dict[str, Any]]:
    deck = CardDeck(comparison.before, comparison)
    return [deck.card(index) for index in CLASSES]


def found(comparison: Comparison, **asked: Any) -> int:
    """Return how many images a filter finds."""
    return len(comparison.find_images(asked.pop("index"), asked.pop("split"), **asked))


def pieces(content: Any) -> Iterator[dict[str, Any]]:
    """Yield the parts of sentences that filter, wherever they stand."""
    if isinstance(content, dict):
        if "filter" in content and "text" in content:
            yield content
        else:
            for each in content.values():
                yield from pieces(each)
    elif isinstance(content, list):
        for each in content:
            yield from pieces(each)


def told(text: str) -> int:
    """Return the number that a piece of a sentence tells."""
    first, *_ = text.split()
    if first.lower() == "all":
        _, first = text.split()[:2]
    number = IN_WORDS.get(first.lower())
    return int(re.sub(r"\D", "", first)) if number is None else number


def test_sentences_of_all_panels(comparison: Comparison, cards: list[dict[str, Any]]) -> None:
    counts = 0
    for card in cards:
        for piece in pieces(card):
            assert told(piece["text"]) == found(comparison, **piece["filter"]), piece
            counts += 1
    assert counts > 80


def test_bars_of_mistakes(comparison: Comparison, cards: list[dict[str, Any]]) -> None:
    for card in cards:
        index, shown = card["index"], card["adversaries"]
        assert shown["bars"] == "errors"
        for row in shown["rows"]:
            asked = {"index": index, "split": "validation", "predicted": row["index"]}
            assert row["count"] == row["support"] == found(comparison, **asked)


def test_images_that_fail(comparison: Comparison, cards: list[dict[str, Any]]) -> None:
    for card in cards:
        failures = card["failures"]
        asked = {"index": card["index"], "split": failures["split"]}
        assert failures["images"] == found(comparison, **asked)
        assert failures["errors"] == found(comparison, **asked, right=False)
        for group in failures["groups"]:
            of_them = {**asked, "right": False, "predicted": group["index"]}
            assert group["images"] == found(comparison, **of_them)


@pytest.mark.parametrize(
    ("kind", "condition"), [("archetypes", "archetype"), ("balanced_archetypes", "balanced")]
)
def test_archetypes(
    comparison: Comparison, cards: list[dict[str, Any]], kind: str, condition: str
) -> None:
    for card in cards:
        for number, group in enumerate(card[kind]["groups"]):
            asked = {"index": card["index"], "split": "training", condition: number}
            assert group["images"] == found(comparison, **asked)
            assert group["wrong"] == found(comparison, **asked, right=False)


def test_all_images(comparison: Comparison, cards: list[dict[str, Any]]) -> None:
    for card in cards:
        for split in ("training", "validation"):
            held = card[f"{split}_images"]
            asked = {"index": card["index"], "split": split}
            assert held["total"] == found(comparison, **asked)
            for archetype, predicted, images in held["counts"]:
                one = {**asked, "archetype": archetype, "predicted": predicted}
                assert images == found(comparison, **one)


def test_all_classes(comparison: Comparison) -> None:
    data = overview(CardDeck(comparison.before))
    cells = 0
    for sent in data["confusions"]:
        rows, others, cast, images, errors = (
            np.frombuffer(sent[key], dtype="<i4").tolist()  # type: ignore[literal-required]
            for key in ("rows", "others", "cast", "images", "errors")
        )
        split = sent["split"]
        kind = "predicted" if split == "validation" else "votes"
        for row, other, number in zip(rows, others, cast, strict=True):
            assert number == found(comparison, index=row, split=split, **{kind: other})
            cells += 1
        for index in CLASSES:
            assert images[index] == found(comparison, index=index, split=split)
            assert errors[index] == found(comparison, index=index, split=split, right=False)
    assert cells > 60


def test_before_and_after(comparison: Comparison, cards: list[dict[str, Any]]) -> None:
    fates = {
        "right": {"before": True, "after": True},
        "mended": {"before": False, "after": True},
        "broken": {"before": True, "after": False},
        "wrong": {"before": False, "after": False},
    }
    for card in cards:
        index, compared = card["index"], card["comparison"]
        for entry in compared["accuracies"]:
            for fate, conditions in fates.items():
                asked = {"index": index, "split": entry["split"], **conditions}
                assert entry[fate] == found(comparison, **asked)
        for row in compared["errors"]["rows"]:
            asked = {"index": row["index"], "split": compared["errors"]["split"]}
            assert row["lost"] == [
                found(comparison, **asked, before=False),
                found(comparison, **asked, after=False),
            ]
        for before in range(len(ARCHETYPES)):
            for after, number in enumerate(compared["flow"]["counts"][before]):
                asked = {"index": index, "split": "training", "archetype": before}
                assert number == found(comparison, **asked, becomes=after)
        assert np.sum(compared["flow"]["counts"]) == found(
            comparison, index=index, split="training"
        )
