"""Of images that are equally near, chance takes the neighbors, and not how the set is sorted."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from imbxai_widgets import Analysis
from imbxai_widgets.analysis._neighbors import neighbors_among, neighbors_in
from imbxai_widgets.compute.neighbors import nearest_neighbors
from imbxai_widgets.compute.neighbors.search import nearest_references

K = 5


def test_without_ties_the_neighbors_are_those_of_the_search() -> None:
    rng = np.random.default_rng(0)
    rows, queries = rng.normal(size=(300, 8)), rng.normal(size=(50, 8))
    pairs = [
        (neighbors_among(rows, K), nearest_neighbors(rows, K)),
        (neighbors_in(queries, rows, K), nearest_references(queries, rows, K)),
    ]
    for ours, theirs in pairs:
        np.testing.assert_array_equal(ours.indices, theirs.indices)
        np.testing.assert_array_equal(ours.distances, theirs.distances)
        assert ours[2:] == theirs[2:]


def test_how_a_set_is_sorted_decides_nothing_where_all_are_equally_near() -> None:
    labels = np.repeat(np.arange(4), 50)
    same = np.zeros((200, 3), dtype=np.float32)
    with pytest.warns(UserWarning, match="for 100% of the training images, more images"):
        found = neighbors_among(same, K)
    assert not (found.indices == np.arange(200)[:, np.newaxis]).any()
    assert all(len(set(row)) == K for row in found.indices.tolist())
    assert len(set(labels[found.indices].ravel())) > 1  # by the lower index: class 0 alone
    with pytest.warns(UserWarning, match="equally near"):
        np.testing.assert_array_equal(neighbors_among(same, K).indices, found.indices)
    with pytest.warns(UserWarning, match="for 100% of the validation images"):
        unseen = neighbors_in(same[:9], same, K)
    assert len(set(labels[unseen.indices].ravel())) > 1


def test_distances_stay_what_they_are() -> None:
    rng = np.random.default_rng(1)
    grid = rng.integers(0, 3, (400, 3)).astype(np.float32)  # 27 places
    with pytest.warns(UserWarning, match="equally near"):
        ours = neighbors_among(grid, K)
    theirs = nearest_neighbors(grid, K)
    np.testing.assert_array_equal(ours.distances, theirs.distances)
    gaps = np.linalg.norm(grid[ours.indices] - grid[:, np.newaxis], axis=2)
    np.testing.assert_allclose(gaps, ours.distances, rtol=1e-6)
    assert not (ours.indices == np.arange(400)[:, np.newaxis]).any()


@pytest.mark.parametrize(("copies", "warned"), [(10, False), (12, True)])
def test_a_considerable_share_is_more_than_a_tenth(copies: int, warned: bool) -> None:
    rows = np.random.default_rng(2).normal(size=(100, 4))
    rows[:copies] = 100
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        neighbors_among(rows, K)
    messages = [str(warning.message)[:31] for warning in caught]
    assert messages == (["for 12% of the training images,"] if warned else [])


def test_a_set_that_is_just_large_enough() -> None:
    rows = np.zeros((K + 1, 2))
    found = neighbors_among(rows, K)  # all others, so there is nothing to choose
    assert [sorted(row) for row in found.indices.tolist()] == [
        [other for other in range(K + 1) if other != row] for row in range(K + 1)
    ]


def test_a_dead_network_is_told_of_and_no_class_wins_by_its_place() -> None:
    labels = np.repeat(np.arange(10), 40)
    logits = np.tile(np.arange(10.0), (400, 1))
    with pytest.warns(UserWarning, match="for 100% of the training images"):
        analysis = Analysis.from_arrays(np.ones((400, 8)), labels, logits)
    safe = analysis.archetypes == 0
    assert not safe[labels == 0].all()
