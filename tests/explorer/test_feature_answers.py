"""What the dialog is told of a feature, against the tables of the analysis."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from small_analysis import make_analysis
from torch.nn import functional

from imbxai_widgets import analyze
from imbxai_widgets.analysis import Analysis, Head
from imbxai_widgets.demo import load_demo
from imbxai_widgets.explorer.arguments import check_arguments, network_of
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panels._feature_detail import BINS, IMAGES, feature_detail
from imbxai_widgets.explorer.panels._feature_maps import NO_MODEL, SCALE, feature_maps
from imbxai_widgets.explorer.sprites import make_sprite, make_veils


def with_head(analysis: Analysis) -> Analysis:
    """The same with a head, whose logits are not those of its predictions."""
    rng = np.random.default_rng(3)
    head = Head(rng.normal(size=(analysis.n_classes, 8)), rng.normal(size=analysis.n_classes))
    return replace(analysis, train=replace(analysis.train, head=head))


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return with_head(make_analysis(sizes=(40, 20, 8, 0)))


def sharing(analysis: Analysis) -> tuple[int, int, int]:
    """A class, a feature among its top ones, and the class that it should stand beside."""
    for index, name in enumerate(analysis.class_names):
        table = analysis.feature_overlap(name)
        for feature in analysis.top_features(name).index:
            having = [other for other, row in table.iterrows() if feature in row["features"]]
            if having:
                return index, int(feature), analysis.class_index(str(having[0]))
    raise AssertionError


def test_both_sides_hold_the_images_in_which_it_adds_most(analysis: Analysis) -> None:
    index, feature, other = sharing(analysis)
    told = feature_detail(CardDeck(analysis), feature, index)
    assert [side["index"] for side in told["sides"]] == [index, other]
    assert told["sharing"][0]["index"] == other
    for side, data in zip(told["sides"], (told["first_data"], told["second_data"]), strict=True):
        table = analysis.feature_images(side["index"], feature)
        first = table.head(IMAGES)
        assert [each["image"] for each in side["thumbnails"]] == first["row"].tolist()
        assert side["contributions"] == first["contribution"].tolist()
        assert side["values"] == first["value"].tolist()
        assert side["mean"] == pytest.approx(table["value"].mean(), rel=1e-12)
        assert side["contribution"] == pytest.approx(table["contribution"].mean(), rel=1e-12)
        top = analysis.top_features(analysis.class_names[side["index"]]).index.tolist()
        assert side["rank"] == top.index(feature) + 1
        assert side["sprite"] is not None
        columns = side["sprite"]["columns"] * side["sprite"]["width"]
        assert Image.open(io.BytesIO(data)).width == columns
    assert told["apart"] == analysis.rows.share_apart(index, other, [feature])
    histogram = analysis.feature_histogram(feature, index, other, bins=BINS)
    assert told["histogram"]["here"] == histogram["here"].tolist()
    assert told["histogram"]["there"] == histogram["there"].tolist()
    assert told["histogram"]["elsewhere"] == histogram["elsewhere"].tolist()
    assert told["histogram"]["edges"][:-1] == histogram["low"].tolist()
    assert told["histogram"]["ticks"][-1] >= (histogram["here"] / histogram["here"].sum()).max()


def test_any_class_can_stand_beside_it(analysis: Analysis) -> None:
    index, feature, other = sharing(analysis)
    third = next(each for each in range(3) if each not in (index, other))
    told = feature_detail(CardDeck(analysis), feature, index, third)
    assert [side["index"] for side in told["sides"]] == [index, third]
    with pytest.raises(ValueError, match="the other class must be another than"):
        feature_detail(CardDeck(analysis), feature, index, index)


def test_a_class_without_images_has_no_numbers(analysis: Analysis) -> None:
    told = feature_detail(CardDeck(analysis), 0, 3)
    assert told["sides"][0]["thumbnails"] == []
    assert (told["sides"][0]["mean"], told["sides"][0]["contribution"]) == (None, None)


def test_without_a_head_the_largest_features_are_shown_and_it_says_so() -> None:
    analysis = make_analysis(sizes=(12, 8, 5), images=False)
    told = feature_detail(CardDeck(analysis), 2, 1)
    side = told["sides"][0]
    assert not told["head"]
    assert (told["apart"], side["contribution"]) == (None, None)
    assert side["contributions"] == [None] * 8
    rows = analysis.rows.members(1)
    order = rows[np.argsort(-analysis.embeddings[rows, 2], kind="stable")]
    assert [each["image"] for each in side["thumbnails"]] == order.tolist()
    assert side["sprite"] is None
    assert told["missing"] == "No images were given: pass images= or dataset=."


def test_what_lies_over_images_has_their_places() -> None:
    analysis = make_analysis(image_shape=(40, 60))
    assert analysis.images is not None
    rows = np.array([0, 1, 2])
    sprite, picture, _ = make_sprite(analysis.images, rows, 30)
    dark, light = np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)
    half = np.array([[1, 0, 0], [1, 0, 0]], np.float32)
    veils, veil = make_veils([dark, light, half], [(60, 40)] * 3, 30)
    assert {**veils, "type": ""} == {**sprite, "type": ""}
    over = np.asarray(Image.open(io.BytesIO(veil)).convert("LA"))
    assert over.shape[:2] == Image.open(io.BytesIO(picture)).size[::-1]
    assert (over[..., 0] == 0).all()
    opacity = over[..., 1].reshape(20, 3, 30)
    assert (opacity[:, 0] == 200).all()
    assert (opacity[:, 1] == 0).all()
    assert (opacity[:, 2, 0], opacity[:, 2, -1]) == (pytest.approx(0), pytest.approx(200))


def test_light_falls_where_the_network_responds() -> None:
    model, train, validation = load_demo()
    analysis = analyze(model, train, validation=validation, salient_fraction=None, progress=False)
    given = check_arguments(analysis, train, model, validation, None, {})
    deck = CardDeck(analysis, network=network_of(analysis, given))
    sides = [analysis.feature_images(name, 41, limit=3)["row"] for name in ("Plants", "Animals")]
    told = feature_maps(deck, 41, [rows.tolist() for rows in sides])
    assert told["note"] == SCALE
    heard: list[torch.Tensor] = []
    hook = list(model.children())[-2].register_forward_hook(
        lambda *heard_of: heard.append(heard_of[2][:, 41])
    )
    rows = np.concatenate([each.to_numpy() for each in sides])
    with torch.no_grad():
        model.eval()(torch.stack([train[row][0] for row in rows]))
    hook.remove()
    maps = heard[0]
    np.testing.assert_allclose(maps.mean(dim=(1, 2)), analysis.embeddings[rows, 41], rtol=1e-4)
    light = functional.interpolate(
        maps[:, None] / maps.abs().max(), size=(32, 32), mode="bilinear", align_corners=False
    )[:, 0].numpy()
    for at, data in enumerate((told["first_data"], told["second_data"])):
        over = np.asarray(Image.open(io.BytesIO(data)).convert("LA"))[..., 1]
        drawn = 1 - np.stack(np.split(over, 3, axis=1)) / 200
        np.testing.assert_allclose(drawn, light[3 * at : 3 * at + 3].clip(0), atol=0.02)
    with torch.no_grad():
        model.head.weight.mul_(2)
    changed = feature_maps(deck, 41, [[0], []])
    assert changed["sprites"] == []
    assert changed["note"].startswith("the model has changed since the analysis")


def test_without_a_model_there_is_no_light_and_a_line_says_why(analysis: Analysis) -> None:
    told = feature_maps(CardDeck(analysis), 2, [[0, 1], [2]])
    assert (told["sprites"], told["note"]) == ([], NO_MODEL)
