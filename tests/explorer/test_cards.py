"""Class cards against the analysis they are made from."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from small_analysis import make_analysis, make_pair, with_predictions

from imbxai_widgets import compare
from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES, assign_archetypes
from imbxai_widgets.explorer.cards import PAGE, CardDeck, card_bytes, cards_within, class_card
from imbxai_widgets.explorer.deck import PROTOTYPES
from imbxai_widgets.explorer.panels.adversaries import ROWS as ADVERSARY_ROWS
from imbxai_widgets.explorer.panels.archetypes import MORE, ArchetypeContent
from imbxai_widgets.explorer.panels.class_picker import ClassPickerContent
from imbxai_widgets.explorer.panels.colors import ColorContent
from imbxai_widgets.explorer.sprites import LARGEST_TILE, make_sprite
from imbxai_widgets.explorer.text import archetype_meanings, percent_ticks
from imbxai_widgets.presentation import VALIDATION_COLOR

SIZES = (40, 20, 8, 0)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_analysis(SIZES)


@pytest.fixture(scope="module")
def cards(analysis: Analysis) -> list[dict[str, Any]]:
    deck = CardDeck(analysis)
    return [deck.card(index) for index in range(4)]


def test_cards_are_json_without_nan(cards: list[dict[str, Any]]) -> None:
    for card in cards:
        numbers = {key: value for key, value in card.items() if key != "sprite_data"}
        assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers


def test_header_counts_images_and_errors(analysis: Analysis, cards: list[dict[str, Any]]) -> None:
    train, held_out = analysis.train, analysis.validation
    assert held_out is not None
    for index, card in enumerate(cards):
        mine, theirs = train.labels == index, held_out.labels == index
        errors = int((train.predictions[mine] != index).sum())
        header = card["header"]
        assert card["name"] == f"c{index}"
        assert header["images"] == SIZES[index]
        assert header["trainingErrors"] == errors
        assert header["validationImages"] == theirs.sum()
        if SIZES[index]:
            assert header["imbalance"] == 40 / SIZES[index]
            assert header["trainingAccuracy"] == pytest.approx(1 - errors / SIZES[index])
            hits = (held_out.predictions[theirs] == index).mean()
            assert header["validationAccuracy"] == pytest.approx(hits)
        else:
            unknown = ("imbalance", "trainingAccuracy", "validationAccuracy")
            assert [header[key] for key in unknown] == [None] * 3


def test_groups_show_prototypes_first_and_then_the_rest_once(
    analysis: Analysis, cards: list[dict[str, Any]]
) -> None:
    content = ArchetypeContent(CardDeck(analysis))
    seen = 0
    for index, card in enumerate(cards):
        assert [group["name"] for group in card["archetypes"]] == list(ARCHETYPES)
        for number, group in enumerate(card["archetypes"]):
            members = analysis.members(card["name"], group["name"])
            shown = [thumbnail["image"] for thumbnail in group["thumbnails"]]
            prototypes = analysis.prototypes(card["name"], group["name"], n=PROTOTYPES)
            assert group["images"] == len(members)
            assert shown[: group["prototypes"]] == prototypes.tolist()
            assert len(shown) == min(PAGE, len(members))
            while len(shown) < len(members):
                more = content.more(index, number, len(shown))
                page = [thumbnail["image"] for thumbnail in more["thumbnails"]]
                assert 0 < len(page) <= MORE
                shown += page
            assert sorted(shown) == members.tolist()
            assert content.more(index, number, len(shown))["thumbnails"] == []
            seen += len(shown)
    assert seen == sum(SIZES)


def test_groups_carry_the_rates(analysis: Analysis, cards: list[dict[str, Any]]) -> None:
    keys = {
        "share": "share",
        "truePositiveRate": "true_positive_rate",
        "validationErrorRate": "validation_error_rate",
        "validationImages": "validation_images",
    }
    for card in cards:
        table = analysis.archetype_rates(card["name"])
        for group in card["archetypes"]:
            for key, column in keys.items():
                expected = table.loc[group["name"], column]
                assert group[key] == (None if np.isnan(expected) else pytest.approx(expected))


def test_every_tile_is_the_image_it_stands_for(
    analysis: Analysis, cards: list[dict[str, Any]]
) -> None:
    assert analysis.images is not None
    for card in cards[:3]:
        sheet = np.asarray(Image.open(io.BytesIO(card["sprite_data"])))
        height, width = card["sprite"]["height"], card["sprite"]["width"]
        assert (height, width) == (4, 6)
        for group in card["archetypes"]:
            for thumbnail in group["thumbnails"]:
                row, column = divmod(thumbnail["tile"], card["sprite"]["columns"])
                top, left = row * height, column * width
                tile = sheet[top : top + height, left : left + width]
                image = thumbnail["image"]
                assert (tile == analysis.images[image]).all()
                assert thumbnail["label"] == card["name"]
                assert thumbnail["prediction"] == f"c{analysis.predictions[image]}"
                assert thumbnail["correct"] is bool(analysis.train.correct[image])


def test_large_images_shrink_and_keep_their_shape() -> None:
    analysis = make_analysis((8, 8), image_shape=(400, 200))
    assert analysis.images is not None
    sprite, jpeg, _ = make_sprite(analysis.images, np.arange(3))
    assert (sprite["width"], sprite["height"]) == (LARGEST_TILE // 2, LARGEST_TILE)
    sheet = Image.open(io.BytesIO(jpeg))
    assert sheet.get_format_mimetype() == sprite["type"] == "image/jpeg"
    assert sheet.size == (3 * LARGEST_TILE // 2, LARGEST_TILE)
    tile = Image.fromarray(analysis.images[0]).resize((48, 96), Image.Resampling.LANCZOS)
    off = np.asarray(sheet, float)[:, :48] - np.asarray(tile, float)
    assert np.abs(off).mean() < 4


def test_images_of_several_sizes_stand_in_the_middle_of_their_tiles() -> None:
    pictures: Any = [np.full((2, 2, 3), 9, np.uint8), np.full((4, 6, 3), 7, np.uint8)]
    sprite, png, _ = make_sprite(pictures, np.arange(2))
    sheet = np.asarray(Image.open(io.BytesIO(png)))
    assert sprite == {"width": 6, "height": 4, "columns": 2, "type": "image/png"}
    assert (sheet[1:3, 2:4] == (9, 9, 9, 255)).all()
    assert (sheet[:, :6, 3] > 0).sum() == 4
    assert (sheet[:, 6:] == (7, 7, 7, 255)).all()


def test_large_images_of_several_sizes_leave_gaps_between_them() -> None:
    pictures: Any = [np.full((200, 100, 3), 90, np.uint8), np.full((100, 200, 3), 70, np.uint8)]
    sprite, webp, _ = make_sprite(pictures, np.arange(2))
    assert sprite == {"width": 96, "height": 96, "columns": 2, "type": "image/webp"}
    sheet = np.asarray(Image.open(io.BytesIO(webp)).convert("RGBA"), int)
    assert (sheet[:, :24, 3] == 0).all()
    assert (np.abs(sheet[:, 26:70] - (90, 90, 90, 255)) < 4).all()
    assert (np.abs(sheet[26:70, 96:] - (70, 70, 70, 255)) < 4).all()


class Torn:
    """Images of which every third cannot be read."""

    dataset = ()

    def __getitem__(self, index: int) -> np.ndarray:
        if index % 3 == 0:
            raise OSError(f"{index}.png is truncated")
        return np.full((32, 32, 3), 7, np.uint8)


def test_images_that_cannot_be_read_leave_a_crossed_tile_and_a_word() -> None:
    images: Any = Torn()
    analysis = make_analysis((40, 8))
    torn = replace(analysis, train=replace(analysis.train, images=images))
    card = class_card(torn, 0)
    shown = [thumb["image"] for group in card["archetypes"] for thumb in group["thumbnails"]]
    unread = [image for image in shown if image % 3 == 0]
    assert card["notice"] == (
        f"{len(unread)} images could not be read; the first is image {unread[0]}: "
        f"OSError: {unread[0]}.png is truncated"
    )
    sheet = np.asarray(Image.open(io.BytesIO(card["sprite_data"])))
    for position, image in enumerate(shown):
        row, column = divmod(position, card["sprite"]["columns"])
        tile = sheet[row * 32 : (row + 1) * 32, column * 32 : (column + 1) * 32]
        assert (tile == 7).all() == (image % 3 != 0)
    assert class_card(analysis, 0)["notice"] == ""
    more = ArchetypeContent(CardDeck(torn)).more(0, 0, 0)
    assert "could not be read" in more["notice"]


def test_without_images_there_is_no_picture() -> None:
    card = class_card(make_analysis(images=False), 0)
    assert any(group["thumbnails"] for group in card["archetypes"])
    assert (card["sprite"], card["sprite_data"]) == (None, b"")


def test_overlap_rows_are_the_classes_that_share_features(
    analysis: Analysis, cards: list[dict[str, Any]]
) -> None:
    for card in cards[:3]:
        table = analysis.feature_overlap(card["name"])
        rows = card["overlap"]["rows"]
        assert [row["name"] for row in rows] == list(table.index[table["shared"] > 0])
        for row in rows:
            assert row["index"] == int(row["name"][1:])
            assert tuple(row["shared"]) == table.loc[row["name"], "features"]
            assert row["shareThere"] == table.loc[row["name"], "share_there"]
        features = [entry["feature"] for entry in card["overlap"]["features"]]
        assert features == analysis.top_features(card["name"]).index.tolist()
    assert cards[3]["overlap"]["rows"] == []


def test_adversaries_are_counted_votes_sorted_by_training_share(
    analysis: Analysis, cards: list[dict[str, Any]]
) -> None:
    train, held_out = analysis.train, analysis.validation
    assert held_out is not None
    for index, card in enumerate(cards):
        votes, errors = np.zeros(4), np.zeros(4)
        for image in np.flatnonzero((train.labels == index) & ~train.correct):
            for neighbor in train.neighbors[image]:
                votes[train.labels[neighbor]] += train.labels[neighbor] != index
        for image in np.flatnonzero((held_out.labels == index) & ~held_out.correct):
            errors[held_out.predictions[image]] += 1
        shown = card["adversaries"]
        known = [counts for counts in (votes, errors) if counts.any()]
        assert len(shown["colors"]) == len(known)
        if not known:
            assert (shown["classes"], shown["shares"]) == ([], [[0, 0, 0]])
            assert shown["text"] == ""
            continue
        assert sorted(shown["classes"]) == [other for other in range(4) if other != index]
        for counts, series in zip(known, shown["shares"], strict=True):
            expected = counts[shown["classes"]] / counts.sum()
            assert series == pytest.approx(expected.tolist())
        assert shown["shares"][0] == sorted(shown["shares"][0], reverse=True)
        first = f"Adversaries: c{shown['classes'][0]} {shown['shares'][0][0]:.0%} of training votes"
        assert shown["text"].startswith(first)


def test_of_many_classes_the_largest_of_either_series_are_shown() -> None:
    analysis = make_analysis((30,) + (12,) * 19)
    deck = CardDeck(analysis)
    tables = [analysis.adversaries(), analysis.validation_errors()]
    for index in range(20):
        card = deck.card(index)["adversaries"]
        series = np.stack([table["share"].to_numpy()[index] for table in tables]).max(axis=0)
        left_out = np.setdiff1d(np.arange(20), [*card["classes"], index])
        assert len(card["classes"]) == ADVERSARY_ROWS
        assert series[left_out].max() <= series[card["classes"]].min()
        assert card["note"].endswith("Shown are the 10 largest of 19 classes.")


@pytest.mark.parametrize(
    ("errors", "validation", "note"),
    [
        (0.0, False, "No training errors, hence no votes. No validation images were given."),
        (0.0, True, "No training errors, hence no votes. Validation: 0 errors."),
        (
            1.0,
            False,
            "Training: 10 votes by neighbors of 2 errors. Only 2 training errors: "
            "too few to tell a pattern. No validation images were given.",
        ),
    ],
)
def test_notes_say_what_the_bars_rest_on(errors: float, validation: bool, note: str) -> None:
    analysis = make_analysis((30, 2), errors=errors, validation=validation)
    card = class_card(analysis, 1)["adversaries"]
    assert card["note"] == note
    assert len(card["colors"]) == errors * (1 + validation)


def test_of_a_series_without_errors_only_the_other_is_drawn() -> None:
    analysis = make_analysis((40, 20, 8), errors=0.4)
    card = class_card(with_predictions(analysis, analysis.labels), 0)["adversaries"]
    assert card["colors"] == [VALIDATION_COLOR]
    assert np.shape(card["shares"]) == (1, 2)
    assert sum(card["shares"][0]) == pytest.approx(1)
    assert "training" not in card["text"]


def test_a_class_without_images_says_so_in_every_panel(cards: list[dict[str, Any]]) -> None:
    adversaries, colors = cards[3]["adversaries"], cards[3]["colors"]
    expected = "No training images, hence no votes. No validation images of this class."
    assert adversaries["note"] == expected
    assert colors["note"].startswith("No training images, hence no colors.")


@pytest.mark.parametrize("k", [1, 2, 3, 5, 10, 11])
def test_meanings_of_archetypes_name_the_numbers_of_neighbors(k: int) -> None:
    for same in range(k + 1):
        archetype = assign_archetypes([1], [[1] * same + [0] * (k - same)])[0]
        meaning = archetype_meanings(k)[archetype]
        numbers = [int(word) for word in meaning.split(" of its")[0].split() if word.isdigit()]
        assert min(numbers, default=0) <= same <= max(numbers, default=0)
    assert archetype_meanings(k)[3].startswith(f"none of its {k} nearest neighbor")


def test_meanings_for_five_neighbors_are_those_of_the_paper() -> None:
    numbers = [meaning.split(" of its 5 ")[0] for meaning in archetype_meanings(5)]
    assert numbers == ["4 or 5", "2 or 3", "1", "none"]
    assert archetype_meanings(1)[1] == "does not occur with 1 neighbor"
    assert archetype_meanings(10)[0].startswith("8 to 10 of its 10 nearest neighbors are")


def test_few_errors_are_named_on_either_side() -> None:
    card = class_card(make_analysis((40, 6), errors=0.5, seed=1), 1)["adversaries"]
    assert "Only 4 training errors: too few to tell a pattern." in card["note"]
    assert "Only 2 validation errors: too few to tell a pattern." in card["note"]


def test_colors_are_shares_beside_the_average(
    analysis: Analysis, cards: list[dict[str, Any]]
) -> None:
    table = analysis.colors()
    for index in range(3):
        assert cards[index]["colors"]["shares"] == pytest.approx(table.iloc[index].tolist())
    assert cards[3]["colors"]["shares"] == [0.0] * table.shape[1]
    average = table.iloc[:3].to_numpy().sum(axis=0) / 3
    assert ColorContent(CardDeck(analysis)).averages == pytest.approx(average.tolist())
    assert class_card(make_analysis(colors=False), 0)["colors"] is None


@pytest.mark.parametrize("index", [-1, 4])
def test_unknown_class_numbers_raise(analysis: Analysis, index: int) -> None:
    with pytest.raises(IndexError, match=f"0 to 3, not {index}"):
        class_card(analysis, index)


def test_all_cards_or_none_within_a_limit(analysis: Analysis, cards: list[dict[str, Any]]) -> None:
    size = 4 * card_bytes(cards[0])
    assert cards_within(CardDeck(analysis), 4, size) == cards
    assert cards_within(CardDeck(analysis), 4, size - 1) == []
    assert cards_within(CardDeck(analysis), 3, size) == []


@given(st.floats(0, 1))
def test_ticks_cover_the_largest_share_closely(largest: float) -> None:
    ticks = percent_ticks(largest)
    steps = np.diff(ticks)
    assert ticks[0] == 0
    assert 2 <= len(ticks) <= 6
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert ticks == [round(tick, 2) for tick in ticks]
    assert ticks[-1] >= largest - 1e-8
    assert len(ticks) == 2 or ticks[-2] < largest


def test_picker_lists_every_class(analysis: Analysis) -> None:
    table = analysis.classes()
    for index, row in enumerate(ClassPickerContent(CardDeck(analysis)).classes()):
        assert (row["index"], row["name"], row["images"]) == (index, f"c{index}", SIZES[index])
        if SIZES[index]:
            assert row["accuracy"] == table.iloc[index]["validation_accuracy"]
            assert sum(row["archetypes"]) == pytest.approx(1)
    assert row["accuracy"] is None
    judged = ClassPickerContent(CardDeck(make_analysis(validation=False))).classes()
    assert judged[0]["accuracy"] == make_analysis(validation=False).classes().iloc[0, 2]
    assert {row["change"] for row in judged} == {None}


def test_picker_sums_up_all_classes(analysis: Analysis) -> None:
    summary = ClassPickerContent(CardDeck(analysis)).summary()
    table = analysis.classes()["validation_accuracy"]
    assert analysis.validation is not None
    assert summary["images"] == [analysis.validation.correct.mean()]
    assert summary["classes"] == [table.mean()]
    assert summary["worst"] == [int(np.nanargmin(table))]
    assert summary["lowest"] == [table.min()]


def test_picker_shows_what_a_second_model_changes() -> None:
    before, after = make_pair(sizes=(12, 8, 5))
    content = ClassPickerContent(CardDeck(before, compare(before, after)))
    ours, theirs = (each.classes()["validation_accuracy"].to_numpy() for each in (before, after))
    assert [row["change"] for row in content.classes()] == list(theirs - ours)
    summary = content.summary()
    assert summary["classes"] == [ours.mean(), theirs.mean()]
    assert summary["worst"] == [int(ours.argmin()), int(theirs.argmin())]
