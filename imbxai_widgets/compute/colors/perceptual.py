"""Eleven color bins by the names that people use, as ordered regions of OKLCh.

The names are the basic color terms of English (B. Berlin and P. Kay, "Basic Color Terms", 1969):
every color has one of them, and speakers agree on them better than on any other names. The
regions are our own. Their bounds were set by hand where names change in the color survey of xkcd
(R. Munroe, "Color Survey Results", 2010, https://blog.xkcd.com/2010/05/03/color-survey-results/):
of its 558 colors whose name ends in a basic term ("dusty rose pink"), nine in ten fall in the bin
of that term.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from imbxai_widgets.compute.colors import oklab
from imbxai_widgets.compute.numeric.types import BoolArray, Int8Array, UInt8Array

BINS = (
    "black",
    "gray",
    "white",
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
)

# The mean of the colors in each bin, in OKLab. A test computes them again.
COLORS = (
    "#151517",
    "#888b8d",
    "#f0f1e7",
    "#c42c35",
    "#eb853f",
    "#e4d75b",
    "#68bd63",
    "#407ac4",
    "#984ab2",
    "#db6394",
    "#99663a",
)

_ALL = 1.0
_ANY = 0.35  # above the chroma of any sRGB color


class _Region(NamedTuple):
    """Colors with coordinates from the first bound up to, not including, the second.

    Bounds are multiples of 0.01 for lightness, of 0.005 for chroma and of 1 degree for hue. A range
    of hues whose first bound is the larger one runs through 0.
    """

    bin: str
    lightness: tuple[float, float]
    chroma: tuple[float, float]
    hue: tuple[int, int] = (0, 360)


_REGIONS = (
    _Region("black", (0, 0.25), (0, 0.045)),
    _Region("black", (0, 0.15), (0, 0.08)),
    _Region("white", (0.93, _ALL), (0, 0.025)),
    _Region("white", (0.94, _ALL), (0, 0.04)),
    _Region("white", (0.92, _ALL), (0, 0.055), (40, 110)),  # cream and ivory
    _Region("gray", (0, 0.38), (0, 0.03)),
    _Region("gray", (0.38, 0.80), (0, 0.04)),
    _Region("gray", (0.38, 0.80), (0, 0.05), (195, 300)),  # slate
    _Region("gray", (0.80, 0.92), (0, 0.035)),
    _Region("gray", (0.92, _ALL), (0, 0.025)),
    # Red, with pink where it is lighter and brown where it is dull.
    _Region("purple", (0, 0.50), (0, _ANY), (335, 360)),
    _Region("purple", (0, 0.50), (0, 0.14), (0, 5)),
    _Region("brown", (0, 0.50), (0, 0.12), (5, 36)),
    _Region("brown", (0.50, 0.66), (0, 0.09), (20, 36)),
    _Region("red", (0, 0.50), (0, _ANY), (0, 34)),
    _Region("red", (0.50, 0.58), (0.14, _ANY), (8, 36)),
    _Region("red", (0.58, 0.65), (0.13, _ANY), (15, 36)),
    _Region("red", (0.65, 0.69), (0.19, _ANY), (15, 36)),
    _Region("brown", (0, 0.50), (0, _ANY), (34, 36)),
    _Region("orange", (0.65, _ALL), (0.165, _ANY), (30, 36)),
    _Region("pink", (0, _ALL), (0, _ANY), (345, 36)),
    _Region("pink", (0.72, _ALL), (0, 0.115), (36, 50)),
    # Orange and yellow, with brown where they are darker or duller.
    _Region("brown", (0, 0.57), (0, _ANY), (36, 75)),
    _Region("brown", (0.57, 0.64), (0, 0.16), (36, 75)),
    _Region("brown", (0.64, 0.72), (0, 0.13), (36, 75)),
    _Region("brown", (0.72, 0.84), (0, 0.10), (50, 80)),  # tan
    _Region("orange", (0, _ALL), (0, _ANY), (36, 72)),
    _Region("orange", (0.70, 0.84), (0.10, _ANY), (72, 76)),
    _Region("yellow", (0.72, _ALL), (0.115, _ANY), (72, 106)),
    _Region("yellow", (0.84, _ALL), (0, _ANY), (72, 122)),
    _Region("brown", (0, 0.84), (0, _ANY), (72, 100)),
    _Region("brown", (0, 0.56), (0, _ANY), (100, 105)),
    _Region("green", (0, _ALL), (0, _ANY), (100, 186)),
    _Region("purple", (0.85, _ALL), (0, _ANY), (280, 288)),  # lavender
    _Region("blue", (0, _ALL), (0, _ANY), (186, 288)),
    _Region("purple", (0, 0.62), (0, _ANY), (288, 335)),
    _Region("pink", (0.56, _ALL), (0, _ANY), (335, 345)),
    _Region("purple", (0, _ALL), (0, _ANY), (288, 345)),
)

_STEPS = np.array([100, 200, 1])  # cells per unit of lightness and of chroma, and per degree
_CELLS = (101, 70, 360)
_STRIDE = 4
_BLOCKS_AT_ONCE = 1024  # 65,536 colors: their coordinates stay in the cache


def bins_of(rgb: UInt8Array) -> Int8Array:
    """Give 8-bit colors the bin of the first region that holds them.

    Parameters
    ----------
    rgb
        (..., 3) uint8.

    Returns
    -------
    array
        (...) int8, positions in `BINS`; every color has one.

    Examples
    --------
    >>> [BINS[bin] for bin in bins_of(np.array([[0, 0, 128], [210, 105, 30]], dtype=np.uint8))]
    ['blue', 'brown']
    """
    lab = oklab.from_rgb(rgb)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    coordinates = (lab[..., 0], chroma, hue)
    cells = [
        np.minimum((values * steps).astype(np.int32), size - 1)
        for values, steps, size in zip(coordinates, _STEPS, _CELLS, strict=True)
    ]
    return cast(Int8Array, _CHART[tuple(cells)])


def lookup_table() -> Int8Array:
    """Give every 8-bit color its bin.

    Colors are evaluated on a lattice first, then one by one in the blocks where lattice points
    differ and in those next to them, which misses none (a test compares all colors).

    Returns
    -------
    array
        (256, 256, 256) int8, by red, green and blue.
    """
    levels = np.minimum(np.arange(0, 256 + _STRIDE, _STRIDE), 255).astype(np.uint8)
    lowest = highest = bins_of(np.stack(np.meshgrid(*[levels] * 3, indexing="ij"), axis=-1))
    for axis in range(3):  # over the eight lattice points around each block
        lowest = np.minimum(*_neighbors(lowest, axis))
        highest = np.maximum(*_neighbors(highest, axis))
    shape = tuple(size for n_blocks in lowest.shape for size in (n_blocks, _STRIDE))
    blocks = np.broadcast_to(lowest[:, None, :, None, :, None], shape).copy()
    inner = np.stack(np.meshgrid(*[np.arange(_STRIDE)] * 3, indexing="ij"), axis=-1)
    mixed = np.argwhere(_grown(lowest != highest))
    for some in np.array_split(mixed, len(mixed) // _BLOCKS_AT_ONCE + 1):
        colors = (some[:, None, None, None] * _STRIDE + inner).astype(np.uint8)
        red, green, blue = some.T
        blocks[red, :, green, :, blue, :] = bins_of(colors)
    return blocks.reshape(256, 256, 256)


def _neighbors(lattice: Int8Array, axis: int) -> tuple[Int8Array, Int8Array]:
    last = lattice.shape[axis] - 1
    return lattice.take(range(last), axis), lattice.take(range(1, last + 1), axis)


def _grown(mixed: BoolArray) -> BoolArray:
    """Mark the blocks beside marked ones, too: a region may bulge in between lattice points."""
    grown = mixed.copy()
    for axis in range(3):
        marks, wider = np.moveaxis(mixed, axis, 0), np.moveaxis(grown, axis, 0)
        wider[1:] |= marks[:-1]
        wider[:-1] |= marks[1:]
    return grown


def _chart() -> Int8Array:
    """Paint the regions on a grid of lightness, chroma and hue."""
    chart = np.full(_CELLS, -1, dtype=np.int8)
    for region in reversed(_REGIONS):  # the first region is painted last
        light, dull = (
            slice(round(low * steps), round(high * steps) + (high == top))
            for (low, high), steps, top in (
                (region.lightness, 100, _ALL),
                (region.chroma, 200, _ANY),
            )
        )
        first, end = region.hue
        turns = [(first, end)] if first < end else [(first, 360), (0, end)]
        for low, high in turns:
            chart[light, dull, low:high] = BINS.index(region.bin)
    return chart


_CHART = _chart()
