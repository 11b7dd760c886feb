"""Sprites: the thumbnails of a card in one picture, so that a browser decodes one image."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias, TypedDict

import numpy as np
from PIL import Image, ImageDraw

from imbxai_widgets.compute.numeric.types import FloatArray, IntArray, UInt8Array
from imbxai_widgets.compute.reading.display import ImageSource

COLUMNS = 12
LARGEST_TILE = 96  # pixels; larger images are shrunk, smaller ones keep every pixel
# Of shrunk photographs a JPEG has a quarter of a PNG's bytes and takes a sixteenth of its time.
# WebP takes half of it, but can be transparent, beside tiles that are not all of one size. Level 1
# halves a PNG's time, for 5% more bytes.
_FORMATS: Final[dict[str, dict[str, Any]]] = {
    "png": {"compress_level": 1},
    "jpeg": {"quality": 90, "subsampling": 0},
    "webp": {"quality": 90, "method": 0},
}
_PLACEHOLDER = 32
_DARKEST: Final = 200  # of 255: what is dark can still be made out


Pictures: TypeAlias = ImageSource | Mapping[int, UInt8Array]


class Sprite(TypedDict):
    """Where tiles lie in a picture that is filled with them row by row."""

    width: int  # of a tile, in pixels
    height: int
    columns: int  # tiles per row
    type: str  # media type of the picture


def make_sprite(
    images: Pictures, indices: IntArray, largest: int = LARGEST_TILE
) -> tuple[Sprite, bytes, dict[int, Exception]]:
    """Draw images side by side, at their own resolution up to `largest` pixels a side.

    An image that cannot be read becomes a crossed gray tile, so that one broken file does not
    hide the rest of its class.

    Parameters
    ----------
    images : ImageSource, or mapping of int to uint8 array of shape (H, W, 3)
        Reads the images.
    indices : int64 array, shape (M,)
        Which images, in order of their tiles.
    largest : int
        Longer side of a tile in pixels, at most.

    Returns
    -------
    Sprite
        Where the tiles lie in the picture.
    bytes
        The picture: a PNG, which keeps every pixel, or if images were shrunk a JPEG or WebP; of
        one gray tile where there are no images.
    dict of int to Exception
        The images that could not be read, and why.
    """
    tiles, unread, shrunk = _tiles(images, indices, largest)
    tiles = tiles or [_gray_tile()]
    equal = len({tile.size for tile in tiles}) == 1
    kind = "png" if not shrunk else "jpeg" if equal else "webp"
    sprite, picture = _sheet(tiles, "RGB" if equal else "RGBA", kind)
    return sprite, picture, unread


def make_veils(
    light: Sequence[FloatArray], sizes: Sequence[tuple[int, int]], largest: int = LARGEST_TILE
) -> tuple[Sprite, bytes]:
    """Draw what lies over the tiles of a sprite and leaves light what is to be seen.

    Parameters
    ----------
    light : sequence of float32 array, shape (h, w)
        0 to 1: how light each part of an image stays, from its upper left to its lower right.
    sizes : sequence of tuple of two int
        Width and height of each image in pixels, as `make_sprite` was given it.
    largest : int
        As `make_sprite` was given it.

    Returns
    -------
    Sprite
        Where the veils lie: as the images do.
    bytes
        The picture: a PNG of black that is the more transparent, the lighter an image stays.
    """
    tiles = []
    for part, (width, height) in zip(light, sizes, strict=True):
        tile = Image.new("L", (width, height))
        tile.thumbnail((largest, largest))  # no larger than the image is drawn
        smooth = Image.fromarray(part).resize(tile.size, Image.Resampling.BILINEAR)
        dark = np.round(_DARKEST * (1 - np.asarray(smooth).clip(0, 1))).astype(np.uint8)
        tiles.append(Image.merge("LA", (Image.new("L", tile.size), Image.fromarray(dark))))
    return _sheet(tiles, "LA", "png")


def _sheet(tiles: Sequence[Image.Image], mode: str, kind: str) -> tuple[Sprite, bytes]:
    """Put tiles into one picture, each in the middle of its place."""
    width, height = (max(sides) for sides in zip(*(tile.size for tile in tiles), strict=True))
    columns = min(COLUMNS, len(tiles))
    blank = (255, 255, 255) if mode == "RGB" else (0,) * len(mode)
    sheet = Image.new(mode, (columns * width, -(-len(tiles) // columns) * height), blank)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        inset = (width - tile.width) // 2, (height - tile.height) // 2
        sheet.paste(tile, (column * width + inset[0], row * height + inset[1]))
    picture = io.BytesIO()
    sheet.save(picture, kind, **_FORMATS[kind])
    sprite: Sprite = {
        "width": width,
        "height": height,
        "columns": columns,
        "type": f"image/{kind}",
    }
    return sprite, picture.getvalue()


def _tiles(
    images: Pictures, indices: IntArray, largest: int
) -> tuple[list[Image.Image], dict[int, Exception], bool]:
    """Read images, no larger than a tile; tell which cannot be read, and whether any was shrunk."""
    tiles: list[Image.Image] = []
    unread: dict[int, Exception] = {}
    shrunk = False
    for index in map(int, indices):
        try:
            tile = Image.fromarray(images[index])
        except Exception as error:  # whatever the user's dataset raises
            unread[index] = error
            tile = _broken_tile()
        if max(tile.size) > largest:
            tile.thumbnail((largest, largest), Image.Resampling.LANCZOS)
            shrunk = True
        tiles.append(tile)
    return tiles, unread, shrunk


@cache
def _broken_tile() -> Image.Image:
    tile = _gray_tile().copy()
    far = _PLACEHOLDER - 9
    for line in (((8, 8), (far, far)), ((8, far), (far, 8))):
        ImageDraw.Draw(tile).line(line, fill=(64, 64, 64), width=3)
    return tile


@cache
def _gray_tile() -> Image.Image:
    return Image.new("RGB", (_PLACEHOLDER, _PLACEHOLDER), (160, 160, 160))
