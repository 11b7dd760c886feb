"""The linear head: its logits, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets.compute.numeric import blocks
from imbxai_widgets.compute.numeric.head import Head

rng = np.random.default_rng(0)
WEIGHT = rng.normal(size=(3, 5)).astype(np.float32)
BIAS = rng.normal(size=3).astype(np.float32)
ROWS = rng.normal(size=(40, 5)).astype(np.float32)


def test_a_linear_head_is_that_of_pytorch() -> None:
    wanted = F.linear(*map(torch.from_numpy, (ROWS, WEIGHT, BIAS))).numpy()
    np.testing.assert_allclose(Head(WEIGHT, BIAS).logits(ROWS), wanted, atol=1e-6)
    np.testing.assert_allclose(Head(WEIGHT, BIAS, 0.25).logits(ROWS), wanted / 4, atol=1e-6)
    assert Head(WEIGHT, BIAS).logits(ROWS).dtype == np.float32


def test_a_normalized_head_gives_cosines_also_of_what_has_no_length() -> None:
    rows = np.concatenate([ROWS, np.zeros((1, 5), np.float32), 1e-30 * ROWS[:1], 1e30 * ROWS[:1]])
    logits = Head(WEIGHT, scale=30, normalized=True).logits(rows)
    wanted = 30 * F.cosine_similarity(
        torch.from_numpy(ROWS)[:, None].double(), torch.from_numpy(WEIGHT)[None].double(), dim=2
    )
    np.testing.assert_allclose(logits[:-3], wanted, atol=1e-4)
    assert logits[-3].tolist() == [0, 0, 0]
    np.testing.assert_allclose(logits[-1], wanted[0], atol=1e-4)


@given(st.integers(1, 40))
def test_blocks_change_nothing(rows: int) -> None:
    head = Head(WEIGHT, BIAS, 2.0)
    whole = head.logits(ROWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_BYTES", rows * 4 * 8)
        np.testing.assert_allclose(head.logits(ROWS), whole, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weight": [1.0, 2.0]}, r"weight of the head must be a matrix \(N, D\)"),
        ({"weight": [[np.nan]]}, "weight of the head must be finite"),
        ({"weight": [[1e300]]}, "within the range of float32"),
        ({"weight": WEIGHT, "bias": [1.0]}, r"bias of the head must be .*\(3,\), not of shape"),
        ({"weight": WEIGHT, "bias": [1.0, np.inf, 0]}, "bias of the head must be finite"),
        ({"weight": WEIGHT, "scale": 0}, "scale of the head must be a number above 0, not 0"),
        ({"weight": WEIGHT, "scale": np.nan}, "scale of the head must be"),
    ],
)
def test_what_is_no_head_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Head(**arguments)  # type: ignore[arg-type]


def test_embeddings_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="takes 5 features, but embeddings have 4"):
        Head(WEIGHT).logits(ROWS[:, :4])


def test_what_is_allowed_grows_with_logits_and_with_rounding() -> None:
    head = Head(WEIGHT, BIAS)
    logits = head.logits(ROWS)
    exact = head.allowed(ROWS, logits, 2**-23)
    largest = np.maximum(abs(logits).max(axis=1), 1)
    np.testing.assert_allclose(exact[:, 0], 1e-4 * largest, rtol=1e-6)
    half = head.allowed(ROWS, logits, 2**-10)
    assert (half > exact + 2**-10 * largest[:, np.newaxis]).all()
    coarse = (ROWS.astype(np.float16) @ WEIGHT.astype(np.float16).T).astype(np.float32) + BIAS
    assert (abs(coarse - logits) <= half).all()
