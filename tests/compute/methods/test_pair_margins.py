from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets.compute.methods.pair_margins import pair_margins


@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(-2, 2))
def test_margins_tell_the_prediction_also_after_a_shift(seed: int, width: int, bias: float) -> None:
    logits = np.random.default_rng(seed).normal(size=(40, width)).astype(np.float32)
    x, y = pair_margins(logits, 1, 0)
    logits[:, 1] += np.float32(bias)
    x, y = x + np.float32(bias), y + np.float32(bias)
    predicted = logits.argmax(axis=1)
    certain = (abs(x) > 1e-4) & (abs(y) > 1e-4) & (abs(y - x) > 1e-4)
    assert ((predicted == 1) == ((x > 0) & (y > 0)))[certain].all()
    assert ((predicted == 0) == ((x < 0) & (y > x)))[certain].all()


def test_a_class_is_not_its_own_adversary() -> None:
    with pytest.raises(ValueError, match="two classes"):
        pair_margins(np.zeros((1, 3), dtype=np.float32), 1, 1)
