"""How far the nearest points of a plane reach, against a comparison of all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets.compute.neighbors.planar import Reach, reach, squared_distances


def of_all_pairs(points: np.ndarray, count: int, queries: np.ndarray | None = None) -> Reach:
    distances = squared_distances((points if queries is None else queries)[:, None], points[None])
    if queries is None:
        np.fill_diagonal(distances, np.inf)
    squared = np.sort(distances, axis=1)[:, count - 1]
    nearer = (distances < squared[:, None]).sum(axis=1)
    level = (distances == squared[:, None]).sum(axis=1)
    return Reach(squared, (count - nearer) / level)


def on_a_plane(seed: int, size: int, kind: str) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(size, 2))
    if kind == "lattice":  # many are equally near, many fall together
        points = np.round(2 * points)
    elif kind == "clumps":
        points = points * 1e-3 + rng.choice([-50, 0, 1e4], size=(size, 2))
    elif kind == "line":
        points[:, 1] = 0
    elif kind == "one place":
        points[:] = 3
    return points.astype(np.float32)


KINDS = ("spread", "lattice", "clumps", "line", "one place")


@given(
    seed=st.integers(0, 1000),
    size=st.integers(3, 300),
    kind=st.sampled_from(KINDS),
    count=st.integers(1, 40),
    apart=st.booleans(),
)
def test_it_finds_what_all_pairs_tell(
    seed: int, size: int, kind: str, count: int, apart: bool
) -> None:
    points = on_a_plane(seed, size, kind)
    count = min(count, size - 1)
    queries = on_a_plane(seed + 1, 40, "lattice") if apart else None
    found, wanted = reach(points, count, queries), of_all_pairs(points, count, queries)
    assert np.array_equal(found.squared, wanted.squared)
    assert np.array_equal(found.last, wanted.last)
    assert ((found.last > 0) & (found.last <= 1)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_it_does_so_for_thousands_in_many_boxes(kind: str) -> None:
    points = on_a_plane(0, 4000, kind)
    found, wanted = reach(points, 15), of_all_pairs(points, 15)
    assert np.array_equal(found.squared, wanted.squared)
    assert np.array_equal(found.last, wanted.last)


def test_there_must_be_as_many_points() -> None:
    points = on_a_plane(0, 5, "spread")
    with pytest.raises(ValueError, match="no 5 other points among 5"):
        reach(points, 5)
    assert reach(points, 5, points).squared.shape == (5,)
    assert reach(points, 5, points[:0]).squared.shape == (0,)
