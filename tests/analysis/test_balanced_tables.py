"""The class-balanced archetypes of an analysis, against its embeddings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_analysis import make_analysis

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.balanced import balanced_archetypes, balanced_shares

SIZES = (60, 24, 9, 4, 1, 0)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_analysis(SIZES, images=False, seed=3)


def expected(analysis: Analysis, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Search every image, by all distances."""
    images = analysis.split(split)  # type: ignore[arg-type]
    points = images.embeddings
    assert points is not None
    distances = np.linalg.norm(points[:, None].astype(float) - analysis.embeddings, axis=2)
    if split == "training":
        np.fill_diagonal(distances, np.inf)
    near = analysis.labels[np.argsort(distances, axis=1)[:, :10]]
    sizes = np.bincount(analysis.labels, minlength=len(SIZES))
    shares = balanced_shares(images.labels, near, sizes, among=split == "training")
    return shares, (near == images.labels[:, None]).sum(axis=1)


@pytest.mark.parametrize("split", ["training", "validation"])
def test_they_are_those_of_ten_neighbors(analysis: Analysis, split: str) -> None:
    table = analysis.balanced_archetypes(split)  # type: ignore[arg-type]
    shares, own = expected(analysis, split)
    np.testing.assert_allclose(table["share"], shares, atol=1e-12)
    assert table["own"].tolist() == own.tolist()
    codes = balanced_archetypes(shares)
    assert table["balanced"].tolist() == [ARCHETYPES[code] for code in codes]
    assert table.attrs == {"neighbors": 10, "method": "exact", "recall": 1.0}
    assert set(codes) == {0, 1, 2, 3}


def test_counts_and_rates_are_those_of_the_images(analysis: Analysis) -> None:
    for split in ("training", "validation"):
        images, groups = analysis.split(split), analysis.balanced_groups(split)  # type: ignore[arg-type]
        for index, kind in np.ndindex(len(SIZES), 4):
            rows = analysis.find_images(index, split, balanced=kind)  # type: ignore[arg-type]
            assert groups.images[index, kind] == len(rows)
            assert groups.errors[index, kind] == np.count_nonzero(~images.correct[rows])
    rates = analysis.archetype_rates("c0", balanced=True)
    assert rates["images"].tolist() == analysis.balanced_groups("training").images[0].tolist()
    of_all = analysis.errors_by_archetype(balanced=True)
    assert of_all["training_images"].sum() == len(analysis.train)
    assert of_all.loc["safe", "validation_images"] == len(
        [kind for kind in analysis.balanced("validation").archetypes if kind == 0]
    )


def test_possible_ones_are_those_that_such_a_class_can_have(analysis: Analysis) -> None:
    """Plain archetypes of 4 images are never safe; class-balanced ones can be."""
    assert not analysis.archetype_rates("c3").loc["safe", "possible"]
    possible = analysis.archetype_rates(balanced=True)["possible"].unstack()[list(ARCHETYPES)]
    assert possible.loc["c3"].tolist() == [True] * 4
    assert possible.loc["c4"].tolist() == [False, False, False, True]  # one image
    assert possible.loc["c5"].tolist() == [False] * 4  # none


def test_an_old_file_without_embeddings_says_so(analysis: Analysis) -> None:
    held_out = analysis.validation
    assert held_out is not None
    old = replace(analysis, validation=replace(held_out, embeddings=None))
    assert len(old.balanced_archetypes()) == len(analysis.train)
    with pytest.raises(ValueError, match="need their embeddings"):
        old.balanced_archetypes("validation")
    with pytest.raises(ValueError, match="No validation images"):
        replace(analysis, validation=None).balanced_archetypes("validation")
