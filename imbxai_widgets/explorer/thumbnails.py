"""Thumbnails: what is known of an image that stands on a page, and the picture of its pixels."""

from __future__ import annotations

from typing import TypedDict

from imbxai_widgets.analysis.split import Split, SplitName
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.paths import path_of
from imbxai_widgets.explorer.deck import Deck, number
from imbxai_widgets.explorer.sprites import LARGEST_TILE, Sprite, make_sprite
from imbxai_widgets.explorer.text import unread_notice


class Thumbnail(TypedDict):
    """One image, with its place in a sprite."""

    tile: int  # position in the sprite, row by row
    split: SplitName
    image: int  # row of the split; with `split` it names the image
    number: int  # in the dataset; not the row where images before it were skipped
    file: str | None  # where the dataset tells it
    label: str
    prediction: str
    predicted: int  # number of the class in `prediction`; two classes may have one name
    correct: bool
    archetype: int  # position in `ARCHETYPES`
    confidence: float | None  # softmax probability of the prediction, 0 to 1


class Tiles(TypedDict):
    """Images and the picture of them all."""

    thumbnails: list[Thumbnail]
    sprite: Sprite | None  # None where no images were given
    sprite_data: bytes  # the picture; empty where no images were given
    notice: str  # what went wrong in reading them, or ""


def make_tiles(
    deck: Deck, split: SplitName, rows: IntArray, *, largest: int = LARGEST_TILE
) -> Tiles:
    """Return images of a split, and their pixels in one picture.

    Parameters
    ----------
    deck : Deck
    split : {"training", "validation"}
    rows : int64 array, shape (M,)
        Rows of the split, in the order of the tiles.
    largest : int
        Longer side of a tile in pixels; larger images are shrunk to it.

    Raises
    ------
    ValueError
        If there are no validation images and `split` asks for them.

    Examples
    --------
    >>> tiles = make_tiles(Deck(analysis), "training", analysis.prototypes("Plants", "safe", n=1))
    >>> tiles["thumbnails"][0]["label"], tiles["thumbnails"][0]["correct"]
    ('Plants', True)
    >>> tiles["sprite"]["width"]
    32
    """
    source = deck.analysis.split(split).images
    sprite, picture, unread = None, b"", dict[int, Exception]()
    if source is not None:
        sprite, picture, unread = make_sprite(source, rows, largest)
    return {
        "thumbnails": thumbnails_of(deck, split, rows),
        "sprite": sprite,
        "sprite_data": picture,
        "notice": unread_notice(unread),
    }


def thumbnails_of(deck: Deck, split: SplitName, rows: IntArray) -> list[Thumbnail]:
    """Return what is known of images of a split; their tiles are numbered from 0.

    Parameters
    ----------
    deck, split, rows
        As for `make_tiles`.

    Examples
    --------
    >>> outliers = analysis.members("Plants", "outlier")
    >>> found = thumbnails_of(Deck(analysis), "training", outliers)
    >>> [thumbnail["prediction"] for thumbnail in found]
    ['Plants', 'Animals', 'Food', 'Animals', 'Animals', 'Animals']
    """
    images = deck.analysis.split(split)
    return [
        {
            "tile": tile,
            "split": split,
            "image": row,
            "number": position,
            "file": file_of(images, row),
            "label": deck.name(label),
            "prediction": deck.name(predicted),
            "predicted": predicted,
            "correct": label == predicted,
            "archetype": archetype,
            "confidence": number(confidence),
        }
        for tile, (row, position, label, predicted, archetype, confidence) in enumerate(
            zip(
                *(
                    values.tolist()
                    for values in (
                        rows,
                        images.positions[rows],
                        images.labels[rows],
                        images.predictions[rows],
                        images.archetypes[rows],
                        images.confidences[rows],
                    )
                ),
                strict=True,
            )
        )
    ]


def file_of(images: Split, row: int) -> str | None:
    """Return the file of an image, where its dataset tells it.

    Examples
    --------
    >>> file_of(analysis.train, 0) is None  # these images are not in files of their own
    True
    """
    return None if images.images is None else path_of(images.images.dataset, row)
