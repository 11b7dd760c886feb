"""The error of calibration, and whether its intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from imbxai_widgets.compute.methods.calibration import (
    Bins,
    calibration,
    expected_error,
    reliability,
)


def drawn(
    rng: np.random.Generator,
    size: int,
    over: float,
    *,
    part: float = 1.0,
    twins: int = 1,
    sure: float = 2.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Confidences, whether right, groups, and the accuracy that each image has.

    The network is too sure by `over`, on the `part` of the images of which it is most sure. It errs
    the less, the larger `sure` is.
    """
    confidences = 1 / (1 + np.exp(-abs(rng.normal(sure, 1.5, size // twins))))
    surest = confidences >= np.quantile(confidences, 1 - part)
    chances = np.clip(confidences - over * surest, 0, 1)
    right = rng.random(len(chances)) < chances
    groups = np.arange(len(chances))
    found = (np.repeat(values, twins) for values in (confidences, right, groups, chances))
    confidences, right, groups, chances = found
    return confidences, right, groups, chances


@pytest.mark.parametrize(
    ("size", "over", "part", "twins", "sure"),
    [
        (10, 0.0, 1, 1, 2.0),
        (10, 0.6, 1, 1, 2.0),
        (40, 0.0, 1, 1, 2.0),
        (40, 0.3, 1, 2, 2.0),
        (100, 0.1, 1, 1, 2.0),
        (400, 0.0, 1, 2, 2.0),
        (400, 0.15, 0.4, 1, 2.0),
        (1000, 0.1, 1, 1, 2.0),
        (100, 0.02, 1, 1, 4.0),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(
    size: int, over: float, part: float, twins: int, sure: float
) -> None:
    """In 250 draws, at least .90 of intervals of level .95, for gap and error alike."""
    rng = np.random.default_rng(size)
    many, _, _, chances = drawn(rng, 200_000, over, part=part, twins=twins, sure=sure)
    gap, error = (many - chances).mean(), abs(many - chances).mean()
    held = []
    for _ in range(250):
        confidences, right, groups, _ = drawn(rng, size, over, part=part, twins=twins, sure=sure)
        found = calibration(confidences, right, groups)
        held.append(
            [found.gap_low <= gap <= found.gap_high, found.ece_low <= error <= found.ece_high]
        )
    covered = np.mean(held, axis=0)
    assert (covered >= 0.90).all(), covered


def test_a_calibrated_network_seems_far_less_wrong_than_plain_ece_has_it() -> None:
    rng = np.random.default_rng(0)
    plain, corrected, low = [], [], []
    for _ in range(200):
        confidences, right, groups, _ = drawn(rng, 400, 0.0)
        bins = reliability(confidences, right, groups)
        plain.append(bins.images / 400 @ abs(bins.gaps))
        _, _, _, _, _, _, ece, ece_low, _ = calibration(confidences, right, groups)
        corrected.append(ece)
        low.append(ece_low)
    assert np.mean(plain) > 0.03
    assert np.mean(corrected) < np.mean(plain) / 2
    assert np.mean(np.array(low) == 0) > 0.95


def test_an_error_that_is_there_is_estimated_without_bias() -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(200):
        confidences, right, groups, chances = drawn(rng, 800, 0.2)
        found.append(calibration(confidences, right, groups).ece)
    assert np.mean(found) == pytest.approx(abs(confidences - chances).mean(), abs=0.01)


def test_bins_hold_equally_many_and_at_least_twenty() -> None:
    confidences = np.random.default_rng(0).random(205)
    right, groups = np.ones(205, dtype=bool), np.arange(205)
    assert reliability(confidences, right, groups).images.tolist() == [21] * 5 + [20] * 5
    assert reliability(confidences[:45], right[:45], groups[:45]).images.tolist() == [23, 22]
    assert reliability(confidences[:25], right[:25], groups[:25]).images.tolist() == [25]
    assert reliability(confidences, right, groups, bins=3).images.tolist() == [69, 68, 68]
    found = reliability(confidences, confidences > 0.5, groups, bins=3)
    assert (found.lowest[1:] >= found.highest[:-1]).all()
    assert found.accuracy[[0, 2]].tolist() == [0, 1]
    np.testing.assert_allclose(found.confidence[2], np.sort(confidences)[-68:].mean())


def test_twins_widen_intervals_as_half_as_many_images_do() -> None:
    rng = np.random.default_rng(0)
    confidences, right, groups, _ = drawn(rng, 400, 0.2, twins=2)
    twins = calibration(confidences, right, groups)
    alone = calibration(confidences, right, np.arange(400))
    half = calibration(confidences[::2], right[::2], np.arange(200))
    widths = [found.gap_high - found.gap_low for found in (twins, alone, half)]
    assert widths[0] == pytest.approx(widths[2], rel=0.02)
    assert widths[0] == pytest.approx(widths[1] * 2**0.5, rel=0.02)


def test_few_images_tell_a_gap_and_no_more() -> None:
    found = calibration(np.array([0.9, 0.7]), np.array([True, False]), np.arange(2))
    assert (found.images, found.accuracy) == (2, 0.5)
    assert found.gap == pytest.approx(0.3)
    assert np.isnan([found.gap_low, found.gap_high, found.ece, found.ece_low, found.ece_high]).all()
    nothing = calibration(np.zeros(0), np.zeros(0, dtype=bool), np.arange(0))
    assert nothing.images == 0
    assert np.isnan(nothing[1:]).all()


def test_never_wrong_in_ten_is_not_sure_never_to_be_wrong() -> None:
    found = calibration(np.full(10, 0.9), np.ones(10, dtype=bool), np.arange(10))
    assert found.gap == pytest.approx(-0.1)
    assert found.gap_high > 0  # at an accuracy of .9, one draw in three is without error


def test_one_bin_is_inverted_exactly() -> None:
    one = np.ones(1)
    bins = Bins(np.array([50]), one, one, one, 0.5 * one, 0.1 * one, 0.1 * one)
    estimate, low, high = expected_error(bins, 2.0)
    assert (estimate, low, high) == pytest.approx((0.5, 0.3, 0.7), abs=0.02)


def test_images_of_equal_confidence_are_not_told_apart_by_their_order() -> None:
    confidences, right = np.full(100, 0.9), np.arange(100) < 90
    found = calibration(confidences, right, np.arange(100))
    assert found.ece < 0.06
    assert found.ece_low < 0.01
