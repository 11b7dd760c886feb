"""The lift of colors against its definition, and its bounds against drawing images anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets.compute.methods.lift import color_lift


@st.composite
def counts(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    size, bins = draw(st.integers(0, 6)), draw(st.integers(1, 4))
    numbers = st.integers(0, 5)
    cells = st.lists(st.lists(numbers, min_size=bins, max_size=bins), min_size=size, max_size=size)
    salient, rest = (np.array(draw(cells), np.int64).reshape(size, bins) for _ in range(2))
    return salient, salient + rest


@given(counts())
def test_it_is_one_share_over_the_other(case: tuple[np.ndarray, np.ndarray]) -> None:
    salient, pixels = case
    found = color_lift(salient, pixels)
    known = [row for row in range(len(salient)) if salient[row].sum()]
    total, every = salient[known].sum(), pixels[known].sum()
    for color in range(salient.shape[1]):
        here, there = salient[known, color].sum(), pixels[known, color].sum()
        if not known:
            assert np.isnan([found.salient[color], found.all[color], found.lift[color]]).all()
            continue
        assert found.salient[color] == pytest.approx(here / total)
        assert found.all[color] == pytest.approx(there / every)
        if there:
            assert found.lift[color] == pytest.approx((here / total) / (there / every))
        else:
            assert np.isnan(found.lift[color])
        if here and len(known) > 1:
            low, lift, high = found.low[color], found.lift[color], found.high[color]
            assert low <= lift * (1 + 1e-9)
            assert lift <= high * (1 + 1e-9)
        else:
            assert np.isnan([found.low[color], found.high[color]]).all()


def test_bounds_are_those_of_drawing_images_anew() -> None:
    rng = np.random.default_rng(0)
    size = 400
    pixels = rng.multinomial(200, [0.5, 0.3, 0.2], size) + rng.integers(0, 40, (size, 1))
    salient = np.minimum(rng.poisson(pixels * [0.05, 0.1, 0.2]), pixels)
    found = color_lift(salient, pixels)
    drawn = []
    for _ in range(2000):
        rows = rng.integers(size, size=size)
        drawn.append(color_lift(salient[rows], pixels[rows]).lift)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(found.low, low, rtol=0.01)
    np.testing.assert_allclose(found.high, high, rtol=0.01)


def test_images_that_show_all_of_a_color_alike_leave_no_doubt() -> None:
    found = color_lift([[2, 1]] * 5, [[4, 4]] * 5)
    np.testing.assert_allclose([found.low, found.high], [found.lift, found.lift])


@pytest.mark.parametrize(
    ("salient", "pixels", "message"),
    [
        ([[3]], [[2]], "some of the pixels"),
        ([[-1]], [[2]], "some of the pixels"),
        ([[1]], [[2, 2]], "must have the shape"),
        ([[0.5]], [[1]], "must hold integers"),
    ],
)
def test_what_cannot_be_is_refused(salient: Any, pixels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        color_lift(salient, pixels)
