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
from imbxai_widgets.explorer.cards import CardDeck, card_bytes, cards_within, class_card
from imbxai_widgets.explorer.deck import PROTOTYPES
from imbxai_widgets.explorer.panels.adversaries import ROWS as ADVERSARY_ROWS
from imbxai_widgets.explorer.panels.class_picker import ClassPickerContent
from imbxai_widgets.explorer.panels.colors import ColorContent
from imbxai_widgets.explorer.sprites import LARGEST_TILE, make_sprite
from imbxai_widgets.explorer.summary import summary
from imbxai_widgets.explorer.text import archetype_meanings, percent_ticks

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
        numbers = {key: value for key, value in card.items() if not isinstance(card[key], bytes)}
        assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers


def test_archetypes_are_counted_and_their_prototypes_shown(
    analysis: Analysis, cards: list[dict[str, Any]]
) -> None:
    seen = 0
    for card in cards:
        table = analysis.archetype_rates(card["name"])
        for name, group in zip(ARCHETYPES, card["archetypes"]["groups"], strict=True):
            members = analysis.members(card["name"], name)
            assert group["images"] == len(members) == table.loc[name, "images"]
            assert group["wrong"] == (~analysis.train.correct[members]).sum()
            shown = [thumbnail["image"] for thumbnail in group["thumbnails"]]
            prototypes = analysis.prototypes(card["name"], name, n=PROTOTYPES)
            assert shown == prototypes.tolist()
            seen += group["images"]
    assert seen == sum(SIZES)


@pytest.mark.parametrize(
    ("images", "k", "note"),
    [
        (0, 5, ""),
        (1, 5, "With 1 image, it cannot be safe, border or rare: "),
        (2, 5, "With 2 images, none can be safe or border: "),
        (4, 5, "With 4 images, none can be safe: "),
        (5, 5, ""),
        (8, 10, "With 8 images, none can be safe: "),
        (9, 10, ""),
    ],
)
def test_what_few_images_cannot_be_is_said(images: int, k: int, note: str) -> None:
    # The images of the class are the nearest to each other: none stands safer than this.
    points = np.concatenate([np.arange(images) / 100, 50 + np.arange(30) ** 1.1])[:, np.newaxis]
    labels = np.array([0] * images + [1] * 30)
    analysis = Analysis.from_arrays(points, labels, labels, k=k, class_names=["few", "many"])
    shown = class_card(analysis, 0)["archetypes"]
    assert shown["note"].startswith(note)
    assert bool(shown["note"]) == bool(note)
    reached = [group["images"] > 0 for group in shown["groups"]]
    unreached = ("safe", "border", "rare")
    for name, there in zip(unreached, reached, strict=False):
        if name in note.partition(":")[0]:
            assert not there


def test_every_tile_is_the_image_it_stands_for(
    analysis: Analysis, cards: list[dict[str, Any]]
) -> None:
    assert analysis.images is not None
    for card in cards[:3]:
        sheet = np.asarray(Image.open(io.BytesIO(card["prototype_data"])))
        height, width = card["prototype_sprite"]["height"], card["prototype_sprite"]["width"]
        assert (height, width) == (4, 6)
        for group in card["archetypes"]["groups"]:
            for thumbnail in group["thumbnails"]:
                row, column = divmod(thumbnail["tile"], card["prototype_sprite"]["columns"])
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
    """Images of which only every third can be read."""

    dataset = ()

    def __getitem__(self, index: int) -> np.ndarray:
        if index % 3 != 0:
            raise OSError(f"{index}.png is truncated")
        return np.full((32, 32, 3), 7, np.uint8)


def test_images_that_cannot_be_read_leave_a_crossed_tile_and_a_word() -> None:
    images: Any = Torn()
    analysis = make_analysis((40, 8))
    torn = replace(analysis, train=replace(analysis.train, images=images))
    card = class_card(torn, 0)
    shown = [
        thumb["image"] for group in card["archetypes"]["groups"] for thumb in group["thumbnails"]
    ]
    unread = [image for image in shown if image % 3 != 0]
    assert card["notice"] == (
        f"{len(unread)} images could not be read; the first is image {unread[0]}: "
        f"OSError: {unread[0]}.png is truncated"
    )
    sheet = np.asarray(Image.open(io.BytesIO(card["prototype_data"])))
    for position, image in enumerate(shown):
        row, column = divmod(position, card["prototype_sprite"]["columns"])
        tile = sheet[row * 32 : (row + 1) * 32, column * 32 : (column + 1) * 32]
        assert (tile == 7).all() == (image % 3 == 0)
    assert class_card(analysis, 0)["notice"] == ""


