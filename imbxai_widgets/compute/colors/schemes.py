"""Color bins: which of a few named colors a pixel has, by one look into a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from imbxai_widgets.compute.colors import paper as paper_colors
from imbxai_widgets.compute.colors import perceptual as perceptual_colors
from imbxai_widgets.compute.numeric.types import Int8Array, UInt8Array

_BLOCK = 1 << 16  # pixels looked up at once, so that their indices stay in the cache


@dataclass(frozen=True, eq=False)
class ColorScheme:
    """A division of all 16,777,216 8-bit colors into named bins.

    Attributes
    ----------
    name
        What `color_scheme` knows it by.
    bins
        Names of the B bins.
    colors
        What each bin looks like, as hexadecimal sRGB: the mean of its colors.
    """

    name: str
    bins: tuple[str, ...]
    colors: tuple[str, ...]
    _build: Callable[[], Int8Array] = field(repr=False)

    @cached_property
    def lookup(self) -> Int8Array:
        """The bin of each color, or -1: (256, 256, 256) int8 by red, green and blue, read-only.

        Built when first used, and kept: 16 MB. Red varies fastest in memory, so that the three
        bytes of a color, read as a number with the lowest byte first, are its place.
        """
        table = np.asfortranarray(self._build())
        table.setflags(write=False)
        return table


_SCHEMES = {
    name: ColorScheme(name, module.BINS, module.COLORS, module.lookup_table)
    for name, module in (("perceptual", perceptual_colors), ("paper", paper_colors))
}


def color_scheme(name: str) -> ColorScheme:
    """Return a color scheme by name.

    "perceptual" has the eleven basic color terms as bins; "paper" has the fourteen bins of the
    paper's Figs. 7 and 8. See the modules `perceptual` and `paper` in this folder.

    Raises
    ------
    ValueError
        If there is no scheme of that name.

    Examples
    --------
    >>> color_scheme("perceptual").bins[:4]
    ('black', 'gray', 'white', 'red')
    """
    if name not in _SCHEMES:
        raise ValueError(f"color_bins must be one of {', '.join(_SCHEMES)}, not {name!r}")
    return _SCHEMES[name]


def assign_bins(rgb: UInt8Array, scheme: str = "perceptual") -> Int8Array:
    """Tell the color bin of each pixel.

    Parameters
    ----------
    rgb
        (..., 3) uint8, sRGB.
    scheme
        Name of a color scheme.

    Returns
    -------
    array
        (...) int8, positions in ``color_scheme(scheme).bins``; -1 where no rule of the scheme
        applies, which only "paper" knows.

    Raises
    ------
    ValueError
        If `rgb` is no uint8 array with a last axis of length 3, or the scheme is unknown.

    Examples
    --------
    >>> pixels = np.array([[255, 0, 0], [0, 0, 128], [255, 215, 0]], dtype=np.uint8)
    >>> [color_scheme("perceptual").bins[bin] for bin in assign_bins(pixels)]
    ['red', 'blue', 'yellow']
    """
    rgb = np.asarray(rgb)
    if rgb.dtype != np.uint8 or rgb.ndim == 0 or rgb.shape[-1] != 3:
        raise ValueError(f"rgb must be (..., 3) uint8, but is {rgb.shape} {rgb.dtype}")
    table = color_scheme(scheme).lookup.ravel("K")
    values = np.ascontiguousarray(rgb).reshape(-1)
    bins = np.empty(len(values) // 3, dtype=np.int8)
    if len(bins):
        # Four bytes from where each pixel starts, of which three are its own: a view costs far
        # less than packing the bytes. The last pixel has no fourth byte and is looked up apart.
        quads = np.ndarray(len(bins) - 1, dtype="<u4", buffer=values.data, strides=(3,))
        for start in range(0, len(quads), _BLOCK):
            places = quads[start : start + _BLOCK] & 0xFFFFFF
            # Unlike mode="raise", "clip" writes straight into `out`.
            table.take(places, out=bins[start : start + len(places)], mode="clip")
        bins[-1] = color_scheme(scheme).lookup[tuple(values[-3:])]
    return bins.reshape(rgb.shape[:-1])
