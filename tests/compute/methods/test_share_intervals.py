"""Intervals of shares: against the formula, pair by pair, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from imbxai_widgets.compute.methods.intervals import wilson_interval
from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.methods.share_intervals import FEWEST, PairIntervals, wilson_ends

C = 4


def found(own: np.ndarray, met: np.ndarray) -> tuple[PairCounts, PairIntervals]:
    pairs = PairCounts.of(np.repeat(own, met.shape[1]), met.ravel(), C)
    return pairs, PairIntervals.of(pairs, own, met)


def test_each_pair_is_as_counted_image_by_image() -> None:
    rng = np.random.default_rng(0)
    own, met = rng.integers(0, C, 60), rng.integers(0, C, (60, 5))
    own[own == 3] = 0
    own[:2] = 3  # a class of too few images
    pairs, intervals = found(own, met)
    at = 0
    for index in range(C):
        images = met[own == index]
        cast = (images != index).sum(axis=1)
        for other in np.setdiff1d(np.unique(images), [index]).tolist():
            votes = (images == other).sum(axis=1)
            share, n = votes.sum() / cast.sum(), np.count_nonzero(cast)
            assert intervals.images[at] == np.count_nonzero(votes)
            if n < FEWEST:
                assert np.isnan([intervals.low[at], intervals.high[at]]).all()
            else:
                residuals = votes - share * cast
                variance = n / (n - 1) * (residuals**2).sum() / cast.sum() ** 2
                told = min(share * (1 - share) / variance, cast.sum())
                ends = wilson_ends(np.array([share]), np.array([told]))
                assert intervals.low[at] == pytest.approx(ends[0][0])
                assert intervals.high[at] == pytest.approx(ends[1][0])
            at += 1
    assert at == len(pairs.others)
    assert np.isnan(intervals.low).any()


def test_one_vote_an_image_has_wilsons_own_interval() -> None:
    own, met = np.zeros(18, dtype=int), np.repeat([1, 2, 0], [3, 15, 0])[:, np.newaxis]
    _, intervals = found(own, met)
    low, high = wilson_interval(3, 18)
    assert intervals.low[0] == pytest.approx(low)
    assert intervals.high[0] == pytest.approx(high)


def test_votes_that_agree_tell_as_much_as_so_many_images() -> None:
    # Five images with five votes each for one class: five images, and not 25.
    _, intervals = found(np.zeros(5, dtype=int), np.ones((5, 5), dtype=int))
    low, high = wilson_interval(5, 5)
    assert intervals.low.tolist() == pytest.approx([low])
    assert intervals.high.tolist() == [high] == [1.0]


def test_votes_of_few_images_have_the_lower_end_though_they_are_more() -> None:
    # Class 1 has 20 votes of 4 images that have it alone around them, class 2 one or two of each
    # of 16 others: 18 in all. These have others beside, too.
    met = np.zeros((20, 5), dtype=int)
    met[:4], met[4:, 0], met[4:6, 1], met[4:, 2:4] = 1, 2, 2, 3
    pairs, intervals = found(np.zeros(20, dtype=int), met)
    assert pairs.counts.tolist() == [20, 18, 32]
    assert intervals.images.tolist() == [4, 16, 16]
    assert intervals.low[0] < intervals.low[1]


def test_ends_are_those_of_one_share_at_a_time() -> None:
    parts, wholes = np.array([0, 1, 7, 20]), np.array([3, 2, 20, 20])
    low, high = wilson_ends(parts / wholes, wholes.astype(float), 0.9)
    expected = [
        wilson_interval(part, whole, 0.9) for part, whole in zip(parts, wholes, strict=True)
    ]
    assert low.tolist() == pytest.approx([ends[0] for ends in expected])
    assert high.tolist() == pytest.approx([ends[1] for ends in expected])


@pytest.mark.parametrize("likeness", [0.5, 3.0])
@pytest.mark.parametrize("images", [4, 8, 20])
def test_they_hold_the_true_share_about_as_often_as_they_say(images: int, likeness: float) -> None:
    rng = np.random.default_rng(images)
    held = []
    for share in (0.1, 0.3, 0.5, 0.8):
        for _ in range(150):
            # Each image has a chance of its own, so that its votes are alike.
            chance = rng.beta(share * likeness, (1 - share) * likeness, images)[:, np.newaxis]
            met = np.where(rng.random((images, 5)) < chance, 1, 2)
            _, intervals = found(np.zeros(images, dtype=int), met)
            at = np.flatnonzero(np.unique(met) == 1)
            low, high = (intervals.low[at], intervals.high[at]) if len(at) else ([0.0], [1.0])
            if len(at):
                held.append(low[0] <= share <= high[0])
    # Those where no vote is for the class are not among them: they have no bar.
    assert 0.9 <= np.mean(held) <= 0.995
