from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from imbxai_widgets.compute.methods.intervals import wilson_interval


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # statsmodels.stats.proportion.proportion_confint(part, whole, method="wilson")
    [
        (3, 18, 0.0583657681, 0.3922203810),
        (0, 10, 0.0, 0.2775327999),
        (10, 10, 0.7224672001, 1.0),
        (1, 1, 0.2065493144, 1.0),
        (500, 1000, 0.4690696004, 0.5309303996),
    ],
)
def test_known_intervals(part: int, whole: int, low: float, high: float) -> None:
    assert wilson_interval(part, whole) == pytest.approx((low, high), abs=1e-9)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_are_those_of_scipy_and_hold_the_share(counts: tuple[int, int]) -> None:
    part, whole = counts
    for level in (0.5, 0.95, 0.99):
        low, high = wilson_interval(part, whole, level)
        theirs = binomtest(part, whole).proportion_ci(level, method="wilson")
        assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
        assert 0 <= low <= part / whole <= high <= 1


@pytest.mark.parametrize("counts", [(0, 0), (-1, 3), (4, 3)])
def test_counts_out_of_range_are_refused(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"not {counts[0]} of {counts[1]}"):
        wilson_interval(*counts)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_levels_out_of_range_are_refused(level: float) -> None:
    with pytest.raises(ValueError, match=f"level must be above 0 and below 1, not {level}"):
        wilson_interval(1, 2, level)
