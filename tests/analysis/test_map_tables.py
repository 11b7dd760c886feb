"""The map of all images, and how much of each neighborhood it keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_analysis import make_analysis

from imbxai_widgets import Analysis
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.edits import Edits


def shares_by_sorting(analysis: Analysis, split: SplitName, rng: np.random.Generator) -> np.ndarray:
    """Of each image the share, where chance orders those that are equally near on the map."""
    images, places = analysis.split(split), analysis.train.coordinates
    assert images.coordinates is not None
    assert places is not None
    kept = []
    for row, point in enumerate(images.coordinates.astype(np.float64)):
        gaps = ((places.astype(np.float64) - point) ** 2).sum(axis=1)
        order = np.lexsort((rng.random(len(gaps)), gaps))
        others = order[order != row] if split == "training" else order
        kept.append(np.isin(images.neighbors[row], others[: 3 * analysis.k]).mean())
    return np.array(kept)


@pytest.mark.parametrize("split", ["training", "validation"])
def test_the_share_kept_is_that_of_the_sorted_distances(split: SplitName) -> None:
    analysis = make_analysis((60, 30, 9, 0)).with_projection("pca")
    wanted = shares_by_sorting(analysis, split, np.random.default_rng(0))
    assert analysis.map_table(split)["kept"].tolist() == pytest.approx(wanted.tolist())
    assert 0 < wanted.mean() < 1


def test_of_equally_near_images_chance_takes_which() -> None:
    analysis = make_analysis((60, 30, 9, 0))
    assert analysis.validation is not None
    lattice = [np.round(split.embeddings[:, :2]) for split in (analysis.train, analysis.validation)]
    analysis = analysis.with_projection(tuple(lattice))
    rng = np.random.default_rng(0)
    for split in ("training", "validation"):
        drawn = np.mean([shares_by_sorting(analysis, split, rng) for _ in range(100)], axis=0)
        np.testing.assert_allclose(analysis.map_table(split)["kept"], drawn, atol=0.2)
        assert analysis.map_table(split)["kept"].mean() == pytest.approx(drawn.mean(), abs=0.01)


def test_a_map_of_one_place_keeps_what_chance_does() -> None:
    analysis = make_analysis((60, 30, 9, 0), validation=False)
    table = analysis.with_projection((np.zeros((99, 2)), None)).neighborhoods_kept()
    assert table["kept"].dropna().tolist() == pytest.approx([15 / 98] * 3)
    assert table.attrs == {
        "kept": pytest.approx(15 / 98),
        "by_chance": pytest.approx(15 / 98),
    }


def test_a_plane_is_kept_whole_and_a_torn_one_is_not() -> None:
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(300, 2)).astype(np.float32)
    labels = np.arange(300) % 3
    analysis = Analysis.from_arrays(plane, labels, labels)
    assert analysis.with_projection("pca").neighborhoods_kept()["kept"].tolist() == [1, 1, 1]
    torn = plane.copy()
    torn[labels == 2] = rng.permutation(torn[labels == 2])
    kept = analysis.with_projection((torn, None)).neighborhoods_kept()
    assert kept["kept"].iloc[2] < 0.15
    assert kept["kept"].iloc[0] > 0.6


def test_figures_of_classes_are_means_over_their_images() -> None:
    analysis = make_analysis((60, 30, 9, 0))
    table = analysis.neighborhoods_kept()
    train, unseen = (analysis.map_table(name)["kept"] for name in ("training", "validation"))
    assert analysis.validation is not None
    own = [train[analysis.labels == 1], unseen[analysis.validation.labels == 1]]
    row = table.loc["c1"]
    assert row["images"] == sum(map(len, own)) == 45
    assert row["training_kept"] == pytest.approx(own[0].mean())
    assert row["validation_kept"] == pytest.approx(own[1].mean())
    assert row["kept"] == pytest.approx(np.concatenate(own).mean())
    assert table.loc["c3"].isna().tolist() == [False, True, True, True]
    assert table.attrs["kept"] == pytest.approx(np.concatenate([train, unseen]).mean())
    assert table.attrs["by_chance"] == pytest.approx(15 / 98)


def test_without_a_map_it_is_one_by_pca() -> None:
    analysis = make_analysis()
    assert (analysis.projection, analysis.train.coordinates) == (None, None)
    mapped = analysis.with_projection("pca")
    assert mapped.with_projection("pca") is mapped
    assert analysis.map_table().equals(mapped.map_table())
    assert mapped.map_table()[["x", "y"]].to_numpy().tolist() == mapped.train.coordinates.tolist()


def test_embeddings_of_validation_images_must_be_there() -> None:
    analysis = make_analysis()
    assert analysis.validation is not None
    old = replace(analysis, validation=replace(analysis.validation, embeddings=None))
    with pytest.raises(ValueError, match="older version saved the file without their embeddings"):
        old.map_table()
    with pytest.raises(ValueError, match='must be "pca", "umap" or a pair'):
        analysis.with_projection("t-sne")


def test_few_images_have_all_others_near() -> None:
    embeddings = np.random.default_rng(0).normal(size=(6, 4))
    analysis = Analysis.from_arrays(embeddings, [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1], k=2)
    table = analysis.neighborhoods_kept()
    assert table["kept"].tolist() == [1, 1]
    assert table.attrs["by_chance"] == 1


def test_after_edits_the_map_is_what_it_was() -> None:
    analysis = make_analysis().with_projection("pca")
    edits = Edits(analysis)
    edits.relabel(3, "c2")
    edits.exclude([0, 5])
    edited = analysis.with_edits(edits)
    points = analysis.map_table().drop(index=[0, 5])[["x", "y"]]
    assert edited.projection == "pca"
    assert edited.map_table()[["x", "y"]].equals(points)
    assert edited.neighborhoods_kept()["images"].sum() == len(edited.train) + len(edited.validation)
