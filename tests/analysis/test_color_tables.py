"""Colors of all pixels: what the pass counts, the tables of them, and how they are given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.compute.colors.schemes import assign_bins, color_scheme

BINS = color_scheme("perceptual").bins


class Colored(Dataset[Any]):
    """Random pixels of a few colors; those of the lower half are the foreground, if wanted."""

    def __init__(self, size: int = 30, side: int = 6) -> None:
        rng = np.random.default_rng(1)
        palette = np.array([[255, 0, 0], [0, 0, 255], [255, 255, 255], [0, 128, 0]], np.uint8)
        self.rgb = palette[rng.integers(0, 4, (size, side, side))]

    def __len__(self) -> int:
        return len(self.rgb)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.from_numpy(self.rgb[index].transpose(2, 0, 1) / np.float32(255)), index % 3


class Lower(Colored):
    def foreground(self, index: int) -> np.ndarray:  # noqa: ARG002
        return np.arange(6)[:, np.newaxis] >= np.full(6, 3)


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(8, 3)).eval()


@pytest.mark.parametrize(("kind", "rows"), [(Colored, slice(0, 6)), (Lower, slice(3, 6))])
def test_the_pass_counts_every_pixel_of_the_foreground(
    kind: type[Colored], rows: slice, tmp_path: Any
) -> None:
    images = kind()
    found = analyze(network(), images, progress=False, batch_size=8, cache=tmp_path)
    expected = [
        np.bincount(assign_bins(image[rows]).ravel(), minlength=len(BINS)) for image in images.rgb
    ]
    counts = found.train.pixel_counts
    assert counts is not None
    assert counts.dtype == np.uint8
    assert counts.tolist() == np.array(expected).tolist()
    again = analyze(network(), images, progress=False, batch_size=8, cache=tmp_path)
    assert again.train.pixel_counts.tolist() == counts.tolist()  # type: ignore[union-attr]
    without = analyze(network(), images, progress=False, salient_fraction=None)
    assert without.train.pixel_counts is None


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyze(network(), Colored(), progress=False)


def test_shares_of_all_pixels_are_sums_over_the_images(analysis: Analysis) -> None:
    counts = analysis.train.pixel_counts
    assert counts is not None
    for index in range(3):
        own = counts[analysis.labels == index].sum(axis=0)
        np.testing.assert_allclose(analysis.colors("all").iloc[index], own / own.sum())
    lift = analysis.color_lift(1)
    np.testing.assert_allclose(lift["salient"], analysis.colors().iloc[1])
    np.testing.assert_allclose(lift["all"], analysis.colors("all").iloc[1])
    for name, images in lift["images"].items():
        assert images == len(analysis.find_images(1, color=str(name)))
    with pytest.raises(ValueError, match="'salient' or 'all'"):
        analysis.colors("lift")  # type: ignore[arg-type]


def test_images_without_salient_pixels_count_for_neither(analysis: Analysis) -> None:
    counts, every = analysis.train.color_counts, analysis.train.pixel_counts
    assert counts is not None
    assert every is not None
    counts = counts.copy()
    dark = int(np.flatnonzero(analysis.labels == 0)[0])
    counts[dark] = 0
    totals = np.zeros_like(analysis.color_counts)
    np.add.at(totals, analysis.labels, counts)
    changed = replace(
        analysis, train=replace(analysis.train, color_counts=counts), color_counts=totals
    )
    own = np.setdiff1d(np.flatnonzero(analysis.labels == 0), [dark])
    expected = every[own].sum(axis=0) / every[own].sum()
    np.testing.assert_allclose(changed.colors("all").iloc[0], expected)
    assert dark not in changed.find_images(0, color="red")


def test_images_are_found_by_their_colors(analysis: Analysis) -> None:
    shares = analysis.color_shares("red")
    counts = analysis.train.color_counts
    assert counts is not None
    np.testing.assert_allclose(shares, counts[:, BINS.index("red")] / counts.sum(axis=1))
    expected = np.flatnonzero((analysis.labels == 2) & (shares > 0))
    assert analysis.find_images(2, color="red").tolist() == expected.tolist()
    with pytest.raises(ValueError, match="color must be one of black, gray"):
        analysis.find_images(2, color="mauve")
    with pytest.raises(ValueError, match="are those of training images"):
        analysis.color_shares("red", "validation")
    plain = replace(analysis, train=replace(analysis.train, color_counts=None))
    with pytest.raises(ValueError, match="colors of each image are not known"):
        plain.color_shares("red")


def test_counts_can_be_given(analysis: Analysis) -> None:
    train = analysis.train
    arrays = (analysis.embeddings, train.labels, train.predictions)
    colors: dict[str, Any] = {
        "color_counts": train.color_counts,
        "pixel_counts": train.pixel_counts,
    }
    given = Analysis.from_arrays(*arrays, **colors)
    assert given.colors().equals(analysis.colors().set_axis(given.class_names))
    assert given.color_lift("1").equals(analysis.color_lift(1))
    assert given.salient_fraction == 0.1
    for changes, message in (
        ({"color_counts": None}, "but no color_counts"),
        ({"pixel_counts": 0 * colors["pixel_counts"]}, "less for row 0"),
        ({"color_counts": colors["color_counts"][:, 1:]}, "must have the shape"),
        ({"salient_fraction": 0}, "above 0"),
        ({"color_bins": "paper"}, "must have the shape"),
    ):
        with pytest.raises(ValueError, match=message):
            Analysis.from_arrays(*arrays, **colors | changes)
