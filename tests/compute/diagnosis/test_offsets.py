"""What an offset brings: by hand, and only on images that did not choose it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imbxai_widgets.compute.diagnosis.offsets import offset_gain
from imbxai_widgets.compute.diagnosis.refits import cross_fitted_predictions, recalls


def test_a_shifted_class_is_brought_back_whole_and_costs_what_it_takes() -> None:
    # Class 1 lies 1 below class 0. Of class 0, a quarter lies so near that the offset takes it.
    labels = np.repeat([0, 1], 40)
    logits = np.zeros((80, 2), dtype=np.float32)
    logits[:40, 0] = 9
    logits[:10, 0] = 0.5
    logits[40:, 1] = -1
    found = offset_gain(logits, labels, 1, np.random.default_rng(0))
    assert found is not None
    assert found.gain == 1
    assert found.cost == pytest.approx(10 / 40)
    assert 1 < found.offset < 9


def test_a_class_that_is_right_gains_nothing() -> None:
    labels = np.repeat([0, 1, 2], 30)
    logits = 4 * np.eye(3, dtype=np.float32)[labels]
    found = offset_gain(logits, labels, 2, np.random.default_rng(0))
    assert found is not None
    assert (found.gain, found.cost, found.offset) == (0, 0, 0)
    assert found.low < 0 < found.high


def test_chance_is_not_promised_as_a_gain() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 50)
    gains = []
    for _ in range(40):
        found = offset_gain(rng.normal(size=(100, 2)).astype(np.float32), labels, 1, rng)
        assert found is not None
        gains.append(found.gain - found.cost)
    assert np.mean(gains) == pytest.approx(0, abs=0.06)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_numbers_stay_in_their_range(seed: int, n_classes: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, 30)
    logits = rng.integers(-2, 3, (30, n_classes)).astype(np.float32)  # many ties
    found = offset_gain(logits, labels, 0, rng)
    if (labels == 0).sum() < 2:
        assert found is None
        return
    assert found is not None
    assert -1 <= found.low <= found.gain <= found.high <= 1
    assert np.isfinite(found.offset)


def test_no_image_judges_itself() -> None:
    # Labels by chance on features that single out every image: only a fit to itself would be right.
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 40)
    found = cross_fitted_predictions(np.eye(80, dtype=np.float32), labels, 2, rng, 4)
    assert recalls(found, labels, 2).mean() == pytest.approx(0.5, abs=0.15)
