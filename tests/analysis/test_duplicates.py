"""Images that occur more than once: groups, labels, leaks and pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from small_analysis import make_analysis

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.reading.display import ImageSource

# Of a group of many equal images, chance takes neighbors.
pytestmark = pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")


class Pictures:
    """Images of one color, which `colors` tells."""

    read: ClassVar[list[int]] = []  # the colors of images read, by any copy of the dataset

    def __init__(self, colors: list[int]) -> None:
        self.colors = colors

    def __len__(self) -> int:
        return len(self.colors)

    def __getitem__(self, row: int) -> Any:
        self.read.append(self.colors[row])
        if self.colors[row] < 0:
            raise OSError("unreadable")
        return np.full((4, 4, 3), self.colors[row], dtype=np.uint8), 0


def planted(scale: float = 1.0) -> tuple[Analysis, Pictures, Pictures]:
    """Make 40 training and 10 validation images, with copies.

    Training 3 and 7 are one image with two labels; 20, 21, 22 and validation 4 are one picture in
    different colors; 30 and 31 differ by what rounding does.
    """
    rng = np.random.default_rng(0)
    train, labels = rng.normal(size=(40, 6)), np.repeat([0, 1, 2, 3], 10)
    held_out, unseen = rng.normal(size=(10, 6)), np.repeat([0, 2], 5)
    train[7] = train[3]
    labels[7] = 1
    train[[21, 22]], held_out[4], unseen[4] = train[20], train[20], 2
    train[31] = train[30] + 1e-5
    pictures = Pictures([10, *range(11, 50)])
    pictures.colors[7] = pictures.colors[3]
    pictures.colors[21], pictures.colors[22] = pictures.colors[20], -1
    seen = Pictures(list(range(100, 110)))
    seen.colors[4] = pictures.colors[20]
    analysis = Analysis.from_arrays(
        scale * train,
        labels,
        labels,
        validation=(scale * held_out, unseen, unseen),
        images=ImageSource(pictures),
        validation_images=ImageSource(seen),
    )
    return analysis, pictures, seen


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_groups_are_found_whole_at_any_scale(scale: float) -> None:
    analysis, _, _ = planted(scale)
    table = analysis.duplicates()
    rows = list(zip(table["group"], table["split"], table["image"], strict=True))
    assert rows == [
        (0, "training", 3),
        (0, "training", 7),
        (1, "training", 20),
        (1, "training", 21),
        (1, "training", 22),
        (1, "validation", 4),
        (2, "training", 30),
        (2, "training", 31),
    ]
    assert table["conflict"].tolist() == [True] * 2 + [False] * 6
    assert table["leak"].tolist() == [False] * 2 + [True] * 4 + [False] * 2
    assert table["label"].tolist()[:2] == ["0", "1"]
    assert (table["distance"][:7] == 0).all()
    assert 0 < table["distance"].iloc[7] < 1e-3


def test_equal_pixels_are_told_from_equal_features_by_reading_copies_alone() -> None:
    analysis, pictures, _ = planted()
    Pictures.read.clear()
    table = analysis.duplicates()
    # Some had been read before, and were kept.
    assert {-1} <= set(Pictures.read) <= {pictures.colors[row] for row in (3, 20, 22, 30, 31)}
    assert table["picture"].fillna(-1).tolist() == [0, 0, 0, 0, -1, 0, 0, 1]
    few = analysis.duplicates(most_read=3)["picture"]
    assert few.notna().tolist() == [True] * 3 + [False] * 5
    bare = make_analysis((30, 12))
    assert bare.duplicates().empty


def test_a_thousand_equal_images_are_one_group_and_not_half_a_million_pairs() -> None:
    labels = np.arange(1000) % 3
    same = Analysis.from_arrays(np.ones((1000, 8)), labels, labels, k=5)
    table = same.duplicates()
    assert len(table) == 1000
    assert set(table["group"]) == {0}
    assert table["conflict"].all()


def test_tolerance_draws_in_what_is_further() -> None:
    analysis, _, _ = planted()
    assert len(analysis.duplicates(tolerance=0)) == 6
    assert len(analysis.duplicates(tolerance=100)) == 50
    with pytest.raises(ValueError, match="tolerance must be a finite number of at least 0"):
        analysis.duplicates(tolerance=-1)


def test_find_images_finds_as_many_as_the_table_lists() -> None:
    analysis, _, _ = planted()
    table = analysis.duplicates()
    for split in ("training", "validation"):
        for kind in ("any", "conflict", "leak"):
            listed = table[table["split"] == split]
            listed = listed if kind == "any" else listed[listed[kind]]
            for name in analysis.class_names:
                found = analysis.find_images(name, split, copies=kind)  # type: ignore[arg-type]
                assert found.tolist() == listed["image"][listed["label"] == name].tolist()
    with pytest.raises(ValueError, match="copies must be"):
        analysis.find_images("0", copies="all")  # type: ignore[arg-type]


def test_without_embeddings_of_validation_images_it_says_what_is_left_out() -> None:
    analysis, _, _ = planted()
    assert analysis.validation is not None
    old = replace(analysis, validation=replace(analysis.validation, embeddings=None))
    with pytest.warns(UserWarning, match="only copies among training images are found"):
        table = old.duplicates()
    assert set(table["split"]) == {"training"}
    assert not table["leak"].any()
    assert old.find_images("2", "validation", copies="any").tolist() == []
