"""Salient pixels: those on which the winning logit depends most."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np
import torch
from torch import Tensor

from imbxai_widgets.compute.colors.schemes import assign_bins, color_scheme
from imbxai_widgets.compute.numeric.counts import count_pairs
from imbxai_widgets.compute.numeric.types import BoolArray, IntArray, UInt8Array


def input_saliency(logits: Tensor, images: Tensor) -> Tensor:
    """Return how strongly each pixel moves the winning logit of its image.

    The maximum over channels of the absolute gradient of the largest logit with respect to the
    input (Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks", 2013,
    section 3.1). One backward serves the whole batch: in evaluation mode an image's logits depend
    on that image alone, so the gradient of their sum is each image's own.

    Parameters
    ----------
    logits
        (B, C), computed from `images` with gradients on.
    images
        (B, C', H, W), requiring gradients.

    Returns
    -------
    Tensor
        (B, H, W), not negative.

    Raises
    ------
    ValueError
        If no gradient flows from the logits to the images.

    Examples
    --------
    >>> images = torch.ones(1, 1, 1, 2, requires_grad=True)
    >>> logits = images.flatten(1) @ torch.tensor([[5.0, 1.0], [-3.0, 0.0]])
    >>> input_saliency(logits, images)  # the first logit wins, 2 to 1
    tensor([[[5., 3.]]])
    """
    if not logits.requires_grad:
        raise ValueError(
            "the logits carry no gradient (does the model's forward run under no_grad, or detach?);"
            " pass salient_fraction=None to do without salient colors"
        )
    (gradient,) = torch.autograd.grad(logits.max(dim=1).values.sum(), images)
    return gradient.abs().amax(dim=1)


def salient_pixels(saliency: Tensor, fraction: float, candidates: Tensor | None = None) -> Tensor:
    """Mark the most salient pixels of each image.

    Parameters
    ----------
    saliency
        (B, H, W), not negative.
    fraction
        Share of the candidate pixels to mark, 0 < fraction <= 1, read as the decimal number that
        it prints as: of n candidates exactly ceil(fraction * n) are marked.
    candidates
        (B, H, W) bool, the pixels that may be marked; all by default.

    Returns
    -------
    Tensor
        (B, H, W) bool. Of equally salient pixels those that come first, row by row, are marked.

    Raises
    ------
    ValueError
        If `fraction` is out of range.

    Examples
    --------
    >>> salient_pixels(torch.tensor([[[3.0, 1.0], [3.0, 2.0]]]), 0.5)
    tensor([[[ True, False],
             [ True, False]]])
    """
    share = check_fraction(fraction)
    values = saliency.flatten(1)
    allowed = torch.ones_like(values, dtype=torch.bool)
    if candidates is not None:
        allowed = candidates.flatten(1).to(values.device)
    counts = -(-allowed.sum(dim=1, keepdim=True) * share.numerator // share.denominator)
    values = values.masked_fill(~allowed, -1)
    largest = values.topk(max(1, int(counts.max())), dim=1).values
    least = largest.gather(1, (counts - 1).clamp(min=0))
    above, level = values > least, (values == least) & allowed
    room = counts - above.sum(dim=1, keepdim=True)
    return (above | (level & (level.cumsum(dim=1) <= room))).view(saliency.shape)


def check_fraction(fraction: float) -> Fraction:
    """Return a share of pixels as the exact decimal number that it prints as.

    Raises
    ------
    ValueError
        If it is not above 0 and at most 1.

    Examples
    --------
    >>> check_fraction(0.1)
    Fraction(1, 10)
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"salient_fraction must be above 0 and at most 1, or None; got {fraction}")
    return Fraction(str(fraction))


def count_colors(rgb: UInt8Array, salient: BoolArray, scheme: str) -> IntArray:
    """Count the salient pixels of each image in each color bin.

    Parameters
    ----------
    rgb
        (B, H, W, 3) uint8, the images as people see them.
    salient
        (B, H, W) bool.
    scheme
        Name of a color scheme, of B' bins.

    Returns
    -------
    array
        (B, B') int64. Colors that a scheme puts in no bin are not counted.

    Examples
    --------
    >>> red = np.full((1, 2, 2, 3), [255, 0, 0], dtype=np.uint8)
    >>> counts = count_colors(red, np.ones((1, 2, 2), dtype=bool), "paper")
    >>> counts[0, color_scheme("paper").bins.index("red")]
    np.int64(4)
    """
    n_bins = len(color_scheme(scheme).bins)
    pixels = np.flatnonzero(salient)
    bins = assign_bins(rgb.reshape(-1, 3).take(pixels, axis=0), scheme)
    named = bins >= 0
    images = pixels[named] // prod(salient.shape[1:])
    return count_pairs(images, bins[named], (len(rgb), n_bins))
