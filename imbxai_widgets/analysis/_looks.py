"""Images made small, as what they look like can be held beside what the network makes of them."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.numeric.types import FloatArray, IntArray
from imbxai_widgets.compute.reading.display import ImageSource

SIDE: Final = 8


class SmallImages(NamedTuple):
    """Some images of a split, made small.

    Attributes
    ----------
    images : float32 array, shape (n, h, w, 3), or None
        0 to 255, of at most 8 pixels a side; None where they cannot be read.
    why : str
        Why they cannot.
    """

    images: FloatArray | None
    why: str = ""

    @property
    def flat(self) -> FloatArray | None:
        """The same as vectors, (n, h * w * 3)."""
        return None if self.images is None else self.images.reshape(len(self.images), -1)


def small_images(split: Split, source: ImageSource | None, rows: IntArray) -> SmallImages:
    """Read images and make them small.

    Examples
    --------
    >>> small_images(analysis.train, analysis.images, np.arange(2)).images.shape
    (2, 8, 8, 3)
    """
    source = split.images if source is None else source
    if source is None:
        return SmallImages(None, "the images are not at hand: give dataset and validation")
    found: list[FloatArray] = []
    try:
        for row in rows.tolist():
            pixels = source[row]
            height, width = pixels.shape[:2]
            if max(height, width) > SIDE:
                picture = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX)
                pixels = np.asarray(picture)
            found.append(pixels.astype(np.float32))
    except Exception as error:
        return SmallImages(None, f"an image cannot be read: {error}")
    with suppress(ValueError):  # of different sizes
        return SmallImages(np.stack(found))
    return SmallImages(None, "the images differ in size")
