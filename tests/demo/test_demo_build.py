"""How the images are made, on drawings of our own and, where given, on the npm packages."""

from __future__ import annotations

import io
import json
import os
import tarfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from imbxai_widgets.demo.build_images import (
    Entry,
    build,
    emoji_class,
    index_text,
    sheet,
    shrink,
    training_emoji,
    without_near_duplicates,
    write,
)
from imbxai_widgets.demo.images import VENDORS, _read_tiles

PACKAGES = "IMBXAI_EMOJI_PACKAGES"


@pytest.mark.parametrize(
    ("category", "subcategory", "expected"),
    [
        ("People & Body", "person-role", "People"),
        ("People & Body", "person", "People"),
        ("People & Body", "family", "People"),
        ("People & Body", "hands", None),
        ("Flags", "country-flag", "Flags"),
        ("Symbols", "transport-sign", "Signs"),
        ("Animals & Nature", "animal-bug", "Animals"),
        ("Smileys & Emotion", "cat-face", "Animals"),
        ("Smileys & Emotion", "monkey-face", "Animals"),
        ("Smileys & Emotion", "face-smiling", "Faces"),
        ("Smileys & Emotion", "heart", None),
        ("Food & Drink", "food-asian", "Food"),
        ("Food & Drink", "drink", "Food"),
        ("Food & Drink", "dishware", None),
        ("Travel & Places", "transport-air", "Vehicles"),
        ("Travel & Places", "sky & weather", "Sky"),
        ("Travel & Places", "place-map", None),
        ("Objects", "clothing", "Clothing"),
        ("Animals & Nature", "plant-flower", "Plants"),
        ("Component", "skin-tone", None),
    ],
)
def test_emoji_class(category: str, subcategory: str, expected: str | None) -> None:
    assert emoji_class(category, subcategory) == expected


@given(arrays(np.uint8, (4, 4, 4)))
@settings(deadline=None)
def test_shrink_weighs_colors_by_alpha(pixels: np.ndarray) -> None:
    result = shrink(Image.fromarray(pixels)).astype(float)
    for row in range(2):
        for column in range(2):
            block = pixels[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].reshape(4, 4) / 255
            alpha = block[:, 3]
            seen = (block[:, :3] * alpha[:, None] + (1 - alpha)[:, None]).mean(axis=0)
            np.testing.assert_allclose(result[row, column, 3] / 255, alpha.mean(), atol=0.6 / 255)
            np.testing.assert_allclose(result[row, column, :3] / 255, seen, atol=1.6 / 255)


def test_transparent_colors_do_not_leak() -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[:, 0] = (255, 0, 0, 0)
    pixels[:, 1] = (0, 0, 255, 255)
    assert shrink(Image.fromarray(pixels))[0, 0].tolist() == [127, 127, 255, 128]


def test_near_duplicates_are_left_out() -> None:
    first, close, far = np.full((3, 32, 32, 4), 100, np.uint8)
    close[..., :3] += 5  # 5 / 255 = 0.0196
    far[..., :3] += 6  # 6 / 255 = 0.0235, but 0.004 from `close`, which is not kept
    assert without_near_duplicates([first, close, far, first]) == [0, 2]


@given(st.sets(st.characters(codec="utf-8"), max_size=30))
@settings(deadline=None)
def test_split_is_70_percent_whatever_the_order(emoji: set[str]) -> None:
    training = training_emoji(emoji)
    assert training <= emoji
    assert len(training) == round(0.7 * len(emoji))
    assert training == training_emoji(sorted(emoji))


def test_split_is_the_same_in_every_process() -> None:
    assert training_emoji("abcdefghij") == set("bcdefhj")


