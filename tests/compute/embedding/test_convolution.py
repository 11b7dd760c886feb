"""A convolution that is done in another way gives what PyTorch gives, gradients too."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from imbxai_widgets.compute.embedding.convolution import QuickConvolution, can_be_quicker
from imbxai_widgets.compute.embedding.fused import fused_copy

pytestmark = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="oneDNN is not part of this PyTorch"
)


def layers(channels: int) -> list[nn.Conv2d]:
    """All convolutions of small kernels, strides and paddings that can be quicker."""
    made = [
        nn.Conv2d(channels, 8, size, stride, padding, bias=size > 2)
        for size in (1, 2, 3, 5, 8)
        for stride in (1, 2, 3, 4)
        for padding in range(size)
    ]
    return [layer.requires_grad_(False) for layer in made if can_be_quicker(layer)]


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7, 16, 40])
def test_outputs_and_gradients_are_those_of_pytorch(channels: int) -> None:
    torch.manual_seed(0)
    tried = layers(channels)
    assert len(tried) == (48 if channels < 8 else 1)
    for layer in tried:
        quick = QuickConvolution(layer)
        for sides in ((13, 16), (12, 11), (8, 9)):  # one and the same for images of any size
            images = torch.randn(2, channels, *sides, requires_grad=True)
            expected, found = layer(images), quick(images)
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
            given = torch.randn_like(expected)
            (gradient,) = torch.autograd.grad(expected, images, given)
            (ours,) = torch.autograd.grad(found, images, given)
            torch.testing.assert_close(ours, gradient, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("layer", [nn.Conv2d(3, 8, 3), nn.Conv2d(16, 8, 1)])
def test_what_is_no_number_stays_so(layer: nn.Conv2d, value: float) -> None:
    images = torch.randn(2, layer.in_channels, 6, 6)
    images[0, 0, 2, 3] = value
    found, expected = QuickConvolution(layer)(images), layer(images)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5, equal_nan=True)
    assert not expected[0].isfinite().all()


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Conv2d(4, 4, 3, dilation=2),
        nn.Conv2d(4, 4, (3, 1)),
        nn.Conv2d(4, 4, 3, padding="same"),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(4, 4, 1, padding=1),
        nn.Conv2d(4, 4, 3).double(),
        nn.Conv2d(3, 4, 3, 2),
        nn.Conv2d(16, 4, 3),
        nn.ConvTranspose2d(4, 4, 3),
    ],
)
def test_other_convolutions_are_left_to_pytorch(layer: nn.Module) -> None:
    assert not can_be_quicker(layer)


def test_a_fused_copy_has_them_and_the_network_has_not() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.Conv2d(16, 16, 3), nn.Conv2d(16, 8, 1)
    ).eval()
    copy = fused_copy(model)
    assert copy is not None
    kinds = [type(copy.get_submodule(name)) for name in "0123"]
    assert kinds == [QuickConvolution, nn.Identity, nn.Conv2d, QuickConvolution]
    assert [type(layer) for layer in model] == [nn.Conv2d, nn.BatchNorm2d, nn.Conv2d, nn.Conv2d]
    images = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(copy(images), model(images), atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert copy(images).abs().max() > 0  # the weights are its own
