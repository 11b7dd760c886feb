from __future__ import annotations

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imbxai_widgets.compute.methods.overlap import (
    feature_density,
    negative_share,
    overlap_matrix,
    top_features,
)

CLASSES, WIDTH = 3, 5


@settings(deadline=None, max_examples=100)
@given(
    # Quarters add up exactly, so that ties of the means are ties of the sums.
    arrays(np.int64, (8, WIDTH), elements=st.integers(-3, 3)),
    arrays(np.int64, 8, elements=st.integers(0, CLASSES - 1)),
    st.integers(1, WIDTH),
)
def test_matches_fractions(quarters: np.ndarray, labels: np.ndarray, k: int) -> None:
    embeddings = (quarters / 4).astype(np.float32)
    indices, shares = top_features(embeddings, labels, CLASSES, k)
    for label in range(CLASSES):
        rows = [quarters[i].tolist() for i in range(8) if labels[i] == label]
        if not rows:
            assert indices[label].tolist() == [-1] * k
            assert shares[label].tolist() == [0.0] * k
            continue
        means = [Fraction(sum(abs(r[f]) for r in rows), len(rows)) for f in range(WIDTH)]
        top = sorted(range(WIDTH), key=lambda f: (-means[f], f))[:k]
        total = sum(means[f] for f in top)
        assert indices[label].tolist() == [f if means[f] else -1 for f in top]
        expected = [float(means[f] / total) if total else 0.0 for f in top]
        assert shares[label].tolist() == pytest.approx(expected, rel=1e-12)


def test_types() -> None:
    indices, shares = top_features(np.ones((2, 3), np.float32), [0, 1], 2, 2)
    assert indices.dtype == np.int64
    assert shares.dtype == np.float64


def test_input_is_left_alone() -> None:
    embeddings = np.array([[-1.0, 2.0]], dtype=np.float32)
    top_features(embeddings, [0], 1, 2)
    assert embeddings.tolist() == [[-1.0, 2.0]]


def test_sums_in_float64() -> None:
    # In float32, adding 1 to 2**24 is lost, and the two features would tie.
    embeddings = np.ones((1001, 2), dtype=np.float32)
    embeddings[0] = 2.0**24
    embeddings[1:, 0] = 0
    indices, _ = top_features(embeddings, np.zeros(1001, int), 1, 2)
    assert indices.tolist() == [[1, 0]]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imbxai_widgets.compute.numeric.blocks.BLOCK_BYTES", 2**20)
    embeddings = np.ones((40_000, 256), dtype=np.float32)  # 40 MiB
    tracemalloc.start()
    top_features(embeddings, np.zeros(40_000, int), 1, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20


@pytest.mark.parametrize(
    ("embeddings", "labels", "k", "message"),
    [
        (np.ones((2, 3)), [0, 1], 4, "k must be at most 3, the number of features, not 4"),
        (np.ones((2, 3)), [0, 1], 0, "k must be a whole number of at least 1"),
        (np.ones((2, 3)), [0, 2], 1, r"labels must lie in 0\.\.1, but holds 2"),
        (np.ones((2, 3)), [0], 1, "labels must have the shape"),
        (np.ones(3), [0], 1, r"embeddings must be a matrix \(N, D\)"),
        (np.array([[1.0], [np.nan]]), [0, 1], 1, "1 of 2 rows hold NaN or infinity: 1"),
        (np.array([["a"]]), [0], 1, "embeddings must hold real numbers"),
    ],
)
def test_wrong_arguments(embeddings: np.ndarray, labels: list[int], k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        top_features(embeddings, labels, 2, k)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.none() | st.permutations(range(7)), min_size=1, max_size=6), st.integers(1, 7))
def test_overlap_matches_sets(rows: list[list[int] | None], k: int) -> None:
    indices = np.array([[-1] * k if row is None else row[:k] for row in rows])
    shared = overlap_matrix(indices)
    assert shared.dtype == np.int64
    sets = [set(row.tolist()) - {-1} for row in indices]
    assert shared.tolist() == [[len(a & b) for b in sets] for a in sets]


def test_overlap_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="indices must be at least -1"):
        overlap_matrix([[-2]])
    with pytest.raises(ValueError, match="indices must hold integers"):
        overlap_matrix([[0.0]])


@settings(deadline=None, max_examples=100)
@given(
    arrays(np.float32, (7, WIDTH), elements=st.integers(-3, 3)),
    arrays(np.int64, 7, elements=st.integers(0, CLASSES - 1)),
    st.integers(1, WIDTH),
)
def test_density_matches_sorting_each_image(
    embeddings: np.ndarray, labels: np.ndarray, k: int
) -> None:
    density = feature_density(embeddings, labels, CLASSES, np.arange(WIDTH), k)
    led = [
        [f for f in sorted(range(WIDTH), key=lambda f: (-abs(row[f]), f))[:k] if row[f]]
        for row in embeddings.tolist()
    ]
    for label in range(CLASSES):
        images = [led[i] for i in range(7) if labels[i] == label]
        if not images:
            assert np.isnan(density[label]).all()
            continue
        expected = [sum(f in image for image in images) / len(images) for f in range(WIDTH)]
        assert density[label].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("features", "k", "message"), [([WIDTH], 1, "features"), ([0], WIDTH + 1, "k must be at most")]
)
def test_density_refuses_what_is_out_of_range(features: list[int], k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        feature_density(np.zeros((2, WIDTH), np.float32), [0, 0], 1, features, k)


@pytest.mark.parametrize(
    ("embeddings", "share"),
    [
        (np.zeros((2, 3)), 0),
        (np.ones((2, 3)), 0),
        (-np.ones((2, 3)), 1),
        (np.array([[3, -1], [-4, 0]], np.float32), 5 / 8),
    ],
)
def test_which_part_of_the_magnitude_is_negative(embeddings: np.ndarray, share: float) -> None:
    assert negative_share(embeddings) == share