def _package(path: Path, vendor: str, drawings: dict[str, np.ndarray | None]) -> Path:
    """Write a package with drawings by code point; None is an emoji without a drawing."""
    listed = [
        {
            "name": "RED APPLE" if number == 1 else f"Thing {number}",
            "unified": code,
            "image": f"{code.lower()}.png",
            "category": "Objects" if code == "1F528" else "Food & Drink",
            "subcategory": "tool" if code == "1F528" else "food-fruit",
            "sort_order": number,
            f"has_img_{vendor}": drawing is not None,
        }
        for number, (code, drawing) in enumerate(drawings.items(), start=1)
    ]
    contents = {"emoji.json": json.dumps(listed[::-1]).encode()}
    for code, drawing in drawings.items():
        if drawing is not None:
            png = io.BytesIO()
            Image.fromarray(drawing).save(png, "PNG")
            contents[f"img/{vendor}/64/{code.lower()}.png"] = png.getvalue()
    with tarfile.open(path, "w:gz") as package:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            package.addfile(member, io.BytesIO(content))
    return path


def _drawing(gray: int) -> np.ndarray:
    drawing = np.zeros((64, 64, 4), np.uint8)
    drawing[8:56, 8:56] = (gray, gray, gray, 255)
    return drawing


def test_build_from_packages(tmp_path: Path) -> None:
    codes = ("1F34E", "1F34F", "1F350", "1F351-200D-1F351", "1F528")
    google = dict(zip(codes, map(_drawing, (0, 0, 100, 200, 50)), strict=True))
    twitter = {**google, "1F34F": _drawing(255), "1F350": None}
    entries = build(
        {
            "google": _package(tmp_path / "google.tgz", "google", google),
            "twitter": _package(tmp_path / "twitter.tgz", "twitter", twitter),
        }
    )
    assert [(entry.emoji, entry.name, list(entry.tiles)) for entry in entries] == [
        ("\U0001f34e", "red apple", ["google", "twitter"]),
        ("\U0001f34f", "Thing 2", ["twitter"]),  # Google's equals its 1F34E
        ("\U0001f350", "Thing 3", ["google"]),  # Twitter has none
        ("\U0001f351\u200d\U0001f351", "Thing 4", ["google", "twitter"]),
    ]
    assert {entry.class_name for entry in entries} == {"Food"}
    assert sum(entry.split == "training" for entry in entries) == 3
    assert entries[2].tiles["google"][16, 16].tolist() == [100, 100, 100, 255]
    assert entries[2].tiles["google"][0, 0].tolist() == [255, 255, 255, 0]


def test_written_sheets_are_lossless(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    blocks = random.integers(0, 256, (50, 4, 4, 4), dtype=np.uint8)
    tiles = blocks.repeat(8, axis=1).repeat(8, axis=2)
    tiles[:, :4] = (255, 255, 255, 0)
    tiles[:, 4:8] = (1, 2, 3, 0)
    entries = [
        Entry(str(number), "", "Food", "training", {"google": tile, "twitter": tile[::-1]})
        for number, tile in enumerate(tiles)
    ]
    write(entries, tmp_path)
    read = _read_tiles(tmp_path / "google.webp")
    assert len(read) == 96  # two rows of 48
    assert (read[:50] == tiles).all()
    assert (read[50:] == (255, 255, 255, 0)).all()
    assert (_read_tiles(tmp_path / "twitter.webp")[:50] == tiles[:, ::-1]).all()
    assert len(json.loads((tmp_path / "index.json").read_text("utf-8"))["emoji"]) == 50


@pytest.mark.skipif(PACKAGES not in os.environ, reason=f"{PACKAGES} names no folder with packages")
def test_npm_packages_give_the_committed_images() -> None:
    folder = Path(os.environ[PACKAGES])
    entries = build(
        {vendor: folder / f"emoji-datasource-{vendor}-16.0.0.tgz" for vendor in VENDORS}
    )
    data = files("imbxai_widgets.demo") / "data"
    assert (data / "index.json").read_text("utf-8") == index_text(entries)
    for vendor in VENDORS:
        # Pixels, not bytes: those of a WebP file depend on the encoder's release.
        with (data / f"{vendor}.webp").open("rb") as file:
            committed = np.asarray(Image.open(file).convert("RGBA"))
        assert (committed == sheet(entries, vendor)).all()
