"""The probability of an error: what it rests on, and that it is kept from what it tells of."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from imbxai_widgets.compute.methods.error_model import (
    SIGNS,
    cross_fitted_errors,
    fit_logistic,
    signs,
)


def test_signs_are_those_named() -> None:
    near = np.array([[2, 2, 0], [1, 0, 1], [2, 2, 2]])
    far = np.array([[1, 2, 4], [2, 3, 6], [1, 1, 2]], dtype=np.float32)
    found = signs(
        np.array([2, 0, 2]), np.float32([0.75, 0.5, np.nan]), near, far, np.array([10, 5, 3])
    )
    assert found.shape == (3, len(SIGNS))
    np.testing.assert_allclose(found[:, 0], [np.log(3), 0, 0], atol=1e-6)
    np.testing.assert_allclose(found[:, 1], [2 / 3, 1 / 3, 1])
    np.testing.assert_allclose(found[:, 2], np.log([4, 2 / 3, 2]))
    np.testing.assert_allclose(found[:, 3], np.log([1, 2, 1]))
    np.testing.assert_allclose(found[:, 4], np.log([3, 10, 3]))


def test_signs_are_finite_whatever_the_distances() -> None:
    far = np.array([[0, 0], [0, np.inf], [3e38, np.inf]], dtype=np.float32)
    near = np.zeros((3, 2), dtype=np.int64)
    for confidences in (np.float32([0, 1, 0.5]), np.full(3, np.nan, np.float32)):
        found = signs(np.array([0, 1, 1]), confidences, near, far, np.array([1, 0]))
        assert np.isfinite(found).all()
    assert np.isfinite(signs(np.array([0]), np.float32([1]), near[:1], far[:1], np.ones(1))).all()


def test_the_regression_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 3))
    positive = rng.random(300) < 1 / (1 + np.exp(1 - values @ [2.0, -1.0, 0.0]))
    weights = fit_logistic(values, positive)
    theirs = LogisticRegression(C=1.0, tol=1e-10).fit(values, positive)
    np.testing.assert_allclose(weights[1:], theirs.coef_[0], atol=1e-4)
    np.testing.assert_allclose(weights[0], theirs.intercept_[0], atol=1e-4)


def test_separable_values_do_not_run_away() -> None:
    values = np.linspace(-1.7, 1.7, 40)[:, np.newaxis]
    weights = fit_logistic(values, values[:, 0] > 0)
    theirs = LogisticRegression(C=1.0, tol=1e-10).fit(values, values[:, 0] > 0)
    np.testing.assert_allclose(weights[1:], theirs.coef_[0], rtol=1e-3)


def test_an_image_says_nothing_of_itself() -> None:
    """Signs that are noise: fitted to itself, an image would seem foreseen; here it does not."""
    rng = np.random.default_rng(0)
    found, wrong = rng.normal(size=(120, 40)), rng.random(120) < 0.4
    told = cross_fitted_errors(found, wrong, np.arange(120), rng)
    own = found @ fit_logistic(found, wrong)[1:]

    def auroc(values: np.ndarray) -> float:
        ranks = values.argsort().argsort()
        pairs = wrong.sum() * (~wrong).sum()
        return (ranks[wrong].sum() - wrong.sum() * (wrong.sum() - 1) / 2) / pairs

    assert auroc(own) > 0.75
    assert 0.35 < auroc(told) < 0.65


def test_groups_are_kept_from_themselves() -> None:
    """Twins with a sign of their own, alike in error: without groups, each would tell the other."""
    rng = np.random.default_rng(0)
    signature = np.repeat(np.eye(40) * 6, 2, axis=0)
    wrong = np.repeat(rng.random(40) < 0.5, 2)
    apart = cross_fitted_errors(signature, wrong, np.repeat(np.arange(40), 2), rng)
    mixed = cross_fitted_errors(signature, wrong, np.arange(80), rng)
    assert mixed[wrong].mean() - mixed[~wrong].mean() > 0.3
    assert abs(apart[wrong].mean() - apart[~wrong].mean()) < 0.1


@pytest.mark.parametrize("errors", [9, 91])
def test_too_few_errors_or_right_ones_are_refused(errors: int) -> None:
    wrong = np.arange(100) < errors
    with pytest.raises(ValueError, match=f"there are {errors} wrong ones of 100"):
        cross_fitted_errors(np.zeros((100, 1)), wrong, np.arange(100), np.random.default_rng(0))
