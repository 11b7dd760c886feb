"""Refitted heads: the optimum, found from anywhere, and given up when asked to."""

from __future__ import annotations

import numpy as np
import pytest
from remedy_cases import SIZES, draw, make_head
from sklearn.linear_model import LogisticRegression

from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.remedies.refit import CancelledError, refit

EMBEDDINGS, LABELS = draw(np.random.default_rng(1), SIZES)
ONES = np.ones(len(LABELS))
BALANCED = 1 / np.bincount(LABELS)[LABELS]


def loss(head: Head, weights: np.ndarray, ridge: float) -> float:
    """What a linear refit makes least, computed in another way."""
    logits = head.logits(EMBEDDINGS).astype(np.float64)
    logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    entropy = -np.average(logs[np.arange(len(LABELS)), LABELS], weights=weights)
    deviation = EMBEDDINGS.std(axis=0, dtype=np.float64)
    mean = np.average(EMBEDDINGS, axis=0, weights=weights)
    assert head.bias is not None
    standard = head.weight * deviation, head.bias + head.weight @ mean
    return float(entropy + ridge / 2 * sum((part**2).sum() for part in standard))


@pytest.mark.parametrize("weights", [ONES, BALANCED], ids=["plain", "balanced"])
def test_the_linear_optimum_is_found_from_anywhere(weights: np.ndarray) -> None:
    heads = [
        refit(EMBEDDINGS, LABELS, weights, start)
        for start in (3, make_head(), Head(5 * np.ones((3, 4)), np.array([9.0, 0.0, -9.0])))
    ]
    for head in heads[1:]:
        assert head.weight == pytest.approx(heads[0].weight, abs=1e-5)
        assert head.bias == pytest.approx(heads[0].bias, abs=1e-5)
    least = loss(heads[0], weights, 0.03)
    rng = np.random.default_rng(0)
    for _ in range(20):
        near = Head(
            heads[0].weight + rng.normal(scale=0.02, size=(3, 4)),
            heads[0].bias + rng.normal(scale=0.02, size=3),
        )
        assert loss(near, weights, 0.03) > least


def test_it_is_the_logistic_regression_of_scikit_learn() -> None:
    standard = (EMBEDDINGS - EMBEDDINGS.mean(axis=0)) / EMBEDDINGS.std(axis=0)
    ridge = 1e-6
    theirs = LogisticRegression(C=1 / (ridge * len(LABELS)), tol=1e-10, max_iter=10_000)
    theirs.fit(standard.astype(np.float64), LABELS)
    ours = refit(EMBEDDINGS, LABELS, ONES, 3, ridge=ridge)
    expected = theirs.predict_proba(standard.astype(np.float64))
    logits = ours.logits(EMBEDDINGS).astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert shares == pytest.approx(expected, abs=2e-3)


def test_weights_are_how_often_images_are_there() -> None:
    counts = np.random.default_rng(2).integers(0, 4, len(LABELS))
    counts[:: len(LABELS) // 9] = 2
    again = np.repeat(np.arange(len(LABELS)), counts)
    weighed = refit(EMBEDDINGS, LABELS, counts.astype(float), 3, ridge=0)
    repeated = refit(EMBEDDINGS[again], LABELS[again], np.ones(len(again)), 3, ridge=0)
    assert weighed.logits(EMBEDDINGS) - weighed.logits(EMBEDDINGS)[:, :1] == pytest.approx(
        repeated.logits(EMBEDDINGS) - repeated.logits(EMBEDDINGS)[:, :1], abs=1e-2
    )


def test_a_normalized_head_stays_one_and_gets_better() -> None:
    start = make_head(normalized=True)
    head = refit(EMBEDDINGS, LABELS, BALANCED, start)
    assert (head.normalized, head.scale, head.bias) == (True, 8.0, None)
    assert np.linalg.norm(head.weight, axis=1) == pytest.approx(1, abs=1e-6)

    def entropy(one: Head) -> float:
        logits = one.logits(EMBEDDINGS).astype(np.float64)
        logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return float(-np.average(logs[np.arange(len(LABELS)), LABELS], weights=BALANCED))

    assert entropy(head) < entropy(start)
    rng = np.random.default_rng(0)
    for _ in range(20):
        near = Head(head.weight + rng.normal(scale=0.02, size=(3, 4)), None, 8.0, True)
        assert entropy(near) > entropy(head)


def test_the_same_again_to_the_last_bit() -> None:
    one, other = (refit(EMBEDDINGS, LABELS, BALANCED, make_head()) for _ in range(2))
    assert np.array_equal(one.weight, other.weight)
    assert np.array_equal(one.bias, other.bias)


def test_constant_features_and_classes_without_images_do_no_harm() -> None:
    embeddings = np.concatenate([EMBEDDINGS, np.full((len(LABELS), 1), 7.0)], axis=1)
    head = refit(embeddings.astype(np.float32), LABELS, ONES, 4)
    assert np.isfinite(head.weight).all()
    assert 3 not in head.logits(embeddings).argmax(axis=1)


def test_it_is_given_up_between_steps() -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 3

    with pytest.raises(CancelledError):
        refit(EMBEDDINGS, LABELS, ONES, 3, cancelled=cancelled)
    assert len(asked) == 4
