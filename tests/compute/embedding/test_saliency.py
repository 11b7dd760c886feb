from __future__ import annotations

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from imbxai_widgets.compute.colors.schemes import assign_bins, color_scheme
from imbxai_widgets.compute.embedding.saliency import count_colors, input_saliency, salient_pixels


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(24, 4),
    ).eval()


def one_by_one(model: nn.Module, images: Tensor) -> Tensor:
    """Each image in a batch of its own, each channel looked at by itself."""
    rows = []
    for image in images:
        leaf = image[None].clone().requires_grad_()
        logits = model(leaf)[0]
        logits[logits.argmax()].backward()
        assert leaf.grad is not None
        pixels = [
            [max(abs(leaf.grad[0, c, y, x].item()) for c in range(3)) for x in range(8)]
            for y in range(8)
        ]
        rows.append(pixels)
    return torch.tensor(rows)


def test_each_image_has_the_gradient_of_its_own_winning_logit() -> None:
    model, images = network(), 4 * torch.randn(6, 3, 8, 8)
    with torch.no_grad():
        model[-1].bias -= model(images).mean(dim=0)  # so that each logit wins now and then
    leaf = images.clone().requires_grad_()
    logits = model(leaf.clone())
    assert logits.argmax(dim=1).unique().numel() > 1
    torch.testing.assert_close(input_saliency(logits, leaf), one_by_one(model, images))


def test_of_tied_logits_the_first_wins() -> None:
    leaf = torch.ones(1, 1, 1, 2, requires_grad=True)
    logits = torch.stack([leaf[:, 0, 0, 0], leaf[:, 0, 0, 1]], dim=1)
    assert input_saliency(logits, leaf).tolist() == [[[1.0, 0.0]]]


def test_logits_without_gradient() -> None:
    with pytest.raises(ValueError, match="carry no gradient"):
        input_saliency(torch.zeros(1, 2), torch.zeros(1, 1, 2, 2, requires_grad=True))


@given(
    saliency=st.lists(
        st.lists(st.integers(0, 3), min_size=12, max_size=12), min_size=1, max_size=4
    ),
    allowed=st.lists(st.booleans(), min_size=12, max_size=12),
    percent=st.integers(1, 100),
)
def test_exactly_the_top_share_is_marked(
    saliency: list[list[int]], allowed: list[bool], percent: int
) -> None:
    values = torch.tensor(saliency, dtype=torch.float32).view(-1, 3, 4)
    candidates = torch.tensor(allowed).view(1, 3, 4).expand(len(values), 3, 4)
    marked = salient_pixels(values, percent / 100, candidates)
    for row, mask in zip(saliency, marked, strict=True):
        pixels = [place for place in range(12) if allowed[place]]
        best = sorted(pixels, key=lambda place: (-row[place], place))
        wanted = best[: ceil(Fraction(percent, 100) * len(pixels))]
        assert mask.flatten().nonzero().flatten().tolist() == sorted(wanted)


def test_many_equal_pixels_are_marked_in_their_order() -> None:
    marked = salient_pixels(torch.zeros(2, 64, 64), 0.5)
    assert marked[:, :32].all()
    assert not marked[:, 32:].any()


def test_the_fraction_is_read_as_a_decimal() -> None:
    assert 0.07 * 100 > 7  # as floating point numbers multiply
    assert salient_pixels(torch.zeros(1, 10, 10), 0.07).sum() == 7


@pytest.mark.parametrize("fraction", [0, -0.1, 1.01, float("nan")])
def test_fractions_out_of_range(fraction: float) -> None:
    with pytest.raises(ValueError, match="salient_fraction must be above 0"):
        salient_pixels(torch.zeros(1, 2, 2), fraction)


@pytest.mark.parametrize("scheme", ["perceptual", "paper"])
def test_counts_are_those_of_a_loop(scheme: str) -> None:
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 256, (4, 9, 9, 3), dtype=np.uint8)
    salient = rng.random((4, 9, 9)) < 0.5
    salient[2] = False
    expected = np.zeros((4, len(color_scheme(scheme).bins)), dtype=np.int64)
    for image, y, x in np.argwhere(salient):
        number = int(assign_bins(rgb[image, y, x], scheme))
        if number >= 0:
            expected[image, number] += 1
    counts = count_colors(rgb, salient, scheme)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, expected)
    assert count_colors(rgb[:0], salient[:0], scheme).shape == (0, expected.shape[1])
