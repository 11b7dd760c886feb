"""Counts of pairs of classes against counting them one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets.compute.methods.pairs import PairCounts

CLASSES = 5
codes = st.integers(0, CLASSES - 1)


# Few pairs of many classes are sorted, many of few classes are counted at their places.
@pytest.mark.parametrize("n_classes", [CLASSES, 400])
@given(met=st.lists(st.tuples(codes, codes), max_size=60))
def test_pairs_match_counting(n_classes: int, met: list[tuple[int, int]]) -> None:
    own, other = (np.array([pair[side] for pair in met], dtype=np.int64) for side in (0, 1))
    pairs = PairCounts.of(own, other, n_classes)
    expected = Counter(pair for pair in met if pair[0] != pair[1])
    totals = [sum(n for (a, _), n in expected.items() if a == c) for c in range(n_classes)]
    assert pairs.totals.tolist() == totals
    assert pairs.counts.dtype == pairs.others.dtype == np.int64
    table, shares = pairs.table(), pairs.share_table()
    assert table.shape == shares.shape == (n_classes, n_classes)
    assert table.dtype == np.int64
    assert table.sum() == sum(expected.values())
    for a in range(CLASSES):
        row = {b: expected[a, b] / totals[a] for b in range(CLASSES) if expected[a, b]}
        assert table[a, :CLASSES].tolist() == [expected[a, b] for b in range(CLASSES)]
        assert shares[a, :CLASSES].tolist() == [row.get(b, 0.0) for b in range(CLASSES)]
        others, parts = pairs.shares(a)
        assert others.tolist() == sorted(row)
        assert parts.tolist() == [row[b] for b in sorted(row)]
        others, counts = pairs.row(a)
        assert others.tolist() == sorted(row)
        assert counts.tolist() == [expected[a, b] for b in sorted(row)]


def test_parts_are_those_of_the_rows_asked_for() -> None:
    pairs = PairCounts.of(np.array([0, 0, 0, 2, 2]), np.array([1, 1, 2, 0, 2]), 3)
    at, others, shares = pairs.parts(np.array([2, 1, 0, 2]))
    assert at.tolist() == [0, 2, 2, 3]
    assert others.tolist() == [0, 1, 2, 0]
    assert shares.tolist() == [1.0, 2 / 3, 1 / 3, 1.0]


def test_a_lift_is_a_share_over_that_of_all_other_images() -> None:
    sizes = np.array([50, 30, 0, 20])
    pairs = PairCounts.of(np.array([0, 0, 0, 0, 3, 3]), np.array([1, 1, 1, 3, 2, 0]), 4)
    # Class 0: 3 of 4 for class 1, which has 30 of the 50 other images. No image is of class 2.
    expected = [0.75 / (30 / 50), 0.25 / (20 / 50), 0.5 / (50 / 80), np.inf]
    assert pairs.lifts(sizes).tolist() == pytest.approx(expected)
