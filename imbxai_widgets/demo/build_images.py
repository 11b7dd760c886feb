"""Build the demo's images from the two npm packages that hold the emoji.

    npm pack emoji-datasource-google@16.0.0 emoji-datasource-twitter@16.0.0
    python -m imbxai_widgets.demo.build_images \
        --google emoji-datasource-google-16.0.0.tgz \
        --twitter emoji-datasource-twitter-16.0.0.tgz

The same packages always give the same pixels and the same index. The sheets are lossless
WebP, measured against PNG: 2.4 MB rather than 3.4 MB for both, decoded in the same 0.06 s.
"""

from __future__ import annotations

import argparse
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imbxai_widgets.compute.numeric.types import DoubleArray, UInt8Array
from imbxai_widgets.demo.images import CLASSES, SHEET_COLUMNS, TILE, VENDORS, Vendor

TRAINING_SHARE = 0.7
NEAR_DUPLICATE_RMS = 0.02
DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Entry:
    """An emoji of the demo, with the vendors whose drawing of it is kept."""

    emoji: str
    name: str
    class_name: str
    split: str
    tiles: Mapping[Vendor, UInt8Array]

    def as_json(self) -> dict[str, Any]:
        """Return what the index says of this emoji."""
        return {
            "emoji": self.emoji,
            "name": self.name,
            "class": self.class_name,
            "split": self.split,
            "vendors": list(self.tiles),
        }


def emoji_class(category: str, subcategory: str) -> str | None:
    """Return the demo's class for the emoji data's groups; None where it has none.

    Examples
    --------
    >>> emoji_class("Animals & Nature", "plant-flower")
    'Plants'
    >>> emoji_class("Objects", "tool") is None
    True
    """
    by_category = {"Flags": "Flags", "Symbols": "Signs"}
    by_subcategory = {
        "family": "People",
        "cat-face": "Animals",
        "monkey-face": "Animals",
        "drink": "Food",
        "clothing": "Clothing",
        "sky & weather": "Sky",
    }
    by_kind = {
        "person": "People",
        "animal": "Animals",
        "face": "Faces",
        "food": "Food",
        "transport": "Vehicles",
        "plant": "Plants",
    }
    kind = subcategory.partition("-")[0]
    return by_category.get(category) or by_subcategory.get(subcategory) or by_kind.get(kind)


def shrink(image: Image.Image) -> UInt8Array:
    """Halve an image and lay it over white, keeping its alpha.

    Parameters
    ----------
    image
        64x64 pixels, of any mode.

    Returns
    -------
    numpy.ndarray
        uint8 (32, 32, 4): RGB as seen over white, and alpha.
    """
    # The mean of 2x2 pixels, colors weighted by alpha (mode RGBa), or the color of transparent
    # pixels would leak into the edges. A mean can't overshoot, so white stays white.
    halved = np.asarray(image.convert("RGBA").convert("RGBa").reduce(2))
    composited = halved.copy()
    composited[..., :3] += 255 - halved[..., 3:]
    return composited


def without_near_duplicates(tiles: Sequence[UInt8Array]) -> list[int]:
    """Return the positions of tiles that differ from every kept tile before them.

    Two tiles are near-duplicates if the root mean square of the difference of their RGB
    values, in [0, 1], is below `NEAR_DUPLICATE_RMS`.
    """
    pixels: DoubleArray = np.stack([tile[..., :3].ravel() for tile in tiles]) / 255.0
    kept: list[int] = []
    for position, candidate in enumerate(pixels):
        squares = np.square(pixels[kept] - candidate).mean(axis=1)
        if not (np.sqrt(squares) < NEAR_DUPLICATE_RMS).any():
            kept.append(position)
    return kept


def training_emoji(emoji: Iterable[str]) -> set[str]:
    """Return the share of `emoji` that is for training, the same on every machine.

    The hash of its characters decides on an emoji. A random generator might draw others in another
    release.
    """
    ranked = sorted(emoji, key=lambda characters: sha256(characters.encode()).digest())
    return set(ranked[: round(TRAINING_SHARE * len(ranked))])


