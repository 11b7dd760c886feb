"""The effect of each remedy, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from remedy_cases import NAMES, SIZES, before, make_head

from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.remedies.decision import Decision
from imbxai_widgets.compute.remedies.remedy import Remedy, in_order
from imbxai_widgets.remedies import (
    ClassifierRetraining,
    DropSuspects,
    LogitAdjustment,
    LogitOffset,
    NearestClassMean,
    Resample,
    Reweight,
    TauNormalization,
    Temperature,
    Threshold,
)

X = np.random.default_rng(9).normal(size=(50, 4)).astype(np.float32)


def shares(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_a_class_without_training_images_gains_as_the_smallest_of_the_others() -> None:
    most, least, absent = LogitAdjustment(1).shifts(np.array([90.0, 10.0, 0.0]))
    assert absent == least == pytest.approx(most + np.log(9))
    assert (
        not LogitAdjustment(1).shifts(np.array([20.0, 20.0, 0.0])).any()
    )  # behind a balanced head
    assert not LogitAdjustment(1).shifts(np.zeros(2)).any()


def test_adjustment_by_hand() -> None:
    """p(y|x) / p(y) decides, Menon et al., equation 9: 0.6 / 0.9 against 0.4 / 0.1."""
    shifts = LogitAdjustment(1).shifts(np.array([90.0, 10.0]))
    assert np.diff(shifts) == pytest.approx(np.log(9))
    logits = np.log(np.array([[0.6, 0.4], [0.95, 0.05]]))
    assert (logits + shifts).argmax(axis=1).tolist() == [1, 0]
    adjusted = shares(logits + shifts)
    assert adjusted[0] == pytest.approx([0.6 / 0.9 / (0.6 / 0.9 + 4), 4 / (0.6 / 0.9 + 4)])


@pytest.mark.parametrize("normalized", [False, True])
def test_adjustment_moves_logits_by_log_sizes(normalized: bool) -> None:
    decision = before(make_head(normalized=normalized))
    after = LogitAdjustment(0.7).apply(decision)
    moved = after.logits(X).astype(np.float64) - decision.logits(X)
    expected = -0.7 * np.log(SIZES)
    assert np.diff(moved) == pytest.approx(np.tile(np.diff(expected), (50, 1)), abs=1e-5)
    assert after.logits(X).argmax(axis=1).mean() > decision.logits(X).argmax(axis=1).mean()


@pytest.mark.parametrize(
    "remedy",
    [
        LogitAdjustment(0),
        TauNormalization(0),
        Temperature(1.0),
        Threshold(dict.fromkeys(NAMES, 0.4)),
        Threshold({"few": 1 / 3}),
        LogitOffset({"few": 0.0}),
        DropSuspects(0),
    ],
)
def test_what_changes_nothing(remedy: Remedy) -> None:
    decision = before(make_head())
    after = remedy.apply(decision)
    assert np.array_equal(after.logits(X), decision.logits(X))
    assert not after.has_new_data


@given(st.floats(-3, 3), st.lists(st.integers(0, 1000), min_size=2, max_size=6))
def test_adjustments_add_up_and_go_back(tau: float, sizes: list[int]) -> None:
    given = np.array(sizes, dtype=np.float64)
    shifts = LogitAdjustment(tau).shifts(given)
    assert np.isfinite(shifts).all()
    assert shifts + LogitAdjustment(-tau).shifts(given) == pytest.approx(0, abs=1e-9)
    assert LogitAdjustment(2 * tau).shifts(given) == pytest.approx(2 * shifts, abs=1e-6)
    if tau > 0.01:
        smaller, larger = given.argmin(), given.argmax()
        assert shifts[smaller] >= shifts[larger]


def test_shares_are_those_the_head_was_fitted_to() -> None:
    decision = before(make_head())
    balanced = ClassifierRetraining().apply(decision)
    assert balanced.sizes == pytest.approx(30)
    assert not LogitAdjustment(1).apply(balanced).shifts.any()


def test_best_tau_is_the_first_of_the_best() -> None:
    decision = before(make_head())
    labels = np.repeat([0, 1, 2], 10)
    logits = np.full((30, 3), -9.0, dtype=np.float32)
    logits[np.arange(30), labels] = 0
    few, unit = labels == 2, LogitAdjustment(1).shifts(decision.sizes)
    # Of "few", "many" has the lead by what 0.75 times the difference takes away.
    logits[few, 0] = 0.75 * (unit[2] - unit[0])
    found = LogitAdjustment().settled(decision, logits, labels)
    assert found == LogitAdjustment(0.8)
    assert LogitAdjustment(0.3).settled(decision, logits, labels) == LogitAdjustment(0.3)


def test_temperature_divides_all_and_changes_no_prediction() -> None:
    decision = LogitAdjustment(1).apply(before(make_head()))
    after = Temperature(2.5).apply(decision)
    assert after.logits(X) == pytest.approx(decision.logits(X) / 2.5, abs=1e-6)
    assert (after.logits(X).argmax(axis=1) == decision.logits(X).argmax(axis=1)).all()


def test_best_temperature_takes_back_what_was_multiplied() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 3)).astype(np.float32)
    labels = (shares(logits).cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)
    found = Temperature().settled(before(make_head()), 3 * logits, labels)
    assert found.value == pytest.approx(3, abs=0.25)


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.999))
def test_with_two_classes_a_threshold_is_one(threshold: float, probability: float) -> None:
    shifts = Threshold({"yes": threshold}).shifts(("no", "yes"))
    logits = np.log([1 - probability, probability]) + shifts
    if abs(probability - threshold) > 1e-9:
        assert (logits.argmax() == 1) == (probability > threshold)


def test_an_offset_is_added_to_one_logit_by_name_or_number() -> None:
    decision = before(make_head())
    logits = decision.logits(X).astype(np.float64)
    for offsets in ({"few": 1.5, "many": -0.25}, {2: 1.5, 0: -0.25}):
        after = LogitOffset(offsets).apply(decision)
        assert after.logits(X) == pytest.approx(logits + np.array([-0.25, 0, 1.5]), abs=1e-5)
    behind = LogitOffset({2: 1.0}).apply(LogitAdjustment(1).apply(decision))
    unit = LogitAdjustment(1).shifts(decision.sizes)
    assert behind.shifts == pytest.approx(unit + np.array([0, 0, 1]))


def test_thresholds_divide_probabilities() -> None:
    shifts = Threshold({"few": 0.1, "some": 0.3}).shifts(NAMES)
    assert np.exp(shifts) == pytest.approx([1 / 0.6, 1 / 0.3, 1 / 0.1])


def test_tau_normalization_by_hand() -> None:
    head = Head([[3.0, 4.0], [0.0, 2.0]], [1.0, 1.0])  # lengths 5 and 2
    decision = before(Head(np.ones((3, 4))))
    decision = Decision(decision.network, decision.labels, decision.weights, head, 1.0, np.zeros(2))
    after = TauNormalization(1).apply(decision)
    rows = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    distances = head.logits(rows) / np.array([5, 2])
    assert after.logits(rows) == pytest.approx(distances * np.sqrt(10), abs=1e-5)
    half = TauNormalization(0.5).apply(decision)
    assert np.linalg.norm(half.head.weight, axis=1) ** 2 == pytest.approx(
        np.array([5, 2]) * np.sqrt(10)
    )


def test_tau_normalization_says_what_it_cannot_do() -> None:
    with pytest.raises(ValueError, match="would change nothing: the head is normalized"):
        TauNormalization(1).apply(before(make_head(normalized=True)))
    with pytest.raises(ValueError, match="needs a linear head"):
        TauNormalization(1).apply(before(None))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_nearest_class_means_are(metric: Any) -> None:
    decision = before(make_head())
    after = NearestClassMean(metric).apply(decision)
    own = decision.network
    means = np.stack([own.embeddings[own.labels == label].mean(axis=0) for label in range(3)])
    if metric == "cosine":
        near = (X @ means.T / np.linalg.norm(means, axis=1)).argmax(axis=1)
    else:
        near = ((X[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (after.logits(X).argmax(axis=1) == near).all()


def test_a_class_without_images_has_no_mean_and_is_never_predicted() -> None:
    decision = before(make_head())
    network = decision.network
    two = np.where(decision.labels == 2, 0, decision.labels)
    for metric in ("cosine", "euclidean"):
        gone = Decision(network, two, decision.weights, decision.head, 1.0, np.zeros(3))
        assert 2 not in NearestClassMean(metric).apply(gone).logits(100 * X).argmax(axis=1)


def test_dropped_images_count_no_more() -> None:
    decision = before(make_head())
    after = DropSuspects(2).apply(decision)
    assert np.flatnonzero(after.weights == 0).tolist() == [88, 89]
    assert after.weights.sum() == pytest.approx(90)
    with pytest.raises(ValueError, match="leaves no training image of class 'few'"):
        DropSuspects(6).apply(decision)
    with pytest.raises(ValueError, match="there are 90 training images"):
        DropSuspects(91).apply(decision)


def test_weights_of_classes() -> None:
    assert Reweight().apply(before(make_head())).sizes == pytest.approx([30, 30, 30])
    half = Reweight("effective number", 0.5).of_classes(np.array([1.0, 2.0, 3.0]))
    numbers = np.array([1, 1.5, 1.75])  # Cui et al., equation 3
    assert half == pytest.approx(1 / numbers / (1 / numbers).mean())
    even = Reweight("effective number", 0).apply(before(make_head()))
    assert not even.has_new_data
    near = Reweight("effective number", 1 - 1e-9).of_classes(np.array(SIZES, dtype=float))
    assert near == pytest.approx(Reweight().of_classes(np.array(SIZES, dtype=float)), rel=1e-4)


def test_plans_are_of_classes_or_of_the_dataset() -> None:
    decision = before(make_head())
    of_classes = Resample([1.0, 2.0, 5.0]).apply(decision)
    plan = np.zeros(91)
    plan[decision.network.positions] = np.array([1.0, 2.0, 5.0])[decision.labels]
    plan[5] = 99.0  # of the image that could not be read
    assert Resample(plan).apply(decision).weights == pytest.approx(of_classes.weights)
    with pytest.raises(ValueError, match=r"3 weights of classes or 91 of the images"):
        Resample(np.ones(90)).apply(decision)


def test_sampling_is_balanced_or_by_weights() -> None:
    decision = before(make_head())
    balanced = ClassifierRetraining().apply(decision)
    same = ClassifierRetraining(1 / np.array(SIZES)).apply(decision)
    assert balanced.head.weight == pytest.approx(same.head.weight, abs=1e-6)
    few = (decision.network.labels == 2, 2)
    recall = [
        (d.logits(d.network.embeddings)[few[0]].argmax(axis=1) == 2).mean()
        for d in (ClassifierRetraining([1.0, 1.0, 1.0]).apply(decision), balanced)
    ]
    assert recall[1] > recall[0]


def test_a_head_that_is_not_linear_can_be_replaced() -> None:
    decision = before(None)
    assert ClassifierRetraining().apply(decision).head.weight.shape == (3, 4)
    own = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    moved = LogitAdjustment(1).apply(decision).logits(X, own) - own
    assert moved == pytest.approx(
        np.tile(LogitAdjustment(1).shifts(decision.sizes), (50, 1)), abs=1e-5
    )


def test_order_is_by_effect() -> None:
    given = [LogitAdjustment(1), ClassifierRetraining(), DropSuspects(1), TauNormalization(1)]
    assert [type(r).__name__ for r in in_order(given)] == [
        "DropSuspects",
        "ClassifierRetraining",
        "TauNormalization",
        "LogitAdjustment",
    ]
    with pytest.raises(ValueError, match="would undo ClassifierRetraining"):
        in_order([ClassifierRetraining(), NearestClassMean()])
    with pytest.raises(ValueError, match="a remedy is one of"):
        in_order(["balanced"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LogitAdjustment("worst"), "tau must be a number or"),
        (lambda: LogitAdjustment(np.nan), "tau must be a number or"),
        (lambda: TauNormalization(True), "tau must be a number or"),
        (lambda: Temperature(0), "value must be a number above 0"),
        (lambda: Threshold({}), "must name classes"),
        (lambda: Threshold({"few": 1.0}), "between 0 and 1"),
        (lambda: Threshold({"gone": 0.5}).shifts(NAMES), "no class 'gone'"),
        (lambda: Threshold({"few": 0.6, "some": 0.5}).shifts(NAMES), "add up to 1.1"),
        (lambda: LogitOffset({}), "must name classes"),
        (lambda: LogitOffset({"few": np.inf}), "must be a finite number"),
        (lambda: LogitOffset({"gone": 0.5}).shifts(NAMES), "no class 'gone'"),
        (lambda: LogitOffset({3: 0.5}).shifts(NAMES), "no class 3"),
        (lambda: NearestClassMean("manhattan"), "metric must be"),
        (lambda: Reweight("inverse"), "scheme must be"),
        (lambda: Reweight("effective number", 1.0), "beta must be"),
        (lambda: DropSuspects(-1), "n must be"),
        (lambda: ClassifierRetraining("square root"), "sampling must be"),
        (lambda: ClassifierRetraining([-1, 1, 1]).apply(before(make_head())), "at least 0"),
    ],
)
def test_what_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
