"""The panels of images against the images that `find_images` finds."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from small_analysis import make_analysis, make_pair
from torch.utils.data import ConcatDataset, Dataset, Subset

from imbxai_widgets import compare
from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.explorer.cards import CardDeck, card_bytes
from imbxai_widgets.explorer.deck import PROTOTYPES, Deck
from imbxai_widgets.explorer.marks import marked_table
from imbxai_widgets.explorer.panels.failures import TILES
from imbxai_widgets.explorer.panels.images import ROOM, ImagesContent
from imbxai_widgets.explorer.thumbnails import make_tiles, thumbnails_of

SIZES = (40, 20, 8, 0)
SPLITS: tuple[SplitName, SplitName] = ("training", "validation")


class Solid(Dataset[Any]):
    """Images of one color each, that tells their number."""

    def __init__(self, size: int, shape: tuple[int, int] = (4, 6)) -> None:
        self.size, self.shape = size, shape

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.full((3, *self.shape), (index % 200) / 255), 0


def with_images(analysis: Analysis, shape: tuple[int, int] = (4, 6)) -> Analysis:
    """Return the analysis with images of both splits."""
    train, held_out = (
        replace(each, images=ImageSource(Solid(len(each), shape)))
        for each in (analysis.train, analysis.validation)
        if each is not None
    )
    return replace(analysis, train=train, validation=held_out)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return with_images(make_analysis(SIZES))


@pytest.fixture(scope="module")
def deck(analysis: Analysis) -> CardDeck:
    return CardDeck(analysis)


def rows_in(groups: list[dict[str, Any]]) -> list[int]:
    return [thumbnail["image"] for group in groups for thumbnail in group["thumbnails"]]


def shown_values(sprite: Any, picture: bytes, thumbnails: list[Any]) -> list[int]:
    """Read the color of each tile."""
    sheet = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    places = [divmod(each["tile"], sprite["columns"]) for each in thumbnails]
    return [
        int(sheet[row * sprite["height"], column * sprite["width"], 0]) for row, column in places
    ]


# -- failures --------------------------------------------------------------------------------


def test_failures_are_grouped_by_prediction_the_largest_group_first(
    analysis: Analysis, deck: CardDeck
) -> None:
    for index in range(3):
        card = deck.card(index)
        shown = card["failures"]
        wrong = analysis.find_images(index, "validation", right=False)
        assert (shown["split"], shown["errors"]) == ("validation", len(wrong))
        assert shown["images"] == len(analysis.find_images(index, "validation"))
        counts = [(-group["images"], group["index"]) for group in shown["groups"]]
        assert counts == sorted(counts)
        assert sum(group["images"] for group in shown["groups"]) == len(wrong)
        for group in shown["groups"]:
            members = analysis.find_images(index, "validation", predicted=group["index"])
            assert group["images"] == len(members)
            assert group["name"] == f"c{group['index']}"
            found = [thumbnail["image"] for thumbnail in group["thumbnails"]]
            assert found == members[: len(found)].tolist()
        thumbnails = [each for group in shown["groups"] for each in group["thumbnails"]]
        assert len(thumbnails) == min(TILES, len(wrong))
        colors = shown_values(shown["sprite"], card["failures_data"], thumbnails)
        assert colors == [thumbnail["image"] for thumbnail in thumbnails]


def test_many_failures_leave_room_for_every_group() -> None:
    deck = CardDeck(with_images(make_analysis((400, 8, 8, 8), errors=0.9)))
    shown = deck.card(0)["failures"]
    tiles = [len(group["thumbnails"]) for group in shown["groups"]]
    assert sum(tiles) == TILES < shown["errors"]
    assert len(tiles) == 3
    assert max(tiles) - min(tiles) <= 1


@pytest.mark.parametrize(
    ("options", "index", "split", "note"),
    [
        ({"validation": False}, 0, "training", "No validation images were given: these are"),
        ({"validation": False, "errors": 0.0}, 0, "training", "given. All 40 training images are"),
        ({"errors": 0.0}, 0, "validation", "All 20 validation images are right."),
        ({"errors": 0.0, "sizes": (9, 2)}, 1, "validation", "Its one validation image is right."),
        ({}, 3, "training", "There are no validation images of this class, and no training images"),
    ],
)
def test_failures_say_what_they_are_and_why_there_are_none(
    options: dict[str, Any], index: int, split: str, note: str
) -> None:
    shown = CardDeck(make_analysis(**options)).card(index)["failures"]
    assert shown["split"] == split
    assert note in shown["note"]
    assert bool(shown["groups"]) == (shown["errors"] > 0)


def test_images_that_were_not_given_are_said_to_be_missing() -> None:
    deck = CardDeck(make_analysis(SIZES, images=False))
    card = deck.card(0)
    assert card["failures"]["missing"].startswith("No images were given: pass validation_images=")
    missing = "No images were given: pass images= or dataset=."
    assert card["training_images"]["missing"] == missing
    assert card["training_images"]["sprite"] is None
    assert (card["failures_data"], card["training_images_data"]) == (b"", b"")
    assert card["training_images"]["groups"][0]["thumbnails"]


# -- told without the label --------------------------------------------------------------------


def test_validation_images_tell_how_likely_they_are_wrong(analysis: Analysis) -> None:
    told, held_out = analysis.error_probability().to_numpy(), analysis.split("validation")
    rows = np.arange(len(held_out))
    near = analysis.labels[held_out.neighbors] == held_out.predictions[:, np.newaxis]
    doubts = [each["doubt"] for each in thumbnails_of(Deck(analysis), "validation", rows)]
    assert doubts == [
        {"agreeing": int(same), "neighbors": 5, "wrong": float(wrong)}
        for same, wrong in zip(near.sum(axis=1), told, strict=True)
    ]
    assert len({doubt["agreeing"] for doubt in doubts if doubt}) > 3
    assert all(each["doubt"] is None for each in thumbnails_of(Deck(analysis), "training", rows))


def test_where_no_probability_is_told_agreement_still_is(
    analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = make_analysis((12, 8), errors=0.2)
    with pytest.raises(ValueError, match="at least 10 wrong"):
        few.error_probability()
    shown = CardDeck(few).card(0)["failures"]["groups"][0]["thumbnails"][0]
    same = few.labels[few.split("validation").neighbors[shown["image"]]] == shown["predicted"]
    assert shown["doubt"] == {"agreeing": int(same.sum()), "neighbors": 5, "wrong": None}
    assert Deck(make_analysis(SIZES, validation=False)).error_probabilities is None
    size = len(analysis.split("validation"))
    for most, known in ((size, True), (size - 1, False)):
        monkeypatch.setattr("imbxai_widgets.explorer.deck.MOST_TOLD", most)
        assert (Deck(analysis).error_probabilities is not None) == known


# -- all images --------------------------------------------------------------------------------


def all_pages(content: ImagesContent, asked: dict[str, Any]) -> list[int]:
    """Ask for images as the front end does: a first page, then more of each group."""
    first = content.images(asked, 0)
    rows: list[int] = []
    for group in first["groups"]:
        found = [thumbnail["image"] for thumbnail in group["thumbnails"]]
        keys = ("archetype", "predicted")
        narrow = {key: group[key] for key in keys if group[key] is not None}  # type: ignore[literal-required]
        while len(found) < group["images"]:
            [more] = content.images({**asked, **narrow}, len(found))["groups"]
            assert more["images"] == group["images"]
            page = [thumbnail["image"] for thumbnail in more["thumbnails"]]
            assert page
            found += page
        rows += found
    assert len(rows) == first["images"]
    return rows


CONDITIONS = [
    {},
    {"right": False},
    {"right": True, "archetype": 0},
    {"predicted": 1},
    {"confidence": [0.0, 0.9]},
]


@pytest.mark.parametrize(("split", "asked"), list(product(SPLITS, CONDITIONS)))
def test_pages_hold_each_image_that_meets_a_filter_once(
    analysis: Analysis, deck: CardDeck, split: SplitName, asked: dict[str, Any]
) -> None:
    content = ImagesContent(deck)
    for index in range(4):
        rows = all_pages(content, {"index": index, "split": split, **asked})
        assert sorted(rows) == analysis.find_images(index, split, **asked).tolist()
        assert len(set(rows)) == len(rows)


def test_large_classes_come_in_pages_of_limited_size() -> None:
    analysis = make_analysis((900, 30, 30))
    content = ImagesContent(CardDeck(analysis))
    first = content.images({"index": 0, "split": "training"}, 0)
    assert (first["images"], first["total"]) == (900, 900)
    assert 0 < len(rows_in(first["groups"])) <= ROOM  # type: ignore[arg-type]
    rows = all_pages(content, {"index": 0, "split": "training"})
    assert sorted(rows) == analysis.find_images(0).tolist()


def test_training_images_stand_by_archetype_prototypes_first(
    analysis: Analysis, deck: CardDeck
) -> None:
    page = ImagesContent(deck).images({"index": 0, "split": "training"}, 0)
    for group in page["groups"]:
        assert group["archetype"] is not None
        name = ARCHETYPES[group["archetype"]]
        assert group["name"] == name.capitalize()
        prototypes = analysis.prototypes("c0", name, n=PROTOTYPES).tolist()
        found = [thumbnail["image"] for thumbnail in group["thumbnails"]]
        assert found[: group["prototypes"]] == prototypes
        assert {thumbnail["archetype"] for thumbnail in group["thumbnails"]} == {group["archetype"]}


def test_a_filter_keeps_the_prototypes_that_meet_it(analysis: Analysis, deck: CardDeck) -> None:
    page = ImagesContent(deck).images({"index": 0, "split": "training", "right": False}, 0)
    for group in page["groups"]:
        prototypes = analysis.prototypes("c0", ARCHETYPES[group["archetype"] or 0], n=PROTOTYPES)
        wrong = [row for row in prototypes.tolist() if not analysis.train.correct[row]]
        assert group["prototypes"] == len(wrong)
        found = [thumbnail["image"] for thumbnail in group["thumbnails"]]
        assert found[: len(wrong)] == wrong


def test_right_validation_images_stand_last(deck: CardDeck) -> None:
    page = ImagesContent(deck).images({"index": 0, "split": "validation"}, 0)
    assert [group["name"] for group in page["groups"]][-1] == "Right"
    assert page["groups"][-1]["predicted"] == 0


def test_each_tile_is_the_image_it_stands_for(analysis: Analysis, deck: CardDeck) -> None:
    for split in SPLITS:
        page = ImagesContent(deck).images({"index": 0, "split": split, "right": False}, 0)
        thumbnails = [each for group in page["groups"] for each in group["thumbnails"]]
        colors = shown_values(page["sprite"], page["sprite_data"], thumbnails)
        assert colors == [thumbnail["image"] for thumbnail in thumbnails]
        images = analysis.split(split)
        for each in thumbnails:
            row = each["image"]
            assert each["prediction"] == f"c{images.predictions[row]}"
            assert each["confidence"] == float(images.confidences[row])
            assert each["archetype"] == images.archetypes[row]
            near = {
                other for other in range(4) if row in analysis.find_images(0, split, near=other)
            }
            assert set(each["near"]) == near


def test_votes_show_who_cast_them_and_where_they_point(analysis: Analysis, deck: CardDeck) -> None:
    content = ImagesContent(deck)
    asked = {"index": 0, "split": "training", "votes": 1}
    voters = all_pages(content, asked)
    expected = analysis.neighbors_among(np.array(sorted(voters)), 1).tolist()
    found: list[int] = []
    while len(found) < len(expected):
        page = content.neighbors(asked, len(found))
        assert (page["images"], page["total"]) == (len(expected), SIZES[1])
        found += rows_in(page["groups"])  # type: ignore[arg-type]
    assert found == expected
    assert {analysis.labels[row] for row in found} == {1}


def test_large_images_are_as_large_as_the_slider_goes() -> None:
    analysis = with_images(make_analysis((12, 12)), (400, 200))
    deck = CardDeck(analysis)
    asked = ImagesContent(deck).images({"index": 0, "split": "training"}, 0)["sprite"]
    held = deck.card(0)["training_images"]["sprite"]
    assert asked is not None
    assert [(sprite["width"], sprite["height"]) for sprite in (asked, held)] == [
        (96, 192),
        (64, 128),
    ]


def test_cards_hold_first_pages_where_no_kernel_may_be_asked(
    analysis: Analysis, deck: CardDeck
) -> None:
    bare = deck.card(0, 0)
    assert rows_in(bare["training_images"]["groups"]) == []
    assert rows_in(bare["validation_images"]["groups"]) == []
    assert card_bytes(bare) < card_bytes(deck.card(0))
    for page in (3, 12):
        card = deck.card(0, page)
        for group in card["training_images"]["groups"]:
            assert len(group["thumbnails"]) == min(page, group["images"])
        failing = rows_in(card["validation_images"]["groups"])
        assert set(failing) <= set(analysis.find_images(0, "validation", right=False).tolist())


def test_cards_tell_the_counts_behind_each_filter(analysis: Analysis, deck: CardDeck) -> None:
    for index, (split, key) in product(
        range(4), zip(SPLITS, ("training", "validation"), strict=True)
    ):
        held = deck.card(index, 0)[f"{key}_images"]
        counts = {(archetype, other): n for archetype, other, n in held["counts"]}
        for archetype, other in product(range(4), range(4)):
            found = analysis.find_images(index, split, archetype=archetype, predicted=other)
            assert counts.get((archetype, other), 0) == len(found)
        assert {each["index"] for each in held["predicted"]} == {other for _, other in counts}
        near = {other for other in range(4) if len(analysis.find_images(index, split, near=other))}
        assert {each["index"] for each in held["near"]} == near


def test_without_validation_there_are_training_images_alone() -> None:
    card = CardDeck(make_analysis(validation=False)).card(0)
    assert (card["validation_images"], card["validation_images_data"]) == (None, b"")


@pytest.mark.parametrize("split", SPLITS)
def test_two_models_are_filtered_by_what_became_of_an_image(split: SplitName) -> None:
    comparison = compare(*make_pair())
    content = ImagesContent(CardDeck(comparison.before, comparison))
    for before, after in product((True, False), repeat=2):
        asked = {"index": 0, "split": split, "before": before, "after": after}
        rows = all_pages(content, asked)
        expected = comparison.find_images(0, split, before=before, after=after)
        assert sorted(rows) == expected.tolist()
        for group in content.images(asked, 0)["groups"]:
            for each in group["thumbnails"]:
                then, image = comparison.after.split(split), each["image"]
                assert each["correct"] == before
                assert each["after"] == {
                    "prediction": f"c{then.predictions[image]}",
                    "correct": after,
                    "archetype": then.archetypes[image],
                }


def test_what_cannot_be_filtered_is_refused(deck: CardDeck) -> None:
    with pytest.raises(TypeError, match="before"):
        ImagesContent(deck).images({"index": 0, "split": "training", "before": True}, 0)
    with pytest.raises(ValueError, match="class numbers are 0 to 3"):
        ImagesContent(deck).images({"index": 9, "split": "training"}, 0)


def test_answers_are_json_without_nan(deck: CardDeck) -> None:
    page = dict(ImagesContent(deck).images({"index": 0, "split": "training"}, 0))
    page.pop("sprite_data")
    assert json.loads(json.dumps(page, allow_nan=False)) == page


# -- marked images -----------------------------------------------------------------------------


class Folder(Solid):
    """A dataset that tells its files, as `ImageFolder` does."""

    def __init__(self, size: int, root: str) -> None:
        super().__init__(size)
        self.samples = [(f"{root}/{number}.png", 0) for number in range(size)]


def test_marked_images_of_both_splits_are_a_table_in_the_order_of_marking(
    analysis: Analysis,
) -> None:
    keys = ["validation:3", "training:12", "validation:0", "training:5"]
    table = marked_table(analysis, keys)
    assert table["split"].tolist() == [key.partition(":")[0] for key in keys]
    assert table.index.tolist() == [3, 12, 0, 5]
    assert table.index.name == "image"
    for key, (_, row) in zip(keys, table.iterrows(), strict=True):
        split, number = key.split(":")
        own: Any = analysis.split(split)  # type: ignore[arg-type]
        assert row["label"] == f"c{own.labels[int(number)]}"
        assert row["prediction"] == f"c{own.predictions[int(number)]}"
        assert row["archetype"] == ARCHETYPES[own.archetypes[int(number)]]
    assert marked_table(analysis, []).columns.tolist() == table.columns.tolist()


def test_files_are_told_through_subsets_and_chains() -> None:
    analysis = make_analysis((12, 8))
    chain = ConcatDataset([Folder(15, "a"), Subset(Folder(9, "b"), [8, 7, 6, 5, 4])])
    train = replace(analysis.train, images=ImageSource(chain))
    told = replace(analysis, train=train)
    table = marked_table(told, ["training:2", "training:16", "validation:1"])
    assert table["file"].tolist() == ["a/2.png", "b/7.png", None]
    tiles = make_tiles(CardDeck(told), "training", np.array([19]))
    assert tiles["thumbnails"][0]["file"] == "b/4.png"


def test_files_of_hugging_face_datasets_are_told(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    paths = []
    for number in range(4):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.new("RGB", (2, 2), (number, 0, 0)).save(paths[-1])
    columns = {"image": paths, "label": [0, 1, 0, 1]}
    dataset = datasets.Dataset.from_dict(columns).cast_column("image", datasets.Image())
    points = np.array([[0.0], [1.0], [3.0], [7.0]])
    analysis = Analysis.from_arrays(points, [0, 1, 0, 1], [0, 1, 1, 1], k=1, images=dataset)
    assert marked_table(analysis, ["training:2"])["file"].tolist() == [paths[2]]


def test_numbers_are_those_of_the_dataset_where_images_were_skipped() -> None:
    analysis = make_analysis((12, 8))
    train = replace(analysis.train, positions=np.arange(len(analysis.train)) + 3)
    skipped = replace(analysis, train=train)
    assert marked_table(skipped, ["training:2"]).index.tolist() == [5]
    [thumbnail] = ImagesContent(CardDeck(skipped)).known(["training:2"])["thumbnails"]
    assert (thumbnail["image"], thumbnail["number"]) == (2, 5)


@pytest.mark.parametrize("key", ["test:1", "training", "training:-1", "training:x", "training:999"])
def test_what_is_no_key_is_refused(analysis: Analysis, key: str) -> None:
    with pytest.raises(ValueError, match=r"marked must hold keys|indices"):
        marked_table(analysis, [key])


def test_what_is_known_of_marked_images_is_in_their_order(deck: CardDeck) -> None:
    keys = ["validation:3", "training:12", "validation:0"]
    known = ImagesContent(deck).known(keys)["thumbnails"]
    assert [f"{each['split']}:{each['image']}" for each in known] == keys
    assert ImagesContent(deck).known([]) == {"thumbnails": []}
