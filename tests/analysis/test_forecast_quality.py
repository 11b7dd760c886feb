"""How sure comparisons of forecasts are, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import digamma
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from imbxai_widgets.compute.methods.entropy import noise_floor
from imbxai_widgets.compute.methods.forecast_quality import (
    Forecast,
    Mistakes,
    sure_differences,
)
from imbxai_widgets.compute.numeric.multiple import holm
from imbxai_widgets.compute.numeric.student import t_p_value, t_quantile
from tests.benchmarks import coverage as simulated

ROUNDS = 60


@pytest.mark.parametrize("truth", simulated.TRUTHS)
@pytest.mark.parametrize("number", [10, 20])
def test_intervals_of_the_excess_cover_it(truth: str, number: int) -> None:
    """Of ten classes in 60 rounds each, and of the means of the ten."""
    of_classes, of_means = simulated.coverage(simulated.TRUTHS[truth], number, ROUNDS, seed=1)
    assert of_classes >= 0.92
    assert of_means >= 0.88  # 60 of them: four fewer than expected are no surprise


def test_intervals_cover_where_errors_come_in_pairs_only_if_that_is_said() -> None:
    draw = simulated.TRUTHS["uneven"]
    given_groups, _ = simulated.coverage(draw, 40, ROUNDS, alike=2)
    left_out, _ = simulated.coverage(draw, 40, ROUNDS, alike=2, grouped=False)
    assert given_groups >= 0.92
    assert left_out < 0.88


@pytest.mark.parametrize("truth", simulated.TRUTHS)
def test_the_floor_is_what_a_right_forecast_would_have(truth: str) -> None:
    for number in (10, 40):
        estimated, true = simulated.floors(simulated.TRUTHS[truth], number, 10, 60)
        assert estimated == pytest.approx(true, abs=0.08)


@pytest.mark.parametrize("truth", ["even", "uneven"])
def test_claims_hardly_ever_point_the_wrong_way(truth: str) -> None:
    """Of ten classes and six baselines; five in a hundred families might have a wrong claim."""
    draw = simulated.TRUTHS[truth]
    wrong, families, claims = simulated.wrong_claims(draw, 20, ROUNDS, corrected=True)
    assert claims > 0.3
    assert families <= 0.05
    assert wrong <= 0.05
    assert simulated.wrong_claims(draw, 5, ROUNDS, corrected=False)[1] > 0.1  # as it was before


def test_of_forecasts_that_are_as_close_none_is_claimed_to_be_closer() -> None:
    rng = np.random.default_rng(0)
    turned = 0
    for _ in range(100):
        truth = np.full((4, 4), 1 / 3) - np.eye(4) / 3
        one = np.array([[0, 2, 1, 1], [1, 0, 2, 1], [1, 1, 0, 2], [2, 1, 1, 0]]) / 4
        other = one[:, [0, 1, 2, 3]].copy()
        for row, columns in enumerate(([1, 2], [2, 3], [3, 0], [0, 1])):
            other[row, columns] = other[row, columns[::-1]]
        forecasts = Forecast.of(one), Forecast.of(other)
        np.testing.assert_allclose(simulated.true_excess(truth, *forecasts), 0, atol=1e-12)
        numbers = np.full(4, 20)
        excess, _ = simulated.mistakes(truth, numbers, rng).excess(*forecasts)
        turned += sure_differences(excess.p_value()[:, np.newaxis], numbers).any()
    assert turned <= 10


def test_the_average_of_one_class_is_that_of_the_class() -> None:
    forecast, reference = (Forecast.of(_shares(seed)) for seed in (0, 1))
    drawn = Mistakes(np.zeros(12, int), np.tile([1, 1, 2], 4), np.arange(12), 3)
    by_class, average = drawn.excess(forecast, reference)
    for of_class, mean in zip(by_class, average, strict=True):
        assert mean == pytest.approx(of_class[0])
    assert np.isnan(by_class.value[1:]).all()


def test_without_errors_nothing_is_known() -> None:
    forecast = Forecast.of(_shares(0))
    none = Mistakes(*np.zeros((3, 0), int), 3)
    by_class, average = none.excess(forecast, forecast)
    assert np.isnan(by_class.interval(0.9)).all()
    assert np.isnan(average.interval(0.9)).all()
    assert np.isnan(none.kl(forecast)).all()


def test_many_errors_make_students_test() -> None:
    """The one group that is added is lost among a thousand."""
    rng = np.random.default_rng(0)
    forecast, reference = (Forecast.of(_shares(seed)) for seed in (0, 1))
    drawn = Mistakes(np.zeros(1000, int), rng.integers(1, 3, 1000), np.arange(1000), 3)
    found = drawn.excess(forecast, reference)[0]
    scores = (reference.logs - forecast.logs)[0, drawn.predictions]
    expected = ttest_1samp(scores, 0).confidence_interval(0.9)
    np.testing.assert_allclose(found.interval(0.9)[:, 0], list(expected), rtol=2e-2)


def test_errors_counted_twice_in_groups_tell_no_more_than_once() -> None:
    forecast, reference = (Forecast.of(_shares(seed)) for seed in (0, 1))
    once = Mistakes(np.zeros(12, int), np.tile([1, 1, 2], 4), np.arange(12), 3)
    twice = Mistakes(*(np.repeat(part, 2) for part in vars(once).values() if np.ndim(part)), 3)
    for of_once, of_twice in zip(
        once.excess(forecast, reference), twice.excess(forecast, reference), strict=True
    ):
        for one, two in zip(of_once, of_twice, strict=True):
            np.testing.assert_allclose(one, two)


def _shares(seed: int) -> np.ndarray:
    shares = np.random.default_rng(seed).random((3, 3)) + 0.1
    np.fill_diagonal(shares, 0)
    return shares / shares.sum(axis=1, keepdims=True)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(any))
def test_the_floor_is_grassbergers_estimate_less_that_of_the_shares(counts: list[int]) -> None:
    seen = np.array([count for count in counts if count])
    total = seen.sum()
    halves = digamma((seen + 1) / 2) - digamma(seen / 2)
    estimate = np.log(total) - (seen * (digamma(seen) + (-1.0) ** seen * halves / 2)).sum() / total
    entropy = -(seen / total * np.log(seen / total)).sum()
    assert noise_floor([counts])[0] == pytest.approx(max(estimate - entropy, 0), abs=1e-9)


def test_students_distribution_is_near_that_of_scipy() -> None:
    freedom = np.array([5.0, 8, 15, 40, 1000])
    for level in (0.5, 0.9, 0.95, 0.99):
        exact = student.ppf((1 + level) / 2, freedom)
        np.testing.assert_allclose(t_quantile(level, freedom), exact, rtol=1e-2)
    for statistic in (0.0, 0.5, -2.0, 3.0):
        exact = 2 * student.sf(abs(statistic), freedom)
        np.testing.assert_allclose(t_p_value(statistic, freedom), exact, atol=1e-3)


def test_holm_corrects_step_by_step() -> None:
    found = holm(np.array([[0.03, 0.01], [0.5, np.nan], [0.02, 0.9]]))
    expected = [[0.09, 0.05], [1, np.nan], [0.08, 1]]
    np.testing.assert_allclose(found, expected)
    assert holm([]).shape == (0,)
