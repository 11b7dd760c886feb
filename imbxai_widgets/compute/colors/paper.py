"""The fourteen color bins of the paper's Figs. 7 and 8, as ordered rules on 8-bit channels.

The bounds are those of the scripts that the authors published with the paper (MIT license,
https://github.com/dd1github/IML_for_Imbalanced_Learning). They leave 256,366 of the 16,777,216
colors in no bin, and no color reaches "dark green", as an earlier rule for green covers it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from imbxai_widgets.compute.numeric.types import BoolArray, Int8Array

BINS = (
    "black",
    "dark green",
    "dark blue",
    "gray",
    "brown",
    "orange",
    "red",
    "green",
    "blue",
    "yellow",
    "light blue",
    "light green",
    "light red",
    "white",
)

# The mean of the colors in each bin, in OKLab. No color reaches "dark green": it has the mean of
# the colors that its own rules name. A test computes the other means again.
COLORS = (
    "#2a2829",
    "#305c1d",
    "#38315e",
    "#7b807e",
    "#784437",
    "#e59754",
    "#c64b52",
    "#4fb858",
    "#4e68c4",
    "#cbd85e",
    "#b272d2",
    "#b6b5c2",
    "#e576b3",
    "#e0e0d8",
)


class _Rule(NamedTuple):
    """A box of colors, bounds included, in which some channels must exceed others."""

    bin: str
    red: tuple[int, int]
    green: tuple[int, int]
    blue: tuple[int, int]
    greater: str = ""


_RULES = (
    _Rule("black", (0, 76), (0, 76), (0, 76)),
    _Rule("brown", (100, 149), (0, 129), (0, 99)),
    _Rule("orange", (200, 255), (100, 199), (0, 149)),
    _Rule("red", (150, 255), (0, 149), (0, 149)),
    _Rule("green", (0, 149), (150, 255), (0, 149)),
    _Rule("blue", (0, 149), (0, 159), (150, 255)),
    _Rule("yellow", (160, 255), (160, 255), (0, 159)),
    _Rule("light blue", (50, 199), (0, 149), (150, 255)),
    _Rule("light green", (150, 255), (0, 149), (200, 255)),
    _Rule("light red", (150, 255), (0, 149), (50, 199)),
    _Rule("white", (190, 255), (190, 255), (190, 255)),
    _Rule("white", (210, 255), (210, 255), (164, 255)),
    _Rule("light red", (153, 255), (148, 255), (148, 255), "r>g r>b"),
    _Rule("blue", (0, 93), (0, 104), (100, 152)),
    _Rule("blue", (0, 53), (102, 132), (110, 255), "b>r b>g"),
    _Rule("blue", (0, 140), (141, 255), (141, 255), "b>g"),
    _Rule("light blue", (153, 255), (153, 255), (153, 255), "b>r b>g"),
    _Rule("light blue", (13, 191), (128, 191), (192, 255), "b>r b>g"),
    _Rule("light blue", (110, 216), (128, 216), (199, 255), "b>r b>g"),
    _Rule("light blue", (85, 155), (128, 229), (199, 255), "b>r b>g"),
    _Rule("light blue", (105, 155), (128, 229), (227, 255), "b>r b>g"),
    _Rule("light blue", (141, 204), (227, 255), (238, 255), "b>r b>g"),
    _Rule("light green", (125, 255), (153, 255), (51, 255), "g>r g>b"),
    _Rule("light green", (0, 124), (197, 255), (148, 191), "g>r g>b"),
    _Rule("brown", (0, 140), (0, 114), (0, 104), "r>g r>b"),
    _Rule("brown", (141, 204), (128, 191), (0, 51), "r>g r>b"),
    _Rule("brown", (128, 153), (128, 153), (0, 51), "r>g r>b"),
    _Rule("green", (0, 76), (115, 255), (77, 255), "g>r g>b"),
    _Rule("green", (0, 102), (0, 135), (0, 102), "g>r g>b"),
    _Rule("green", (0, 63), (120, 255), (0, 63), "g>r g>b"),
    _Rule("green", (0, 160), (128, 255), (0, 51), "g>r g>b"),
    _Rule("green", (102, 160), (102, 191), (0, 51), "g>r g>b"),
    _Rule("dark green", (0, 102), (0, 135), (0, 51), "g>r g>b"),
    _Rule("dark blue", (0, 102), (0, 102), (0, 102), "b>r b>g"),
    _Rule("dark blue", (0, 102), (0, 102), (102, 127), "b>r b>g"),
    _Rule("gray", (179, 206), (179, 206), (179, 206)),
    _Rule("gray", (50, 199), (50, 199), (50, 199)),
)


def lookup_table() -> Int8Array:
    """Give every 8-bit color the bin of the first rule that it meets, or -1.

    Returns
    -------
    array
        (256, 256, 256) int8, by red, green and blue.
    """
    table = np.full((256, 256, 256), -1, dtype=np.int8)
    for rule in reversed(_RULES):  # the first rule is painted last
        box, inside = _meeting(rule)
        table[box][inside] = BINS.index(rule.bin)
    return table


def _meeting(rule: _Rule) -> tuple[tuple[slice, slice, slice], BoolArray]:
    """Return the box of a rule, and which of its colors meet the channel comparisons."""
    ranges = (rule.red, rule.green, rule.blue)
    red, green, blue = (slice(low, high + 1) for low, high in ranges)
    sizes = tuple(high + 1 - low for low, high in ranges)
    level = np.arange(256)
    channels = {
        "r": level[red, None, None],
        "g": level[None, green, None],
        "b": level[None, None, blue],
    }
    inside = np.ones(sizes, dtype=np.bool_)
    for comparison in rule.greater.split():
        larger, smaller = comparison.split(">")
        inside &= channels[larger] > channels[smaller]
    return (red, green, blue), inside
