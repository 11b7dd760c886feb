"""How the figures look and are saved: sizes, type, legends, and class names as plain text."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import matplotlib as mpl
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.legend_handler import HandlerTuple

from imbxai_widgets.names import shorten

Target: TypeAlias = Figure | SubFigure

ONE_COLUMN: Final = 3.5  # inches, as most journals set them
TWO_COLUMNS: Final = 7.2
SMALL: Final = 6.0  # points; smaller type is lost in print
MUTED: Final = "#595959"  # 7:1 on white
PALE: Final = "#E8E8E8"
_LONGEST = 24  # narrow characters of a name

_LOOK: Final[dict[Any, Any]] = {
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 8,
    "font.size": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.2,
    "text.parse_math": False,  # names are text, also those with $ and _
    "xtick.labelsize": 7,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 7,
    "ytick.major.size": 0,
    "ytick.major.width": 0.6,
}
_SAVED: Final[dict[Any, Any]] = {
    "pdf.fonttype": 42,  # TrueType; Type 3 is refused by many publishers
    "ps.fonttype": 42,
    "savefig.bbox": None,  # the page is laid out: its width is the column's
    "savefig.dpi": 300,
    "svg.fonttype": "none",  # text, not outlines
}
_FONTS: Final[tuple[Any, ...]] = ("font.family", "font.sans-serif", "font.serif", "font.monospace")


class PaperFigure(Figure):
    """A Figure that writes text as text, and that notebooks show without pyplot."""

    def savefig(self, fname: Any, **options: Any) -> None:
        """Save as `matplotlib.figure.Figure.savefig` does, with fonts embedded as fonts.

        Bitmaps have 300 pixels an inch unless `dpi` says otherwise.
        """
        with mpl.rc_context(_SAVED):
            super().savefig(fname, **options)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Show in a notebook: twice the pixels of its size on the page, for dense screens."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=240)
        return buffer.getvalue(), {"width": round(120 * self.get_figwidth())}


@contextmanager
def drawing(figure: Target | None, width: float, height: float) -> Iterator[Target]:
    """Give the figure to draw in, a new one of `width` by `height` inches if there is none.

    Of the style that the user has set, only the fonts are followed.
    """
    fonts = {key: mpl.rcParams[key] for key in _FONTS}
    with matplotlib.style.context(["default", {**_LOOK, **fonts}]):
        yield (
            PaperFigure(figsize=(width, height), layout="constrained") if figure is None else figure
        )


def whole(target: Target) -> Figure:
    """Return the figure that can be saved: `target` or what it is part of."""
    return target.get_figure(root=True)


def row_height(rows: float, *, margin: float) -> float:
    """Return the height in inches of a chart of `rows` rows, with `margin` for all the rest."""
    return 0.19 * rows + margin


def label_of(name: str) -> str:
    """Return a class name as a label: one line, not too long, its ends kept.

    Control characters and marks of writing direction go: they could turn other text around.

    >>> label_of("mammals_of_the_southern_hemisphere")
    'mammals_of_th…hemisphere'
    """
    visible = (_PLAIN.get(unicodedata.bidirectional(c), c) for c in name)
    printable = "".join(" " if unicodedata.category(c) == "Cc" else c for c in "".join(visible))
    return shorten(" ".join(printable.split()), _LONGEST)


_PLAIN = dict.fromkeys(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"), "")


def ink(background: Any) -> str:
    """Return black or white, whichever can be read better on `background` (WCAG 2).

    >>> ink("#332288"), ink("#DDCC77")
    ('white', 'black')
    """
    channels = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(background)
    )
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))
    return "white" if luminance < 0.179 else "black"


def legend_above(target: Target, entries: Sequence[tuple[Any, str]]) -> None:
    """Put a legend of (artist or tuple of artists, text) over all axes, as few rows as fit."""
    for columns in range(len(entries), 0, -1):
        legend = target.legend(
            *zip(*entries, strict=True),
            loc="outside upper center",
            ncols=columns,
            columnspacing=1.2,
            handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
        )
        if columns == 1 or legend.get_window_extent().width <= target.bbox.width:
            return
        legend.remove()


def note_below(target: Target, *notes: str) -> None:
    """Write, under all axes, what marks in the figure mean; nothing if there is nothing to say."""
    text = " · ".join(note for note in notes if note)
    if text:
        target.supxlabel(text, fontsize=SMALL, color=MUTED)


def percent_axis(ax: Axes, label: str, top: float | None = 100) -> None:
    """Make the horizontal axis one of percentages, from zero on."""
    ax.set_xlim(0, top)
    ax.set_xlabel(label)
