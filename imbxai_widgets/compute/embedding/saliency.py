"""Salient pixels: those on which the winning logit depends most."""

from __future__ import annotations

import warnings
from fractions import Fraction
from math import prod
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from imbxai_widgets.compute.colors.schemes import assign_bins, color_scheme
from imbxai_widgets.compute.numeric.counts import count_pairs
from imbxai_widgets.compute.numeric.sending import sent
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


class Salient(NamedTuple):
    """The salient pixels of B images.

    Attributes
    ----------
    certain
        (B, H, W) bool, pixels that count each as one.
    tied
        (B, H, W) bool, further pixels, equally salient, of which only some have room.
    room
        (B,) int64, how many pixels all the tied ones of an image count as: fewer than they are.
    """

    certain: Tensor
    tied: Tensor
    room: Tensor


def salient_pixels(saliency: Tensor, fraction: float, candidates: Tensor | None = None) -> Salient:
    """Find the most salient pixels of each image.

    A pixel without gradient is never salient, so that an image where fewer pixels have one has
    fewer salient pixels, and an image without any has none. Where a pixel lies decides nothing:
    turned or mirrored, an image has the same salient pixels.

    Parameters
    ----------
    saliency
        (B, H, W), not negative.
    fraction
        Share of the candidate pixels that are salient, 0 < fraction <= 1, read as the decimal
        number that it prints as: of n candidates ceil(fraction * n), or those with a gradient if
        they are fewer.
    candidates
        (B, H, W) bool, the pixels that may be salient; all by default.

    Returns
    -------
    Salient
        Where the last places fall among equally salient pixels, these are tied. To take all of
        them would make a network whose gradient is the same everywhere, as behind an average over
        positions, give some images many times the weight of others; to take none would leave such
        images out; to choose would go by position. So each counts the same part of a pixel
        (see `count_colors`).

    Raises
    ------
    ValueError
        If `fraction` is out of range.

    Examples
    --------
    >>> found = salient_pixels(torch.tensor([[[3.0, 1.0], [3.0, 2.0]]]), 0.5)
    >>> found.certain.tolist(), found.room.tolist()
    ([[[True, False], [True, False]]], [0])
    >>> found = salient_pixels(torch.tensor([[[3.0, 2.0], [0.0, 2.0]]]), 0.5)
    >>> found.tied.tolist(), found.room.tolist()
    ([[[False, True], [False, True]]], [1])
    """
    share = check_fraction(fraction)
    values = saliency.flatten(1)
    # On the host, where candidates come from: a GPU that is asked for a number has to finish first.
    if candidates is None:
        sizes = torch.full((len(values), 1), values.shape[1])
    else:
        sizes = candidates.flatten(1).sum(dim=1, keepdim=True).cpu()
        values = values.masked_fill(~sent(candidates.flatten(1), values.device), 0)
    wanted = -(-sizes * share.numerator // share.denominator)
    largest = values.topk(max(1, int(wanted.max())), dim=1).values
    counts = sent(wanted, values.device).minimum((values > 0).sum(dim=1, keepdim=True))
    least = largest.gather(1, (counts - 1).clamp(min=0))
    above, level = values > least, values == least
    room = counts - above.sum(dim=1, keepdim=True)
    whole = level.sum(dim=1, keepdim=True) == room
    certain = above | (level & whole)
    tied = level & ~whole & (room > 0)
    room = room.masked_fill(whole, 0)
    return Salient(certain.view(saliency.shape), tied.view(saliency.shape), room.flatten())


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


def count_colors(
    rgb: UInt8Array, certain: BoolArray, tied: BoolArray, room: IntArray, scheme: str
) -> IntArray:
    """Count the salient pixels of each image in each color bin.

    Parameters
    ----------
    rgb
        (B, H, W, 3) uint8, the images as people see them.
    certain, tied, room
        What `salient_pixels` found, as arrays. The room of the tied pixels is shared out among
        the colors by how many of them have each, in whole pixels by largest remainders; of equal
        remainders the bin that the scheme names first comes first.
    scheme
        Name of a color scheme, of B' bins.

    Returns
    -------
    array
        (B, B') int64. Colors that a scheme puts in no bin are not counted.

    Examples
    --------
    >>> red = np.full((1, 2, 2, 3), [255, 0, 0], dtype=np.uint8)
    >>> every, none = np.ones((1, 2, 2), dtype=bool), np.zeros((1, 2, 2), dtype=bool)
    >>> counts = count_colors(red, every, none, np.array([0]), "paper")
    >>> counts[0, color_scheme("paper").bins.index("red")]
    np.int64(4)
    """
    counts = _count(rgb, certain, scheme)
    if tied.any():
        counts += shared_out(_count(rgb, tied, scheme), room)
    return counts[:, :-1]


def count_pixels(rgb: UInt8Array, candidates: BoolArray | None, scheme: str) -> IntArray:
    """Count all pixels of each image in each color bin, or those of its foreground.

    Parameters
    ----------
    rgb
        (B, H, W, 3) uint8, the images as people see them.
    candidates
        (B, H, W) bool, the pixels that may be salient; None for all.
    scheme
        Name of a color scheme, of B' bins.

    Returns
    -------
    array
        (B, B') int64. Colors that a scheme puts in no bin are not counted.

    Examples
    --------
    >>> red = np.full((1, 2, 2, 3), [255, 0, 0], dtype=np.uint8)
    >>> count_pixels(red, None, "perceptual").max(), count_pixels(red[:, :1], None, "paper").sum()
    (np.int64(4), np.int64(2))
    """
    n_bins = len(color_scheme(scheme).bins)
    counts = np.zeros((len(rgb), n_bins), dtype=np.int64)
    for image, pixels in enumerate(rgb):  # one at a time: its bins stay in the cache
        bins = assign_bins(pixels if candidates is None else pixels[candidates[image]], scheme)
        counts[image] = np.bincount(bins.ravel() + np.int8(1), minlength=n_bins + 1)[1:]
    return counts


def _count(rgb: UInt8Array, chosen: BoolArray, scheme: str) -> IntArray:
    """Count pixels in each bin, and behind them those in none."""
    n_bins = len(color_scheme(scheme).bins)
    pixels = np.flatnonzero(chosen)
    bins = assign_bins(rgb.reshape(-1, 3).take(pixels, axis=0), scheme)
    bins[bins < 0] = n_bins
    images = pixels // prod(chosen.shape[1:])
    return count_pairs(images, bins, (len(rgb), n_bins + 1))


def shared_out(counts: IntArray, room: IntArray) -> IntArray:
    """Scale the counts of each row down to `room`, in whole numbers by largest remainders."""
    totals = counts.sum(axis=1, keepdims=True)
    shares, rests = np.divmod(counts * room[:, np.newaxis], np.maximum(totals, 1))
    left = room - shares.sum(axis=1)
    order = np.argsort(-rests, axis=1, kind="stable")
    ranks = np.argsort(order, axis=1, kind="stable")
    found: IntArray = shares + (ranks < left[:, np.newaxis])
    return found


def tell_of_colorless(counts: IntArray | None, scheme: str) -> None:
    """Warn of images that add nothing to the salient colors.

    Parameters
    ----------
    counts
        (N, B) int64, of each image in each color bin; None where colors were not asked for.
    scheme
        Name of the color scheme.
    """
    missing = 0 if counts is None else int((counts.sum(axis=1) == 0).sum())
    if counts is None or not missing:
        return
    unnamed = ", or their colors are none of the scheme's" if scheme == "paper" else ""
    warnings.warn(
        f"{missing} of {len(counts)} images have no salient pixels and are left out of the salient "
        "colors: no gradient of the winning logit reaches the pixels that may be salient (as where "
        "a model rounds its input, is saturated, or underflows in float16), or their foreground is "
        f"empty{unnamed}",
        stacklevel=3,
    )
