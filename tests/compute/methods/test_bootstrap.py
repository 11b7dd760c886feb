"""Groups of images, and samples of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from imbxai_widgets.compute.methods.bootstrap import group_codes, resample


@pytest.mark.parametrize(
    "groups",
    [
        ["b", "a", "b", "c"],
        np.array([7, 3, 7, 9]),
        pd.Series(["x", "y", "x", "z"], index=[5, 6, 7, 8]),
        [("p", 1), ("p", 2), ("p", 1), ("q", 1)],
    ],
)
def test_groups_are_numbered_as_they_appear(groups: Any) -> None:
    assert group_codes(groups, 4).tolist() == [0, 1, 0, 2]


def test_without_groups_each_image_is_one() -> None:
    assert group_codes(None, 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1, 2, 3], "groups must be 4, one entry an image, not 3"),
        ([1, 1, 1, 1], "two or more"),
        (["a", None, "b", "b"], "of image 1 is missing"),
        ([0.0, 1.0, np.nan, 1.0], "of image 2 is missing"),
        (["a", "b", "c", pd.NA], "of image 3 is missing"),
    ],
)
def test_what_are_no_groups_is_refused(groups: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        group_codes(groups, 4)


def test_a_sample_takes_groups_whole_and_as_many_as_there_are() -> None:
    groups = np.array([0, 1, 1, 2, 2, 2, 3])
    rng = np.random.default_rng(0)
    samples = np.array([resample(groups, rng) for _ in range(4000)])
    assert (samples[:, 1] == samples[:, 2]).all()
    assert (samples[:, 3] == samples[:, 4]).all()
    of_groups = samples[:, [0, 1, 3, 6]]
    assert (of_groups.sum(axis=1) == 4).all()
    # Each is drawn with probability 1/4, four times: mean 1, variance 3/4.
    np.testing.assert_allclose(of_groups.mean(axis=0), 1, atol=0.06)
    np.testing.assert_allclose(of_groups.var(axis=0), 0.75, atol=0.08)
    assert resample(groups[:0], rng).tolist() == []


def test_groups_widen_the_interval_to_what_it_must_be() -> None:
    """The mean of 60 images in 12 groups that are all alike has the variance of 12."""
    rng = np.random.default_rng(0)
    each = rng.normal(size=12)
    values, groups = np.repeat(each, 5), np.repeat(np.arange(12), 5)

    def spread(codes: np.ndarray) -> float:
        draws = [np.average(values, weights=resample(codes, rng)) for _ in range(2000)]
        return float(np.std(draws))

    assert spread(groups) == pytest.approx(each.std() / 12**0.5, rel=0.06)
    assert spread(np.arange(60)) == pytest.approx(each.std() / 60**0.5, rel=0.06)
