"""What the dialog is told of one image, against the analysis and the network."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import ipywidgets as widgets
import numpy as np
import pytest
import torch
from PIL import Image
from small_analysis import make_analysis, with_predictions
from torch import nn

from imbxai_widgets import Analysis, Explorer, analyze
from imbxai_widgets.compute.embedding.network import Look
from imbxai_widgets.compute.embedding.saliency import count_colors
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.panels._held_images import held_images
from imbxai_widgets.explorer.panels._image_detail import encoded, image_detail
from imbxai_widgets.explorer.panels._image_look import image_look, shares_of


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    widgets.Widget.close_all()


def at_hand() -> tuple[nn.Module, Analysis, Explorer]:
    """A network of twelve classes, its analysis, and an Explorer that holds both."""
    torch.manual_seed(0)
    pool = nn.AdaptiveAvgPool2d(1)
    model = nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(7, 12))
    images = [(torch.rand(3, 8, 8), number % 12) for number in range(60)]
    analysis = analyze(model, images, validation=images[::5], k=3, progress=False)
    return model, analysis, Explorer(analysis, model=model)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("split", ["training", "validation"])
def test_it_is_what_the_analysis_knows(split: str) -> None:
    _, analysis, _ = at_hand()
    images, deck = analysis.split(split), Deck(analysis)  # type: ignore[arg-type]
    beyond = 0
    for row in range(len(images)):
        found = image_detail(deck, f"{split}:{row}")
        label, top = int(images.labels[row]), images.top
        first = found["probabilities"][:5]
        assert [each["index"] for each in first] == top.classes[row, :5].tolist()
        assert [each["probability"] for each in first] == top.probabilities[row, :5].tolist()
        if label not in top.classes[row, :5]:
            beyond += 1
            (last,) = found["probabilities"][5:]
            assert (last["index"], last["probability"]) == (label, float(top.of_labels[row]))
        assert found["label"] == label
        near = found["neighbors"]
        assert [each["thumbnail"]["image"] for each in near] == images.neighbors[row].tolist()
        assert [each["distance"] for each in near] == images.neighbor_distances[row].tolist()
        assert [each["index"] for each in near] == analysis.labels[images.neighbors[row]].tolist()
        assert images.images is not None
        np.testing.assert_array_equal(pixels(found["picture_data"]), images.images[row])
    assert beyond


def test_contributions_add_up_to_the_two_logits() -> None:
    _, analysis, _ = at_hand()
    deck, images = Deck(analysis), analysis.train
    for row in (0, 17, 41):
        terms = image_detail(deck, f"training:{row}")["features"]
        classes = [int(images.predictions[row]), int(images.labels[row])]
        np.testing.assert_allclose(terms["logits"], images.logits([row])[0, classes], rtol=1e-5)
        for side, name in enumerate(("predicted", "label")):
            listed = sum(each[name] for each in terms["rows"])  # type: ignore[literal-required]
            assert listed + terms["rest"][side] == pytest.approx(terms["logits"][side])
        assert (len(terms["rows"]), terms["others"]) == (5, 2)
        added = [each["predicted"] for each in terms["rows"]]
        assert added == sorted(added, reverse=True)
        assert images.embeddings is not None
        feature = terms["rows"][0]["feature"]
        assert terms["rows"][0]["value"] == pytest.approx(images.embeddings[row, feature])


def test_archetypes_are_put_in_words() -> None:
    analysis = make_analysis((40, 20, 8, 0))
    deck = Deck(analysis)
    words = {0: "safe", 1: "border", 2: "rare", 3: "an outlier"}
    seen = set()
    for row, kind in enumerate(analysis.archetypes.tolist()):
        label = int(analysis.labels[row])
        own = int((analysis.labels[analysis.neighbors[row]] == label).sum())
        are = "is" if own == 1 else "are"
        expected = f"{own} of 5 neighbors {are} of c{label}, so {words[kind]}."
        assert image_detail(deck, f"training:{row}")["archetype"] == expected
        seen.add(own)
    assert {1, 2, 5} <= seen


def test_what_is_not_known_is_said() -> None:
    analysis = make_analysis(images=False)
    found = image_detail(Deck(analysis), "validation:3")
    assert (found["picture"], found["picture_data"], found["neighbor_sprite"]) == (None, b"", None)
    assert found["missing"] == ("No images were given: pass validation_images= or validation=.")
    assert found["features"]["rows"] == []
    assert "the analysis has no head" in found["features"]["note"]
    unsure = analysis.train.top._replace(probabilities=np.full((68, 4), np.nan, np.float32))
    unknown = replace(analysis, train=replace(analysis.train, top=unsure))
    found = image_detail(Deck(unknown), "training:0")
    assert found["probabilities"] == []
    assert found["certain"].startswith("Probabilities are not known")
    for key in ("training:68", "training:x", "test:0"):
        with pytest.raises(ValueError, match=key):
            image_detail(Deck(analysis), key)


def test_an_image_that_cannot_be_read_keeps_the_rest() -> None:
    analysis = make_analysis()
    source = analysis.images
    assert source is not None

    def torn(_: int) -> np.ndarray:
        raise OSError("3.png is truncated")

    class Torn(type(source)):  # type: ignore[misc]
        __getitem__ = staticmethod(torn)

    source.__class__ = Torn
    found = image_detail(Deck(analysis), "training:3")
    assert found["missing"] == "This image could not be read: OSError: 3.png is truncated"
    assert len(found["neighbors"]) == 5


def test_large_pictures_are_not_written_without_loss() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (1200, 900, 3)).astype(np.uint8)
    picture, data = encoded(noise)
    assert picture == {"width": 900, "height": 1200, "type": "image/jpeg"}
    assert pixels(data).shape == noise.shape
    picture, data = encoded(noise[:50])
    assert picture["type"] == "image/png"
    np.testing.assert_array_equal(pixels(data), noise[:50])


def test_where_it_looks_are_the_pixels_whose_colors_are_counted() -> None:
    _, analysis, explorer = at_hand()
    deck = explorer._deck
    counts, images = analysis.train.color_counts, analysis.images
    assert counts is not None
    assert images is not None
    for row in (0, 11, 59):
        look = image_look(deck, f"training:{row}")
        mask = np.frombuffer(look["mask"], np.uint8).reshape(1, look["height"], look["width"])
        assert set(np.unique(mask)) <= {0, 255}
        none = np.zeros_like(mask, dtype=bool)
        found = count_colors(images[row][None], mask == 255, none, np.array([0]), "perceptual")
        np.testing.assert_array_equal(found[0], counts[row])
        name = analysis.class_names[analysis.predictions[row]]
        assert f"the 7 pixels on which the logit of {name} depends most" in look["note"]
        assert look["note"].endswith("The colors of these are counted.")
    unseen = image_look(deck, "validation:2")
    assert unseen["width"] == 8
    assert unseen["note"].endswith("The colors of such pixels of training images are counted.")


def test_without_the_model_or_with_another_it_says_so() -> None:
    model, analysis, explorer = at_hand()
    assert "the model is not at hand" in image_look(Deck(analysis), "training:0")["note"]
    with torch.no_grad():
        model[4].weight[0] += 1  # type: ignore[index]
    look = image_look(explorer._deck, "training:0")
    assert look["note"].startswith("The model has changed since the analysis")
    assert (look["width"], look["mask"]) == (0, b"")
    plain = replace(analysis, salient_fraction=None, color_counts=None)
    other = Explorer(replace(plain, train=replace(plain.train, color_counts=None)))
    assert "is not shown" in image_look(other._deck, "training:0")["note"]


def test_a_page_holds_what_was_on_its_cards_up_to_a_limit() -> None:
    deck = CardDeck(make_analysis())
    cards = [deck.card(2), deck.card(0)]
    held = held_images(deck, cards, limit=10_000_000)
    on_cards = {
        f"{each['split']}:{each['image']}"
        for card in cards
        for images in (card["training_images"], card["validation_images"])
        for group in images["groups"]
        for each in group["thumbnails"]
    }
    assert on_cards <= held.keys()
    for key, detail in held.items():
        assert detail == {**image_detail(deck, key), "neighbor_sprite": None, "neighbor_data": b""}
    few = held_images(deck, cards, limit=30_000)
    assert list(few) == list(held)[: len(few)]
    assert 0 < len(few) < len(held)
    assert held_images(deck, cards, limit=0) == {}


def test_held_images_come_with_held_cards() -> None:
    explorer = Explorer(make_analysis())
    assert explorer._panels["detail"].held == {}
    explorer.selected_class = "c1"
    assert explorer.hold_cards() == 4
    held = explorer._panels["detail"].held
    first = next(iter(held.values()))
    assert first["thumbnail"]["label"] == "c1"  # the class that is shown comes first
    assert isinstance(first["picture_data"], bytes)


def test_both_answers_are_asked_of_the_panel() -> None:
    _, _, explorer = at_hand()
    content = explorer._deck.contents["detail"]
    assert set(content.asked) >= {"image", "look"}
    assert content.image("training:1")["label"] == 1  # type: ignore[attr-defined]
    assert content.look("training:1")["width"] == 8  # type: ignore[attr-defined]


def test_a_certain_prediction_is_the_only_one() -> None:
    analysis = make_analysis()
    certain = with_predictions(analysis, (analysis.labels + 1) % 4)
    found = image_detail(Deck(certain), "training:0")["probabilities"]
    label = int(certain.labels[0])
    assert [(each["index"], each["probability"]) for each in found] == [
        ((label + 1) % 4, 1.0),
        (label, 0.0),
    ]


def test_tied_pixels_share_the_room_that_is_left() -> None:
    """One certain pixel, and four that have room for two; then an image without ties."""
    certain = np.array([[[1, 0, 0], [0, 0, 0]], [[1, 1, 0], [0, 0, 0]]], dtype=bool)
    tied = np.array([[[0, 1, 1], [1, 1, 0]], [[0, 0, 0], [0, 0, 0]]], dtype=bool)
    logits = np.zeros((2, 2), dtype=np.float32)
    look = Look(logits, salient=certain, tied=tied, room=np.array([2, 0]))
    assert shares_of(look).tolist() == [
        [[1.0, 0.5, 0.5], [0.5, 0.5, 0.0]],
        [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
    ]
