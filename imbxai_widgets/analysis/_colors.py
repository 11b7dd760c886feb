"""Tables of colors: what the network looks at, and what its pictures show."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._tables import AnalysisTables
from imbxai_widgets.analysis.split import ratio
from imbxai_widgets.compute.methods.lift import color_lift
from imbxai_widgets.compute.numeric.types import DoubleArray, SmallCounts
from imbxai_widgets.compute.reading.splits import SplitName

NO_COLORS: Final = "No colors: analyze() was called with salient_fraction=None."


class ColorTables(AnalysisTables):
    """The colors of salient pixels, and of all."""

    def colors(self, pixels: Literal["salient", "all"] = "salient") -> pd.DataFrame:
        """Return the colors of each class's salient pixels (paper, Algorithm 3 and Fig. 7).

        Parameters
        ----------
        pixels : {"salient", "all"}
            Which pixels; "all" are those of the images that have salient pixels, of the foreground
            alone where the dataset tells it. `color_lift` compares the two.

        Returns
        -------
        DataFrame
            One row a class, one column a color bin: the bin's share of the class's pixels that
            fall in any bin.

        Raises
        ------
        ValueError
            If saliency was not computed, `pixels` is neither, or an older version saved the file
            without the colors of all pixels.

        Examples
        --------
        >>> analysis.colors().loc["Plants"].nlargest(2).round(2).to_dict()
        {'green': 0.45, 'brown': 0.17}
        >>> analysis.colors("all").loc["Plants"].nlargest(2).round(2).to_dict()
        {'green': 0.37, 'pink': 0.18}
        """
        if self.color_counts is None:
            raise ValueError(NO_COLORS)
        counts = self.color_counts
        if pixels == "all":
            salient, every = self._image_colors()
            known = salient.any(axis=1)
            counts = np.zeros_like(self.color_counts)
            np.add.at(counts, self.labels[known], every[known])
        elif pixels != "salient":
            raise ValueError(f"pixels must be 'salient' or 'all', not {pixels!r}.")
        totals = counts.sum(axis=1, keepdims=True)
        return pd.DataFrame(
            ratio(counts, totals),
            index=self._class_axis("class"),
            columns=pd.Index(self.color_scheme.bins, name="color"),
        )

    def color_lift(self, class_name: str | int) -> pd.DataFrame:
        """Tell whether a network looks at a color, or its pictures have it.

        Of each color bin, its share of the salient pixels of the class is put over its share of
        all pixels of the same images (of the foreground, where the dataset tells it): the lift.
        Around 1, the network looks at the color as often as it is there. The bounds at 95% come of
        how much the images differ; where both are on one side of 1, the color is looked at more, or
        less, than chance would have it. What it stands for, they do not tell (docs/colors.md).

        Parameters
        ----------
        class_name : str or int
            The class, by its name or number.

        Returns
        -------
        DataFrame
            Index ``color``. Columns: ``salient`` and ``all``, the shares, 0 to 1; ``lift``, and
            its bounds ``low`` and ``high``; NaN where nothing is known; and ``images``, how many
            training images of the class have salient pixels of the color.

        Raises
        ------
        ValueError
            If there is no such class, saliency was not computed, or an older version saved the
            file without the colors of all pixels.

        Examples
        --------
        >>> analysis.color_lift("Plants").loc[["green", "white"]].round(2)
               salient   all  lift   low  high  images
        color
        green     0.45  0.37  1.24  1.08  1.42      24
        white     0.03  0.01  2.38  1.20  4.72       4
        """
        own = self.labels == self._class_number(class_name)
        if self.color_counts is None:
            raise ValueError(NO_COLORS)
        salient, every = (counts[own].astype(np.int64) for counts in self._image_colors())
        found = color_lift(salient, every)
        return pd.DataFrame(
            {**found._asdict(), "images": np.count_nonzero(salient, axis=0)},
            index=pd.Index(self.color_scheme.bins, name="color"),
        )

    def _image_colors(self) -> tuple[SmallCounts, SmallCounts]:
        """Return the colors of salient and of all pixels of each training image."""
        if self.train.color_counts is None or self.train.pixel_counts is None:
            raise ValueError(
                "the colors of all pixels are not known: an older version saved the file; analyze "
                "and save again."
            )
        return self.train.color_counts, self.train.pixel_counts

    def color_shares(self, color: str, split: SplitName = "training") -> DoubleArray:
        """Return which share of each image's salient pixels falls in a color bin.

        Parameters
        ----------
        color : str
            The name of the bin; see `color_scheme`.
        split : {"training"}
            Colors are those of training images.

        Returns
        -------
        float64 array, shape (N,)
            0 to 1; 0 for an image without salient pixels.

        Raises
        ------
        ValueError
            If there is no such bin, if `split` is another, or the colors of each image are not
            known: saliency was left out, or an older version saved the file.

        Examples
        --------
        >>> shares = analysis.color_shares("green")
        >>> greenest = analysis.find_images("Plants", color="green")
        >>> greenest[shares[greenest].argsort()[::-1]][:3]
        array([1908, 1909, 1906])
        """
        if color not in self.color_scheme.bins:
            raise ValueError(
                f"color must be one of {', '.join(self.color_scheme.bins)}, not {color!r}."
            )
        if split != "training":
            raise ValueError("salient colors are those of training images; pass split='training'.")
        counts = self.train.color_counts
        if counts is None:
            raise ValueError(
                "the salient colors of each image are not known: analyze() was called with "
                "salient_fraction=None, or an older version saved the file."
            )
        totals = counts.sum(axis=1, dtype=np.int64)
        own = counts[:, self.color_scheme.bins.index(color)].astype(np.float64)
        shares: DoubleArray = own / np.maximum(totals, 1)
        return shares
