"""Sub-groups that fail: planted ones are found, chance is not named, and the test is SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from sklearn.datasets import make_blobs

from imbxai_widgets.compute.diagnosis.subgroups import (
    _chance,
    recall_difference,
    worst_subgroup,
)


@given(
    st.lists(st.booleans(), min_size=1, max_size=15),
    st.lists(st.booleans(), min_size=1, max_size=15),
)
def test_the_chance_is_that_of_fishers_exact_test(own: list[bool], rest: list[bool]) -> None:
    table = [[own.count(False), own.count(True)], [rest.count(False), rest.count(True)]]
    expected = fisher_exact(table, alternative="greater").pvalue
    assert _chance(np.array(own), np.array(rest)) == pytest.approx(expected)


def test_newcombe_s_own_example() -> None:
    # Newcombe (1998), table II, (a): 56/70 against 48/80 has 0.0524 to 0.3339.
    rest, own = np.arange(70) < 56, np.arange(80) < 48
    assert recall_difference(own, rest) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_a_group_that_fails_is_found() -> None:
    looks, group = make_blobs([30, 70], n_features=5, centers=None, random_state=0)
    right = np.where(group == 0, np.arange(100) % 5 == 0, np.arange(100) % 10 != 0)
    found = worst_subgroup(looks.astype(np.float32), right, np.random.default_rng(0))
    assert found is not None
    assert found.p < 0.01
    assert set(found.members.tolist()) == set(np.flatnonzero(group == 0).tolist())
    assert found.low < found.difference < found.high


def test_errors_by_chance_are_rarely_named_a_group() -> None:
    rng = np.random.default_rng(0)
    named = 0
    for seed in range(100):
        looks, _ = make_blobs([30, 70], n_features=5, random_state=seed)
        found = worst_subgroup(looks.astype(np.float32), rng.random(100) < 0.7, rng)
        named += found is not None and found.p < 0.05
    assert named <= 5


def test_few_images_make_no_groups() -> None:
    looks = np.zeros((19, 2), dtype=np.float32)
    assert worst_subgroup(looks, np.ones(19, dtype=bool), np.random.default_rng(0)) is None
