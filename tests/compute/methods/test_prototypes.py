from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imbxai_widgets.compute.methods import prototypes
from imbxai_widgets.compute.methods.prototypes import medoid, medoids

# Multiples of (3, 4) lie at whole distances from each other, so that sums and ties are exact.
lines = st.integers(1, 25).flatmap(lambda n: arrays(np.int64, n, elements=st.integers(-4, 4)))


def sums(positions: np.ndarray) -> list[int]:
    return [sum(abs(a - b) for b in positions.tolist()) for a in positions.tolist()]


@settings(deadline=None, max_examples=150)
@given(
    lines,
    st.sampled_from([(np.float32, 0), (np.float32, -145), (np.float32, 120), (np.float64, 900)]),
    st.sampled_from([0, 1000]),
    st.sampled_from([1, 4, 1024]),
)
def test_medoid_of_ties_at_any_scale(
    positions: np.ndarray, scale: tuple[type, int], offset: int, tile: int
) -> None:
    dtype, exponent = scale
    offset = offset if exponent == 0 else 0
    points = (positions[:, None] + offset) * np.array([3, 4])
    embeddings = np.ldexp(points.astype(dtype), exponent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prototypes, "_CPU_TILE", tile)
        found = medoid(embeddings, device="cpu")
    totals = sums(positions)
    assert found == totals.index(min(totals))


@pytest.mark.parametrize("seed", range(5))
def test_medoid_of_random_rows(seed: int) -> None:
    generator = np.random.default_rng(seed)
    embeddings = generator.normal(size=(120, 20)).astype(np.float32)
    embeddings = embeddings[generator.integers(0, 120, 300)]
    exact = embeddings.astype(np.float64)
    totals = np.sqrt(np.square(exact[:, None] - exact).sum(axis=2)).sum(axis=1)
    best = int(np.argmin(totals))
    equal = (embeddings == embeddings[best]).all(axis=1)  # rounding may favor a later duplicate
    assert medoid(embeddings, device="cpu") == np.flatnonzero(equal)[0]


@pytest.mark.parametrize("seed", range(10))
def test_medoid_of_mirror_images_is_the_lowest(seed: int) -> None:
    generator = np.random.default_rng(seed)
    half = generator.normal(size=(1, 30)) * 1e-3
    rim = generator.normal(size=(40, 30))
    embeddings = np.concatenate([rim, -rim, half, -half])
    assert medoid(embeddings, device="cpu") == 80


@pytest.mark.parametrize("far", [1.0, 1e6])
def test_medoid_on_a_line_is_the_median(far: float) -> None:
    """Sums near the median differ by less than float32 can tell."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=2501)
    values[:20] += np.repeat([-far, far], 10)
    found = medoid(values[:, np.newaxis] * generator.normal(size=12) + 100, device="cpu")
    assert found == np.argsort(values)[1250]


def test_medoid_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        medoid(np.empty((0, 3)))


def loss(embeddings: np.ndarray, centers: list[int]) -> float:
    differences = embeddings[:, None].astype(np.float64) - embeddings[centers]
    return float(np.sqrt(np.square(differences).sum(axis=2)).min(axis=1).sum())


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 16).flatmap(
        lambda n: arrays(np.float32, (n, 2), elements=st.integers(-3, 3).map(float))
    ),
    st.integers(1, 5),
)
def test_no_exchange_improves_medoids(embeddings: np.ndarray, n: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prototypes, "_CPU_TILE", 5)
        found = medoids(embeddings, n, device="cpu")
    assert found.dtype == np.int64
    different = len(np.unique(embeddings, axis=0))
    assert len(found) == min(n, different)
    assert len(np.unique(embeddings[found], axis=0)) == len(found)
    best = loss(embeddings, found.tolist())
    for position in range(len(found)):
        for row in range(len(embeddings)):
            exchanged = found.tolist()
            exchanged[position] = row
            assert loss(embeddings, exchanged) >= best - 1e-4


def blobs(sizes: list[int]) -> np.ndarray:
    generator = np.random.default_rng(3)
    centers = np.eye(len(sizes)) * 100
    rows = [generator.normal(size=(m, len(sizes))) + c for m, c in zip(sizes, centers, strict=True)]
    return np.concatenate(rows).astype(np.float32)


@pytest.mark.parametrize("limit", [prototypes.CLUSTERED_ROWS, 60])
def test_medoids_of_clear_clusters_by_size(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(prototypes, "CLUSTERED_ROWS", limit)  # 60: a sample is clustered
    embeddings = blobs([20, 50, 30])
    expected = [
        20 + medoid(embeddings[20:70]),
        70 + medoid(embeddings[70:]),
        medoid(embeddings[:20]),
    ]
    assert medoids(embeddings, 3, device="cpu").tolist() == expected


@pytest.mark.parametrize("exponent", [0, 120])
def test_large_clusters_have_a_central_row(monkeypatch: pytest.MonkeyPatch, exponent: int) -> None:
    monkeypatch.setattr(prototypes, "CLUSTERED_ROWS", 60)
    monkeypatch.setattr(prototypes, "_CENTRAL_SAMPLE", 200)
    embeddings = np.ldexp(blobs([900, 500, 40]), exponent)
    found = medoids(embeddings, 3, device="cpu").tolist()
    assert found == medoids(embeddings, 3, device="cpu").tolist()
    assert found[2] == 1400 + medoid(embeddings[1400:])  # a small one has its medoid
    for row, members in zip(found, (range(900), range(900, 1400)), strict=False):
        assert row in members
        cluster = np.ldexp(embeddings[members].astype(np.float64), -exponent)
        totals = np.sqrt(np.square(cluster[:, None] - cluster).sum(axis=2)).sum(axis=1)
        assert totals[row - members[0]] <= totals.min() * 1.01


def test_equal_clusters_come_by_index() -> None:
    found = medoids([[9.0], [0.0], [9.5], [0.5]], 2, device="cpu").tolist()
    assert found == sorted(found)
    assert {row % 2 for row in found} == {0, 1}
    assert medoids([[9.0], [0.0]], 5, device="cpu").tolist() == [0, 1]


def test_one_medoid_is_exact() -> None:
    embeddings = blobs([40, 41])
    assert medoids(embeddings, 1, device="cpu").tolist() == [medoid(embeddings)]


def test_same_seed_same_medoids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prototypes, "CLUSTERED_ROWS", 50)
    embeddings = np.random.default_rng(0).normal(size=(200, 5))
    assert medoids(embeddings, 4).tolist() == medoids(embeddings, 4).tolist()


def test_they_do_not_wait_for_scikit_learn() -> None:
    code = """
import sys
from imbxai_widgets.compute.methods.prototypes import medoids
assert len(medoids([[0.0], [1.0], [2.0], [9.0], [9.5]], 3)) == 3
assert not {"kmedoids", "sklearn"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_sample_with_fewer_values_than_medoids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prototypes, "CLUSTERED_ROWS", 10)
    embeddings = np.zeros((500, 2), np.float32)
    embeddings[0] = 1
    assert len(medoids(embeddings, 3)) in (1, 2)


def test_no_rows_give_no_medoids() -> None:
    for n in (1, 3):
        found = medoids(np.empty((0, 4), np.float32), n)
        assert found.shape == (0,)
        assert found.dtype == np.int64


@pytest.mark.parametrize("n", [0, -1, 1.5])
def test_wrong_count(n: int) -> None:
    with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
        medoids([[0.0]], n)


def test_not_finite() -> None:
    with pytest.raises(ValueError, match="1 of 2 rows hold NaN or infinity: 1"):
        medoids([[0.0], [np.nan]], 1)
