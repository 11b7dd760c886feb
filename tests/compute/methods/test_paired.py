"""Intervals of changes that are judged on the same images."""

from __future__ import annotations

import numpy as np
import pytest

from imbxai_widgets.compute.methods.paired import PairedDraws

CLASSES = 50


def held(won: float, lost: float, size: int, rng: np.random.Generator, twins: int) -> float:
    """In which part of many classes of one size the interval holds the true change."""
    number = CLASSES * size // twins
    chances = np.repeat(rng.random(number), twins)
    right = np.repeat(rng.random(number) < 0.6, twins)
    before = np.where(chances < won, False, np.where(chances < won + lost, True, right))
    after = np.where(chances < won, True, np.where(chances < won + lost, False, right))
    labels = np.repeat(np.arange(CLASSES), size)
    groups = np.repeat(np.arange(number), twins)
    found = PairedDraws(labels, before, CLASSES, groups).of_classes(after)
    within = (found.change_low <= won - lost) & (won - lost <= found.change_high)
    return float(within.mean())


@pytest.mark.parametrize(
    ("won", "lost", "size", "twins"),
    [(0.2, 0.05, 20, 1), (0.3, 0.0, 10, 1), (0.1, 0.1, 60, 1), (0.2, 0.05, 80, 2)],
)
def test_intervals_hold_the_truth_as_often_as_they_say(
    won: float, lost: float, size: int, twins: int
) -> None:
    rng = np.random.default_rng(0)
    assert np.mean([held(won, lost, size, rng, twins) for _ in range(5)]) >= 0.92


def test_figures_are_those_of_the_images() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, 3, 3, 3, 3])
    before = np.array([1, 1, 1, 0, 0, 0, 1, 1, 0, 0], dtype=bool)
    after = np.array([1, 1, 0, 0, 1, 0, 1, 1, 1, 1], dtype=bool)
    draws = PairedDraws(labels, before, 4, np.arange(10))
    own = draws.of_classes(after)
    assert own.before == pytest.approx([0.75, 0, np.nan, 0.5], nan_ok=True)
    assert own.after == pytest.approx([0.5, 0.5, np.nan, 1], nan_ok=True)
    assert own.change == pytest.approx([-0.25, 0.5, np.nan, 0.5], nan_ok=True)
    assert (own.change_low <= own.change)[[0, 1, 3]].all()
    assert (own.change_high >= own.change)[[0, 1, 3]].all()
    assert np.isnan(own.change_low[2])
    of_all = draws.of_groups(after, np.array([1, 2]))
    assert of_all.before == pytest.approx([0.5, 1.25 / 3, 0.0, 0.0])
    assert of_all.after == pytest.approx([0.7, 2 / 3, 0.5, 0.5])


def test_a_class_that_does_not_change_may_yet() -> None:
    labels, right = np.zeros(8, dtype=np.int64), np.ones(8, dtype=bool)
    found = PairedDraws(labels, right, 1, np.arange(8)).of_classes(right)
    assert found.change[0] == 0
    assert found.change_low[0] < -0.1 < 0.1 < found.change_high[0]


def test_groups_make_intervals_wider_and_seeds_the_same() -> None:
    rng = np.random.default_rng(1)
    labels, groups = np.zeros(200, dtype=np.int64), np.repeat(np.arange(20), 10)
    before = np.zeros(200, dtype=bool)
    after = (rng.random(20) < 0.5)[groups]

    def width(codes: np.ndarray) -> float:
        found = PairedDraws(labels, before, 1, codes).of_classes(after)
        return float(found.change_high[0] - found.change_low[0])

    assert width(groups) > 2.2 * width(np.arange(200))
    assert width(groups) == width(groups)


def test_no_images_no_figures() -> None:
    none = np.zeros(0, dtype=np.int64)
    draws = PairedDraws(none, none.astype(bool), 2, none)
    assert np.isnan(draws.of_classes(none.astype(bool)).change).all()
    assert np.isnan(draws.of_groups(none.astype(bool), np.array([0])).change_low).all()


def test_one_class_whose_change_is_certain_is_as_sure_as_among_all() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=120)
    before, after = rng.random(120) < 0.5, rng.random(120) < 0.7
    draws = PairedDraws(labels, before, 3, np.arange(120) // 2)
    own = after[labels == 1]
    found = draws.of_class(1, own, (own for _ in range(draws.weights.shape[1])))
    of_all = draws.of_classes(after)
    for value, values in zip(found, of_all, strict=True):
        assert value == pytest.approx(values[1])
    lost = (own & (rng.random(len(own)) < 0.5) for _ in range(draws.weights.shape[1]))
    less = draws.of_class(1, own, lost)
    assert less.change == found.change
    assert less.change_low < found.change_low
