"""What the decision map is told, against the logits of the analysis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from registered import empty_front_end
from small_analysis import make_analysis

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.pair_margins import pair_margins
from imbxai_widgets.explorer import panel
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panels import decision_map
from imbxai_widgets.explorer.panels.decision_map import DecisionMapContent, DecisionMapPart

KINDS = ("<f4",) * 3 + ("<i4",) + ("<u4",) * 4 + ("u1",)
WIDTH = 33


@pytest.fixture(autouse=True)
def front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "STATIC", tmp_path)
    empty_front_end(tmp_path)


def columns(data: bytes) -> list[Any]:
    """Return the columns of some images."""
    size, start, found = len(data) // WIDTH, 0, []
    for kind in KINDS:
        found.append(np.frombuffer(data, kind, size, start))
        start += found[-1].nbytes
    assert start == len(data)
    return found


def content_of(analysis: Analysis) -> DecisionMapContent:
    content = CardDeck(analysis).contents["decision_map"]
    assert isinstance(content, DecisionMapContent)
    return content


def test_a_card_has_the_images_around_the_first_adversary() -> None:
    analysis = make_analysis((40, 20, 8, 12))
    content = content_of(analysis)
    part = content.part(1, page=12)
    told, pair = part["decision_map"], part["decision_map"]["pair"]
    assert (told["missing"], sorted(told["adversaries"])) == ("", [0, 2, 3])
    assert pair is not None
    assert pair["adversary"] == told["adversaries"][0]
    unseen = analysis.split("validation")
    taken = np.bincount(unseen.predictions[unseen.labels == 1], minlength=4)
    taken[1] = 0
    assert taken[pair["adversary"]] == taken.max() > 0
    own, other, outside, rival, largest, labels, predictions, rows, archetypes = columns(
        part["decision_map_data"]
    )
    training = pair["training"]
    for name, at in (("training", slice(training)), ("validation", slice(training, None))):
        split = analysis.split(name)  # type: ignore[arg-type]
        logits = analysis.what_if().logits(name)[rows[at]]  # type: ignore[arg-type]
        x, y = pair_margins(logits, 1, pair["adversary"])
        assert (own - other)[at].tolist() == x.tolist()
        assert (own - outside)[at].tolist() == y.tolist()
        assert logits[np.arange(len(logits)), rival[at]].tolist() == outside[at].tolist()
        assert largest[at].tolist() == logits.argmax(axis=1).tolist()
        assert labels[at].tolist() == split.labels[rows[at]].tolist()
        assert predictions[at].tolist() == split.predictions[rows[at]].tolist()
        assert archetypes[at].tolist() == split.archetypes[rows[at]].tolist()
        of_pair = np.isin([split.labels, split.predictions], [1, pair["adversary"]]).any(axis=0)
        assert set(np.flatnonzero(of_pair)) <= set(rows[at].tolist())


def test_another_adversary_is_asked_for_with_the_offsets_of_others() -> None:
    content = content_of(make_analysis((40, 20, 8, 12)))
    plain = content.pair(1, 3, {}, 2.0)
    assert (plain["adversary"], plain["reach"]) == (3, 6.0)
    moved = content.pair(1, 3, {"0": 9.5}, 8.0)
    assert moved["reach"] == 8.0
    outside, rival = columns(moved["data"])[2:4]
    assert (rival == 0).all()
    rows = columns(moved["data"])[7][: moved["training"]]
    logits = content.deck.analysis.what_if().logits("training")[rows, 0]
    assert outside[: moved["training"]].tolist() == (logits + np.float32(9.5)).tolist()


def test_cards_that_are_asked_for_hold_no_images(monkeypatch: pytest.MonkeyPatch) -> None:
    content = content_of(make_analysis((40, 20, 8)))
    asked: DecisionMapPart = content.part(1, page=0)
    assert asked["decision_map"]["pair"] is None
    assert asked["decision_map_data"] == b""
    monkeypatch.setattr(decision_map, "HELD_LOGITS", 100)
    assert content.part(1, page=12)["decision_map"]["pair"] is None


def test_what_is_too_large_for_cards_is_held_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    content = content_of(make_analysis((40, 20, 8)))
    on_card = content.part(1, page=12)
    assert content.held([{"index": 1, **on_card}], 10_000) == {}
    monkeypatch.setattr(decision_map, "CARD_BYTES", 500)
    cards = [{"index": index, **content.part(index, page=12)} for index in (1, 0, 2)]
    assert [card["decision_map"]["pair"] for card in cards] == [None] * 3
    held = content.held(cards, 1_000_000)
    assert list(held) == ["1", "0", "2"]
    assert held["1"]["data"] == on_card["decision_map_data"]
    assert {**on_card["decision_map"]["pair"], "data": held["1"]["data"]} == held["1"]  # type: ignore[dict-item]
    assert list(content.held(cards, len(held["1"]["data"]) + 10)) == ["1"]
    monkeypatch.setattr(decision_map, "HELD_LOGITS", 100)
    assert content.held(cards, 1_000_000) == {}


def test_of_many_classes_those_are_offered_that_a_class_is_mistaken_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = content_of(make_analysis((40, 20, 8, 12, 0)))
    every = content.part(0, 0)["decision_map"]["adversaries"]
    assert sorted(every) == [1, 2, 3, 4]
    unseen = content.deck.analysis.split("validation")
    taken = np.bincount(unseen.predictions[unseen.labels == 0], minlength=5)
    monkeypatch.setattr(decision_map, "ALL_OFFERED", 3)
    assert content.part(0, 0)["decision_map"]["adversaries"] == [
        other for other in every if taken[other]
    ]
    assert content.part(4, 0)["decision_map"]["adversaries"] == [0]


def test_what_is_missing_is_said() -> None:
    told = content_of(make_analysis(validation=False)).part(0, 12)
    assert told["decision_map"]["missing"] == decision_map.NO_VALIDATION
    assert told["decision_map_data"] == b""
    unseen = content_of(make_analysis(validation=False))
    assert unseen.held([{"index": 0, **told}], 10_000) == {}
    one = (np.random.default_rng(0).normal(size=(10, 2)), np.zeros(10, int), np.zeros(10, int))
    alone = content_of(Analysis.from_arrays(*one, validation=one)).part(0, 12)
    assert alone["decision_map"]["missing"] == decision_map.NO_OTHER


def test_logits_that_are_not_known_are_said_on_the_card_and_when_asked() -> None:
    rng = np.random.default_rng(0)
    given = [(rng.normal(size=(n, 4)), np.arange(n) % 3, rng.integers(0, 3, n)) for n in (30, 20)]
    content = content_of(Analysis.from_arrays(*given[0], validation=given[1]))
    told = content.part(0, 12)["decision_map"]
    assert told["missing"].startswith("The decision map cannot be made: this needs the logits")
    with pytest.raises(ValueError, match="cannot be made: this needs the logits"):
        content.pair(0, 1, {}, 1.0)


def test_an_image_is_asked_for_alone() -> None:
    found = content_of(make_analysis()).image("training", 3)
    (thumbnail,) = found["thumbnails"]
    assert (thumbnail["split"], thumbnail["image"]) == ("training", 3)
    assert found["sprite"] is not None
