"""How well groups are told apart: against pairs counted one by one, and where nothing does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets.compute.diagnosis.separation import auc_interval, separation

scores = st.lists(st.integers(0, 9), min_size=1, max_size=12)


@given(scores, scores)
def test_the_area_is_that_of_all_pairs(first: list[int], second: list[int]) -> None:
    pairs = [(a < b) + 0.5 * (a == b) for a in first for b in second]
    auc, low, high = auc_interval(np.array(first, float), np.array(second, float))
    assert auc == pytest.approx(np.mean(pairs))
    assert 0 <= low <= auc <= high <= 1
    assert low < high


@given(scores, scores)
def test_the_area_the_other_way_around_is_the_rest(first: list[int], second: list[int]) -> None:
    ones, others = np.array(first, float), np.array(second, float)
    assert auc_interval(ones, others)[0] == pytest.approx(1 - auc_interval(others, ones)[0])


def test_intervals_hold_the_true_chance() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        first, second = rng.normal(size=60), rng.normal(1, 1, 60)
        _, low, high = auc_interval(first, second)
        held += low <= 0.7602 <= high  # the normal distribution's at 1 / sqrt(2)
    assert 0.92 <= held / 300 <= 0.98


def test_groups_of_one_kind_are_not_told_apart_by_images_that_were_not_fitted() -> None:
    rng = np.random.default_rng(1)
    areas = []
    for _ in range(20):  # more features than images: fitted ones would be told apart perfectly
        rows = rng.normal(size=(60, 100)).astype(np.float32)
        found = separation(rows[:30], rows[30:], rng)
        assert found is not None
        areas.append(found.auc)
    assert np.mean(areas) == pytest.approx(0.5, abs=0.06)


def test_images_beyond_the_others_are_counted() -> None:
    rng = np.random.default_rng(2)
    first = rng.normal(size=(100, 4)).astype(np.float32)
    second = rng.normal(size=(100, 4)).astype(np.float32)
    second[:40, 0] += 12
    found = separation(first, second, rng)
    assert found is not None
    assert found.beyond == pytest.approx(0.4, abs=0.08)
    assert set(range(40)) <= set(found.beyond_rows.tolist())


def test_scale_and_place_of_features_do_not_count() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(2, 40, 5))
    second[:, 0] += 1
    areas = []
    for scale, place in ((1.0, 0.0), (64.0, 32.0)):
        parts = ((scale * part + place).astype(np.float32) for part in (first, second))
        found = separation(*parts, np.random.default_rng(0))
        assert found is not None
        areas.append(found.auc)
    assert areas[0] == pytest.approx(areas[1], abs=1e-3)


def test_a_single_image_is_not_a_group() -> None:
    rows = np.zeros((1, 2), dtype=np.float32)
    assert separation(rows, np.ones((5, 2), dtype=np.float32), np.random.default_rng(0)) is None
