"""Groups of rows that are equal or near, against comparing every pair."""

from __future__ import annotations

import time

import numpy as np
import pytest

from imbxai_widgets.compute.neighbors.near_groups import near_groups, spread


def every_pair(matrix: np.ndarray, radius: float) -> list[int]:
    """Return the first row of each group, by walking over all pairs."""
    rows = matrix.astype(np.float64)
    near = np.linalg.norm(rows[:, np.newaxis] - rows, axis=2) <= radius
    root = list(range(len(rows)))
    for _ in rows:
        root = [min(root[other] for other in np.flatnonzero(line)) for line in near]
    return root


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("radius", [0.0, 0.05, 0.3])
def test_they_are_those_of_all_pairs(seed: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(120, 1 + 3 * seed)).astype(np.float32)
    matrix[rng.integers(0, 120, 40)] = matrix[rng.integers(0, 120, 40)]
    moved = rng.integers(0, 120, 30)
    matrix[moved] = matrix[rng.integers(0, 120, 30)] + np.float32(rng.normal(scale=0.02))
    assert near_groups(matrix, radius).tolist() == every_pair(matrix, radius)


def test_rows_hang_together_over_others_and_zeros_have_no_sign() -> None:
    matrix = np.float32([[0.0], [0.1], [0.2], [0.3], [9.0], [-0.0]])
    assert near_groups(matrix, 0.11).tolist() == [0, 0, 0, 0, 4, 0]
    assert near_groups(matrix, 0.0).tolist() == [0, 1, 2, 3, 4, 0]
    assert near_groups(np.zeros((0, 3), np.float32), 0.1).tolist() == []


def test_large_groups_cost_no_pairs() -> None:
    rng = np.random.default_rng(0)
    matrix = np.ones((50_000, 16), np.float32)
    matrix[:20_000] += rng.normal(scale=1e-6, size=(20_000, 16)).astype(np.float32)
    started = time.perf_counter()
    assert set(near_groups(matrix, 1e-3).tolist()) == {0}
    assert time.perf_counter() - started < 30  # 200 million pairs would take minutes


def test_spread_is_of_the_scale_and_of_no_place_and_not_of_outliers() -> None:
    matrix = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    one = spread(matrix)
    assert spread(1000 * matrix) == pytest.approx(1000 * one, rel=1e-4)
    assert spread(matrix + 64) == pytest.approx(one, rel=1e-3)
    matrix[0] = 1e6
    assert spread(matrix) == pytest.approx(one, rel=0.05)
    assert spread(np.ones((9, 2), np.float32)) == 0
