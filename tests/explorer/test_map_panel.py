"""What the map is told, against the tables of the analysis."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from registered import empty_front_end
from small_analysis import make_analysis

from imbxai_widgets import Explorer
from imbxai_widgets.explorer import panel
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.marks import marked_table
from imbxai_widgets.explorer.panels.map import MapContent


@pytest.fixture(autouse=True)
def front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "STATIC", tmp_path)
    empty_front_end(tmp_path)
    (tmp_path / "scatterplot.js").write_text("export default 7;")


def test_places_are_those_of_the_table_training_images_first() -> None:
    analysis = make_analysis()
    told = MapContent(Deck(analysis)).places()
    places = np.frombuffer(told["places"], "<f4").reshape(-1, 2)
    tables = [analysis.map_table(name)[["x", "y"]] for name in ("training", "validation")]
    assert told["training"] == len(tables[0]) == 68
    assert places.tolist() == np.concatenate(tables).tolist()
    assert analysis.validation is not None
    for name, dtype in (("labels", "<u4"), ("predictions", "<u4"), ("archetypes", "u1")):
        wanted = [getattr(analysis.train, name), getattr(analysis.validation, name)]
        assert np.frombuffer(told[name], dtype).tolist() == np.concatenate(wanted).tolist()  # type: ignore[literal-required]
    assert (told["projection"], told["k"], told["space"]) == ("PCA", 5, 15)
    assert told["class_names"] == ["c0", "c1", "c2", "c3"]


def test_figures_are_those_of_the_table_by_class() -> None:
    analysis = make_analysis()
    told = MapContent(Deck(analysis)).trust()
    table = analysis.neighborhoods_kept()
    assert told["kept"] == pytest.approx(table.attrs["kept"])
    assert told["by_chance"] == pytest.approx(15 / 67)
    classes = np.frombuffer(told["classes"], "<f4")
    np.testing.assert_allclose(classes, table["kept"], rtol=1e-6)
    assert np.isnan(classes[3])
    shares = np.concatenate([analysis.map_table(s)["kept"] for s in ("training", "validation")])
    assert np.frombuffer(told["levels"], "u1").tolist() == np.round(5 * shares).tolist()


def test_the_projection_is_that_of_the_analysis() -> None:
    analysis = make_analysis(validation=False)
    points = np.arange(2 * len(analysis.train)).reshape(-1, 2)
    told = MapContent(Deck(analysis.with_projection((points, None)))).places()
    assert np.frombuffer(told["places"], "<f4").tolist() == points.ravel().tolist()
    assert told["projection"] == "coordinates that were given"


def test_the_classes_that_stand_out_are_what_a_class_is_taken_for_most() -> None:
    deck = CardDeck(make_analysis((60, 40, 30, 20, 0)))
    unseen = deck.analysis.validation
    assert unseen is not None
    errors = np.zeros((5, 5), dtype=int)
    np.add.at(errors, (unseen.labels, unseen.predictions), 1)
    for index in range(4):
        taken = deck.card(index)["map"]["adversaries"]
        counts = errors[index].copy()
        counts[index] = 0
        assert sorted(counts[taken], reverse=True) == counts[taken].tolist()
        assert set(counts[taken]) | {0} >= set(np.sort(counts)[-len(taken) :])
        assert index not in taken
        assert len(taken) == min(3, np.count_nonzero(counts))
    assert deck.card(4)["map"] == {"adversaries": []}


def test_an_image_is_asked_for_alone() -> None:
    analysis = make_analysis()
    found = MapContent(Deck(analysis)).image("validation", 3)
    (thumbnail,) = found["thumbnails"]
    assert (thumbnail["split"], thumbnail["image"]) == ("validation", 3)
    assert found["sprite"] is None  # of this analysis training images alone are given
    assert MapContent(Deck(analysis)).image("training", 0)["sprite"] is not None


def test_an_explorer_makes_no_map_until_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    analysis = make_analysis()

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a map was made")

    monkeypatch.setattr(type(analysis), "with_projection", never)
    explorer = Explorer(analysis)
    assert explorer._panels["map"].held == {}
    explorer.close()


def test_an_explorer_takes_a_projection_and_its_analysis_holds_it() -> None:
    analysis = make_analysis()
    explorer = Explorer(analysis, projection="pca")
    assert explorer.analysis.projection == "pca"
    assert analysis.projection is None
    points = [np.ones((len(s), 2)) for s in (analysis.train, analysis.validation)]  # type: ignore[arg-type]
    assert Explorer(analysis, projection=points).analysis.projection == "own"
    for wrong, message in (
        ("t-sne", 'must be "pca", "umap" or a pair'),
        (points[0], "not one array of shape"),
        (points[::-1], r"training array must have the shape \(68, 2\)"),
    ):
        with pytest.raises(ValueError, match=message):
            Explorer(analysis, projection=wrong)


def test_a_projection_is_refused_before_a_network_runs() -> None:
    with pytest.raises(ValueError, match='must be "pca", "umap" or a pair'):
        Explorer(object(), [], projection="t-sne")  # type: ignore[arg-type]


def test_a_page_without_a_kernel_holds_the_map() -> None:
    explorer = Explorer(make_analysis())
    explorer.hold_cards()
    held = explorer._panels["map"].held
    assert held["library"] == b"export default 7;"
    assert held["places"] == MapContent(Deck(explorer.analysis)).places()
    assert held["trust"]["levels"] == MapContent(Deck(explorer.analysis)).trust()["levels"]


def test_a_map_that_is_too_large_for_a_page_or_cannot_be_made_is_left_out() -> None:
    analysis = make_analysis()
    assert MapContent(Deck(analysis)).held(limit=1000) == {}
    assert analysis.validation is not None
    old = replace(analysis, validation=replace(analysis.validation, embeddings=None))
    assert MapContent(Deck(old)).held(limit=10**6) == {}


def test_ten_thousand_marks_are_a_table_at_once() -> None:
    analysis = make_analysis((8000, 4000))
    keys = [f"training:{row}" for row in reversed(range(10_000))]
    table = marked_table(analysis, keys)
    assert table.index.tolist() == list(reversed(range(10_000)))
