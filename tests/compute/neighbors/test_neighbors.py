from __future__ import annotations

import logging
import os
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imbxai_widgets.compute.neighbors import approximate as _approximate
from imbxai_widgets.compute.neighbors import cells as _cells
from imbxai_widgets.compute.neighbors import effort as _effort
from imbxai_widgets.compute.neighbors import exact as _search
from imbxai_widgets.compute.neighbors import pool as _pool
from imbxai_widgets.compute.neighbors import search as neighbors
from imbxai_widgets.compute.neighbors.search import nearest_neighbors, nearest_references
from imbxai_widgets.compute.numeric import blocks as _distances
from imbxai_widgets.compute.numeric import products as _products


def brute_force(
    queries: np.ndarray, references: np.ndarray, k: int, *, skip_self: bool
) -> tuple[list[list[int]], list[list[int]]]:
    """Sort all pairs of integer rows by (squared distance, index), in whole numbers."""
    indices, squares = [], []
    for i, query in enumerate(queries.tolist()):
        pairs = sorted(
            (sum((a - b) ** 2 for a, b in zip(query, row, strict=True)), j)
            for j, row in enumerate(references.tolist())
            if not (skip_self and i == j)
        )
        indices.append([j for _, j in pairs[:k]])
        squares.append([square for square, _ in pairs[:k]])
    return indices, squares


