"""Recall forecast with more images, against counting by hand and against trainings."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from imbxai_widgets.compute.methods.learning_curve import forecast_recall, shortfalls
from imbxai_widgets.compute.methods.paired import Change, PairedDraws


def told(
    missing: list[float], factor: float, *, before: list[bool] | None = None, spread: float = 0.2
) -> Change:
    found = np.array(missing, dtype=np.float32)
    right = found < 0 if before is None else np.array(before)
    draws = PairedDraws(np.ones(len(found), dtype=np.int64), right, 2, np.arange(len(found)))
    return forecast_recall(found, 1, factor, draws, spread=spread)


def test_images_within_the_shift_are_won_and_none_is_lost() -> None:
    missing = [-1.0, 0.5, 1.0, 1.1, 2.0, 2.1, 9.0, 9.0]  # 1.5 log 2 is 1.04, 1.5 log 4 is 2.08
    assert [float(told(missing, 2)[i]) for i in range(3)] == pytest.approx([1 / 8, 3 / 8, 2 / 8])
    assert float(told(missing, 4).after) == pytest.approx(5 / 8)
    assert float(told(missing, 1).change) == 0
    # The prediction counts where the logits of a pass say otherwise in the last digits.
    assert float(told([0.0, 9.0], 1, before=[True, False]).before) == 0.5
    assert float(told([0.0, 9.0], 1, before=[True, False]).change) == 0


def test_intervals_widen_with_the_spread_and_narrow_with_images() -> None:
    rng = np.random.default_rng(0)
    some = rng.uniform(0, 3, 40).tolist()
    widths = [
        float(change.change_high - change.change_low)
        for change in (told(some, 2, spread=0), told(some, 2), told(some, 2, spread=0.6))
    ]
    assert widths[0] < widths[1] < widths[2]
    many = told(some * 50, 2, spread=0)
    assert float(many.change_high - many.change_low) < widths[0] / 4
    own = told(some, 2)
    assert own.change_low < own.change < own.change_high


def test_with_known_strength_intervals_hold_the_share_of_all_images_as_often_as_they_say() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(300):
        missing = rng.uniform(0, 3, 60)
        change = told(missing.tolist(), 2, spread=0)
        held += bool(change.change_low <= 1.5 * np.log(2) / 3 <= change.change_high)
    assert 0.92 <= held / 300 <= 0.99


def test_shortfalls_are_what_has_to_be_added() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    missing = shortfalls(logits, 2)
    for moved, expected in ((missing + 1e-3, True), (missing - 1e-3, False)):
        shifted = logits.copy()
        shifted[:, 2] += moved
        assert ((shifted.argmax(axis=1) == 2) == expected).all()
    assert np.isneginf(shortfalls(logits[:, :1], 0)).all()


def test_a_logistic_regression_wins_what_larger_odds_say() -> None:
    """Two Gaussians, a logistic regression, with 20 images of the second class and with 80."""
    rng, gained, least = np.random.default_rng(0), [], []
    unseen = rng.normal(size=(4000, 5)) + 0.6
    for _ in range(20):
        first, second = rng.normal(size=(400, 5)), rng.normal(size=(80, 5)) + 0.6
        recalls = []
        for size in (20, 80):
            rows = np.concatenate([first, second[:size]])
            model = LogisticRegression().fit(rows, np.arange(len(rows)) >= len(first))
            recalls.append(model.predict(unseen).mean())
            if size == 20:
                missing = -model.decision_function(unseen)
        gained.append(recalls[1] - recalls[0])
        draws = PairedDraws(np.ones(4000, np.int64), missing < 0, 2, np.arange(4000))
        change = forecast_recall(missing.astype(np.float32), 1, 4, draws, strength=1.0)
        least.append(float(change.change))
    assert np.mean(gained) > 0.1
    assert np.mean(least) == pytest.approx(np.mean(gained), abs=0.04)


def test_what_does_not_fit_is_refused() -> None:
    draws = PairedDraws(np.array([0, 1, 1]), np.zeros(3, dtype=bool), 3, np.arange(3))
    with pytest.raises(ValueError, match="each of the 2 images of the class"):
        forecast_recall(np.zeros(3, dtype=np.float32), 1, 2, draws)
    with pytest.raises(ValueError, match="each of the 0 images of the class"):
        forecast_recall(np.zeros(0, dtype=np.float32), 2, 2, draws)
    for factor in (0.5, np.nan):
        with pytest.raises(ValueError, match="at least 1"):
            forecast_recall(np.zeros(2, dtype=np.float32), 1, factor, draws)