def test_without_images_there_is_no_picture() -> None:
    card = class_card(make_analysis(images=False), 0)
    assert any(group["thumbnails"] for group in card["archetypes"]["groups"])
    assert (card["prototype_sprite"], card["prototype_data"]) == (None, b"")


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


def test_adversaries_are_counts_beside_what_was_foretold(
    analysis: Analysis, cards: list[dict[str, Any]]
) -> None:
    train, held_out = analysis.train, analysis.validation
    assert held_out is not None
    forecast = analysis.forecast().to_numpy()
    for index, card in enumerate(cards):
        votes, errors = np.zeros(4, dtype=int), np.zeros(4, dtype=int)
        for image in np.flatnonzero((train.labels == index) & ~train.correct):
            for neighbor in train.neighbors[image]:
                votes[train.labels[neighbor]] += train.labels[neighbor] != index
        for image in np.flatnonzero((held_out.labels == index) & ~held_out.correct):
            errors[held_out.predictions[image]] += 1
        shown = card["adversaries"]
        bars = errors if errors.any() else votes
        assert shown["bars"] == ("errors" if errors.any() else "votes")
        assert (shown["total"], shown["votes"]) == (bars.sum(), votes.sum())
        foretold = forecast[index] * errors.sum()
        known = np.flatnonzero((bars > 0) | (foretold >= 0.5))
        assert sorted(row["index"] for row in shown["rows"]) == known.tolist()
        ordered = [shown["rows"][place] for place in shown["by_count"]]
        counts = [row["count"] for row in ordered]
        assert (
            counts == sorted(counts, reverse=True) == bars[[r["index"] for r in ordered]].tolist()
        )
        check_sureness(analysis, index, shown)
        for row in shown["rows"]:
            assert row["name"] == f"c{row['index']}"
            assert row["votes"] == votes[row["index"]]
            expected = pytest.approx(foretold[row["index"]]) if errors.any() else None
            assert row["foretold"] == expected
        top = max([*counts, *foretold, *(row["high"] or 0 for row in shown["rows"])])
        assert shown["top"] == pytest.approx(max(top, 1))


def check_sureness(analysis: Analysis, index: int, shown: dict[str, Any]) -> None:
    """Hold rows to the table that has their intervals."""
    name = f"c{index}"
    errors = shown["bars"] == "errors"
    table = analysis.error_bars(name) if errors else analysis.adversary_bars(name)
    for row in shown["rows"]:
        if row["count"]:
            told = table.loc[row["name"]]
            assert row["support"] == told["support"]
            assert row["thin"] == (told["support"] < 5)
            assert row["lift"] == pytest.approx(told["lift"])
            for end in ("low", "high"):
                unknown = np.isnan(told[end])
                expected = None if unknown else pytest.approx(told[end] * shown["total"])
                assert row[end] == expected
    lows = [-1 if row["low"] is None else row["low"] for row in shown["rows"]]
    assert lows == sorted(lows, reverse=True)


def test_of_many_classes_the_largest_by_either_are_shown() -> None:
    analysis = make_analysis((40,) * 20, errors=0.8)
    deck = CardDeck(analysis)
    counts = analysis.rows.validation_errors
    assert counts is not None
    foretold = analysis.forecast().to_numpy() * counts.totals[:, np.newaxis]
    of_them = 0
    for index in range(20):
        card = deck.card(index)["adversaries"]
        errors = np.zeros(20)
        others, met = counts.row(index)
        errors[others] = met
        if not errors.any():
            continue
        series = np.maximum(errors, np.where(foretold[index] < 0.5, 0, foretold[index]))
        shown = [row["index"] for row in card["rows"]]
        left_out = np.setdiff1d(np.flatnonzero(series), [*shown, index])
        assert len(shown) == min(ADVERSARY_ROWS, np.count_nonzero(series))
        assert series[left_out].max(initial=0) <= series[shown].min()
        of_them += len(left_out) > 0
        classes = "class" if len(left_out) == 1 else "classes"
        more = f"{len(left_out)} more {classes} with fewer."
        assert card["note"].endswith(more if len(left_out) else "")
    assert of_them > 5


NEIGHBORS = "None of its training images is wrong: the bars are the neighbors of all of them."


@pytest.mark.parametrize(
    ("errors", "validation", "bars", "note"),
    [
        (0.0, False, "neighbors", f"{NEIGHBORS}"),
        (0.0, True, "neighbors", f"None of its 15 validation images is mistaken. {NEIGHBORS}"),
        (1.0, False, "votes", ""),
        (1.0, True, "errors", ""),
    ],
)
def test_bars_are_errors_else_votes_else_neighbors_which_is_said(
    errors: float, validation: bool, bars: str, note: str
) -> None:
    analysis = make_analysis((30, 12), errors=errors, validation=validation)
    card = class_card(analysis, 0)["adversaries"]
    assert (len(card["rows"]), card["bars"], card["note"]) == (1, bars, note)
    everyone = analysis.adversary_bars("c0", "all")
    if bars == "neighbors":
        assert (card["rows"][0]["count"], card["images"]) == (everyone["votes"].iloc[0], 30)


