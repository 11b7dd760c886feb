"""How results are shown alike in widgets and in print: colors, and what counts as weak."""

from __future__ import annotations

from typing import Final

from imbxai_widgets.compute.methods.forecast_quality import MIN_ERRORS

WEAK_SUPPORT: Final = MIN_ERRORS  # shares of fewer images or errors than this are marked

BAR_COLOR: Final = "#57606a"  # of what is neither right nor wrong, such as an accuracy
OTHER_COLOR: Final = "#BBBBBB"
# Hues that stay apart for color-blind readers, and from the gray of "other classes".
SEGMENT_COLORS: Final = (
    "#332288",
    "#88CCEE",
    "#117733",
    "#DDCC77",
    "#CC6677",
    "#44AA99",
    "#AA4499",
    "#999933",
    "#882255",
)
# Of safe, border, rare and outlier: one hue in four steps, since they are an order. In the widgets
# js/src/parts/theme.css has the same, for light and dark pages.
ARCHETYPE_COLORS: Final = ("#14605c", "#4f9a94", "#9bc9c3", "#d5e6e3")


def segment_colors(count: int, *, other: bool) -> list[str]:
    """Return `count` colors, the last of them gray when it stands for `other` classes.

    >>> segment_colors(2, other=True)
    ['#332288', '#BBBBBB']
    """
    named = list(SEGMENT_COLORS[: count - 1 if other else count])
    return [*named, OTHER_COLOR] if other else named
