from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

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
def test_exactly_the_top_share_is_salient(
    saliency: list[list[int]], allowed: list[bool], percent: int
) -> None:
    values = torch.tensor(saliency, dtype=torch.float32).view(-1, 3, 4)
    candidates = torch.tensor(allowed).view(1, 3, 4).expand(len(values), 3, 4)
    found = salient_pixels(values, percent / 100, candidates)
    share = ceil(Fraction(percent, 100) * sum(allowed))
    for number, row in enumerate(saliency):
        certain, tied = (part[number].flatten().tolist() for part in found[:2])
        room = int(found.room[number])
        able = sorted(row[place] for place in range(12) if allowed[place] and row[place])
        assert sum(certain) + room == min(share, len(able))
        best = able[len(able) - sum(certain) :]
        assert sorted(row[place] for place in range(12) if certain[place]) == best
        assert not any(certain[place] and not allowed[place] for place in range(12))
        (level,) = {row[place] for place in range(12) if tied[place]} or {None}
        equal = [allowed[place] and row[place] == level for place in range(12)]
        assert tied == equal  # all that are equally salient, or none
        assert 0 < room < sum(tied) if any(tied) else room == 0
        assert level is None or not best or level < best[0]


def test_pixels_without_gradient_are_never_salient() -> None:
    values = torch.zeros(3, 4, 5)
    values[1, 2, 3], values[1, 0, 0] = 1e-30, 5
    values[2] = 1e-30
    found = salient_pixels(values, 0.5)
    assert not found.certain[0].any()
    assert found.certain[1].nonzero().tolist() == [[0, 0], [2, 3]]
    assert found.room.tolist() == [0, 0, 10]
    assert found.tied.flatten(1).all(dim=1).tolist() == [False, False, True]


TURNS = {
    "mirrored": lambda part: part.flip(-1),
    "upside down": lambda part: part.flip(-2),
    "turned": lambda part: part.transpose(-1, -2).flip(-1),
    "shuffled": lambda part: (
        part.flatten(-2)[..., torch.randperm(36, generator=torch.Generator().manual_seed(0))]
    ).unflatten(-1, (6, 6)),
}


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("scheme", ["perceptual", "paper"])
@pytest.mark.parametrize("levels", [1, 2, 3, 30])
def test_no_pixel_is_chosen_for_its_position(turn: Any, scheme: str, levels: int) -> None:
    """All, some or none of the pixels without gradient, and ties at the cut."""
    generator = torch.Generator().manual_seed(levels)
    values = torch.randint(levels, (40, 6, 6), generator=generator).float() + (levels == 1)
    images = torch.randint(256, (40, 3, 6, 6), generator=generator, dtype=torch.uint8)
    images[:20] = images[:20, :, :1, :1]  # one color, and a stripe of others on top
    images[:20, :, 0] = images[20:, :, 0]
    counts = []
    for change in (lambda part: part, turn):
        found = salient_pixels(change(values), 0.3)
        rgb = change(images).permute(0, 2, 3, 1).contiguous().numpy()
        counts.append(count_colors(rgb, *(part.numpy() for part in found), scheme))
    np.testing.assert_array_equal(*counts)
    if levels < 30:
        assert found.tied.flatten(1).any(dim=1).float().mean() > 0.5


def test_the_tied_share_their_room_by_color() -> None:
    colors = np.array([[255, 0, 0], [0, 0, 255], [0, 160, 0]], dtype=np.uint8)
    rgb = np.repeat(colors, [50, 30, 20], axis=0).reshape(1, 10, 10, 3)
    bins = color_scheme("perceptual").bins
    names = [bins[number] for number in assign_bins(colors, "perceptual")]
    for fraction, expected in ((0.1, [5, 3, 2]), (0.07, [4, 2, 1]), (0.01, [1, 0, 0])):
        found = salient_pixels(torch.ones(1, 10, 10), fraction)
        counts = count_colors(rgb, *(part.numpy() for part in found), "perceptual")
        assert [counts[0, bins.index(name)] for name in names] == expected
        assert counts.sum() == sum(expected)


def test_what_has_no_bin_takes_its_share_of_the_room() -> None:
    every = np.arange(256, dtype=np.uint8)
    cube = np.stack(np.meshgrid(every[::5], every[::5], every[::5]), axis=-1).reshape(1, -1, 1, 3)
    nowhere = np.flatnonzero(assign_bins(cube.reshape(-1, 3), "paper") < 0)[0]
    colors = np.array([cube[0, nowhere, 0], [255, 0, 0]], dtype=np.uint8)
    rgb = np.repeat(colors, 50, axis=0).reshape(1, 10, 10, 3)
    found = salient_pixels(torch.ones(1, 10, 10), 0.1)
    counts = count_colors(rgb, *(part.numpy() for part in found), "paper")
    assert counts.sum() == counts[0, color_scheme("paper").bins.index("red")] == 5


def test_the_fraction_is_read_as_a_decimal() -> None:
    assert 0.07 * 100 > 7  # as floating point numbers multiply
    assert salient_pixels(torch.rand(1, 10, 10), 0.07).certain.sum() == 7


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
    none, room = np.zeros_like(salient), np.zeros(4, dtype=np.int64)
    counts = count_colors(rgb, salient, none, room, scheme)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, expected)
    empty = count_colors(rgb[:0], salient[:0], none[:0], room[:0], scheme)
    assert empty.shape == (0, expected.shape[1])
