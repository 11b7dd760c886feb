"""What the comparison panel is given of a class, against the tables of the comparison."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_analysis import make_analysis, make_pair

from imbxai_widgets import Edits, compare
from imbxai_widgets.analysis.comparison import Comparison
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panels.comparison import ERROR_ROWS, SHARED_ROWS

SIDES = ["before", "after"]


def cards_of(comparison: Comparison) -> list[dict[str, Any]]:
    deck = CardDeck(comparison.before, comparison)
    return [deck.card(index)["comparison"] for index in range(comparison.before.n_classes)]


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(*make_pair())


@pytest.fixture(scope="module")
def cards(comparison: Comparison) -> list[dict[str, Any]]:
    return cards_of(comparison)


def test_a_card_of_one_model_compares_nothing(comparison: Comparison) -> None:
    assert CardDeck(comparison.before).card(0)["comparison"] is None


def test_cards_are_json_without_nan(cards: list[dict[str, Any]]) -> None:
    assert json.loads(json.dumps(cards, allow_nan=False)) == cards


def test_accuracies_are_those_of_the_table(
    comparison: Comparison, cards: list[dict[str, Any]]
) -> None:
    table = comparison.accuracies()
    for card, (_, row) in zip(cards[:3], table.iterrows(), strict=False):
        for entry in card["accuracies"]:
            assert [entry[side] for side in SIDES] == [row[entry["split"], side] for side in SIDES]
            assert entry["images"] == row["images", entry["split"]]
    unknown = {"images": 0, "before": None, "after": None}
    fates = ("right", "mended", "broken", "wrong", "relabeled", "left_out", "joined")
    unknown |= dict.fromkeys(fates, 0)
    assert cards[3]["accuracies"] == [
        {"split": split, **unknown} for split in ("training", "validation")
    ]


def test_each_count_of_edited_images_filters_as_many() -> None:
    before = make_analysis()
    edits = Edits(before)
    for split, rows in (("training", range(12)), ("validation", range(6))):
        edits.relabel(rows, 1, split)
        edits.exclude(range(20, 24), split)
    deck = CardDeck(before, compare(before, before.with_edits(edits)))
    images = deck.contents["images"]
    asked = {
        "right": {"before": True, "after": True},
        "mended": {"before": False, "after": True},
        "broken": {"before": True, "after": False},
        "wrong": {"before": False, "after": False},
        "relabeled": {"edited": "relabeled"},
        "left_out": {"edited": "left out"},
        "joined": {"edited": "joined"},
    }
    total = dict.fromkeys(asked, 0)
    for index in range(before.n_classes):
        card = deck.card(index)["comparison"]
        assert card["edited"]
        for entry in card["accuracies"]:
            for fate, conditions in asked.items():
                filter = {"index": index, "split": entry["split"], **conditions}
                page = images.images(filter, 0)  # type: ignore[attr-defined]
                assert page["images"] == entry[fate], (index, fate)
                total[fate] += entry[fate]
            fates = [entry[fate] for fate in asked if fate != "joined"]
            assert sum(fates) == entry["images"]
    assert (total["mended"], total["broken"]) == (0, 0)
    assert min(total[fate] for fate in ("right", "wrong", "relabeled", "joined")) > 0
    assert total["left_out"] == 8
    thumbnails = [
        each
        for group in images.images({"index": 1, "split": "training"}, 0)["groups"]  # type: ignore[attr-defined]
        for each in group["thumbnails"]
    ]
    for each in thumbnails:  # what became of an image is found by its number, not its place
        if each["after"] is not None:
            assert each["after"]["prediction"] == each["prediction"]


def test_errors_of_all_classes_stand_beside_each_other(
    comparison: Comparison, cards: list[dict[str, Any]]
) -> None:
    tables = {
        "lost": comparison.errors(direction="rows")[SIDES],
        "gained": comparison.errors(direction="columns")[SIDES],
    }
    for card in cards:
        errors = card["errors"]
        assert errors["split"] == "validation"
        assert [row["name"] for row in errors["rows"]] == ["c0", "c1", "c2", "c3"]
        for key, table in tables.items():
            assert [row[key] for row in errors["rows"]] == table.to_numpy().tolist()
        assert errors["largest"] == max(int(table.to_numpy().max()) for table in tables.values())


def test_what_became_of_images_is_counted(
    comparison: Comparison, cards: list[dict[str, Any]]
) -> None:
    sides = (comparison.before, comparison.after)
    for number, card in enumerate(cards):
        for entry in card["accuracies"]:
            before, after = (side.split(entry["split"]) for side in sides)
            mine = before.labels == number
            fates = {
                "right": before.correct & after.correct,
                "mended": ~before.correct & after.correct,
                "broken": before.correct & ~after.correct,
                "wrong": ~before.correct & ~after.correct,
            }
            assert {key: entry[key] for key in fates} == {
                key: (images & mine).sum() for key, images in fates.items()
            }


def test_errors_are_of_training_images_where_there_are_no_others() -> None:
    comparison = compare(*make_pair(validation=False))
    errors = cards_of(comparison)[0]["errors"]
    assert errors["split"] == "training"
    expected = comparison.errors("training")[SIDES].to_numpy().tolist()
    assert [row["lost"] for row in errors["rows"]] == expected


def test_of_many_classes_some_are_shown_the_selected_one_among_them() -> None:
    sizes = [*range(3, 3 + 2 * ERROR_ROWS), 2]
    order = [*range(len(sizes) - 2, -1, -1), len(sizes) - 1]
    for index, card in enumerate(cards_of(compare(*make_pair(sizes=sizes)))):
        first = card["errors"]["first"]
        shown = [row["index"] for row in card["errors"]["rows"]]
        assert shown == order[first : first + ERROR_ROWS]
        assert index in shown
        assert card["errors"]["classes"] == len(sizes)


def test_archetypes_flow_with_the_shares_of_their_rows(
    comparison: Comparison, cards: list[dict[str, Any]]
) -> None:
    for number, card in enumerate(cards):
        flow = comparison.archetype_flow(f"c{number}")
        counts = flow.to_numpy()
        assert card["flow"]["counts"] == counts.tolist()
        shares = flow.div(flow.sum(axis=1).clip(lower=1), axis=0)
        assert card["flow"]["shares"] == shares.to_numpy().tolist()
        nearer = sum(int(counts[i, j]) for i in range(4) for j in range(i))
        further = counts.sum() - counts.trace() - nearer
        noted = f"{nearer} came nearer to safe, {further} went further from it."
        assert card["flow"]["note"].endswith(noted)


def test_shared_features_are_ranked_by_either_model(
    comparison: Comparison, cards: list[dict[str, Any]]
) -> None:
    for number, card in enumerate(cards):
        table = comparison.feature_overlap(f"c{number}").xs("shared", axis=1, level=1)
        shared = {row["name"]: row["shared"] for row in card["shared"]["rows"]}
        some = table[table.any(axis=1)]
        assert shared == {name: row.tolist() for name, row in some[SIDES].iterrows()}
        assert [max(counts) for counts in shared.values()] == some.max(axis=1).tolist()
        assert card["shared"]["sharing"] == len(some)
        assert card["shared"]["topK"] == [3, 8]  # no more than there are


def test_shared_features_show_the_closest_of_many_classes() -> None:
    card = cards_of(compare(*make_pair(sizes=[4] * 30)))[0]
    assert len(card["shared"]["rows"]) == SHARED_ROWS
    assert card["shared"]["sharing"] > SHARED_ROWS
