from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imbxai_widgets.compute.methods.adversaries import adversary_votes, error_matrix, row_shares

CLASSES = 4
codes = st.integers(0, CLASSES - 1)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(codes, codes, st.tuples(codes, codes, codes)), max_size=20),
    st.sampled_from(["errors", "all"]),
)
def test_votes_match_counting(images: list[tuple[int, int, tuple[int, ...]]], scope: str) -> None:
    expected = np.zeros((CLASSES, CLASSES), dtype=int)
    for label, prediction, neighbors in images:
        if scope == "all" or label != prediction:
            for other in neighbors:
                expected[label, other] += other != label
    votes = adversary_votes(
        np.array([i[0] for i in images], dtype=np.uint8),
        np.array([i[1] for i in images], dtype=np.int32),
        np.array([i[2] for i in images], dtype=np.int8).reshape(-1, 3),
        CLASSES,
        scope=scope,  # type: ignore[arg-type]
    )
    assert votes.dtype == np.int64
    assert votes.tolist() == expected.tolist()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(codes, codes), max_size=30))
def test_errors_match_counting(images: list[tuple[int, int]]) -> None:
    matrix = error_matrix([i[0] for i in images], [i[1] for i in images], CLASSES)
    assert matrix.dtype == np.int64
    for i in range(CLASSES):
        for j in range(CLASSES):
            assert matrix[i, j] == (images.count((i, j)) if i != j else 0)


def test_more_classes_than_int8_holds() -> None:
    labels = np.array([199, 150], dtype=np.uint8)
    votes = adversary_votes(labels, [0, 150], [[150, 199], [199, 199]], 200, scope="all")
    assert votes[199, 150] == 1
    assert votes[150, 199] == 2
    assert votes.sum() == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0, 3]}, r"labels must lie in 0\.\.2, but holds 3"),
        ({"labels": [0.0, 1.0]}, "labels must hold integers, not float64"),
        ({"predictions": [0]}, r"predictions must have the shape \(2\)"),
        ({"predictions": [0, -1]}, r"predictions must lie in 0\.\.2, but holds -1"),
        ({"neighbor_labels": [[0], [5]]}, r"neighbor_labels must lie in 0\.\.2, but holds 5"),
        ({"neighbor_labels": [0, 0]}, r"neighbor_labels must have the shape \(2, any\)"),
        ({"n_classes": 0}, "n_classes must be a whole number of at least 1, not 0"),
        ({"scope": "mistakes"}, 'scope must be "errors" or "all", not \'mistakes\''),
    ],
)
def test_wrong_arguments(change: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {
        "labels": [0, 1],
        "predictions": [0, 2],
        "neighbor_labels": [[0], [1]],
        "n_classes": 3,
    }
    with pytest.raises(ValueError, match=message):
        adversary_votes(**(arguments | change))  # type: ignore[arg-type]


@settings(deadline=None, max_examples=60)
@given(arrays(np.int64, (3, 5), elements=st.integers(0, 10**15) | st.just(0)))
def test_shares_sum_to_one_or_nothing(counts: np.ndarray) -> None:
    shares = row_shares(counts)
    assert shares.dtype == np.float64
    for row, share in zip(counts.tolist(), shares.tolist(), strict=True):
        expected = [count / sum(row) for count in row] if sum(row) else [0.0] * len(row)
        assert share == pytest.approx(expected, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("counts", "message"),
    [([1, 2], "must be a matrix"), ([[-1]], "at least 0"), ([[float("nan")]], "finite")],
)
def test_shares_wrong_arguments(counts: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        row_shares(counts)  # type: ignore[arg-type]
