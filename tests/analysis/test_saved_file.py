"""A file written by the present format, kept beside the tests, loads with the values it holds."""

from __future__ import annotations

import json
import runpy
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imbxai_widgets import Analysis
from imbxai_widgets.analysis import Head
from imbxai_widgets.analysis.storage import VERSION

DATA = Path(__file__).parents[1] / "data"
FILE = DATA / "analysis.imbxai"
WRITE = "raise VERSION in analysis/storage.py, then run `python tests/data/write_analysis.py`"


@pytest.fixture(scope="module")
def saved() -> Analysis:
    return Analysis.load(FILE)


def read(path: Path) -> tuple[dict[str, Any], dict[str, tuple[str, tuple[int, ...]]]]:
    """The settings, and the type and shape of each array."""
    with np.load(path) as arrays, zipfile.ZipFile(path) as archive:
        names = set(arrays.files) - {"meta.json"}
        kinds = {name: (str(arrays[name].dtype), arrays[name].shape) for name in names}
        return json.loads(archive.read("meta.json")), kinds


def test_it_is_of_the_present_format(tmp_path: Path) -> None:
    make = runpy.run_path(str(DATA / "write_analysis.py"))["small_analysis"]
    meta, kinds = read(FILE)
    new_meta, new_kinds = read(make().save(tmp_path / "new.imbxai"))
    assert meta["version"] == VERSION, WRITE
    assert (meta.keys(), kinds) == (new_meta.keys(), new_kinds), f"the format changed: {WRITE}"


def test_classes_and_settings_are_kept(saved: Analysis) -> None:
    assert saved.class_names == ("cat", "dög")
    assert (saved.k, saved.top_k, saved.salient_fraction) == (2, 1, 0.1)
    assert saved.color_scheme.name == "perceptual"
    assert saved.skipped().to_numpy().tolist() == [["training", 6, "6.png", "cannot be read"]]


def test_the_training_images_are_kept(saved: Analysis) -> None:
    train = saved.train
    assert saved.embeddings.tolist() == [[0, 1], [0, 2], [0, 4], [8, 0], [9, 0], [0, 3]]
    assert train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert train.predictions.tolist() == [0, 0, 1, 1, 1, 0]
    assert train.positions.tolist() == [0, 1, 2, 3, 4, 5]
    assert train.neighbors[[0, 2, 4]].tolist() == [[1, 5], [5, 1], [3, 0]]
    np.testing.assert_allclose(train.neighbor_distances[4], [1, 82**0.5], rtol=1e-6)
    assert train.archetypes.tolist() == [1, 1, 1, 1, 1, 3]
    confidences = 1 / (1 + np.exp([-2.5, -1.5, -0.5, -2.5, -3.25, -0.5]))
    np.testing.assert_allclose(train.confidences, confidences, rtol=1e-6)
    assert (train.neighbor_method, train.neighbor_recall) == ("exact", 1)


def test_the_validation_images_are_kept(saved: Analysis) -> None:
    held_out = saved.validation
    assert held_out is not None
    assert held_out.labels.tolist() == [0, 1]
    assert held_out.predictions.tolist() == [0, 1]
    assert held_out.embeddings is not None
    assert held_out.embeddings.tolist() == [[0, 1.5], [9.5, 0]]
    assert np.sort(held_out.neighbors).tolist() == [[0, 1], [3, 4]]
    assert held_out.archetypes.tolist() == [0, 0]


def test_the_colors_are_kept(saved: Analysis) -> None:
    assert saved.color_counts is not None
    assert saved.color_counts[:, :4].tolist() == [[2, 0, 0, 0], [3, 0, 0, 1]]
    assert saved.colors().iloc[1, [0, 3]].tolist() == [0.75, 0.25]
    assert saved.train.color_counts is not None
    assert saved.train.color_counts.dtype == np.uint8
    assert saved.train.color_counts[:, [0, 3]].tolist() == [
        [0, 0],
        [1, 0],
        [1, 0],
        [1, 0],
        [1, 1],
        [1, 0],
    ]


def test_the_colors_of_all_pixels_are_kept(saved: Analysis) -> None:
    assert saved.train.pixel_counts is not None
    assert saved.train.pixel_counts[:, 0].tolist() == [1, 4, 4, 4, 4, 4]
    # Of the first class, the two images with salient pixels have 28 pixels.
    assert saved.colors("all").iloc[0, :2].tolist() == [8 / 28, 2 / 28]
    assert saved.color_lift("cat")["lift"].iloc[0] == 28 / 8


def test_the_head_is_kept_and_gives_the_logits(saved: Analysis) -> None:
    assert saved.head is not None
    assert saved.head.weight.tolist() == [[0, -1], [0.75, 0]]
    assert saved.head.bias is not None
    assert saved.head.bias.tolist() == [3.5, 0]
    assert (saved.head.scale, saved.head.normalized) == (1, False)
    assert saved.validation is not None
    assert saved.validation.logits([1]).tolist() == [[3.5, 7.125]]


def test_the_map_is_kept(saved: Analysis) -> None:
    assert saved.projection == "own"
    assert saved.train.coordinates is not None
    assert saved.train.coordinates.tolist() == (saved.embeddings + 1).tolist()
    assert saved.validation is not None
    assert saved.validation.coordinates is not None
    assert saved.validation.coordinates.tolist() == [[1, 2.5], [10.5, 1]]


def test_a_file_of_format_5_loads_without_a_map(saved: Analysis, tmp_path: Path) -> None:
    old = Analysis.load(DATA / "analysis_5.imbxai")
    assert old.classes().equals(saved.classes())
    assert old.head is not None
    assert (old.projection, old.train.coordinates, old.train.pixel_counts) == (None, None, None)
    with pytest.raises(ValueError, match="all pixels are not known: an older version"):
        old.colors("all")
    again = Analysis.load(old.with_projection("pca").save(tmp_path / "new.imbxai"))
    assert again.projection == "pca"
    assert again.map_table("validation").equals(old.map_table("validation"))


def test_a_file_of_format_4_loads_and_says_what_it_lacks() -> None:
    old = Analysis.load(DATA / "analysis_4.imbxai")
    assert old.embeddings.tolist() == [[0, 1], [0, 2], [0, 4], [8, 0], [9, 0], [0, 3]]
    assert old.predictions.tolist() == [0, 0, 1, 1, 1, 0]
    assert old.color_counts is not None
    assert old.color_counts[:, :4].tolist() == [[2, 0, 0, 0], [3, 0, 0, 1]]
    assert old.validation is not None
    assert (old.head, old.validation.embeddings, old.train.color_counts) == (None, None, None)
    with pytest.raises(ValueError, match=r"has no head: .* an older version saved the file"):
        old.validation.logits()


def test_a_file_of_format_4_is_saved_as_the_present_one(tmp_path: Path) -> None:
    old = Analysis.load(DATA / "analysis_4.imbxai")
    again = Analysis.load(old.save(tmp_path / "new.imbxai"))
    assert again.classes().equals(old.classes())
    assert again.validation is not None
    assert (again.head, again.validation.embeddings) == (None, None)
    with pytest.raises(ValueError, match="cannot be placed on the map"):
        again.with_projection("pca")
    given = replace(again, validation=replace(again.validation, head=Head(np.eye(2))))
    assert given.validation is not None
    with pytest.raises(ValueError, match="saved the file without the embeddings"):
        given.validation.logits()
