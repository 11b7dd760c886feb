"""The colors of a card against the tables, and images of which the pixels of a color are lit."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import Dataset

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.compute.colors.schemes import assign_bins, color_scheme
from imbxai_widgets.compute.embedding.network import KnownImages, Network
from imbxai_widgets.compute.embedding.options import Saliency
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.lit import LIT, WITHOUT, dimmed, lit_images
from imbxai_widgets.explorer.panels.images import ImagesContent

BINS = color_scheme("perceptual").bins


class Patches(Dataset[Any]):
    """A red (class 0) or a green patch (class 1) somewhere on blue and white."""

    def __init__(self, size: int = 40, side: int = 8) -> None:
        rng = np.random.default_rng(0)
        ground = np.where(rng.random((size, side, side, 1)) < 0.7, [0, 0, 255], [255, 255, 255])
        self.rgb = ground.astype(np.uint8)
        for index, image in enumerate(self.rgb):
            row, column = rng.integers(0, side - 1, 2)
            patch = ([255 - index, 0, 0], [0, 200 - index, 0])[index % 2]  # no two are alike
            image[row : row + 2, column : column + 2] = patch

    def __len__(self) -> int:
        return len(self.rgb)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.from_numpy(self.rgb[index].transpose(2, 0, 1) / np.float32(255)), index % 2


class LooksAtPatches(nn.Module):
    """Logits by how red, and how green, pixels are that are not white: blue tells nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.head.weight.copy_(torch.eye(2))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        red, green, blue = images[:, 0], images[:, 1], images[:, 2]
        told = torch.stack([(red * (1 - blue)) ** 2, (green * (1 - blue)) ** 2], dim=1)
        logits: torch.Tensor = self.head(told.mean(dim=(2, 3)))
        return logits


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyze(LooksAtPatches(), Patches(), salient_fraction=0.05, progress=False)


def deck_of(analysis: Analysis, model: nn.Module | None) -> CardDeck:
    if model is None:
        return CardDeck(analysis)
    known = KnownImages(Patches(), analysis.labels, analysis.train.top)
    network = Network(model, {"training": known}, saliency=Saliency(0.05, "perceptual"))
    return CardDeck(analysis, None, network)


def page(deck: CardDeck, color: str, offset: int = 0) -> Any:
    content = deck.contents["images"]
    assert isinstance(content, ImagesContent)
    return content.images({"index": 0, "split": "training", "color": color}, offset)


def test_what_is_looked_at_is_told_from_what_is_there(analysis: Analysis) -> None:
    """The pictures are blue; the network looks at red."""
    card = CardDeck(analysis).card(0)["colors"]
    rows = {row["name"]: row for row in card["rows"]}
    assert next(iter(rows)) == "red"
    assert rows["red"]["words"].endswith("\N{MULTIPLICATION SIGN}: looked at")
    assert (rows["red"]["salient"], rows["blue"]["salient"]) == ("100%", "0%")
    assert rows["blue"]["words"] == "never looked at"
    assert card["all"][BINS.index("blue")] > 0.6
    for name, row in rows.items():
        assert row["images"] == len(analysis.find_images(0, color=name))
        assert row["color"] == analysis.color_scheme.colors[BINS.index(name)]
    assert "brown" not in rows  # no pixel has it
    assert rows["red"]["images"] == 20


def test_images_of_a_color_come_by_its_share(analysis: Analysis) -> None:
    deck = deck_of(analysis, None)
    found = page(deck, "red")
    shares = analysis.color_shares("red")
    rows = [thumbnail["image"] for thumbnail in found["groups"][0]["thumbnails"]]
    assert found["images"] == len(rows) == 20
    assert sorted(rows) == analysis.find_images(0, color="red").tolist()
    assert (np.diff(shares[rows]) <= 0).all()
    assert (found["note"], found["notice"]) == (WITHOUT, "")
    for thumbnail in found["groups"][0]["thumbnails"]:
        assert thumbnail["colors"]["red"] == pytest.approx(shares[thumbnail["image"]], abs=1e-3)
    assert page(deck, "red", offset=15)["groups"][0]["thumbnails"][0]["image"] == rows[15]
    assert page(deck, "brown")["images"] == 0


def test_the_network_lights_the_pixels_that_count(analysis: Analysis) -> None:
    deck = deck_of(analysis, LooksAtPatches())
    found = page(deck, "red")
    assert (found["note"], found["notice"]) == (LIT, "")
    picture = np.asarray(Image.open(io.BytesIO(found["sprite_data"])).convert("RGB"))
    sprite = found["sprite"]
    images = Patches().rgb
    for thumbnail in found["groups"][0]["thumbnails"]:
        row, column = divmod(thumbnail["tile"], sprite["columns"])
        tile = picture[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        image = images[thumbnail["image"]]
        lit = (tile == image).all(axis=2)
        red = assign_bins(image) == BINS.index("red")
        assert lit.sum() == red.sum() == 4  # all four are salient
        assert (lit == red).all()


def test_a_network_that_has_changed_lights_nothing(analysis: Analysis) -> None:
    other = LooksAtPatches()
    with torch.no_grad():
        other.head.weight.mul_(5)
    found = page(deck_of(analysis, other), "red")
    assert found["note"].startswith("The model has changed since the analysis")
    assert found["images"] == 20
    assert lit_images(deck_of(analysis, None), np.array([0]), "red") == (None, WITHOUT)


def test_what_is_not_lit_is_near_gray() -> None:
    image = np.array([[[0, 128, 255], [10, 20, 30]]], np.uint8)
    found = dimmed(image, np.array([[False, True]]))
    assert found.tolist() == [[[102, 128, 153], [10, 20, 30]]]
