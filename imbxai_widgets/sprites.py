"""Sprites: the thumbnails of a card in one PNG, so that a browser decodes one image."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from imbxai_widgets.compute._types import IntArray
from imbxai_widgets.compute.images import ImageSource

COLUMNS = 12
LARGEST_TILE = 96  # pixels; larger images are shrunk, smaller ones keep every pixel
_PLACEHOLDER = 32


def make_sprite(images: ImageSource | None, indices: IntArray) -> tuple[dict[str, Any], bytes]:
    """Draw images side by side, at their own resolution up to `LARGEST_TILE`.

    Parameters
    ----------
    images : ImageSource or None
        Reads the images; None gives one gray tile for all of them.
    indices : int64 array, shape (M,)
        Which images, in order of their tiles.

    Returns
    -------
    dict
        ``width`` and ``height`` of a tile in pixels, and ``columns``, tiles per row.
    bytes
        The PNG; of one gray tile where there are no images.
    """
    if images is None or not len(indices):
        return _layout(_PLACEHOLDER, _PLACEHOLDER, 1), _gray_tile()
    tiles = [_tile(images[int(index)]) for index in indices]
    width = max(tile.width for tile in tiles)
    height = max(tile.height for tile in tiles)
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    equal = all(tile.size == (width, height) for tile in tiles)
    mode, blank = ("RGB", (255, 255, 255)) if equal else ("RGBA", (0, 0, 0, 0))
    sheet = Image.new(mode, (columns * width, rows * height), blank)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        inset = (width - tile.width) // 2, (height - tile.height) // 2
        sheet.paste(tile, (column * width + inset[0], row * height + inset[1]))
    return _layout(width, height, columns), _png(sheet)


def _layout(width: int, height: int, columns: int) -> dict[str, Any]:
    return {"width": width, "height": height, "columns": columns}


def _tile(pixels: np.ndarray) -> Image.Image:
    tile = Image.fromarray(pixels)
    tile.thumbnail((LARGEST_TILE, LARGEST_TILE), Image.Resampling.LANCZOS)
    return tile


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


@cache
def _gray_tile() -> bytes:
    return _png(Image.new("RGB", (_PLACEHOLDER, _PLACEHOLDER), (160, 160, 160)))