def test_without_validation_errors_the_bars_are_votes() -> None:
    analysis = make_analysis((40, 20, 8), errors=0.4)
    assert analysis.validation is not None
    labels = analysis.validation.labels
    split = with_predictions(replace(analysis, train=analysis.validation), labels).train
    card = class_card(replace(analysis, validation=split), 0)["adversaries"]
    unseen = (labels == 0).sum()
    assert card["note"] == (
        f"None of its {unseen} validation images is mistaken. The bars are votes."
    )
    assert [row["foretold"] for row in card["rows"]] == [None] * 2
    assert sum(row["count"] for row in card["rows"]) == card["total"] == card["votes"] > 0


def test_neighbors_of_the_class_itself_cast_no_votes() -> None:
    labels = np.repeat([0, 1], 8)
    points = np.eye(2)[labels] + np.random.default_rng(0).normal(scale=1e-3, size=(16, 2))
    predictions = labels.copy()
    predictions[0] = 1
    card = class_card(Analysis.from_arrays(points, labels, predictions), 0)["adversaries"]
    assert card["note"] == "All neighbors of its 1 wrong training image are of the class itself."
    right = class_card(Analysis.from_arrays(points, labels, predictions), 1)["adversaries"]
    assert right["note"] == (
        "None of its 8 training images is wrong, and all of their neighbors are of the class "
        "itself."
    )
    alone = Analysis.from_arrays(points, labels * 0, labels * 0, class_names=["only"])
    assert class_card(alone, 0)["adversaries"]["note"] == "There is no other class."


def test_a_class_without_images_says_so_in_every_panel(cards: list[dict[str, Any]]) -> None:
    adversaries, colors = cards[3]["adversaries"], cards[3]["colors"]
    assert (adversaries["rows"], adversaries["note"]) == ([], "No images of the class are known.")
    assert (colors["shares"], colors["note"]) == ([], "c3 has no training images, hence no colors.")


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


def test_colors_are_shares_beside_the_average(
    analysis: Analysis, cards: list[dict[str, Any]]
) -> None:
    table = analysis.colors()
    for index in range(3):
        assert cards[index]["colors"]["shares"] == pytest.approx(table.iloc[index].tolist())
    average = table.iloc[:3].to_numpy().sum(axis=0) / 3
    assert ColorContent(CardDeck(analysis)).averages == pytest.approx(average.tolist())
    assert class_card(make_analysis(colors=False), 0)["colors"] is None


def test_colors_of_gray_images_are_a_sentence() -> None:
    analysis = make_analysis((10, 10))
    counts = np.zeros((2, len(analysis.color_scheme.bins)), dtype=np.int64)
    counts[:, :3] = (500, 300, 200)
    gray = replace(analysis, color_counts=counts)
    said = "The pixels that count most are black, gray or white"
    card = class_card(gray, 0)["colors"]
    assert (card["shares"], card["text"], card["note"]) == ([], "", f"{said}.")
    counts[1, 3] = 1000
    beside = class_card(replace(analysis, color_counts=counts), 0)["colors"]["note"]
    assert beside == f"{said} (on average over all classes, 25% have a color)."
    counts[0, 3] = 6  # 0.6%
    assert class_card(replace(analysis, color_counts=counts), 0)["colors"]["shares"][3] > 0


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
    summed = summary(CardDeck(analysis))
    table = analysis.classes()["validation_accuracy"]
    assert analysis.validation is not None
    assert summed["images"] == [analysis.validation.correct.mean()]
    assert summed["classes"] == [table.mean()]
    assert summed["worst"] == [int(np.nanargmin(table))]
    assert summed["lowest"] == [table.min()]


def test_picker_shows_what_a_second_model_changes() -> None:
    before, after = make_pair(sizes=(12, 8, 5))
    content = ClassPickerContent(CardDeck(before, compare(before, after)))
    ours, theirs = (each.classes()["validation_accuracy"].to_numpy() for each in (before, after))
    assert [row["change"] for row in content.classes()] == list(theirs - ours)
    summed = summary(content.deck)
    assert summed["classes"] == [ours.mean(), theirs.mean()]
    assert summed["worst"] == [int(ours.argmin()), int(theirs.argmin())]
