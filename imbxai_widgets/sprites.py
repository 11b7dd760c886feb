"""Sprites: the thumbnails of a card in one PNG, so that a browser decodes one image."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from imbxai_widgets.compute._types import IntArray
from imbxai_widgets.compute.images import ImageSource

COLUMNS = 12
LARGEST_TILE = 96  # pixels; larger images are shrunk, smaller ones keep every pixel
_PLACEHOLDER = 32


def make_sprite(
    images: ImageSource | None, indices: IntArray
) -> tuple[dict[str, Any], bytes, dict[int, Exception]]:
    """Draw images side by side, at their own resolution up to `LARGEST_TILE`.

    An image that cannot be read becomes a crossed gray tile, so that one broken file does not
    hide the rest of its class.

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
    dict of int to Exception
        The images that could not be read, and why.
    """
    if images is None or not len(indices):
        return _layout(_PLACEHOLDER, _PLACEHOLDER, 1), _gray_tile(), {}
    tiles: list[Image.Image] = []
    unread: dict[int, Exception] = {}
    for index in map(int, indices):
        try:
            tiles.append(_tile(images[index]))
        except Exception as error:  # whatever the user's dataset raises
            unread[index] = error
            tiles.append(_broken_tile())
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
    return _layout(width, height, columns), _png(sheet), unread


def _layout(width: int, height: int, columns: int) -> dict[str, Any]:
    return {"width": width, "height": height, "columns": columns}


def _tile(pixels: np.ndarray) -> Image.Image:
    tile = Image.fromarray(pixels)
    tile.thumbnail((LARGEST_TILE, LARGEST_TILE), Image.Resampling.LANCZOS)
    return tile


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)  # half the time, 5% larger
    return buffer.getvalue()


@cache
def _broken_tile() -> Image.Image:
    tile = Image.new("RGB", (_PLACEHOLDER, _PLACEHOLDER), (160, 160, 160))
    far = _PLACEHOLDER - 9
    for line in (((8, 8), (far, far)), ((8, far), (far, 8))):
        ImageDraw.Draw(tile).line(line, fill=(64, 64, 64), width=3)
    return tile


@cache
def _gray_tile() -> bytes:
    return _png(Image.new("RGB", (_PLACEHOLDER, _PLACEHOLDER), (160, 160, 160)))
