"""Convolutions that PyTorch does slowly on a CPU, done quickly, for weights that stay as they are.

Of one pixel at a time PyTorch makes a matrix product by MKL, which on processors of other makers
runs at half the rate of the convolutions of oneDNN. The gradient of images, which have few
channels, leaves most of a processor's vector empty: here, blocks of pixels are computed at a time,
as channels. It is a convolution of the output's gradient, with kernels turned around (Dumoulin and
Visin, "A guide to convolution arithmetic for deep learning", 2016, section 4). What each brings:
docs/speed.md.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

_LANES: Final = 16  # float32 in the longest vector of a processor
_FEW: Final = _LANES // 2  # channels of which two pixels or more fit in


class QuickConvolution(nn.Module):
    """A convolution on the CPU whose gradient flows to its input alone.

    Parameters
    ----------
    convolution
        One that `can_be_quicker`. Its weights are shared, and must not change.

    Examples
    --------
    >>> layer, images = nn.Conv2d(3, 8, 3).requires_grad_(False), torch.rand(2, 3, 6, 6)
    >>> torch.allclose(QuickConvolution(layer)(images), layer(images), atol=1e-6)
    True
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self._weight, self._bias = convolution.weight.detach(), convolution.bias
        self._stride, self._padding = convolution.stride[0], _padding(convolution)
        channels = convolution.in_channels
        # The largest block whose pixels of all channels fit in a vector, but for the stride.
        sides = range(self._stride, _LANES + 1, self._stride)
        fitting = [side for side in sides if channels * side**2 <= _LANES]
        self._side = 1 if _is_pointwise(convolution) else max(fitting, default=self._stride)
        self._kernels, self._before = block_kernels(
            self._weight, self._stride, self._padding, self._side
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H', W')."""
        found: Tensor = _Run.apply(images, self)  # type: ignore[no-untyped-call]
        return found

    def output(self, images: Tensor) -> Tensor:
        """Return the output, without a gradient."""
        return _convolved(images, self._weight, self._bias, self._padding, self._stride)

    def input_gradient(self, gradient: Tensor, shape: torch.Size) -> Tensor:
        """Return the gradient of an input of a shape, by that of the output."""
        step = self._side // self._stride
        blocks = [-(-length // self._side) for length in shape[2:]]
        # Zeros that the last blocks need after the gradient; the same go before it, in whole steps.
        after = max(
            (count - 1) * step + self._kernels.shape[-1] - self._before - length
            for count, length in zip(blocks, gradient.shape[2:], strict=True)
        )
        extra = max(0, -(-(after - self._before) // step))  # blocks before the first
        found = _convolved(gradient, self._kernels, None, self._before + extra * step, step)
        if self._side == 1:
            return found
        rows, columns = (slice(extra, extra + count) for count in blocks)
        pixels = functional.pixel_shuffle(found[:, :, rows, columns], self._side)
        return pixels[:, :, : shape[2], : shape[3]]


def can_be_quicker(convolution: nn.Module) -> bool:
    """Tell whether a layer is a convolution that a `QuickConvolution` does as well, and sooner.

    Examples
    --------
    >>> layers = nn.Conv2d(3, 8, 3), nn.Conv2d(64, 8, 1), nn.Conv2d(64, 8, 3), nn.Conv2d(3, 8, 3, 2)
    >>> [can_be_quicker(layer) for layer in layers]
    [True, True, False, False]
    """
    if type(convolution) is not nn.Conv2d or convolution.padding_mode != "zeros":
        return False
    has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not has_onednn or convolution.weight.dtype != torch.float32:
        return False
    size, stride = convolution.kernel_size[0], convolution.stride[0]
    padding = convolution.padding
    is_plain = (
        isinstance(padding, tuple)
        and convolution.kernel_size == (size, size)
        and convolution.stride == (stride, stride)
        and padding == (padding[0],) * 2
        and padding[0] < size
        and convolution.dilation == (1, 1)
        and convolution.groups == 1
    )
    # Where few outputs meet in a pixel, to bring blocks in order takes longer than to compute them.
    has_few = convolution.in_channels < _FEW and size >= 2 * stride
    return is_plain and (_is_pointwise(convolution) or has_few)


class _Run(torch.autograd.Function):
    """A convolution whose gradient autograd can ask for."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, layer: QuickConvolution) -> Tensor:
        ctx.layer, ctx.shape = layer, images.shape
        return layer.output(images)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None]:
        if not ctx.needs_input_grad[0]:
            return None, None
        return ctx.layer.input_gradient(gradients[0], ctx.shape), None


def block_kernels(weight: Tensor, stride: int, padding: int, side: int) -> tuple[Tensor, int]:
    """Return kernels that make an input's gradient of the output's, a block of pixels at a time.

    Parameters
    ----------
    weight
        (C', C, K, K) of the convolution.
    stride, padding
        Its own, the same for both axes; `padding` less than K.
    side
        Pixels of a block, a multiple of `stride`.

    Returns
    -------
    kernels : Tensor
        (C * side * side, C', T, T), whose convolution with the output's gradient, at steps of
        ``side / stride``, gives for each block its pixels as channels, in the order that
        `torch.nn.functional.pixel_shuffle` takes.
    before : int
        Zeros that the first of these steps needs before the gradient.

    Examples
    --------
    >>> kernels, before = block_kernels(torch.rand(64, 3, 7, 7), 2, 3, 2)
    >>> kernels.shape, before
    (torch.Size([12, 64, 4, 4]), 1)
    """
    made, channels, size, _ = weight.shape
    # Pixel r of a block at 0 meets output t through entry r + padding - stride * t of a kernel.
    first, last = -((size - 1 - padding) // stride), (side - 1 + padding) // stride
    length = last - first + 1
    entries = torch.arange(side)[:, None] + padding - stride * (torch.arange(length) + first)
    inside = (entries >= 0) & (entries < size)
    kept = entries.clamp(0, size - 1)
    found = weight.transpose(0, 1)[:, :, kept[:, :, None, None], kept[None, None]]
    found = found * (inside[:, :, None, None] & inside[None, None])
    found = found.permute(0, 2, 4, 1, 3, 5).reshape(channels * side**2, made, length, length)
    return found.contiguous(memory_format=torch.channels_last), -first


def _is_pointwise(convolution: nn.Conv2d) -> bool:
    return convolution.kernel_size == (1, 1) and convolution.stride == (1, 1)


def _padding(convolution: nn.Conv2d) -> int:
    padding = convolution.padding[0]
    assert isinstance(padding, int)
    return padding


def _convolved(
    images: Tensor, weight: Tensor, bias: Tensor | None, padding: int, stride: int
) -> Tensor:
    last = images.contiguous(memory_format=torch.channels_last)
    return torch.mkldnn_convolution(last, weight, bias, [padding] * 2, [stride] * 2, [1, 1], 1)