@contextmanager
def small_blocks(
    margin: int,
    block_bytes: int,
    tile: tuple[int, int] = (7, 5),
    group_cost: float = 0.05,
    by_onednn: bool = False,
    paired: bool = False,
) -> Iterator[None]:
    """Make edges of blocks, tiles and groups, and unsettled rows, common."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pool, "_CPU_TILE", tile)
        patch.setattr(_pool, "_ALIGNED", 1)
        patch.setattr(_pool, "_GROUP_COST", group_cost)
        patch.setattr(_pool, "_PAIRED_GROUP_COST", group_cost)
        patch.setattr(_pool, "_GATHER_COST", 0)
        if not paired:
            patch.setattr(_search, "paired_group", lambda *_: None)
        patch.setattr(_products, "_MANY", 0 if by_onednn else sys.maxsize)
        patch.setattr(_search, "_MARGIN", margin)
        patch.setattr(_pool, "BLOCK_BYTES", block_bytes)
        patch.setattr(_search, "BLOCK_BYTES", block_bytes)
        patch.setattr(_distances, "BLOCK_BYTES", block_bytes)
        yield


def assert_found(
    result: tuple[np.ndarray, np.ndarray],
    expected: tuple[list[list[int]], list[list[int]]],
    scale: float = 1.0,
) -> None:
    indices, distances = result
    assert indices.dtype == np.int64
    assert distances.dtype == np.float32
    assert indices.tolist() == expected[0]
    exact = np.sqrt(np.array(expected[1], dtype=np.float64)) * scale
    np.testing.assert_array_equal(distances, exact.astype(np.float32))


# Few values in few columns: duplicates, ties and constant rows in nearly every example.
grids = st.tuples(st.integers(2, 24), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(-2, 2))
)


@settings(deadline=None, max_examples=150)
@given(
    grids,
    st.integers(1, 23),
    st.integers(0, 2),
    st.sampled_from([64, 300, 2**26]),
    # Powers of two, and an offset, that leave the numbers exact.
    st.sampled_from([(np.float32, 0), (np.float32, -145), (np.float32, 122), (np.float64, -900)]),
    st.sampled_from([0, 1000]),
    st.booleans(),
    st.booleans(),
)
def test_ties_and_duplicates_at_any_scale(
    grid: np.ndarray,
    k: int,
    margin: int,
    block: int,
    scale: tuple[type, int],
    offset: int,
    by_onednn: bool,
    paired: bool,
) -> None:
    k = min(k, len(grid) - 1)
    dtype, exponent = scale
    offset = offset if exponent == 0 else 0
    embeddings = np.ldexp((grid + offset).astype(dtype), exponent)
    with small_blocks(margin, block, by_onednn=by_onednn, paired=paired):
        result = nearest_neighbors(embeddings, k, method="exact", device="cpu")[:2]
    expected = brute_force(grid, grid, k, skip_self=True)
    assert_found(result, expected, 2.0**exponent)


@settings(deadline=None, max_examples=100)
@given(grids, st.data())
def test_references(grid: np.ndarray, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(grid) - 1))
    k = data.draw(st.integers(1, len(grid) - cut))
    queries, references = grid[:cut], grid[cut:]
    margin, block = data.draw(st.integers(0, 2)), data.draw(st.sampled_from([64, 2**26]))
    with small_blocks(margin, block, by_onednn=data.draw(st.booleans())):
        result = nearest_references(queries.astype(np.float32), references, k, device="cpu")[:2]
    expected = brute_force(queries, references, k, skip_self=False)
    if cut:
        assert_found(result, expected)
    assert result[0].shape == result[1].shape == (cut, k)


@pytest.mark.parametrize(("n_rows", "width"), [(1300, 512), (2000, 64)])
def test_rows_of_unequal_norms_find_each_other_from_either_side_of_a_tile(
    monkeypatch: pytest.MonkeyPatch, n_rows: int, width: int
) -> None:
    pairs: list[torch.Tensor] = []
    minima = _pool.Pool.paired_minima
    monkeypatch.setattr(
        _pool.Pool, "paired_minima", lambda pool: pairs.append(pool.tensor) or minima(pool)
    )
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n_rows, width)) * rng.uniform(0.1, 2, size=(n_rows, 1))
    found = nearest_neighbors(rows, 5, method="exact", device="cpu")
    assert len(pairs) == 1
    squared = (rows**2).sum(axis=1)
    distances = squared[:, None] + squared - 2 * rows @ rows.T
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_array_equal(found.indices, distances.argsort(axis=1)[:, :5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("products", [0, sys.maxsize])
def test_random_rows_with_duplicates(
    monkeypatch: pytest.MonkeyPatch, dtype: type, offset: float, products: int
) -> None:
    monkeypatch.setattr(_products, "_MANY", products)  # 0: by oneDNN
    generator = np.random.default_rng(1)
    base = (generator.normal(size=(150, 33)) + offset).astype(dtype)
    embeddings = base[generator.integers(0, 150, 400)]
    exact = embeddings.astype(np.float64)
    squares = np.square(exact[:, None] - exact).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    order = np.argsort(squares, axis=1, kind="stable")[:, :7]
    indices, distances, *_ = nearest_neighbors(embeddings, 7, device="cpu")
    np.testing.assert_array_equal(indices, order)
    expected = np.sqrt(np.take_along_axis(squares, order, 1))
    np.testing.assert_allclose(distances, expected, rtol=1e-6)


def test_all_rows_equally_far() -> None:
    indices, distances, *_ = nearest_neighbors(np.eye(300, dtype=np.float32), 4, device="cpu")
    assert indices[0].tolist() == [1, 2, 3, 4]
    assert indices[2].tolist() == [0, 1, 3, 4]
    assert (indices[4:] == np.arange(4)).all()
    np.testing.assert_array_equal(distances, np.float32(2**0.5))


def test_all_rows_equal() -> None:
    indices, distances, *_ = nearest_neighbors(np.full((200, 3), 0.1, np.float32), 2, device="cpu")
    assert indices[:3].tolist() == [[1, 2], [0, 2], [0, 1]]
    assert (indices[3:] == [0, 1]).all()
    assert not distances.any()


def test_negative_zero_equals_zero() -> None:
    embeddings = np.zeros((40, 3), np.float32)
    embeddings[::2] = -0.0
    indices, *_ = nearest_neighbors(embeddings, 2, device="cpu")
    assert (indices[3:] == [0, 1]).all()


def test_onednn_which_keeps_what_it_compiles_is_given_few_sizes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()

    def noted(offsets: torch.Tensor, left: torch.Tensor, right: torch.Tensor, _: Any) -> Any:
        sizes.add((tuple(left.shape), tuple(right.shape)))
        return _products.by_pytorch(offsets, left, right)

    monkeypatch.setattr(_products, "by_onednn", noted)
    monkeypatch.setattr(_products, "_MANY", 0)
    # Rows so close that each block leaves others in doubt.
    rows = np.random.default_rng(0).normal(size=(9000, 8)).astype(np.float32) * 1e-4 + 1e3
    nearest_neighbors(rows, 5, method="exact", device="cpu")
    nearest_references(rows[:5000], rows, 5, device="cpu")
    assert 0 < len(sizes) <= 8


@pytest.mark.parametrize("products", [0, sys.maxsize])
def test_distances_closer_than_float32_resolves(
    monkeypatch: pytest.MonkeyPatch, products: int
) -> None:
    monkeypatch.setattr(_products, "_MANY", products)
    generator = np.random.default_rng(0)
    rank = generator.permutation(200)
    directions = generator.normal(size=(200, 16))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = directions * (1 + rank[:, None] * 1e-9)
    indices, *_ = nearest_references(np.zeros((1, 16)), points, 150, device="cpu")
    np.testing.assert_array_equal(indices[0], np.argsort(rank)[:150])


def test_one_huge_row_does_not_hide_the_others() -> None:
    embeddings = np.arange(40, dtype=np.float32)[:, None] * np.ones(4, np.float32)
    embeddings[20] = 1e30
    indices, *_ = nearest_neighbors(embeddings, 2, device="cpu")
    assert indices[5].tolist() == [4, 6]
    assert indices[19].tolist() == [18, 17]


def test_hash_collisions_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ones:
        def integers(self, _low: int, _high: int, size: int, dtype: Any) -> np.ndarray:
            return np.full(size, 2**63, dtype=dtype)  # times 2, plus 1: all multipliers are 1

    monkeypatch.setattr(np.random, "default_rng", lambda _seed: Ones())
    rows = np.array([[1, 2], [2, 1]] * 20, dtype=np.float32)
    indices, *_ = nearest_neighbors(rows, 3, device="cpu")
    assert indices[10].tolist() == [0, 2, 4]
    assert indices[11].tolist() == [1, 3, 5]


@pytest.mark.parametrize("precision", ["medium", "high"])
def test_reduced_precision_changes_nothing(precision: str) -> None:
    embeddings = np.random.default_rng(2).normal(size=(300, 64)).astype(np.float32) + 3
    expected = nearest_neighbors(embeddings, 5, device="cpu")[0]
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        # Whether this processor would make use of the permission or not.
        assert _distances.product_dtype(torch.device("cpu")) == torch.float64
        reduced = nearest_neighbors(embeddings, 5, device="cpu")[0]
    finally:
        torch.set_float32_matmul_precision(before)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = nearest_neighbors(embeddings, 5, device="cpu")[0]
    np.testing.assert_array_equal(reduced, expected)
    np.testing.assert_array_equal(cast, expected)


def test_scores_fit_in_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    original = _pool.Pool.scores

    def recorded(*arguments: Any) -> torch.Tensor:
        scores = original(*arguments)
        sizes.append(scores.nbytes)
        return scores

    monkeypatch.setattr(_pool.Pool, "scores", recorded)
    with small_blocks(4, 10_000):
        nearest_neighbors(np.random.default_rng(0).normal(size=(500, 4)), 3, device="cpu")
    assert len(sizes) >= 100
    assert max(sizes) <= 10_000


def test_tensors_and_half_precision() -> None:
    tensor = torch.arange(6.0).reshape(6, 1).requires_grad_()
    for values in (tensor, tensor.bfloat16(), tensor.half(), tensor.detach().numpy()[::1]):
        assert nearest_neighbors(values, 1, device="cpu")[0].ravel().tolist() == [1, 0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("embeddings", "arguments", "message"),
    [
        (np.ones((3, 2)), {"k": 3}, "k must be at most 2, for 3 images .* Lower k"),
        (np.ones((3, 2)), {"k": 0}, "k must be a whole number of at least 1, not 0"),
        (np.ones((3, 2)), {"k": 1.5}, "k must be a whole number"),
        (np.ones((3, 2)), {"k": 1, "method": "fast"}, "method must be"),
        (np.ones(3), {"k": 1}, "embeddings must be a matrix"),
        (np.ones((3, 0)), {"k": 1}, "with D >= 1"),
        (np.ones((3, 1), complex), {"k": 1}, "real numbers, not complex128"),
        (
            np.array([[0], [np.nan], [1], [-np.inf]]),
            {"k": 1},
            "2 of 4 rows hold NaN or infinity: 1, 3. Look at",
        ),
    ],
)
def test_wrong_arguments(embeddings: np.ndarray, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nearest_neighbors(embeddings, **arguments)


@pytest.mark.parametrize(
    ("queries", "references", "k", "message"),
    [
        (np.ones((1, 2)), np.ones((3, 4)), 1, "same width, not 2 and 4"),
        (np.ones((1, 2)), np.ones((3, 2)), 4, "k must be at most 3, the number of references"),
        (np.full((1, 2), np.nan), np.ones((3, 2)), 1, "queries must be finite"),
        (np.ones((1, 2)), np.full((3, 2), np.inf), 1, "references must be finite"),
    ],
)
def test_references_wrong_arguments(
    queries: np.ndarray, references: np.ndarray, k: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        nearest_references(queries, references, k)


def test_references_by_no_such_method() -> None:
    with pytest.raises(ValueError, match='method must be "auto" or "exact"'):
        nearest_references(LINE, LINE, 3, method="nn-descent")  # type: ignore[arg-type]


def approximate(embeddings: np.ndarray, k: int) -> neighbors.Neighbors:
    return nearest_neighbors(embeddings, k, method="approximate", device="cpu")


def share_found(found: neighbors.Neighbors, distances: np.ndarray) -> float:
    return float((found.distances <= distances[:, -1:]).mean())


def test_approximate_is_ordered_and_never_self(caplog: pytest.LogCaptureFixture) -> None:
    generator = np.random.default_rng(0)
    embeddings = generator.normal(size=(3000, 4)).astype(np.float32) * 1e20 + 3e20
    embeddings[:80] = embeddings[0]
    with caplog.at_level(logging.INFO):
        found = approximate(embeddings, 5)
    exact = nearest_neighbors(embeddings, 5, method="exact", device="cpu")
    assert found.method == "cells"
    assert f"(cells): recall {found.recall:.3f} on 1000 images" in caplog.text
    assert 0.98 < share_found(found, exact.distances) < 1
    assert not (found.indices == np.arange(3000)[:, None]).any()
    assert all(len(set(row)) == 5 for row in found.indices.tolist())
    squares = np.square(embeddings[:, None] / 1e20 - embeddings[found.indices] / 1e20).sum(axis=2)
    np.testing.assert_allclose(found.distances, np.sqrt(squares) * 1e20, rtol=1e-5)
    assert (np.diff(found.distances, axis=1) >= 0).all()


@settings(deadline=None, max_examples=60)
@given(grids, st.integers(1, 23))
def test_approximate_of_tiny_sets(grid: np.ndarray, k: int) -> None:
    k = min(k, len(grid) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a low recall
        found = approximate(grid, k)
    assert all(len(set(row) - {i}) == k for i, row in enumerate(found.indices.tolist()))
    squares = np.square(grid[:, None] - grid[found.indices]).sum(axis=2)
    np.testing.assert_array_equal(found.distances, np.sqrt(squares).astype(np.float32))
    assert 0 <= found.recall <= 1


def test_more_neighbors_than_a_cell_has() -> None:
    embeddings = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32)
    exact = nearest_neighbors(embeddings, 60, method="exact", device="cpu")
    assert share_found(approximate(embeddings, 60), exact.distances) > 0.98


def test_rows_beyond_those_of_the_near_cells_are_searched_exactly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_cells.Centers, "probes", lambda *_: (1, True))
    embeddings = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    exact = nearest_neighbors(embeddings, 90, method="exact", device="cpu")
    found = approximate(embeddings, 90)  # a cell has some 20
    np.testing.assert_array_equal(found.indices, exact.indices)
    np.testing.assert_array_equal(found.distances, exact.distances)


def test_equal_rows_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = np.random.default_rng(0).normal(size=(4000, 4)).astype(np.float32)
    embeddings[500:] = embeddings[0]
    sizes = []
    original = _cells.Cells.of

    def recorded(*arguments: Any) -> _cells.Cells:
        cells = original(*arguments)
        sizes.append(len(cells.order))
        return cells

    monkeypatch.setattr(_cells.Cells, "of", recorded)
    found = approximate(embeddings, 3)
    exact = nearest_neighbors(embeddings, 3, method="exact", device="cpu")
    assert sizes == [503]  # of the equal ones those that can be a neighbor: k + 1
    assert share_found(found, exact.distances) > 0.99
    assert not found.distances[500:].any()
    assert not (found.indices == np.arange(4000)[:, None]).any()


def test_recall_is_reached_and_told_without_bias(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_approximate, "_SAMPLE", 100)
    embeddings = np.random.default_rng(0).normal(size=(1500, 5)).astype(np.float32)
    limits = nearest_neighbors(embeddings, 5, method="exact", device="cpu").distances
    with monkeypatch.context() as patch:
        patch.setattr(_cells.Centers, "probes", lambda *_: (3, True))
        patch.setattr(_approximate, "_RECALL", 0)
        just_missed = share_found(approximate(embeddings, 5), limits)
    # By its mean alone, a sample would take three cells for enough nearly every other time.
    goal = just_missed + 0.001
    assert 0.8 < goal < 0.95
    monkeypatch.setattr(_approximate, "_RECALL", goal)
    told, true = [], []
    for seed in range(150):
        monkeypatch.setattr(_approximate, "_SEED", seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # where it was missed, and told
            found = approximate(embeddings, 5)
        told.append(found.recall)
        true.append(share_found(found, limits))
    excess = np.subtract(told, true)
    assert np.mean(np.array(true) >= goal) > 0.9
    assert abs(excess.mean()) < 2.5 * excess.std() / np.sqrt(len(excess))


def test_recall_is_told_of_other_rows_than_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    exact = nearest_neighbors(embeddings, 3, method="exact", device="cpu")
    chose = []

    def probes(_: Any, rows: np.ndarray, *__: Any) -> tuple[int, bool]:
        chose.append((rows[:, None] == embeddings).all(axis=2).argmax(axis=1))
        return 1, True

    def search(*_: Any) -> np.ndarray:
        found = exact.indices.copy()
        found[chose[0]] = (chose[0][:, None] + [100, 101, 102]) % 400
        return found

    monkeypatch.setattr(_cells.Centers, "probes", probes)
    monkeypatch.setattr(_cells.Cells, "search", search)
    assert approximate(embeddings, 3).recall == 1
    assert len(chose[0]) == 100


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_find_the_same(threads: int) -> None:
    embeddings = np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32)
    before = torch.get_num_threads()
    found = []
    try:
        for number in (1, threads):
            torch.set_num_threads(number)
            found.append(approximate(embeddings, 5))
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(found[0].indices, found[1].indices)


def test_what_fails_in_a_thread_is_raised() -> None:
    def fail(block: slice) -> None:
        raise MemoryError(f"{block}")

    with pytest.raises(MemoryError, match="slice"):
        _distances.for_each([slice(0, 1)], fail, torch.device("cpu"))


def test_approximate_within_autocast() -> None:
    embeddings = np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32)
    expected = approximate(embeddings, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = approximate(embeddings, 5)
    np.testing.assert_array_equal(cast.indices, expected.indices)


def held_out(
    monkeypatch: pytest.MonkeyPatch, queries: np.ndarray, references: np.ndarray, k: int
) -> neighbors.Neighbors:
    monkeypatch.setattr(_effort, "_FEW_QUERIES", len(queries) - 1)
    work = len(queries) * len(references) * (references.shape[1] + 64)
    monkeypatch.setattr(_effort, "_EXACT", {"cpu": work - 1})
    return nearest_references(queries, references, k, device="cpu")


@pytest.mark.parametrize("scale", [1.0, 1e20])
def test_references_by_cells(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, scale: float
) -> None:
    generator = np.random.default_rng(0)
    references = generator.normal(size=(3000, 4)) * scale + 3 * scale
    references[:80] = references[0]
    queries = (generator.normal(size=(2500, 4)) * scale + 3 * scale).astype(np.float32)
    queries[:50] = references[0].astype(np.float32)
    with caplog.at_level(logging.INFO):
        found = held_out(monkeypatch, queries, references, 5)
    exact = nearest_references(queries, references, 5, method="exact", device="cpu")
    assert (found.method, exact.method, exact.recall) == ("cells", "exact", 1)
    assert f"(cells): recall {found.recall:.3f} on 1000 held-out images" in caplog.text
    assert 0.98 < share_found(found, exact.distances) < 1
    assert found.indices[:50].tolist() == [[0, 1, 2, 3, 4]] * 50
    same = (found.indices == exact.indices).all(axis=1)
    assert same.mean() > 0.9
    np.testing.assert_array_equal(found.distances[same], exact.distances[same])
    assert (np.diff(found.distances, axis=1) >= 0).all()


def test_queries_far_from_all_references(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    references = generator.normal(size=(1500, 4)).astype(np.float32)
    queries = generator.normal(size=(1200, 4)).astype(np.float32)
    queries[::2] *= 1e25
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a low recall
        found = held_out(monkeypatch, queries, references, 3)
    assert all(len(set(row)) == 3 for row in found.indices.tolist())
    assert (np.diff(found.distances, axis=1) >= 0).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [("_FEW_QUERIES", 100), ("_EXACT", {"cpu": 100 * 100 * 65})],
)
def test_references_are_searched_exactly_where_that_pays(
    monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    assert held_out(monkeypatch, LINE, LINE, 3).method == "cells"
    monkeypatch.setattr(_effort, name, value)
    assert nearest_references(LINE, LINE, 3, device="cpu").method == "exact"


LINE = np.arange(100, dtype=np.float32)[:, None]


def far(_: Any, __: np.ndarray, ___: np.ndarray, width: int) -> np.ndarray:
    return (np.arange(100)[:, None] + np.arange(40, 40 + width)) % 100


def test_low_recall_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cells.Cells, "search", far)
    with pytest.warns(UserWarning, match=r'recall 0\.0.*0\.99 was aimed at; method="exact" finds'):
        found = approximate(LINE, 3)
    assert found.method == "cells"
    assert found.recall < 0.05
    assert (found.indices[:50] - np.arange(50)[:, None]).tolist() == [[40, 41, 42]] * 50


def test_one_missed_neighbor_in_forty_is_told_and_chance_is_not() -> None:
    assert not _approximate._below(np.repeat([1, 0.5], [977, 23]))  # 0.9885, and it may be 0.99
    assert _approximate._below(np.repeat([1, 0.5], [950, 50]))
    assert _approximate._below(np.full(20, 0.9))


@pytest.mark.parametrize(
    ("owner", "name", "fails"),
    [(_cells.Cells, "search", far), (_cells.Centers, "probes", lambda *_: (10, False))],
)
def test_auto_is_exact_where_approximation_fails(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, fails: Any
) -> None:
    monkeypatch.setattr(owner, name, fails)
    monkeypatch.setattr(_effort, "_FEW_QUERIES", 0)
    work = 100 * 100 * 65
    # A fiftieth of the work is what may be done in place of an approximation that fails.
    monkeypatch.setattr(_effort, "_EXACT", {"cpu": work // 50})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for found in (
            nearest_neighbors(LINE, 3, device="cpu"),
            nearest_references(LINE, LINE, 3, device="cpu"),
        ):
            assert (found.method, found.recall) == ("exact", 1)
    monkeypatch.setattr(_effort, "_EXACT", {"cpu": work // 50 - 1})
    for search in (
        lambda: nearest_neighbors(LINE, 3, device="cpu"),
        lambda: nearest_references(LINE, LINE, 3, device="cpu"),
    ):
        with pytest.warns(UserWarning, match=r"recall .*, where 0\.99 was aimed at"):
            assert search().method == "cells"


def test_so_many_rows_are_compared_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = np.random.default_rng(0).normal(size=(2000, 64)).astype(np.float32)  # no cells
    asked = []
    original = _cells.Centers.probes

    def recorded(self: Any, rows: Any, near: Any, goal: float, most: float) -> tuple[int, bool]:
        asked.append((goal, most, *original(self, rows, near, goal, most)))
        return asked[-1][2:]

    monkeypatch.setattr(_cells.Centers, "probes", recorded)
    with pytest.warns(UserWarning, match="recall"):
        approximate(embeddings, 5)
    # As of so many rows that fifty times what is exact at once is a twentieth of the work.
    monkeypatch.setattr(_effort, "_EXACT", {"cpu": 2000 * 2000 * 128 / 1000})
    with pytest.warns(UserWarning, match="recall"):
        approximate(embeddings, 5)
    (goal, quarter, some, enough), (same, share, few, _) = asked
    assert not enough
    assert (goal, same) == (0.99, 0.99)
    assert (quarter, share) == (0.25, 0.05)
    assert 1 <= few < some < 25


@pytest.mark.parametrize(
    ("shape", "device", "exact"),
    [
        # M * N * (D + 64) at most 5 * 10**11, and 1.5 * 10**14 on CUDA.
        ((62_500, 62_500, 64), "cpu", True),
        ((62_501, 62_501, 64), "cpu", False),
        ((29_462, 29_462, 512), "cpu", True),
        ((29_463, 29_463, 512), "cpu", False),
        ((15_386, 15_386, 2048), "cpu", True),
        ((15_387, 15_387, 2048), "cpu", False),
        ((62_500, 62_500, 64), "mps", True),
        ((62_501, 62_501, 64), "mps", False),
        ((1_000_000, 1_000_000, 64), "cuda", True),
        ((1_100_000, 1_100_000, 64), "cuda", False),
        ((100_000, 100_000, 2048), "cuda", True),
        ((5_000, 10_000_000, 2048), "cpu", True),
        ((5_001, 10_000_000, 2048), "cpu", False),
        ((50_000, 78_125, 64), "cpu", True),
        ((50_000, 78_126, 64), "cpu", False),
    ],
)
def test_what_auto_takes(shape: tuple[int, int, int], device: str, exact: bool) -> None:
    assert _effort.exact_pays(*shape, torch.device(device)) == exact


@pytest.mark.parametrize(
    ("shape", "share", "bearable"),
    [
        ((100_000, 100_000, 2048), 1 / 4, True),
        ((440_000, 440_000, 64), 1 / 4, True),
        ((443_000, 443_000, 64), 1 / 4, False),
        ((1_000_000, 1_000_000, 64), 2.5e13 / 1.28e14, False),
    ],
)
def test_how_much_is_compared_for_the_sake_of_recall(
    shape: tuple[int, int, int], share: float, bearable: bool
) -> None:
    cpu = torch.device("cpu")
    assert _effort.most_compared(*shape, cpu) == pytest.approx(share)
    assert _effort.exact_bearable(*shape, cpu) == bearable


def test_threads_do_not_change_what_auto_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32)
    monkeypatch.setattr(_effort, "_FEW_QUERIES", 0)
    before = torch.get_num_threads()
    try:
        for allowed, method in ((3000 * 3000 * 68, "exact"), (3000 * 3000 * 68 - 1, "cells")):
            monkeypatch.setattr(_effort, "_EXACT", {"cpu": allowed})
            for threads in (1, 2, 7):
                torch.set_num_threads(threads)
                assert nearest_neighbors(embeddings, 5, device="cpu").method == method
    finally:
        torch.set_num_threads(before)


class Descent:
    """Stands for pynndescent, whose first call compiles for a minute.

    Gives each row itself and its nearest rows, but of every third row only the first of them.
    """

    def __init__(self, points: np.ndarray, **options: Any) -> None:
        assert options["random_state"] is not None
        squares = np.square(points[:, None] - points).sum(axis=2)
        graph = np.argsort(squares, axis=1, kind="stable")[:, : options["n_neighbors"]]
        graph[::3, 2:] = -1
        self.neighbor_graph = graph.astype(np.int32), np.zeros(graph.shape, np.float32)


def test_nn_descent_is_ordered_and_never_self(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "pynndescent", types.SimpleNamespace(NNDescent=Descent))  # type: ignore[arg-type]
    generator = np.random.default_rng(0)
    embeddings = generator.integers(0, 9, (200, 3)).astype(np.float32) * 1e20
    with caplog.at_level(logging.INFO):
        found = nearest_neighbors(embeddings, 4, method="nn-descent", device="cpu")
    exact = nearest_neighbors(embeddings, 4, method="exact", device="cpu")
    assert not (found.indices == np.arange(200)[:, None]).any()
    np.testing.assert_array_equal(found.distances, exact.distances)
    assert (found.method, found.recall) == ("nn-descent", 1.0)
    assert "(nn-descent): recall 1.000 on 200 images" in caplog.text


def test_nn_descent_without_pynndescent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynndescent", None)
    with pytest.raises(ImportError, match=r"pip install \"imbxai_widgets\[nn-descent\]\""):
        nearest_neighbors(np.ones((5, 2)), 2, method="nn-descent")


@pytest.mark.skipif(
    "IMBXAI_SLOW_TESTS" not in os.environ,
    reason="pynndescent compiles for a minute; set IMBXAI_SLOW_TESTS=1",
)
def test_pynndescent_itself() -> None:
    embeddings = np.random.default_rng(0).normal(size=(600, 8)).astype(np.float32)
    embeddings[:80] = embeddings[0]
    found = nearest_neighbors(embeddings, 5, method="nn-descent", device="cpu")
    again = nearest_neighbors(embeddings, 5, method="nn-descent", device="cpu")
    exact = nearest_neighbors(embeddings, 5, method="exact", device="cpu")
    np.testing.assert_array_equal(found.indices, again.indices)
    assert not (found.indices == np.arange(600)[:, None]).any()
    assert (found.distances == exact.distances).mean() > 0.99