def read_package(path: Path, vendor: Vendor) -> tuple[list[dict[str, Any]], list[UInt8Array]]:
    """Return the metadata and the tiles of a package's emoji that have a class.

    They are in the order of the classes and, within a class, of the emoji data. Skin tones are
    variations inside an emoji's metadata there, so only base emoji are listed.
    """
    images = f"package/img/{vendor}/64/"
    with tarfile.open(path) as package:
        contents = {
            member.name: file.read()
            for member in package
            if member.name.startswith((images, "package/emoji.json"))
            and (file := package.extractfile(member))
        }
    listed: list[dict[str, Any]] = json.loads(contents["package/emoji.json"])
    classed = [
        {**emoji, "class": class_name}
        for emoji in listed
        if emoji[f"has_img_{vendor}"]
        and (class_name := emoji_class(emoji["category"], emoji["subcategory"]))
    ]
    classed.sort(key=lambda emoji: (CLASSES.index(emoji["class"]), emoji["sort_order"]))
    tiles = [shrink(Image.open(BytesIO(contents[images + emoji["image"]]))) for emoji in classed]
    return classed, tiles


def build(packages: Mapping[Vendor, Path]) -> list[Entry]:
    """Return the demo's emoji, in order, with their tiles.

    Parameters
    ----------
    packages
        For each vendor, the `.tgz` of its npm package.
    """
    found: dict[str, dict[str, Any]] = {}
    kept: dict[str, dict[Vendor, UInt8Array]] = {}
    for vendor in VENDORS:
        metadata, tiles = read_package(packages[vendor], vendor)
        for position in without_near_duplicates(tiles):
            emoji = metadata[position]
            found[emoji["unified"]] = emoji
            kept.setdefault(emoji["unified"], {})[vendor] = tiles[position]
    characters = {code: "".join(chr(int(c, 16)) for c in code.split("-")) for code in found}
    training = set().union(
        *(
            training_emoji(characters[code] for code in found if found[code]["class"] == name)
            for name in CLASSES
        )
    )
    ordered = sorted(
        found, key=lambda code: (CLASSES.index(found[code]["class"]), found[code]["sort_order"])
    )
    return [
        Entry(
            emoji=characters[code],
            name=_readable(found[code]["name"]),
            class_name=found[code]["class"],
            split="training" if characters[code] in training else "validation",
            tiles=kept[code],
        )
        for code in ordered
    ]


def sheet(entries: Sequence[Entry], vendor: Vendor) -> UInt8Array:
    """Return one vendor's tiles side by side, uint8 (rows * 32, columns * 32, 4)."""
    tiles = [entry.tiles[vendor] for entry in entries if vendor in entry.tiles]
    rows = -(-len(tiles) // SHEET_COLUMNS)
    # Tiles that fill up the last row are as white and transparent as any background.
    grid = np.full((rows * SHEET_COLUMNS, TILE, TILE, 4), (255, 255, 255, 0), dtype=np.uint8)
    grid[: len(tiles)] = tiles
    lines = grid.reshape(rows, SHEET_COLUMNS, TILE, TILE, 4).swapaxes(1, 2)
    return lines.reshape(rows * TILE, SHEET_COLUMNS * TILE, 4)


def index_text(entries: Sequence[Entry]) -> str:
    """Return the index file's text: JSON with one emoji per line."""
    lines = ",\n".join(json.dumps(entry.as_json(), ensure_ascii=False) for entry in entries)
    return f'{{"emoji": [\n{lines}\n]}}\n'


def write(entries: Sequence[Entry], folder: Path) -> None:
    """Write the index and one sheet per vendor to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.json").write_text(index_text(entries), encoding="utf-8")
    for vendor in VENDORS:
        # `exact` keeps the white of transparent pixels, which WebP would otherwise drop.
        Image.fromarray(sheet(entries, vendor)).save(
            folder / f"{vendor}.webp", lossless=True, quality=100, method=6, exact=True
        )


def _readable(name: str) -> str:
    """Return Unicode's names, which are in capitals, in lower case; others as they are."""
    return name.lower() if name.isupper() else name


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the images from the command line."""
    parser = argparse.ArgumentParser(description="Build the demo's images.")
    for vendor in VENDORS:
        parser.add_argument(
            f"--{vendor}",
            type=Path,
            required=True,
            metavar="TGZ",
            help=f"the npm package emoji-datasource-{vendor} 16.0.0, as `npm pack` fetches it",
        )
    parser.add_argument("--output", type=Path, default=DATA, help="folder for the result")
    options = parser.parse_args(arguments)
    entries = build({vendor: getattr(options, vendor) for vendor in VENDORS})
    write(entries, options.output)
    print(f"{sum(len(entry.tiles) for entry in entries)} images in {options.output}")


if __name__ == "__main__":
    main()
