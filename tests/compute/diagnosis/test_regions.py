"""Regions: a mark that a network goes by is found, and an even change of the image is not one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from imbxai_widgets.compute.diagnosis.regions import local_difference, region_effect, regions


def by_corner(images: Tensor) -> Tensor:
    """A network that says 1 where the corner is bright."""
    bright = images[:, :, :2, :2].mean(dim=(1, 2, 3))
    return torch.stack([torch.full_like(bright, 0.5), bright], dim=1)


def test_regions_cover_an_image_once_and_the_border_again() -> None:
    for height, width in ((8, 8), (13, 21), (32, 32)):
        masks = dict(regions(height, width))
        border = masks.pop("border")
        assert (sum(mask.astype(int) for mask in masks.values()) == 1).all()
        assert border[0].all()
        assert border[:, -1].all()
        assert not border[2:-2, 2:-2].any()


def test_the_region_that_a_network_goes_by_is_found() -> None:
    training, validation = torch.ones(20, 3, 8, 8), torch.zeros(30, 3, 8, 8)
    found = region_effect(training, validation, 1, by_corner, np.random.default_rng(0))
    assert found.region == "row 1, column 1"
    assert found.gain == 1  # the other regions do nothing, but for the border, which has a part
    assert found.others == pytest.approx(2 / 17)
    assert 0 < found.low < found.gain <= found.high


def test_a_network_that_ignores_the_mark_is_not_blamed() -> None:
    rng = np.random.default_rng(0)
    training = torch.from_numpy(rng.random((20, 3, 8, 8)))
    training[:, :, 6:, 6:] = 1  # a mark at another corner
    validation = torch.from_numpy(rng.random((60, 3, 8, 8)))
    found = region_effect(training, validation, 1, by_corner, rng)
    assert abs(found.gain) < 0.2
    assert found.low < 0 < found.high


def test_images_stay_as_they_are() -> None:
    training, validation = torch.ones(5, 1, 8, 8), torch.zeros(6, 1, 8, 8)
    region_effect(training, validation, 1, by_corner, np.random.default_rng(0))
    assert (training == 1).all()
    assert (validation == 0).all()


def test_a_mark_is_local_and_fog_is_not() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 60, 8, 8, 3)).astype(np.float32)
    marked, fogged = second.copy(), second + 3
    marked[:, 4:6, 2:4] += 3
    mark = local_difference(first, marked, np.random.default_rng(0))
    fog = local_difference(first, fogged, np.random.default_rng(0))
    assert mark is not None
    assert fog is not None
    assert (mark.region, mark.inside) == ("row 3, column 2", 1)
    assert mark.outside < 0.65
    assert fog.outside == 1
    assert local_difference(first[:1], second, rng) is None
