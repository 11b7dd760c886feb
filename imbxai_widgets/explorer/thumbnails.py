"""Thumbnails: what is known of an image that stands on a page, and the picture of its pixels."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from imbxai_widgets.analysis.copies import CopyKind
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.splits import SplitName
from imbxai_widgets.edits.identity import files_of
from imbxai_widgets.explorer.deck import Deck, number
from imbxai_widgets.explorer.sprites import LARGEST_TILE, Pictures, Sprite, make_sprite
from imbxai_widgets.explorer.text import unread_notice


class SecondPrediction(TypedDict):
    """What the second of two models makes of an image."""

    prediction: str
    correct: bool
    archetype: int  # position in `ARCHETYPES`


class Doubt(TypedDict):
    """What tells, without the label of an image, whether its prediction is wrong."""

    agreeing: int  # of its nearest training images, those of the predicted class
    neighbors: int
    wrong: float | None  # probability, 0 to 1, where `Analysis.error_probability` gives one


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
    after: SecondPrediction | None  # of a second model, if there is one with the same label
    archetype: int  # position in `ARCHETYPES`
    balanced: int | None  # the same, classes counting alike; of training images, where it is known
    confidence: float | None  # softmax probability of the prediction, 0 to 1
    doubt: Doubt | None  # of validation images: the model has seen the others
    colors: dict[str, float]  # of training images: shares of its salient pixels, above 0
    near: list[int]  # the classes of its nearest training images
    copies: list[CopyKind]  # as what it is found where images occur more than once
    covered: bool | None  # validation images: within reach of its class; None where not known


class Tiles(TypedDict):
    """Images and the picture of them all."""

    thumbnails: list[Thumbnail]
    sprite: Sprite | None  # None where no images were given
    sprite_data: bytes  # the picture; empty where no images were given
    notice: str  # what went wrong in reading them, or ""


def make_tiles(
    deck: Deck,
    split: SplitName,
    rows: IntArray,
    *,
    largest: int = LARGEST_TILE,
    pictures: Pictures | None = None,
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
    pictures : mapping of int to uint8 array of shape (H, W, 3), optional
        What is drawn of each row; by default the images of the split.

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
    source = deck.analysis.split(split).images if pictures is None else pictures
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
    files = files_of(images, rows.tolist())
    balanced = deck.balanced_at_hand if split == "training" else None
    copies = [] if deck.copies is None else deck.copies.kinds(split, rows)
    return [
        {
            "tile": tile,
            "split": split,
            "image": row,
            "number": int(images.positions[row]),
            "file": file,
            "label": deck.name(int(images.labels[row])),
            "prediction": deck.name(int(images.predictions[row])),
            "predicted": int(images.predictions[row]),
            "correct": bool(images.labels[row] == images.predictions[row]),
            "after": _after(deck, split, row),
            "archetype": int(images.archetypes[row]),
            "balanced": None if balanced is None else int(balanced.archetypes[row]),
            "confidence": number(images.confidences[row]),
            "doubt": _doubt(deck, row) if split == "validation" else None,
            "colors": _colors(deck, row) if split == "training" else {},
            "near": np.unique(deck.analysis.labels[images.neighbors[row]]).tolist(),
            "copies": copies[tile] if copies else [],
            "covered": _covered(deck, row) if split == "validation" else None,
        }
        for tile, (row, file) in enumerate(zip(rows.tolist(), files, strict=True))
    ]


def _after(deck: Deck, split: SplitName, row: int) -> SecondPrediction | None:
    if deck.comparison is None or (there := int(deck.after_rows[split][row])) < 0:
        return None
    images = deck.comparison.after.split(split)
    label, prediction = int(images.labels[there]), int(images.predictions[there])
    return {
        "prediction": deck.name(prediction),
        "correct": label == prediction,
        "archetype": int(images.archetypes[there]),
    }


def _doubt(deck: Deck, row: int) -> Doubt:
    images, told = deck.analysis.split("validation"), deck.error_probabilities
    near = deck.analysis.labels[images.neighbors[row]]
    return {
        "agreeing": int(np.count_nonzero(near == images.predictions[row])),
        "neighbors": len(near),
        "wrong": None if told is None else float(told[row]),
    }


def _covered(deck: Deck, row: int) -> bool | None:
    reach = deck.reach(int(deck.analysis.split("validation").labels[row]))
    if reach is None or not len(reach.rows):
        return None
    return bool(reach.covered[np.searchsorted(reach.rows, row)])


def _colors(deck: Deck, row: int) -> dict[str, float]:
    counts = deck.analysis.train.color_counts
    if counts is None or not counts[row].any():
        return {}
    shares = counts[row] / counts[row].sum(dtype=np.int64)
    bins = deck.analysis.color_scheme.bins
    return {bins[at]: max(round(float(shares[at]), 3), 0.001) for at in np.flatnonzero(shares)}


def no_images(deck: Deck, split: SplitName) -> str:
    """Say how to give images that were not given; nothing if they were.

    Examples
    --------
    >>> no_images(Deck(analysis), "training")
    ''
    """
    if deck.analysis.split(split).images is not None:
        return ""
    if split == "training":
        return "No images were given: pass images= or dataset=."
    return "No images were given: pass validation_images= or validation=."


def by_prediction(predictions: IntArray, rows: IntArray) -> list[tuple[int, IntArray]]:
    """Group rows by their prediction, the largest group first, then the lower class.

    Examples
    --------
    >>> [(taken, rows.tolist()) for taken, rows in by_prediction(np.array([2, 1, 2]), np.arange(3))]
    [(2, [0, 2]), (1, [1])]
    """
    taken, counts = np.unique(predictions[rows], return_counts=True)
    order = taken[np.argsort(-counts, kind="stable")]
    return [(int(other), rows[predictions[rows] == other]) for other in order]
