from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imbxai_widgets.compute.methods.archetypes import (
    ARCHETYPES,
    BORDER,
    OUTLIER,
    RARE,
    SAFE,
    archetype_counts,
    assign_archetypes,
)


def reference(label: int, neighbors: list[int]) -> int:
    share = Fraction(neighbors.count(label), len(neighbors))
    if share > Fraction(7, 10):
        return SAFE
    if share > Fraction(3, 10):
        return BORDER
    return RARE if share > 0 else OUTLIER


def test_names_follow_the_numbers() -> None:
    assert [ARCHETYPES[code] for code in (SAFE, BORDER, RARE, OUTLIER)] == list(ARCHETYPES)
    assert ARCHETYPES == ("safe", "border", "rare", "outlier")


@pytest.mark.parametrize("k", [*range(1, 41), 1000])
def test_every_share_of_any_k(k: int) -> None:
    neighbors = np.tri(k + 1, k, -1, dtype=np.int64)  # row s has s neighbors of class 1
    expected = [reference(1, row.tolist()) for row in neighbors]
    result = assign_archetypes(np.ones(k + 1, dtype=np.int64), neighbors)
    assert result.dtype == np.int8
    assert result.tolist() == expected


def test_five_neighbors_as_in_the_paper() -> None:
    neighbors = np.tri(6, 5, -1, dtype=np.int64)
    assert assign_archetypes(np.ones(6, dtype=int), neighbors).tolist() == [3, 2, 1, 1, 0, 0]


def test_boundary_shares_belong_to_the_lower_archetype() -> None:
    neighbors = np.zeros((2, 10), dtype=np.int64)
    neighbors[0, :7] = neighbors[1, :3] = 1
    assert assign_archetypes([1, 1], neighbors).tolist() == [BORDER, RARE]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_label_types_do_not_matter(dtype: type) -> None:
    labels = np.array([100, 3], dtype=dtype)
    neighbors = np.array([[100] * 5, [100] * 5], dtype=dtype)
    assert assign_archetypes(labels, neighbors).tolist() == [SAFE, OUTLIER]


def test_no_images() -> None:
    assert assign_archetypes(np.empty(0, int), np.empty((0, 5), int)).shape == (0,)
    assert archetype_counts([], [], 2).tolist() == [[0] * 4] * 2


@pytest.mark.parametrize(
    ("labels", "neighbors", "message"),
    [
        ([0, 1], [[0], [1], [1]], r"neighbor_labels must have the shape \(2, any\), not \(3, 1\)"),
        ([0, 1], [0, 1], "neighbor_labels must have the shape"),
        ([[0]], [[0]], "labels must have the shape"),
        ([0.5], [[0]], "labels must hold integers, not float64"),
        ([0], [[True]], "neighbor_labels must hold integers, not bool"),
        ([0], [[]], "at least one neighbor"),
    ],
)
def test_wrong_arguments(labels: list[int], neighbors: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        assign_archetypes(labels, neighbors)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=30))
def test_counts_match_counting(pairs: list[tuple[int, int]]) -> None:
    counts = archetype_counts([p[0] for p in pairs], [p[1] for p in pairs], 5)
    assert counts.dtype == np.int64
    expected = [[pairs.count((label, kind)) for kind in range(4)] for label in range(5)]
    assert counts.tolist() == expected


@pytest.mark.parametrize(
    ("labels", "archetypes", "n_classes", "message"),
    [
        ([0], [4], 1, r"archetypes must lie in 0\.\.3, but holds 4"),
        ([2], [0], 2, r"labels must lie in 0\.\.1, but holds 2"),
        ([-1], [0], 2, r"labels must lie in 0\.\.1, but holds -1"),
        ([0, 0], [0], 1, "archetypes must have the shape"),
        ([], [], 0, "n_classes must be a whole number of at least 1"),
        ([], [], True, "n_classes must be a whole number"),
    ],
)
def test_counts_wrong_arguments(
    labels: list[int], archetypes: list[int], n_classes: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        archetype_counts(labels, archetypes, n_classes)
